"""Splits as Yahoo tells them, sooner or later: what is stored is on one basis at any time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.finding import Finding
from tests.replay import Listing, Split, sampled
from tests.yahoo.client import (
    Client,
    assert_true_bars,
    evening,
    price_breaks,
    scaled,
    sessions_of,
    shares,
)

EX = date(2006, 2, 28)
RATIOS = [(2, 1), (7, 1), (1, 10), (3, 2)]


def share(numerator: float, denominator: float) -> Listing:
    return shares(
        sampled("IBM"), "2005-12-01", "2006-03-15", split=Split(EX, numerator, denominator)
    )


def days_around(listing: Listing, before: int, after: int) -> list[date]:
    days = sessions_of(listing)
    at = days.index(EX)
    return days[at - before : at + after + 1]


@pytest.mark.parametrize(("numerator", "denominator"), RATIOS)
def test_a_split_restates_the_whole_history(
    client: Client, numerator: float, denominator: float
) -> None:
    listing = share(numerator, denominator)
    client.replay.add(listing)
    before, on, after = days_around(listing, 1, 1)
    client.loaded("ACME", at=evening(before))
    assert_true_bars(client.stored("ACME"), listing)

    record = client.updated("ACME", at=evening(on))

    assert (record.outcome, record.verdict) == ("changed", "restated")
    assert record.restatement is not None
    assert [(at.date(), r) for at, r in record.restatement.splits] == [
        (EX, numerator / denominator)
    ]
    assert_true_bars(client.stored("ACME"), listing)
    assert client.updated("ACME", at=evening(after)).verdict == "same"
    assert_true_bars(client.stored("ACME"), listing)


def lag(client: Client, listing: Listing, announced: int, restated: int) -> None:
    """Announce and restate so many sessions after the ex-date."""
    days = sessions_of(listing)
    at = days.index(EX)
    client.replay.add(listing)
    client.replay.market.announced_from[listing.symbol, EX] = days[at + announced]
    client.replay.market.restated_from[listing.symbol, EX] = days[at + restated]


LAGS = [(a, r) for a in (-2, -1, 0, 1, 3) for r in (-2, -1, 0, 1, 3) if not (a > 0 and r > 0)]
NEAR = [(-1, 0), (1, 0), (0, 1), (0, -1), (0, 2)]


def walk(client: Client, listing: Listing, announced: int, restated: int) -> None:
    lag(client, listing, announced, restated)
    days = days_around(listing, 3, 5)
    client.loaded("ACME", at=evening(days[0]))
    for day in days[1:]:
        client.updated("ACME", at=evening(day))
        stored = client.stored("ACME")
        assert price_breaks(stored, listing) == [], day
        both = sessions_of(listing).index(EX) + max(announced, restated, 0)
        if day >= sessions_of(listing)[both]:
            assert_true_bars(stored, listing)
            assert stored.index[-1].date() == day
        # What is stored is never behind for longer than Yahoo contradicts itself.
        assert client.manifest("ACME").recent[-1].outcome in ("changed", "failed"), day


@pytest.mark.parametrize(("announced", "restated"), NEAR)
@pytest.mark.parametrize(("numerator", "denominator"), [(7, 1)])
def test_an_event_sooner_or_later_than_the_prices_never_leaves_two_bases(
    client: Client, numerator: float, denominator: float, announced: int, restated: int
) -> None:
    walk(client, share(numerator, denominator), announced, restated)


@pytest.mark.slow
@pytest.mark.parametrize(("announced", "restated"), LAGS)
@pytest.mark.parametrize(("numerator", "denominator"), RATIOS)
def test_no_lag_of_event_and_prices_ever_leaves_two_bases(
    client: Client, numerator: float, denominator: float, announced: int, restated: int
) -> None:
    walk(client, share(numerator, denominator), announced, restated)


# The day that the split was traded by, and the day on which it is told again.
TWICE = [(0, 1), (0, 4)]


@pytest.mark.parametrize(("real", "again"), TWICE)
def test_a_split_reported_on_two_days_of_a_week_counts_once(
    client: Client, real: int, again: int
) -> None:
    days = days_around(share(2, 1), 3, 8)
    # As traded, prices are halved by the real day.
    listing = shares(sampled("IBM"), "2005-12-01", "2006-03-15", split=Split(days[3 + real], 2))
    told = replace(listing, splits=(*listing.splits, Split(days[3 + again], 2)))
    client.replay.add(told)
    client.replay.market.restated_from["ACME", days[3 + again]] = date(2099, 1, 1)

    first, *later = days
    client.loaded("ACME", at=evening(first))
    findings: list[Finding] = []
    for day in later:
        (done,) = client.update("ACME", at=evening(day), lookback_days=3).results
        assert done.record.error is None, (day, done.record.error)
        findings += done.findings
        assert_true_bars(client.stored("ACME"), listing)
    (finding,) = findings
    assert finding.rule == "basis"
    assert f"{days[3 + again]}" in finding.detail
    assert f"{days[3 + real]}" in finding.detail


def test_a_split_reported_a_day_before_it_is_traded_is_waited_for(client: Client) -> None:
    days = days_around(share(2, 1), 3, 8)
    told, real = days[3], days[4]
    listing = shares(sampled("IBM"), "2005-12-01", "2006-03-15", split=Split(real, 2))
    client.replay.add(replace(listing, splits=(Split(told, 2), *listing.splits)))
    client.replay.market.restated_from["ACME", told] = date(2099, 1, 1)
    client.loaded("ACME", at=evening(days[2]))
    before = client.stored("ACME")

    report = client.update("ACME", at=evening(told))

    # Nothing shows yet whether the prices before it are halved already: try again.
    (done,) = report.results
    assert done.record.error is not None
    assert done.record.error.type == "SplitPending"
    assert code_of(report) == 75
    assert client.stored("ACME").equals(before)
    for day in days[4:]:
        assert client.updated("ACME", at=evening(day)).error is None
        # Which of the two days it was nothing tells by then; all prices before both are right.
        assert_true_bars(client.stored("ACME"), listing, events=False)
        raw = client.stored("ACME", adjust="raw")
        day_before = slice(str(days[2]), str(days[2]))
        (close,) = before.loc[day_before, "close"]
        assert raw.loc[day_before, "close"].tolist() == [close]


def test_a_split_that_was_restated_long_before_it_is_reported_is_taken_in_the_end(
    client: Client,
) -> None:
    days = days_around(share(2, 1), 3, 8)
    listing = share(2, 1)
    lag(client, listing, 0, -3)
    # Loaded when the prices were halved already, which nothing told.
    client.loaded("ACME", at=evening(days[1]))

    outcomes = [client.updated("ACME", at=evening(day)).outcome for day in days[2:7]]

    assert outcomes == ["changed", "failed", "failed", "changed", "changed"]
    assert_true_bars(client.stored("ACME"), listing)


@pytest.mark.parametrize("again", [1, 3])
def test_a_first_load_takes_the_first_of_two_days_that_show_one_split(
    client: Client, again: int
) -> None:
    listing = share(2, 1)
    days = days_around(listing, 0, 8)
    client.replay.add(replace(listing, splits=(*listing.splits, Split(days[again], 2))))
    client.replay.market.restated_from["ACME", days[again]] = date(2099, 1, 1)

    (finding,) = client.loaded("ACME", at=evening(days[8])).findings

    assert finding.detail == (
        f"the split 2:1 of 2006-02-28 is reported again on {days[again]}: it counts once"
    )
    assert_true_bars(client.stored("ACME"), listing)
    # IBM closed at 80.63 on 2006-02-27, and trades at twice that here.
    assert client.stored("ACME", adjust="raw").loc["2006-02-27", "close"] == 161.26


def test_two_splits_of_one_ratio_a_month_apart_are_two(client: Client) -> None:
    listing = share(2, 1)
    first = date(2006, 1, 30)
    days = [bar if listing.day_of(bar.start) >= first else scaled(bar, 2) for bar in listing.days]
    both = replace(listing, days=tuple(days), splits=(Split(first, 2), *listing.splits))
    client.replay.add(both)

    assert client.loaded("ACME", at=evening(date(2006, 3, 10))).findings == ()

    assert_true_bars(client.stored("ACME"), both)
