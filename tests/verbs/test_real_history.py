"""Twelve years of five real stocks, loaded at once or day by day: the same bars to the last bit."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

SYMBOLS = ("AAPL", "MSFT", "IBM", "GOOG", "FB")
FIRST, LAST = date(2000, 3, 1), date(2013, 3, 1)
SPLITS = (date(2000, 6, 21), date(2003, 2, 18), date(2005, 2, 28))


def workspace(home: Path) -> Workspace:
    return Workspace(Settings(home=home, provider="sample"))


def everything(ws: Workspace, symbol: str) -> pd.DataFrame:
    return verbs.bars(ws, symbol)


@pytest.fixture
def at_once(tmp_path: Path) -> Workspace:
    ws = workspace(tmp_path / "at_once")
    report = verbs.load(ws, SYMBOLS, as_of=LAST)
    assert [result.record.outcome for result in report.results] == ["changed"] * 5
    return ws


def test_none_of_the_five_complete_series_has_a_gap(at_once: Workspace) -> None:
    report = verbs.gaps(at_once, all=True)

    assert [each.gaps for each in report.datasets] == [()] * 5
    assert [len(everything(at_once, symbol)) for symbol in SYMBOLS] == [3270, 3270, 3270, 2148, 196]


def test_real_bars_give_no_finding_but_the_source_s_own_oddities(at_once: Workspace) -> None:
    for symbol in SYMBOLS:
        findings = at_once.store.snapshot(
            next(d for d in at_once.store.datasets() if d.symbol == symbol)
        ).manifest.findings
        assert not [finding for finding in findings if finding.is_hard]
        assert len(findings) < 10


def test_an_update_over_a_split_equals_a_load_after_it(tmp_path: Path) -> None:
    day_by_day = workspace(tmp_path / "day_by_day")
    verbs.load(day_by_day, "AAPL", start="2004-01-02", end="2005-02-25", as_of="2005-02-25")

    report = verbs.update(day_by_day, "AAPL", as_of="2005-03-01")

    at_once = workspace(tmp_path / "at_once")
    verbs.load(at_once, "AAPL", start="2004-01-02", as_of="2005-03-01")
    (result,) = report.results
    assert result.record.restatement is not None
    assert [(day.date(), ratio) for day, ratio in result.record.restatement.splits] == [
        (date(2005, 2, 28), 2.0)
    ]
    left = verbs.export(day_by_day, "AAPL", out=tmp_path / "left.csv")
    verbs.export(at_once, "AAPL", out=tmp_path / "right.csv")
    assert left.bars is not None
    assert (tmp_path / "left.csv").read_bytes() == (tmp_path / "right.csv").read_bytes()


def walk(ws: Workspace, days: list[date]) -> None:
    for day in days:
        names = [each.symbol for each in ws.store.datasets()]
        listed = [s for s, first in LISTED.items() if first <= day and s not in names]
        if listed:
            verbs.load(ws, listed, as_of=day)
        report = verbs.update(ws, as_of=day)
        assert {result.record.outcome for result in report.results} <= {"changed", "unchanged"}


LISTED = {
    "AAPL": FIRST,
    "MSFT": FIRST,
    "IBM": FIRST,
    "GOOG": date(2004, 8, 19),
    "FB": date(2012, 5, 18),
}


def test_updates_on_a_stride_equal_one_load(tmp_path: Path, at_once: Workspace) -> None:
    ws = workspace(tmp_path / "stride")
    stride = [FIRST + timedelta(days=step) for step in range(0, (LAST - FIRST).days, 97)]
    near_splits = [day + timedelta(days=step) for day in SPLITS for step in range(-4, 5)]

    walk(ws, sorted({*stride, *near_splits, LAST}))

    for symbol in SYMBOLS:
        assert_frame_equal(everything(ws, symbol), everything(at_once, symbol))


@pytest.mark.slow
def test_updates_on_every_session_equal_one_load(tmp_path: Path, at_once: Workspace) -> None:
    ws = workspace(tmp_path / "daily")
    sessions = everything(at_once, "IBM").index

    walk(ws, [stamp.date() for stamp in sessions])

    for symbol in SYMBOLS:
        assert_frame_equal(everything(ws, symbol), everything(at_once, symbol))
