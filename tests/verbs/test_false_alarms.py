"""Bars that are right are no finding: real ones, whole and evening by evening, and made-up ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.finding import Finding
from ml4t_nb.model import AssetClass, Frequency
from ml4t_nb.records import UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.open(Settings(home=tmp_path / "home", provider="sample"))


def alarms(results: Iterable[UpdateResult]) -> list[Finding]:
    done = list(results)
    assert [each.record.error for each in done if each.record.error] == []
    return [each for result in done for each in result.findings if each.severity != "note"]


def test_of_thirteen_years_of_five_shares_two_lows_are_doubtful_and_no_other_bar(
    ws: Workspace,
) -> None:
    report = verbs.load(ws, ("AAPL", "FB", "GOOG", "IBM", "MSFT"), as_of="2013-03-01")

    found = [(each.rule, each.detail[:40]) for each in alarms(report.results)]
    assert found == [
        # Prices fell for minutes on 6 May 2010: the low is real, and many such trades cancelled.
        ("spike", "low 199.25 is 18.2 % below the prices be"),
        # No other price of 1 July 2008 or of the days beside it is within a seventh of this one.
        ("spike", "low 23.19 is 13.7 % below the prices bes"),
    ]


@pytest.mark.parametrize(
    ("symbol", "start", "first", "last"),
    [
        # A fall by half; two splits of 2:1; a dividend of a tenth; the days after a listing.
        ("AAPL", "2000-06-01", "2000-09-25", "2000-10-09"),
        ("AAPL", "2004-10-01", "2005-02-23", "2005-03-07"),
        ("MSFT", "2002-10-01", "2003-02-13", "2003-02-25"),
        ("MSFT", "2004-06-01", "2004-11-10", "2004-11-19"),
        ("FB", "2012-05-01", "2012-05-18", "2012-06-12"),
    ],
)
def test_no_evening_of_a_wild_time_has_a_finding(
    ws: Workspace, symbol: str, start: str, first: str, last: str
) -> None:
    results = list(verbs.load(ws, symbol, start=start, as_of=first).results)
    for day in pd.bdate_range(first, last)[1:]:
        results += verbs.update(ws, symbol, as_of=f"{day:%Y-%m-%d}").results

    assert alarms(results) == []


@pytest.mark.parametrize("frequency", get_args(Frequency))
@pytest.mark.parametrize("asset_class", get_args(AssetClass))
def test_made_up_bars_of_any_class_and_frequency_have_none(
    ws: Workspace, asset_class: AssetClass, frequency: Frequency
) -> None:
    start = "2015-01-01" if frequency in ("daily", "weekly") else "2024-02-01"

    loaded = verbs.load(
        ws,
        ("ONE", "TWO"),
        provider="synthetic",
        asset_class=asset_class,
        frequency=frequency,
        start=start,
        as_of="2024-02-20",
    )
    updated = [verbs.update(ws, as_of=day) for day in ("2024-02-21", "2024-02-23")]

    assert alarms(loaded.results) == []
    assert alarms(result for report in updated for result in report.results) == []
