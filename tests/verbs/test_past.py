"""Bars as they were known, through the verbs: by a day, a version's number, or a pin."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.errors import OptionError, VersionNotFound
from ml4t_nb.providers import Limits
from ml4t_nb.render.plots.chart_head import chart_header
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest_file import encode_manifest
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import Listed, bars_of, opened

SPLIT = "2005-02-28"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """AAPL before and after its split, and MSFT, which was not changed."""
    home = tmp_path / "home"
    options: dict[str, Any] = {"provider": "sample", "start": "2004-12-01", "home": home}
    ml4t_nb.load(["AAPL", "MSFT"], as_of="2005-02-24", **options)
    ml4t_nb.update(as_of="2005-02-25", home=home)
    ml4t_nb.update(as_of="2005-03-10", home=home)
    return home


def test_a_day_means_the_bars_that_were_known_after_its_session(home: Path) -> None:
    now = ml4t_nb.bars("AAPL", home=home)
    assert now.loc["2005-02-25", "close"] == 44.495
    for day, last, close in (
        ("2005-02-24", "2005-02-24", 88.93),
        ("2005-02-25", "2005-02-25", 88.99),
        ("2005-02-27", "2005-02-25", 88.99),  # a Sunday: nothing was known since
        ("2005-03-09", "2005-02-25", 88.99),
        ("2005-03-10", "2005-03-10", 39.83),
    ):
        then = ml4t_nb.bars("AAPL", known_on=day, home=home)
        assert (f"{then.index[-1]:%Y-%m-%d}", then["close"].iloc[-1]) == (last, close), day
    # Of an instant: the run of the 25th was made half an hour after the close.
    before = ml4t_nb.bars("AAPL", known_on="2005-02-25T21:29+00:00", home=home)
    assert f"{before.index[-1]:%Y-%m-%d}" == "2005-02-24"


def test_a_day_is_of_the_calendar_and_the_provider_that_its_run_had(tmp_path: Path) -> None:
    """A switch to files, whose bars are final at the close, made each run before half an hour late.

    So did a day that was declared to be no session: its run is as of its end.
    """
    home, folder = tmp_path / "home", tmp_path / "files"
    home.mkdir()
    folder.mkdir()
    closed = home / "ml4t.toml"
    closed.write_text('[closures]\nXNYS = ["2005-02-16"]\n', encoding="utf-8")
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-14", home=home)
    days = ("2005-02-14", "2005-02-15", "2005-02-16", "2005-02-17")
    for day in days[1:]:
        ml4t_nb.update(as_of=day, home=home)
    closed.unlink()
    own = ml4t_nb.bars("AAPL", home=home).drop(columns="filled")
    own.set_axis(pd.DatetimeIndex(own.index).strftime("%Y-%m-%d")).to_csv(folder / "AAPL.csv")
    ml4t_nb.update("AAPL", provider=f"files:{folder}", switch=True, as_of="2005-02-18", home=home)

    for number, day in enumerate((*days, "2005-02-18"), start=1):
        then = ml4t_nb.bars("AAPL", known_on=day, home=home)
        assert then.attrs["ml4t_nb"]["versions"] == [number], day


def test_a_day_ends_as_it_did_for_a_provider_that_is_not_installed_any_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its bars were final two hours after the close, and so late were its runs of a day."""
    limits = Limits(("equities",), ("daily",), delay=timedelta(hours=2))
    ws = opened(tmp_path, Listed({"ACME": bars_of()}, limits=limits))
    days = ("2022-03-01", "2022-03-02", "2022-03-03")
    verbs.load(ws, "ACME", as_of=days[0])
    for day in days[1:]:
        verbs.update(ws, as_of=day)

    without = Workspace.open(Settings(home=tmp_path))
    for number, day in enumerate(days, start=1):
        then = verbs.bars(without, "ACME", known_on=day)
        assert then.attrs["ml4t_nb"]["versions"] == [number], day
    assert caplog.messages == []

    # As the versions before this one recorded it, it is not known: this is said.
    state = tmp_path / "state/equities/daily/ACME/m.00000003.json"
    manifest = ws.store.snapshot(ws.store.datasets()[0]).manifest
    recent = tuple(replace(each, delay=None) for each in manifest.recent)
    state.write_bytes(encode_manifest(replace(manifest, recent=recent)))
    verbs.bars(without, "ACME", known_on="2022-03-02")
    (message,) = caplog.messages
    assert message.startswith("the provider listed of equities/daily/ACME is not installed, and")
    assert message.endswith("known_on ends 30 minutes after the close; an instant is exact")


