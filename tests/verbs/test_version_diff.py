"""How two versions differ: bars, restatements, configuration, gaps."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.core.bars import NUMBERS
from ml4t_nb.errors import OptionError, VersionNotFound
from ml4t_nb.render.html import report_html
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.settings import Settings
from ml4t_nb.version_diff import VersionDiff
from ml4t_nb.workspace import Workspace
from tests.reading.random_store import Made, made_stores, store_made
from tests.reading.test_past_paths import commits_after
from tests.verbs.own_files import OwnFiles


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AAPL before its split, after it, and a day later."""
    home = tmp_path_factory.mktemp("store")
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25", home=home)
    for day in ("2005-03-10", "2005-03-11"):
        ml4t_nb.update(as_of=day, home=home)
    return home


def diff_of(home: Path, before: int, after: int) -> VersionDiff:
    found = verbs.history(Workspace.open(), "AAPL", diff=(before, after), home=home).diff
    assert found is not None
    return found


def days(first: pd.Timestamp | Any, last: Any) -> tuple[str, str]:  # noqa: ANN401  # instants
    return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def said(diff: VersionDiff) -> list[tuple[object, ...]]:
    return [(each.change, each.bars, *days(each.first, each.last)) for each in diff.changes]


def test_a_split_is_named_and_what_it_explains_is_no_other_change(home: Path) -> None:
    diff = diff_of(home, 1, 3)

    assert said(diff) == [
        ("added", 10, "2005-02-28", "2005-03-11"),
        ("replaced", 60, "2004-12-01", "2005-02-25"),
    ]
    (stretch,) = diff.restated
    assert (stretch.bars, stretch.factor) == (60, 0.5)
    assert [(f"{day:%Y-%m-%d}", ratio) for day, ratio in diff.splits] == [("2005-02-28", 2.0)]
    assert (diff.columns, diff.config, diff.gaps_added, diff.gaps_removed) == ((), (), (), ())


def test_the_other_way_round_it_is_the_inverse(home: Path) -> None:
    diff = diff_of(home, 3, 1)

    assert said(diff) == [
        ("removed", 10, "2005-02-28", "2005-03-11"),
        ("replaced", 60, "2004-12-01", "2005-02-25"),
    ]
    assert [each.factor for each in diff.restated] == [2.0]
    assert [ratio for _, ratio in diff.splits] == [0.5]


def test_a_version_is_as_itself(home: Path) -> None:
    report = verbs.history(Workspace.open(), "AAPL", diff=(2, 2), home=home)

    assert report.diff is not None
    assert report.diff.is_empty
    assert report.to_frame().empty
    assert report_text(report).strip().endswith("nothing changed")


def test_every_face_says_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = verbs.history(Workspace.open(), "AAPL", diff=(1, 3), home=home)
    for text in (report_text(report), report_html(report)):
        assert "restated 2:1 (split 2005-02-28)" in text
        assert "from version 1 of 2005-02-25 21:30 UTC to version 3" in text
        assert "all prices of 60 bars are 0.5 times as high" in text
    assert json.loads(report_json(report))["diff"]["restated"][0]["factor"] == 0.5
    frame = report.to_frame()
    first = frame.iloc[0]
    assert (first["change"], first["close_before"], first["close"]) == ("replaced", 67.79, 33.895)
    assert main(["history", "AAPL", "--diff", "1", "3", "--home", f"{home}"]) == 0
    assert "taken out" not in capsys.readouterr().out
    assert len(ml4t_nb.history("AAPL", diff="1,3", home=home).to_frame()) == 70  # type: ignore[arg-type]  # as over HTTP


