"""Bars that are later than an as-of: refused if it was given, told if a setting says it."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Frequency
from ml4t_nb.render.to_json import report_json
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

TOLD = (
    "equities/daily/AAPL has bars up to 2005-03-10, later than ML4T_DATA_AS_OF, 2005-02-25: "
    "known_on=2005-02-25 reads what was known then"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AAPL as of the Friday before its split, updated ten days after it; MSFT of that Friday."""
    home = tmp_path_factory.mktemp("store")
    options: dict[str, Any] = {"provider": "sample", "start": "2005-01-03", "home": home}
    ml4t_nb.load(["AAPL", "MSFT"], as_of="2005-02-25", **options)
    ml4t_nb.update("AAPL", as_of="2005-03-10", home=home)
    return home


def calls(home: Path, out: Path, as_of: object) -> dict[str, Any]:
    """Each verb that gives bars, called with an as-of."""
    options: dict[str, Any] = {"home": home, "as_of": as_of}
    every = Workspace.open()
    return {
        "export": lambda: verbs.export(every, "AAPL", **options),
        "export of two": lambda: verbs.export(every, ["MSFT", "AAPL"], out=out, **options),
        "skipping": lambda: verbs.export(every, ["MSFT", "AAPL"], errors="skip", **options),
        "months": lambda: verbs.export(every, "AAPL", frequency="monthly", **options),
        "a range before": lambda: verbs.export(every, "AAPL", end="2005-01-31", **options),
        "plot": lambda: verbs.plot(every, "AAPL", **options),
        "plot of two": lambda: verbs.plot(every, ["MSFT", "AAPL"], **options),
        "plot of a run": lambda: verbs.plot(every, "AAPL", run=2, **options),
        "sql": lambda: verbs.sql(every, "SELECT max(close) FROM bars_daily_all", **options),
        "compare": lambda: verbs.compare(every, "AAPL", with_="synthetic", **options),
    }


@pytest.mark.parametrize("name", calls(Path(), Path(), None))
def test_an_as_of_before_the_last_bar_is_refused_and_names_what_was_known(
    home: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "bars.csv"
    with pytest.raises(OptionError) as refused:
        calls(home, out, "2005-02-25")[name]()
    assert refused.value.message == (
        "equities/daily/AAPL has bars up to 2005-03-10, later than the as-of 2005-02-25"
    )
    assert refused.value.hint == "known_on=2005-02-25 reads what was known then"
    assert not out.exists()


@pytest.mark.parametrize("as_of", ["2005-03-10", "2005-03-10T21:00Z", "2005-03-12", "2026-01-02"])
def test_an_as_of_at_the_close_of_the_last_bar_is_not_earlier(
    home: Path, tmp_path: Path, as_of: str
) -> None:
    every = calls(home, tmp_path / "bars.csv", as_of)
    for name in set(every) - {"compare", "plot of a run", "months"}:
        every[name]()
    with pytest.raises(OptionError, match="later than the as-of 2005-03-10T20:59"):
        calls(home, tmp_path, "2005-03-10T20:59Z")["export"]()


def test_what_was_known_then_is_no_later(home: Path) -> None:
    for options in ({"known_on": "2005-02-25"}, {"version": 1}):
        report = verbs.export(
            Workspace.open(),
            "AAPL",
            as_of="2005-02-25",
            home=home,
            **options,
        )
        assert report.bars is not None
        assert report.bars["close"].iloc[-1] == 88.99
    with pytest.raises(OptionError, match="later than the as-of 2005-02-25"):
        verbs.export(Workspace.open(), "AAPL", as_of="2005-02-25", version=2, home=home)


def test_where_nothing_was_known_the_hint_says_how_to_cut(home: Path) -> None:
    with pytest.raises(OptionError) as refused:
        verbs.export(Workspace.open(), "AAPL", as_of="2005-02-24", home=home)
    assert refused.value.hint == (
        "nothing of it was known then, its first version is of 2005-02-25; without as_of, "
        "end=2005-02-24 cuts off there what is known now"
    )


def test_sql_refuses_only_what_the_query_reads(home: Path) -> None:
    query = "SELECT count(*) AS n FROM bars_daily WHERE symbol = 'MSFT'"
    report = verbs.sql(Workspace.open(), query, as_of="2005-02-25", home=home)
    assert report.table.to_pylist() == [{"n": 38}]


@pytest.mark.parametrize(
    ("frequency", "after", "before"),
    [
        ("weekly", "2024-01-12", "2024-01-11"),  # the Friday of the last week
        ("30m", "2024-01-12T21:00Z", "2024-01-12T20:59+00:00"),
        ("30m", "2024-01-12", "2024-01-11"),
    ],
)
def test_what_counts_is_when_a_bar_was_over(
    tmp_path: Path, frequency: Frequency, after: str, before: str
) -> None:
    ws = Workspace.open(Settings(home=tmp_path))
    start, end = "2024-01-02", "2024-01-12"
    verbs.load(ws, "D", provider="synthetic", frequency=frequency, start=start, as_of=end)

    verbs.export(ws, "D", as_of=after)
    with pytest.raises(OptionError, match=re.escape(f"later than the as-of {before}")):
        verbs.export(ws, "D", as_of=before)


def test_a_setting_alone_is_told_once_by_each_verb(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(home))
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2005-02-25")
    verbs_called = (
        lambda: ml4t_nb.bars("AAPL"),
        lambda: ml4t_nb.bars(["MSFT", "AAPL"], columns="close", wide=True),
        lambda: ml4t_nb.files("AAPL"),
        lambda: ml4t_nb.export("AAPL"),
        lambda: ml4t_nb.plot("AAPL"),
        lambda: ml4t_nb.sql("SELECT count(*) FROM bars_daily"),
        lambda: ml4t_nb.scan("AAPL"),
        ml4t_nb.connect,
    )
    with caplog.at_level(logging.WARNING):
        for call in verbs_called:
            caplog.clear()
            call()
            assert [each.getMessage() for each in caplog.records] == [TOLD]
        caplog.clear()
        ml4t_nb.bars("MSFT")
        ml4t_nb.bars("AAPL", known_on="2005-02-25")
        ml4t_nb.sql("SELECT count(*) FROM bars_daily WHERE symbol = 'MSFT'")
        assert not caplog.records


def test_a_setting_alone_is_told_in_every_face(home: Path) -> None:
    program = Path(sys.executable).parent / "ml4t-data"
    done = subprocess.run(
        [program, "export", "AAPL", "-q"],
        env={**os.environ, "ML4T_DATA_HOME": str(home), "ML4T_DATA_AS_OF": "2005-02-25"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1].startswith("2005-03-10")
    assert done.stderr == f"WARNING ml4t_nb.verbs.look_ahead: {TOLD}\n"
    settings = Settings(home=home, as_of="2005-02-25")  # type: ignore[arg-type]  # read as text is
    report = verbs.export(Workspace.open(settings), "AAPL")
    assert json.loads(report_json(report))["notes"] == [TOLD]