def test_all_that_is_asked_of_bars_is_asked_of_a_version(home: Path, tmp_path: Path) -> None:
    then: dict[str, Any] = {"known_on": "2005-02-25", "home": home}
    both = ml4t_nb.bars(["AAPL", "MSFT"], **then)
    assert both.loc["AAPL"]["close"].iloc[-1] == 88.99
    assert len(both.loc["MSFT"]) == len(both.loc["AAPL"])
    wide = ml4t_nb.bars(["AAPL", "MSFT"], columns="close", wide=True, **then)
    assert wide["AAPL"].iloc[-1] == 88.99
    months = ml4t_nb.bars("AAPL", frequency="monthly", **then)
    assert months["close"].tolist()[-1] == 88.99
    part = ml4t_nb.bars("AAPL", start="2005-02-25", adjust="raw", columns="close", **then)
    assert part["close"].tolist() == [88.99]
    ml4t_nb.export("AAPL", out=tmp_path / "then.csv", **then)
    assert pd.read_csv(tmp_path / "then.csv")["close"].iloc[-1] == 88.99
    drawn = verbs.plot(Workspace.open(), "AAPL", **then)
    assert drawn.bars["close"].iloc[-1] == 88.99
    assert chart_header(drawn).description.endswith("as version 2 left it")
    # A living chart would draw today's bars: so it would of a version that is today's by now.
    assert drawn.asked == {}
    for newest in ({"version": 3}, {"known_on": "2005-03-10"}):
        assert verbs.plot(Workspace.open(), "AAPL", home=home, **newest).asked == {}


def test_each_version_has_its_number(home: Path) -> None:
    lengths = {number: len(ml4t_nb.bars("AAPL", version=number, home=home)) for number in (1, 2, 3)}
    assert lengths == {1: 59, 2: 60, 3: 69}
    with pytest.raises(VersionNotFound, match="version 4 of equities/daily/AAPL is not there") as e:
        ml4t_nb.bars("AAPL", version=4, home=home)
    assert e.value.hint == "the nearest is 3; there are 3, from 1 to 3"


def test_what_was_removed_is_read_as_it_was(home: Path) -> None:
    before = ml4t_nb.bars("AAPL", home=home)
    ml4t_nb.remove("AAPL", yes=True, home=home)
    with pytest.raises(LookupError):
        ml4t_nb.bars("AAPL", home=home)
    assert_frame_equal(ml4t_nb.bars("AAPL", known_on="2005-03-10", home=home), before)
    assert_frame_equal(ml4t_nb.bars("AAPL", version=3, home=home), before)


def test_the_files_of_a_version_are_written_where_they_are_wanted(
    home: Path, tmp_path: Path
) -> None:
    with pytest.raises(ml4t_nb.Ml4tError) as error:
        ml4t_nb.files("AAPL", version=1, home=home)
    assert error.value.hint == "have them written: files(..., to=FOLDER)"
    for number in (1, 2, 3):
        folder = tmp_path / f"v{number}"
        written = ml4t_nb.files("AAPL", version=number, to=folder, home=home)
        assert [*written] == sorted(folder.iterdir())
        read = pd.concat([pd.read_parquet(each) for each in written]).set_index("timestamp")
        bars = ml4t_nb.bars("AAPL", version=number, home=home)
        assert_frame_equal(read[[*bars.columns]], bars, check_exact=True, check_freq=False)
    # The same again; another version's would be taken for its bars.
    ml4t_nb.files("AAPL", version=3, to=tmp_path / "v3", home=home)
    with pytest.raises(OptionError, match="has other Parquet files"):
        ml4t_nb.files("AAPL", version=1, to=tmp_path / "v3", home=home)
    with pytest.raises(OptionError, match="lies in the store"):
        ml4t_nb.files("AAPL", version=1, to=home / "data" / "x", home=home)


def test_a_pin_is_never_read_from_another_history(home: Path) -> None:
    """All of a dataset is deleted by hand, and loaded again: its numbers begin anew."""
    ml4t_nb.pin("paper", home=home)
    for folder in home.glob("*/equities/daily/AAPL"):
        shutil.rmtree(folder)
    ml4t_nb.load("AAPL", provider="sample", start="2005-01-03", as_of="2005-03-08", home=home)
    for day in ("2005-03-09", "2005-03-10"):
        ml4t_nb.update(as_of=day, home=home)

    with pytest.raises(VersionNotFound, match="version 3 of equities/daily/AAPL is not the one"):
        ml4t_nb.bars("AAPL", pin="paper", home=home)
    assert len(ml4t_nb.bars("MSFT", pin="paper", home=home)) == 69


def test_a_frame_is_cited_with_its_versions(home: Path) -> None:
    then = ml4t_nb.bars(["AAPL", "MSFT"], known_on="2005-02-25", adjust="all", home=home)
    words = "equities/daily/AAPL v2, equities/daily/MSFT v2, daily bars, adjust=all"
    assert str(ml4t_nb.cite(then)) == f"{words}, as of 2005-02-25 21:30 UTC"
    assert json.loads(ml4t_nb.cite(then).to_json())["versions"] == [2, 2]
    with pytest.raises(OptionError, match="does not say which bars it is of"):
        ml4t_nb.cite(pd.DataFrame({"close": [1.0]}))


