"""What is loaded before, between or apart from stored bars, after a split nobody here noticed."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests.replay import Fault, Listing, Split, sampled
from tests.yahoo.client import Client, assert_true_bars, evening, price_breaks, sessions_of, shares
from tests.yahoo.minutes import EX_MINUTE, month_of_minutes

EX = date(2006, 2, 28)


@pytest.fixture(params=[7, 0.1])
def split(request: pytest.FixtureRequest) -> Split:
    return Split(EX, 1, 10) if request.param < 1 else Split(EX, request.param)


@pytest.fixture
def share(client: Client, split: Split) -> Listing:
    listing = shares(sampled("IBM"), "2005-06-01", "2006-04-13", split=split)
    client.replay.add(listing)
    return listing


def test_a_prepend_after_a_split(client: Client, share: Listing) -> None:
    client.loaded("ACME", at=evening(date(2006, 2, 27)), start=date(2005, 11, 1))
    assert_true_bars(client.stored("ACME"), share)

    client.loaded(
        "ACME", at=evening(date(2006, 3, 6)), start=date(2005, 7, 1), end=date(2005, 9, 1)
    )

    stored = client.stored("ACME")
    assert price_breaks(stored, share) == []
    assert stored.index[0].date() == date(2005, 7, 1)
    assert_true_bars(stored, share)
    client.updated("ACME", at=evening(date(2006, 3, 6)))
    assert_true_bars(client.stored("ACME"), share)
    assert client.stored("ACME").index[-1].date() == date(2006, 3, 6)


def test_an_interior_refetch_after_a_split(client: Client, share: Listing) -> None:
    missing = ("2005-12-06", "2005-12-07")
    client.replay.faults.append(Fault("drop", times=-1, days=missing))
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    client.updated("ACME", at=evening(date(2006, 2, 24)), fill_gaps=False)
    assert len(client.manifest("ACME").gaps) == 1
    client.replay.faults.clear()

    client.updated("ACME", at=evening(date(2006, 3, 1)))

    assert_true_bars(client.stored("ACME"), share)
    assert client.manifest("ACME").gaps == ()


def test_gaps_refetched_by_hand_after_a_split(client: Client, share: Listing) -> None:
    client.replay.faults.append(Fault("drop", times=-1, days=("2005-12-06",)))
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    client.replay.faults.clear()

    client.loaded("ACME", at=evening(date(2006, 3, 1)), start="2005-12-06", end="2005-12-06")

    stored = client.stored("ACME")
    assert price_breaks(stored, share) == []
    assert_true_bars(stored, share)


def test_a_load_that_would_leave_a_hole_is_extended_until_it_meets(
    client: Client, share: Listing
) -> None:
    client.loaded(
        "ACME", at=evening(date(2006, 2, 27)), start=date(2005, 7, 1), end=date(2005, 9, 1)
    )
    assert_true_bars(client.stored("ACME"), share)

    client.loaded("ACME", at=evening(date(2006, 3, 6)), start=date(2006, 3, 3))

    stored = client.stored("ACME")
    assert stored.index[0].date() == date(2005, 7, 1)
    assert stored.index[-1].date() == date(2006, 3, 6)
    assert_true_bars(stored, share)


def test_a_load_that_ends_before_the_split_is_on_the_basis_of_its_own_last_bar(
    client: Client, share: Listing
) -> None:
    client.loaded("ACME", at=evening(date(2006, 3, 6)), end=date(2006, 2, 10))
    assert_true_bars(client.stored("ACME"), share)
    assert price_breaks(client.stored("ACME"), share) == []

    client.updated("ACME", at=evening(date(2006, 3, 7)))

    assert_true_bars(client.stored("ACME"), share)


def test_one_bar_is_loaded_at_a_time(client: Client, share: Listing) -> None:
    days = [day for day in sessions_of(share) if date(2006, 2, 23) <= day <= date(2006, 3, 3)]
    for day in days:
        client.load("ACME", at=evening(date(2006, 3, 6)), start=day, end=day)
        assert price_breaks(client.stored("ACME"), share) == []
        assert_true_bars(client.stored("ACME"), share)


@pytest.fixture(scope="module")
def minutes() -> Listing:
    return month_of_minutes()


def at_noon(day: str) -> datetime:
    return datetime.fromisoformat(f"2019-{day}T12:00-05:00")


def held_to_minutes(client: Client, listing: Listing, *, last: str) -> None:
    """Require every minute of the source up to ``last``, on the basis of that minute."""
    stored = client.stored("ACME")
    until = datetime.fromisoformat(last)
    due = [bar for bar in listing.minutes if bar.start <= until]
    assert list(stored.index) == [bar.start for bar in due]
    halved = listing.day_of(until) >= EX_MINUTE
    for name in ("open", "high", "low", "close"):
        true = [
            getattr(bar, name) / (2 if halved and listing.day_of(bar.start) < EX_MINUTE else 1)
            for bar in due
        ]
        assert stored[name].tolist() == pytest.approx(true, rel=1e-12)


def test_a_split_restates_the_minutes(client: Client, minutes: Listing) -> None:
    client.replay.add(minutes)
    client.loaded("ACME", at=at_noon("11-26"), frequency="1m", start="2019-11-05")
    held_to_minutes(client, minutes, last="2019-11-26T11:29-05:00")

    assert client.updated("ACME", at=at_noon("12-02")).verdict == "same"
    held_to_minutes(client, minutes, last="2019-12-02T11:29-05:00")
    record = client.updated("ACME", at=at_noon("12-03"))

    assert record.verdict == "restated"
    held_to_minutes(client, minutes, last="2019-12-03T11:29-05:00")
    assert client.updated("ACME", at=at_noon("12-04")).verdict == "same"
    held_to_minutes(client, minutes, last="2019-12-04T11:29-05:00")


def test_minutes_no_longer_served_are_kept_on_the_new_basis_and_that_is_said(
    client: Client, minutes: Listing
) -> None:
    client.replay.add(minutes)
    client.loaded("ACME", at=at_noon("11-26"), frequency="1m", start="2019-11-05")

    # What lies before noon of 11 November is served no more.
    record = client.updated("ACME", at=at_noon("12-10"))

    assert (record.outcome, record.verdict) == ("changed", "restated")
    assert record.restatement is not None
    # Four whole days, and 11 November up to noon.
    assert record.restatement.kept == 4 * 390 + 150
    assert record.notes == ("kept 1710 bars that the provider no longer serves, on the same basis",)
    held_to_minutes(client, minutes, last="2019-12-10T11:29-05:00")


def test_minutes_none_of_which_are_served_any_more_are_left_alone(
    client: Client, minutes: Listing
) -> None:
    client.replay.add(minutes)
    client.loaded("ACME", at=at_noon("11-06"), frequency="1m", start="2019-11-05")
    before = client.stored("ACME")

    record = client.updated("ACME", at=at_noon("12-10"))

    assert record.outcome == "failed"
    assert record.error is not None
    assert "cannot be joined" in record.error.message
    assert client.stored("ACME").equals(before)
