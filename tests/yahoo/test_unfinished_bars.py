"""A bar is stored once it is final, and never before: shares, half days, crypto, fx, weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ml4t_nb import verbs
from ml4t_nb.records import UpdateRecord
from tests.replay import Bar, Fault, Listing, Split, sampled
from tests.yahoo.client import Client, assert_true_bars, evening, price_breaks, shares


def instant(word: str) -> datetime:
    return datetime.fromisoformat(word).astimezone(UTC)


@pytest.fixture
def share(client: Client) -> Listing:
    listing = shares(sampled("IBM"), "2005-10-03", "2006-03-15")
    client.replay.add(listing)
    return listing


def days_of(client: Client, symbol: str) -> list[date]:
    return [stamp.date() for stamp in client.stored(symbol).index]


@pytest.mark.parametrize(
    "clock",
    [
        "2006-02-28T09:31-05:00",
        "2006-02-28T12:00-05:00",
        "2006-02-28T15:59-05:00",
        # Closed, but the half hour in which Yahoo still settles is not over.
        "2006-02-28T16:29-05:00",
    ],
)
def test_nothing_of_today_is_stored_while_the_market_is_open(
    client: Client, share: Listing, clock: str
) -> None:
    client.loaded("ACME", at=evening(date(2006, 2, 24)))

    record = client.updated("ACME", at=instant(clock))

    assert record.added == 1
    assert days_of(client, "ACME")[-1] == date(2006, 2, 27)
    assert_true_bars(client.stored("ACME"), share)
    # Half an hour after the close, the day is whole.
    record = client.updated("ACME", at=instant("2006-02-28T16:30-05:00"))
    assert (record.added, record.revised) == (1, 0)
    assert_true_bars(client.stored("ACME"), share)


def test_a_load_during_market_hours_has_no_bar_of_today(client: Client, share: Listing) -> None:
    client.loaded("ACME", at=instant("2006-02-28T12:00-05:00"))

    assert days_of(client, "ACME")[-1] == date(2006, 2, 27)
    assert_true_bars(client.stored("ACME"), share)


def test_a_split_of_today_waits_for_its_bar(client: Client) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-10-03", "2006-03-15", split=Split(ex, 2))
    client.replay.add(listing)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))

    for clock in ("09:45", "12:00", "16:05"):
        client.updated("ACME", at=instant(f"2006-02-28T{clock}-05:00"))
        assert days_of(client, "ACME")[-1] == date(2006, 2, 27)
        assert_true_bars(client.stored("ACME"), listing)
    record = client.updated("ACME", at=evening(ex))

    assert record.verdict == "restated"
    assert_true_bars(client.stored("ACME"), listing)
    assert price_breaks(client.stored("ACME"), listing) == []


def test_yahoo_s_second_row_of_today_is_not_a_bar(client: Client, share: Listing) -> None:
    client.replay.faults.append(Fault("last_twice", times=-1))
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    stored = client.stored("ACME")
    assert stored.index.is_unique

    client.replay.faults.clear()
    client.updated("ACME", at=evening(date(2006, 2, 27)))

    assert_true_bars(client.stored("ACME"), share)


def test_a_half_day_is_final_earlier(client: Client, share: Listing) -> None:
    client.loaded("ACME", at=evening(date(2005, 11, 23)))
    # The day after Thanksgiving the exchange closes at 13:00; the replay goes on until 16:00.
    assert client.updated("ACME", at=instant("2005-11-25T13:29-05:00")).added == 0

    assert client.updated("ACME", at=instant("2005-11-25T17:00-05:00")).added == 1
    assert days_of(client, "ACME")[-1] == date(2005, 11, 25)
    assert_true_bars(client.stored("ACME"), share)


def test_a_half_day_is_asked_for_once_it_is_over(client: Client, share: Listing) -> None:
    short = replace(share, closes=time(13))
    client.replay.add(short)
    client.loaded("ACME", at=evening(date(2005, 11, 23)))

    assert client.updated("ACME", at=instant("2005-11-25T13:30-05:00")).added == 1

    assert_true_bars(client.stored("ACME"), share)


def round_the_clock(symbol: str, kind: str, zone: str) -> Listing:
    """A price that rises by one a day, for the first sixty days of 2024."""
    listing = Listing(symbol, zone=zone, kind=kind, exchange="CCC", opens=time(), closes=time())
    starts = [listing.session(date(2024, 1, 1) + timedelta(days=n))[0] for n in range(60)]
    bars = (Bar(at, 100.0 + n, 102.0 + n, 99.0 + n, 101.0 + n, 5) for n, at in enumerate(starts))
    return replace(listing, days=tuple(bars))


def test_a_day_of_crypto_ends_at_midnight_utc_on_weekends_too(client: Client) -> None:
    client.replay.add(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"))
    done = client.loaded("BTC-USD", at=instant("2024-01-12T22:00+00:00"))
    assert str(done.dataset) == "crypto/daily/BTC-USD"
    assert days_of(client, "BTC-USD")[-1] == date(2024, 1, 11)

    # Saturday 13 January is over at midnight, and final half an hour later.
    assert client.updated("BTC-USD", at=instant("2024-01-14T00:29+00:00")).added == 1
    assert client.updated("BTC-USD", at=instant("2024-01-14T00:30+00:00")).added == 1
    assert days_of(client, "BTC-USD")[-1] == date(2024, 1, 13)

    stored = client.stored("BTC-USD")
    assert stored["close"].tolist() == [101.0 + n for n in range(13)]
    assert stored["volume"].eq(5).all()
    assert client.manifest("BTC-USD").config.calendar == "24/7"
    assert client.manifest("BTC-USD").gaps == ()


@pytest.fixture
def euro(client: Client) -> Listing:
    """London days, Monday to Friday, as Yahoo dates currencies."""
    listing = round_the_clock("EURUSD=X", "CURRENCY", "Europe/London")
    listing = replace(
        listing,
        exchange="CCY",
        days=tuple(
            replace(bar, volume=0)
            for bar in listing.days
            if listing.day_of(bar.start).weekday() < 5
            and listing.day_of(bar.start) != date(2024, 1, 1)
        ),
    )
    client.replay.add(listing)
    return listing


def test_a_day_of_fx_ends_at_midnight_in_london(client: Client, euro: Listing) -> None:
    del euro
    done = client.loaded("EURUSD=X", at=instant("2024-01-11T20:29-05:00"))
    assert str(done.dataset) == "fx/daily/EURUSD=X"
    assert days_of(client, "EURUSD=X")[-1] == date(2024, 1, 10)

    # Thursday ends in London at 19:00 New York, in March perhaps at 20:00, and settles for half an
    # hour; Friday likewise, and then there is nothing for two days.
    for clock, added, last in (
        ("2024-01-11T20:30-05:00", 1, 11),
        ("2024-01-12T17:30-05:00", 0, 11),
        ("2024-01-12T20:30-05:00", 1, 12),
        ("2024-01-14T23:00-05:00", 0, 12),
        ("2024-01-15T20:30-05:00", 1, 15),
    ):
        record = client.updated("EURUSD=X", at=instant(clock))
        assert (record.added, record.revised) == (added, 0), clock
        assert days_of(client, "EURUSD=X")[-1].day == last

    stored = client.stored("EURUSD=X")
    # 2 January is a Tuesday; the listing rises by one a calendar day.
    assert stored["close"].tolist() == [101.0 + n for n in (1, 2, 3, 4, 7, 8, 9, 10, 11, 14)]
    assert client.manifest("EURUSD=X").config.calendar == "fx"
    assert client.manifest("EURUSD=X").gaps == ()
    (judged,) = verbs.health(client.ws, as_of=instant("2024-01-15T21:00-05:00")).datasets
    assert (judged.state, judged.sessions_behind) == ("healthy", 0)


def test_a_week_of_fx_ends_with_its_friday_in_london(client: Client, euro: Listing) -> None:
    del euro
    client.loaded("EURUSD=X", at=instant("2024-01-12T20:29-05:00"), frequency="weekly")
    assert days_of(client, "EURUSD=X")[-1] == date(2024, 1, 1)

    assert client.updated("EURUSD=X", at=instant("2024-01-12T20:30-05:00")).added == 1

    assert client.stored("EURUSD=X")["close"].tolist() == [105.0, 112.0]
    assert client.updated("EURUSD=X", at=instant("2024-01-15T20:30-05:00")).revised == 0


def stale_update(client: Client, symbol: str, *, asked: str, made: str) -> UpdateRecord:
    """An update that Yahoo answers as it would have at an earlier instant."""
    client.replay.at(made)
    (done,) = verbs.update(client.ws, [symbol], as_of=instant(asked)).results
    return done.record


def test_a_day_of_crypto_that_was_not_over_when_the_answer_was_made_is_not_stored(
    client: Client,
) -> None:
    client.replay.add(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"))
    client.loaded("BTC-USD", at=instant("2024-01-12T22:00+00:00"))

    # Saturday evening's answer, asked for on Sunday evening: of the 13th it knows 20 hours.
    record = stale_update(
        client, "BTC-USD", asked="2024-01-14T20:00+00:00", made="2024-01-13T20:00+00:00"
    )

    assert (record.outcome, record.added, record.revised) == ("changed", 1, 0)
    (note,) = record.notes
    assert note.startswith("yahoo's reply dates from 2024-01-13 20:00 UTC: bars that were not over")
    assert days_of(client, "BTC-USD")[-1] == date(2024, 1, 12)
    assert client.updated("BTC-USD", at=instant("2024-01-15T20:00+00:00")).revised == 0
    assert client.stored("BTC-USD")["close"].tolist() == [101.0 + n for n in range(14)]


def test_an_answer_of_days_ago_spoils_no_bar_that_is_stored(client: Client) -> None:
    client.replay.add(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"))
    client.loaded("BTC-USD", at=instant("2024-01-20T12:00+00:00"))

    record = stale_update(
        client, "BTC-USD", asked="2024-01-21T12:00+00:00", made="2024-01-17T12:00+00:00"
    )

    assert (record.outcome, record.added, record.revised) == ("unchanged", 0, 0)
    assert client.stored("BTC-USD")["close"].tolist() == [101.0 + n for n in range(19)]


def test_a_load_from_an_answer_of_yesterday_ends_where_it_was_sure(client: Client) -> None:
    client.replay.add(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"))
    client.replay.at("2024-01-13T20:00+00:00")

    verbs.load(client.ws, ["BTC-USD"], as_of=instant("2024-01-14T20:00+00:00"))

    assert days_of(client, "BTC-USD")[-1] == date(2024, 1, 12)


def test_a_week_of_crypto_that_was_not_over_when_the_answer_was_made_is_not_stored(
    client: Client,
) -> None:
    client.replay.add(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"))
    client.loaded("BTC-USD", at=instant("2024-01-15T01:00+00:00"), frequency="weekly")

    stale_update(client, "BTC-USD", asked="2024-01-22T01:00+00:00", made="2024-01-21T01:00+00:00")
    assert days_of(client, "BTC-USD")[-1] == date(2024, 1, 8)
    client.updated("BTC-USD", at=instant("2024-01-22T01:00+00:00"))

    assert client.stored("BTC-USD")["close"].tolist() == [107.0, 114.0, 121.0]


def test_an_hour_of_crypto_that_was_not_over_when_the_answer_was_made_is_not_stored(
    client: Client,
) -> None:
    start = instant("2024-01-10T00:00+00:00")
    minutes = (
        Bar(start + timedelta(minutes=n), 100.0, 101.0 + n, 99.0, 100.0, 1) for n in range(1440)
    )
    coin = replace(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"), days=())
    client.replay.add(replace(coin, minutes=tuple(minutes)))
    client.replay.at("2024-01-10T10:20+00:00")

    verbs.load(
        client.ws,
        ["BTC-USD"],
        frequency="hourly",
        start=date(2024, 1, 10),
        as_of=instant("2024-01-10T13:00+00:00"),
    )

    # The hour from 10:00 has 21 of its minutes.
    stored = client.stored("BTC-USD", frequency="hourly")
    assert [stamp.hour for stamp in stored.index] == list(range(10))
    assert stored["high"].tolist() == [160.0 + 60 * n for n in range(10)]


def test_a_day_of_fx_that_was_not_over_when_the_answer_was_made_is_not_stored(
    client: Client, euro: Listing
) -> None:
    del euro
    client.loaded("EURUSD=X", at=instant("2024-01-09T23:00-05:00"))

    # Of Thursday the 11th it knows the hours up to noon in London.
    stale_update(client, "EURUSD=X", asked="2024-01-12T12:00+00:00", made="2024-01-11T12:00+00:00")

    assert days_of(client, "EURUSD=X")[-1] == date(2024, 1, 10)
    # Friday ends before midnight: its last quote comes at half past ten.
    client.updated("EURUSD=X", at=instant("2024-01-12T20:30-05:00"))
    assert days_of(client, "EURUSD=X")[-1] == date(2024, 1, 12)


@pytest.mark.parametrize(
    ("made", "last"),
    [("2006-02-16T18:00-05:00", date(2006, 2, 6)), ("2006-02-17T18:00-05:00", date(2006, 2, 13))],
)
def test_a_week_of_shares_whose_last_day_the_answer_does_not_know_is_not_stored(
    client: Client, share: Listing, made: str, last: date
) -> None:
    del share
    client.loaded("ACME", at=instant("2006-02-15T18:00-05:00"), frequency="weekly")

    stale_update(client, "ACME", asked="2006-02-18T12:00-05:00", made=made)

    assert days_of(client, "ACME")[-1] == last


def test_a_week_is_stored_once_its_last_session_is_over(client: Client, share: Listing) -> None:
    del share
    client.loaded("ACME", at=instant("2006-02-16T18:00-05:00"), frequency="weekly")
    assert days_of(client, "ACME")[-1] == date(2006, 2, 6)

    assert client.updated("ACME", at=instant("2006-02-17T16:29-05:00")).added == 0
    assert client.updated("ACME", at=instant("2006-02-17T16:30-05:00")).added == 1

    # The week of 13 to 17 February 2006 of IBM.
    assert days_of(client, "ACME")[-1] == date(2006, 2, 13)
    days = [
        bar
        for bar in client.replay.market.listings["ACME"].days
        if "2006-02-13" <= str(bar.start.date()) <= "2006-02-17"
    ]
    week = client.stored("ACME").iloc[-1]
    assert (week["open"], week["close"]) == (days[0].open, days[-1].close)
    assert (week["high"], week["low"]) == (max(b.high for b in days), min(b.low for b in days))
    assert week["volume"] == sum(bar.volume for bar in days)


@pytest.mark.parametrize("day", [13, 15, 17])
def test_a_split_within_a_week_leaves_weeks_of_one_basis(client: Client, day: int) -> None:
    listing = shares(sampled("IBM"), "2005-10-03", "2006-03-15", split=Split(date(2006, 2, day), 7))
    client.replay.add(listing)
    client.loaded("ACME", at=evening(date(2006, 2, 10)), frequency="weekly")

    for each in (13, 14, 15, 16, 17, 21):
        client.updated("ACME", at=evening(date(2006, 2, each)))
        moves = client.stored("ACME")["close"].pct_change().abs()
        # IBM moved by less than a tenth in every week of that winter.
        assert moves.max() < 0.1, each

    assert days_of(client, "ACME")[-1] == date(2006, 2, 13)
    assert client.stored("ACME")["close"].iloc[-1] == pytest.approx(
        next(b.close for b in listing.days if b.start.date() == date(2006, 2, 17)), rel=1e-12
    )