def test_a_correction_is_named_by_column(own: OwnFiles) -> None:
    def corrected(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
        table.loc["2004-12-20", "close"] = 63.0
        table.loc["2004-12-17", "volume"] *= 2
        return table

    own.write()
    own.load("2004-12-20")
    own.update("2004-12-21")
    own.write(corrected)
    own.update("2004-12-22")

    (listed,) = verbs.history(own.ws).datasets
    diff = verbs.history(own.ws, diff=(2, 3), symbol=listed.dataset.symbol).diff
    assert diff is not None
    assert said(diff) == [
        ("added", 1, "2004-12-22", "2004-12-22"),
        ("replaced", 2, "2004-12-17", "2004-12-20"),
    ]
    found = {each.column: (each.bars, each.before, each.after) for each in diff.columns}
    assert found["close"] == (1, 62.72, 63.0)
    assert found["volume"][0] == 1
    assert found["volume"][2] == 2 * found["volume"][1]
    assert diff.restated == ()


def test_gaps_and_fills_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML4T_DATA_SYNTHETIC_HOLES", "2024-01-10/2024-01-12")
    home = tmp_path / "home"
    options: dict[str, Any] = {"as_of": "2024-01-19", "home": home}
    ml4t_nb.load("D", provider="synthetic", start="2024-01-02", **options)
    ml4t_nb.gaps("D", close="a storm", start="2024-01-10", end="2024-01-11", **options)
    numbers = [each.version for each in ml4t_nb.history("D", home=home).datasets[0].records]
    diff = ml4t_nb.history("D", diff=(numbers[0], numbers[-1]), home=home).diff
    assert diff is not None
    assert not diff.is_empty
    assert [each.state for each in diff.gaps_added] == ["closed"]
    assert [each.missing for each in diff.gaps_removed] == [2]


def test_a_configuration_that_is_other_is_told(tmp_path: Path) -> None:
    own = tmp_path / "own"
    options: dict[str, Any] = {"start": "2024-01-02", "as_of": "2024-01-19", "home": own}
    ml4t_nb.load("D", provider="synthetic", calendar="XNYS", **options)
    ml4t_nb.remove("D", yes=True, home=own)
    ml4t_nb.load("D", provider="synthetic", calendar="XLON", **options)

    diff = ml4t_nb.history("D", diff=(1, 3), home=own).diff
    assert diff is not None
    changed = {each.name: (each.before, each.after) for each in diff.config}
    assert changed["calendar"] == ("XNYS", "XLON")
    with pytest.raises(VersionNotFound, match="version 2 of equities/daily/D removed the dataset"):
        ml4t_nb.history("D", diff=(1, 2), home=own)


def test_versions_of_what_was_removed_are_compared(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25", home=home)
    ml4t_nb.update(as_of="2005-03-10", home=home)
    ml4t_nb.remove("AAPL", yes=True, home=home)
    assert [each.bars for each in diff_of(home, 1, 2).changes] == [9, 60]


def test_a_history_says_which_versions_are_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25", home=home)
    for day in ("2005-03-10", "2005-03-11"):
        ml4t_nb.update(as_of=day, home=home)
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    ml4t_nb.update(as_of="2005-03-14", home=home)

    report = ml4t_nb.history("AAPL", home=home)
    assert report.to_frame()["kept"].tolist() == [False, False, False, True]
    assert report_text(report).count("the version is gone") == 3
    (dataset,) = json.loads(report_json(report))["datasets"]
    assert [each["kept"] for each in dataset["runs"]] == [False, False, False, True]
    with pytest.raises(VersionNotFound, match="version 2 of equities/daily/AAPL is not there") as e:
        ml4t_nb.history("AAPL", diff=(2, 4), home=home)
    assert "the nearest is 4" in e.value.hint


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["AAPL", "--diff", "3"], "--diff: expected 2 arguments"),
        (["AAPL", "--diff", "a", "b"], "--diff: 'a' is neither a version nor a date"),
        (["AAPL", "--diff", "0", "1"], "--diff: '0' is not a version"),
        (["--diff", "1", "2"], "--diff is of one dataset"),
        (["AAPL", "--diff", "1", "7"], "version 7 of equities/daily/AAPL is not there"),
        (["NVDA", "--diff", "1", "2"], "No existing data found for 'NVDA'"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["history", *words, "--home", f"{home}"]) in (1, 2)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_a_number_alone_is_no_pair(home: Path) -> None:
    for wrong in (3, (3,), (1, 2, 3), "3"):
        with pytest.raises(OptionError, match="is not two versions"):
            ml4t_nb.history("AAPL", diff=wrong, home=home)  # type: ignore[arg-type]


@settings(max_examples=8)
@given(draw=st.data(), made=made_stores())
def test_a_version_and_its_difference_make_the_other(
    tmp_path_factory: pytest.TempPathFactory, draw: st.DataObject, made: tuple[Made, ...]
) -> None:
    ws = Workspace.open(Settings(home=tmp_path_factory.mktemp("store"), provider="sample"))
    for each in made:
        store_made(ws.store, each)
    for _ in commits_after(draw, ws, made):
        pass
    for each in made:
        symbol = each.dataset.symbol
        newest = ws.store.sequence(each.dataset)
        one, other = draw.draw(st.integers(1, newest)), draw.draw(st.integers(1, newest))
        diff = verbs.history(ws, symbol, diff=(one, other)).diff
        assert diff is not None
        then, now = (ws.store.version(each.dataset, number).bars() for number in (one, other))
        rows = diff.bars
        kept = then.drop(rows.index[(rows["change"] != "added").to_numpy()])
        left = rows.loc[(rows["change"] != "removed").to_numpy()]
        names = [*NUMBERS, "filled"]
        made_of = pd.concat([kept[names].astype(float), left[names]]).sort_index()
        wanted = now[names].astype(float)
        assert made_of.index.equals(wanted.index)
        bits = [frame.to_numpy(np.float64).view(np.int64) for frame in (made_of, wanted)]
        assert (bits[0] == bits[1]).all()
        assert sum(change.bars for change in diff.changes) == len(rows)


BY_DAYS = [
    ("2005-02-25", "2005-03-10"),
    ("1", "2005-03-10"),
    ("2005-02-25", "2"),
    ("2005-03-01", "2005-03-10T21:30+00:00"),
]


@pytest.mark.parametrize(("before", "after"), BY_DAYS)
def test_a_version_is_named_by_the_day_on_which_it_was_known(
    home: Path, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "AAPL", "--diff", before, after, "--home", f"{home}"]) == 0
    by_day = capsys.readouterr().out
    assert main(["history", "AAPL", "--diff", "1", "2", "--home", f"{home}"]) == 0
    assert by_day == capsys.readouterr().out
    assert "from version 1 of 2005-02-25 21:30 UTC to version 2 of 2005-03-10 21:30 UTC" in by_day