def test_what_is_to_be_forgotten_is_gone(home: Path) -> None:
    ml4t_nb.pin("thesis", symbol="MSFT", home=home)
    ml4t_nb.remove("AAPL", yes=True, home=home)
    own = [*home.glob("*/equities/daily/AAPL/*")]
    assert {path.parts[-5] for path in own} >= {"versions", "state"}

    ml4t_nb.remove("AAPL", forget=True, yes=True, home=home)

    left = [path.name for path in home.glob("*/equities/daily/AAPL/*")]
    assert sorted(left) == ["lock", "m.00000005.json"]  # the mark that nothing is stored
    with pytest.raises(LookupError, match="No existing data found for 'AAPL'"):
        ml4t_nb.bars("AAPL", version=2, home=home)
    with pytest.raises(OptionError, match="is pinned as 'thesis'"):
        ml4t_nb.remove("MSFT", forget=True, yes=True, home=home)
    with pytest.raises(OptionError, match="--forget removes whole datasets"):
        ml4t_nb.remove("MSFT", forget=True, start="2005-01-03", yes=True, home=home)
    assert len(ml4t_nb.bars("MSFT", home=home)) == 69


def test_a_pin_keeps_what_retention_drops(home: Path) -> None:
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    first = ml4t_nb.bars("AAPL", known_on="2005-02-25", home=home)
    report = ml4t_nb.pin("paper-2026", known_on="2005-02-25", home=home)
    assert [each.name for each in report.pins] == ["paper-2026"]

    ml4t_nb.update(as_of="2005-03-11", home=home)  # of all datasets: it sweeps

    assert_frame_equal(ml4t_nb.bars("AAPL", pin="paper-2026", home=home), first)
    assert_frame_equal(ml4t_nb.bars("AAPL", version=2, home=home), first)
    with pytest.raises(VersionNotFound, match="the nearest is 2"):
        ml4t_nb.bars("AAPL", version=1, home=home)
    assert ml4t_nb.pins(home=home).to_frame()["symbol"].tolist() == ["AAPL", "MSFT"]
    ml4t_nb.pin("paper-2026", remove=True, home=home)
    ml4t_nb.update(as_of="2005-03-14", home=home)
    with pytest.raises(VersionNotFound):
        ml4t_nb.bars("AAPL", version=2, home=home)


@pytest.mark.parametrize(
    ("call", "options", "message"),
    [
        ("bars", {"known_on": "2004-01-02"}, "nothing was known of equities/daily/AAPL on 2004"),
        ("bars", {"known_on": "tomorrow"}, "--known-on: 'tomorrow' is not a valid date or time"),
        ("bars", {"version": 0}, "version 0 of equities/daily/AAPL is not there"),
        ("bars", {"version": 2, "known_on": "2005-03-01"}, "--known-on and --version each choose"),
        ("bars", {"pin": "nobody's"}, 'there is no pin "nobody\'s"'),
        ("files", {"version": 1}, "version 1 of equities/daily/AAPL does not lie in files"),
        ("export", {"pin": "thesis"}, "the pin 'thesis' has no version of equities/daily/AAPL"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    home: Path, call: str, options: dict[str, object], message: str
) -> None:
    ml4t_nb.pin("thesis", symbol="MSFT", home=home)
    with pytest.raises((VersionNotFound, OptionError, ml4t_nb.Ml4tError), match=message):
        getattr(ml4t_nb, call)("AAPL", home=home, **options)


@pytest.mark.parametrize("keep", ["7", '"0d"', '"last"', '"forever"', "true"])
def test_a_retention_that_cannot_be_is_named_with_its_line(home: Path, keep: str) -> None:
    (home / "ml4t.toml").write_text(f"[retention]\nkeep = {keep}\n", encoding="utf-8")
    with pytest.raises(ml4t_nb.Ml4tError, match=r"ml4t.toml, line 2, \[retention\]: keep"):
        ml4t_nb.update(as_of="2005-03-11", home=home)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pin", "pin needs a name"),
        ("pin 'my paper'", "'my paper' is no name of a pin"),
        ("pin thesis", "there is a pin 'thesis' already"),
        ("pin other -s NVDA", "No existing data found for 'NVDA'"),
        ("pin thesi --remove", "there is no pin 'thesi'"),
        ("pin thesis --remove -s AAPL", "a pin is removed as a whole"),
    ],
)
def test_pins_that_cannot_be_are_one_sentence(home: Path, line: str, message: str) -> None:
    ml4t_nb.pin("thesis", home=home)
    done = _shell(home, line)
    assert (done.returncode in (1, 2), done.stdout) == (True, "")
    assert message in done.stderr
    assert len(ml4t_nb.pins(home=home).pins) == 1


def test_a_shell_exports_a_version_and_lists_pins(home: Path) -> None:
    done = _shell(home, "export AAPL --version 1 --columns close -q")
    assert done.stdout.splitlines()[-1].endswith("88.93")
    assert "keeps 2 datasets" in _shell(home, "pin thesis").stdout
    document = json.loads(_shell(home, "pins --json").stdout)
    assert [each["version"] for each in document["pins"][0]["versions"]] == [3, 3]


def _shell(home: Path, line: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "ml4t-data"
    return subprocess.run(
        ["bash", "-c", f"{program} {line}"],
        env={**os.environ, "ML4T_DATA_HOME": str(home), "ML4T_DATA_AS_OF": "2005-03-10"},
        capture_output=True,
        text=True,
        check=False,
    )
