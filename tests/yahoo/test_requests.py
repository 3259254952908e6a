"""How many requests a load and an update send, by the replay's log of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from ml4t_nb import verbs
from ml4t_nb.model import Frequency, SessionOverride
from ml4t_nb.workspace import Workspace
from tests.replay import Fault, Listing
from tests.yahoo.client import Client, evening
from tests.yahoo.test_symbols import AT, LISTED

FRIDAY, SATURDAY, MONDAY = date(2006, 2, 24), date(2006, 2, 25), date(2006, 2, 27)


def charts(client: Client) -> list[str]:
    """Requests for bars; a cookie and a crumb are asked for once in a process, of other hosts."""
    asked = [each for each in client.replay.asked if "/v8/finance/chart/" in each]
    client.replay.asked.clear()
    return asked


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_a_first_load_is_one_request_and_so_is_an_update(
    client: Client, share: Listing, frequency: Frequency
) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY), frequency=frequency)
    assert len(charts(client)) == 1

    client.updated(share.symbol, at=evening(date(2006, 3, 3)))
    assert len(charts(client)) == 1


@pytest.mark.parametrize("listing", [each[0] for each in LISTED], ids=lambda each: each.symbol)
def test_a_first_load_names_neither_class_nor_calendar_and_is_one_request(
    client: Client, listing: Listing
) -> None:
    client.replay.add(listing)

    client.loaded(listing.symbol, at=AT)

    assert len(charts(client)) == 1


def test_a_first_load_with_a_start_is_one_request(client: Client, share: Listing) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY), start="2006-01-10")

    assert len(charts(client)) == 1
    assert client.stored(share.symbol).index[0].date() == date(2006, 1, 10)


def test_an_unknown_symbol_is_one_request(client: Client) -> None:
    (done,) = client.load("NOSUCH", at=evening(FRIDAY)).results

    assert done.record.error is not None
    assert done.record.error.type == "SymbolUnknown"
    assert len(charts(client)) == 1


@pytest.mark.parametrize(("frequency", "pieces"), [("1m", 4), ("5m", 1), ("hourly", 1)])
def test_a_first_load_of_minutes_is_a_request_a_piece(
    client: Client, minutes: Listing, frequency: Frequency, pieces: int
) -> None:
    client.replay.add(minutes)
    noon = datetime.fromisoformat("2019-12-02T12:00-05:00")

    # Of minutes a week at a time: 24 November days and two of December.
    client.loaded("ACME", at=noon, frequency=frequency, start="2019-11-07")
    assert len(charts(client)) == pieces

    client.updated("ACME", at=noon + timedelta(hours=1))
    assert len(charts(client)) == 1


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_a_night_on_which_nothing_is_due_sends_no_request(
    client: Client, share: Listing, frequency: Frequency
) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY), frequency=frequency)
    before = client.manifest(share.symbol)
    charts(client)

    (quiet,) = client.update(at=evening(SATURDAY)).results

    assert (quiet.record.outcome, quiet.record.spans) == ("unchanged", ())
    assert charts(client) == []
    assert client.manifest(share.symbol) == before


def test_over_days_without_a_bar_to_come_it_is_asked_every_few_days(
    client: Client, share: Listing
) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY), frequency="weekly")
    charts(client)

    for day, asked in ((MONDAY, 0), (date(2006, 2, 28), 1), (date(2006, 3, 2), 0)):
        client.update(at=evening(day))
        assert len(charts(client)) == asked

    assert client.manifest(share.symbol).updated == evening(date(2006, 2, 28))


def test_minutes_are_not_asked_for_while_the_exchange_is_closed(
    client: Client, minutes: Listing
) -> None:
    client.replay.add(minutes)
    evening_after = datetime.fromisoformat("2019-11-08T17:00-05:00")
    client.loaded("ACME", at=evening_after, frequency="1m", start="2019-11-07")
    charts(client)

    client.update(at=evening_after + timedelta(days=1))
    assert charts(client) == []

    client.update(at=datetime.fromisoformat("2019-11-11T10:30-05:00"))
    assert len(charts(client)) == 1


def test_what_the_user_wants_is_asked_for_on_a_quiet_night_too(
    client: Client, share: Listing
) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    charts(client)

    client.update(at=evening(SATURDAY), lookback_days=5)
    assert len(charts(client)) == 1
    client.update(share.symbol, at=evening(SATURDAY))
    assert len(charts(client)) == 1


def test_a_bar_that_was_late_is_asked_for_though_no_other_is_due(
    client: Client, share: Listing
) -> None:
    client.replay.faults.append(Fault("drop", times=-1, days=(str(FRIDAY),)))
    client.loaded(share.symbol, at=evening(FRIDAY))
    client.replay.faults.clear()
    charts(client)

    assert client.update(at=evening(SATURDAY)).results[0].record.added == 1
    assert len(charts(client)) == 1
    client.update(at=evening(SATURDAY))
    assert charts(client) == []


def test_an_open_gap_is_asked_for_though_no_bar_is_due(client: Client, share: Listing) -> None:
    client.replay.faults.append(Fault("drop", times=-1, days=("2006-02-22",)))
    client.loaded(share.symbol, at=evening(FRIDAY))
    client.replay.faults.clear()
    charts(client)

    assert client.update(at=evening(SATURDAY)).results[0].record.added == 1
    assert len(charts(client)) == 1


def test_a_failed_run_is_repeated_though_no_bar_is_due(client: Client, share: Listing) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    client.replay.faults.append(Fault("reset", times=-1))
    # It may have answered all but its last word: the next run asks again.
    assert client.updated(share.symbol, at=evening(SATURDAY)).outcome == "failed"
    client.replay.faults.clear()
    charts(client)

    client.update(at=evening(SATURDAY))
    assert len(charts(client)) == 1


def test_closures_that_are_declared_anew_count_at_once(client: Client, share: Listing) -> None:
    client.replay.faults.append(Fault("drop", times=-1, days=("2006-02-22",)))
    client.loaded(share.symbol, at=evening(FRIDAY))
    for night in (SATURDAY, MONDAY, date(2006, 2, 28)):
        client.update(at=evening(night), fill_gaps=False)
    charts(client)
    closed = replace(client.ws.settings, closures=(SessionOverride("XNYS", date(2006, 2, 22)),))

    verbs.update(Workspace(closed, cancel=client.waited), as_of=evening(date(2006, 2, 28)))

    assert client.manifest(share.symbol).gaps == ()