def test_days_of_python_are_taken_too(home: Path) -> None:
    instant = pd.Timestamp("2005-03-10 22:00", tz="UTC")
    diff = ml4t_nb.history("AAPL", diff=(date(2005, 2, 25), instant), home=home).diff
    assert diff is not None
    assert (diff.before, diff.after) == (1, 2)
    plotted = ml4t_nb.history("AAPL", diff="2005-02-25,2005-03-11", home=home).diff  # type: ignore[arg-type]  # as over HTTP
    assert plotted is not None
    assert (plotted.before, plotted.after) == (1, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("history AAPL --diff 2004-01-02 2", "nothing was known of equities/daily/AAPL on 2004-01"),
        ("history AAPL --diff soon 2", "--diff: 'soon' is neither a version nor a date"),
        ("history AAPL --diff 0 2", "--diff: '0' is not a version"),
        ("history AAPL --diff 1", "expected 2 arguments"),
        ("plot AAPL --diff 2004-01-02", "nothing was known of equities/daily/AAPL on 2004-01-02"),
        ("plot AAPL --diff soon", "--diff: 'soon' is neither a version nor a date"),
        ("plot AAPL --diff 1 2005-03-10", "for the other one, --known-on 2005-03-10"),
        ("plot AAPL --diff 1 3", "for the other one, --version 3"),
    ],
)
def test_a_version_that_cannot_be_is_one_sentence(
    home: Path, words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words.split(), "--home", f"{home}"]) in (1, 2)
    assert message in capsys.readouterr().err


def test_a_plot_takes_days_too(home: Path) -> None:
    by_day = ml4t_nb.plot("AAPL", diff="2005-02-25", known_on="2005-03-10", home=home)
    by_number = ml4t_nb.plot("AAPL", diff=1, version=2, home=home)
    assert by_day == by_number


def test_the_first_of_two_days_may_be_of_a_dataset_that_was_removed_since(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25", home=home)
    ml4t_nb.update(as_of="2005-03-10", home=home)
    ml4t_nb.remove("AAPL", yes=True, home=home, as_of="2005-03-11")
    diff = ml4t_nb.history("AAPL", diff=("2005-02-25", "2005-03-10"), home=home).diff
    assert diff is not None
    assert (diff.before, diff.after) == (1, 2)
