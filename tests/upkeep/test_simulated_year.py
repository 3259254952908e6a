"""A year of nights, with the usual trouble: the store is right, and each trouble is told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.model import Adjustment
from ml4t_nb.workspace import Workspace
from tests.receivers import webhook
from tests.replay import Replay
from tests.upkeep.incidents import plan_of
from tests.upkeep.market import at, sessions_between
from tests.upkeep.year import Year
from tests.yahoo.client import assert_true_bars, quoted

_VIEWS: tuple[Adjustment, ...] = ("raw", "splits", "all")
_ASKED_AGAIN = timedelta(days=3, minutes=1)


def simulated(replay: Replay, folder: Path, seed: int, symbols: int, last: str) -> Year:
    """The store after a time that begins with January 2024."""
    sessions = sessions_between("2023-09-01", last)
    begin = sessions.index(date(2024, 1, 2))
    with webhook() as hook:
        year = Year(plan_of(seed, symbols, sessions, begin), replay, folder / "home", hook.url)
        year.go()
        assert len(hook.taken) == sum(bool(run.told) for run in year.runs)
    return year


def check(year: Year, folder: Path) -> None:
    """Everything that must hold of it."""
    assert faults_of_telling(year) == []
    assert faults_of_asking(year) == []
    assert [day for run in year.runs for day in run.absent] == sorted(year.plan.absent)
    assert faults_of_bars(year, folder) == []


@pytest.mark.long
def test_weeks_of_trouble_end_with_the_right_bars_and_each_trouble_is_told_once(
    replay: Replay, tmp_path: Path
) -> None:
    check(simulated(replay, tmp_path, 1, 8, "2024-02-13"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_a_year_of_trouble_ends_with_the_right_bars_and_each_trouble_is_told_once(
    replay: Replay, tmp_path: Path, seed: int
) -> None:
    check(simulated(replay, tmp_path, seed, 40, "2024-12-31"), tmp_path)


def faults_of_telling(year: Year) -> list[str]:
    """Notices that were not expected when they came, or that never came."""
    expected, wrong = list(year.plan.expected), []
    for run in year.runs:
        for symbol, state in run.told:
            match = [
                each
                for each in expected
                if (each.symbol, each.state) == (symbol, state)
                and each.first <= run.now <= each.last
            ]
            if match:
                expected.remove(match[0])
            else:
                wrong.append(f"{run.now:%m-%d %H:%M} {symbol} {state} is told for nothing")
    return wrong + [
        f"{each.first:%m-%d %H:%M} {each.symbol} {each.state} is never told" for each in expected
    ]


def faults_of_asking(year: Year) -> list[str]:
    """Requests of shares without trouble that were too many or too few, or not as planned."""
    answered: dict[str, datetime] = {}
    begin, wrong = year.plan.evening(0), []
    for run in year.runs:
        due_from = last_final(year, run.now)
        for symbol in year.plan.traded(run.now):
            since = answered.get(symbol, begin)
            is_due = since < due_from or run.now - since >= _ASKED_AGAIN
            asked, planned = run.asked[symbol], run.planned[symbol]
            if not year.plan.is_restless(symbol, run.now):
                if asked != is_due:
                    wrong.append(f"{run.now:%m-%d %H:%M} {symbol}: {asked} requests")
                if planned != is_due:
                    wrong.append(f"{run.now:%m-%d %H:%M} {symbol}: {planned} requests planned")
            if asked:
                answered[symbol] = run.now
    return wrong


def last_final(year: Year, now: datetime) -> datetime:
    """Half an hour after the last close that was expected by then."""
    declared = {act.day for act in year.plan.acts if act.what == "close" and act.when <= now}
    finals = (at(day, 16, 30) for day in reversed(year.plan.drawn.sessions) if day not in declared)
    return next(each for each in finals if each <= now)


def faults_of_bars(year: Year, folder: Path) -> list[str]:
    """Where the store differs from one that is loaded at once, and both from the market."""
    wrong: list[str] = []
    year.set_market(year.end)
    once, lived = year.workspace(folder / "once"), year.ws
    names = year.plan.traded(year.end)
    verbs.load(once, names, as_of=year.end)
    for symbol in names:
        stale = stale_days(year, symbol)
        for view in _VIEWS:
            kept = verbs.bars(lived, symbol, adjust=view)
            fresh = verbs.bars(once, symbol, adjust=view)
            kept = kept[~kept["filled"]]
            wrong += [f"{symbol} {view}: {each}" for each in differences(kept, fresh, stale)]
        wrong += compared(year, symbol, once)
    for symbol in year.listings.keys() - set(names):
        if symbol not in former(year):
            wrong += compared(year, symbol, lived)
    return wrong


def former(year: Year) -> set[str]:
    return {act.symbol for act in year.plan.acts if act.what == "rename"}


def differences(kept: pd.DataFrame, fresh: pd.DataFrame, stale: set[date]) -> Iterator[str]:
    """Rows that are not the same to the bit, where the provider was asked for them since."""
    mine, other = {*kept.index}, {*fresh.index}
    for stamp in sorted(mine ^ other):
        if stamp.date() not in stale:
            yield f"{stamp.date()} is only in {'the store' if stamp in mine else 'the load'}"
    both = kept.index.intersection(fresh.index)
    differ = (kept.loc[both] != fresh.loc[both]).any(axis=1)
    found = {stamp.date() for stamp in both[differ]}
    yield from (f"{day} differs" for day in sorted(found - stale))
    held = {stamp.date() for stamp in both}
    yield from (f"{day} does not differ" for day in sorted((stale & held) - found))


def stale_days(year: Year, symbol: str) -> set[date]:
    """Days whose bars were corrected, or came, after the last request for them."""
    stale: set[date] = set()
    for trouble in year.plan.troubles:
        if trouble.symbol != symbol or trouble.kind not in ("drop", "scale"):
            continue
        for day in trouble.days[:1]:
            asked = any(
                run.now >= trouble.ends and run.asked[symbol] and run.since[symbol] <= day
                for run in year.runs
            )
            if trouble.ends <= year.end and not asked:
                stale.add(day)
    return stale


def compared(year: Year, symbol: str, store: Workspace) -> list[str]:
    """Differences from what was traded, and from what the provider quotes as adjusted closes."""
    listing = year.listings[symbol]
    never = {
        day
        for each in year.plan.troubles
        if each.symbol == symbol and each.kind == "drop" and each.ends > year.end
        for day in each.days
    }
    ends = year.plan.unlisted.get(symbol, year.end)
    days = tuple(
        bar for bar in listing.days if bar.start < ends and listing.day_of(bar.start) not in never
    )
    paid = tuple(each for each in listing.dividends if at(each.day, 12) < ends)
    listing = replace(listing, days=days, dividends=paid)
    try:
        assert_true_bars(verbs.bars(store, symbol, filled=False), listing)
        total = verbs.bars(store, symbol, filled=False, adjust="all")["close"]
        quotes = quoted(listing, now=year.end)
        closes = [quotes[stamp.date()] for stamp in total.index]
        np.testing.assert_allclose(total, closes, rtol=1e-9, err_msg="adjusted closes")
    except AssertionError as error:
        return [f"{symbol}: {error}"]
    return []
