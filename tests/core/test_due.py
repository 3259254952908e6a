"""When a dataset is due, by dates worked out by hand, and that nothing is due twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.due import ASKED_EVERY, Due, due_of
from ml4t_nb.core.health_state import judge
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Span
from ml4t_nb.records import Ended, Summary

NONE, HALF_HOUR = timedelta(0), timedelta(minutes=30)
LONDON = timedelta(hours=3, minutes=30)
REACH = timedelta(days=29)
MICROSECOND = timedelta(microseconds=1)


def utc(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def stored(last: str | datetime, frequency: Frequency = "daily", dates: str = "XNYS") -> Summary:
    at = utc(last) if isinstance(last, str) else last
    classes: dict[str, AssetClass] = {"24/7": "crypto", "fx": "fx"}
    dataset = DatasetId(classes.get(dates, "equities"), frequency, "AAPL")
    return Summary(dataset, "sample", 9, at, at, None, 9, 1, "yearly", dates)


def due(
    summary: Summary,
    as_of: str | datetime = "2024-01-10",
    delay: timedelta = HALF_HOUR,
    reach: timedelta | None = None,
    bars: int = 30,
) -> Due:
    at = utc(as_of) if isinstance(as_of, str) else as_of
    return due_of(
        summary,
        calendar(summary.calendar),
        as_of=at,
        delay=delay,
        reach=reach,
        intraday_bars=bars,
    )


def due_at(
    last: str,
    frequency: Frequency = "daily",
    dates: str = "XNYS",
    *,
    delay: timedelta = HALF_HOUR,
    bars: int = 30,
) -> str:
    found = due(stored(last, frequency, dates), delay=delay, bars=bars).at
    assert found is not None
    return f"{found:%Y-%m-%d %H:%M}"


def test_a_day_is_due_after_its_close_and_never_on_a_weekend_or_a_holiday() -> None:
    assert due_at("2024-01-10") == "2024-01-11 21:30"
    # The 15th is Martin Luther King day.
    assert due_at("2024-01-12") == "2024-01-16 21:30"
    # A bar of a Saturday, which the calendar does not know.
    assert due_at("2024-01-06") == "2024-01-08 21:30"


def test_a_half_day_is_due_when_it_closes_early() -> None:
    assert due_at("2024-11-27") == "2024-11-29 18:30"


def test_daylight_saving_of_the_exchange_moves_what_is_due() -> None:
    assert [due_at(last) for last in ("2024-03-07", "2024-03-08")] == [
        "2024-03-08 21:30",
        "2024-03-11 20:30",
    ]
    assert [due_at(last) for last in ("2024-10-31", "2024-11-01")] == [
        "2024-11-01 20:30",
        "2024-11-04 21:30",
    ]
    # London's clocks change weeks later, and Easter is between.
    assert due_at("2024-03-27", dates="XLON") == "2024-03-28 17:00"
    assert due_at("2024-03-28", dates="XLON") == "2024-04-02 16:00"


def test_each_exchange_has_its_own_hours() -> None:
    assert due_at("2024-01-12", dates="XTKS") == "2024-01-15 06:30"
    assert due_at("2024-01-12", dates="XLON") == "2024-01-15 17:00"


def test_a_week_is_due_with_its_last_session() -> None:
    # Good Friday was 2024-03-29.
    assert due_at("2024-03-18", "weekly") == "2024-03-28 20:30"
    assert due_at("2024-01-01", "weekly", "24/7") == "2024-01-15 00:30"


def test_a_crypto_day_is_due_at_midnight_utc_on_any_day_of_the_week() -> None:
    assert due_at("2024-01-05", dates="24/7", delay=NONE) == "2024-01-07 00:00"
    assert due_at("2024-12-24", dates="24/7") == "2024-12-26 00:30"


def test_a_day_of_fx_is_due_after_seventeen_in_new_york_but_not_on_a_weekend_or_christmas() -> None:
    assert due_at("2024-01-05", dates="fx", delay=LONDON) == "2024-01-09 01:30"
    assert due_at("2024-12-24", dates="fx", delay=LONDON) == "2024-12-27 01:30"


def test_hours_of_fx_are_due_from_sunday_evening_on() -> None:
    # The last hour of Friday begins at 16:00 in New York; Monday's session opens on Sunday.
    assert due_at("2024-01-05T21:00", "hourly", "fx", bars=4) == "2024-01-08 02:30"
    # It has 24 hours, so that 30 bars are not waited for.
    assert due_at("2024-01-05T21:00", "hourly", "fx") == "2024-01-08 22:30"


def test_minutes_are_due_every_thirty_bars_and_at_the_close() -> None:
    assert due_at("2024-01-16T14:59", "1m") == "2024-01-16 16:00"
    assert due_at("2024-01-16T14:59", "1m", bars=5) == "2024-01-16 15:35"
    # Fourteen are left.
    assert due_at("2024-01-16T20:45", "1m") == "2024-01-16 21:30"
    # The last one of Friday.
    assert due_at("2024-01-12T20:59", "1m") == "2024-01-16 15:30"
    assert due_at("2024-01-06T23:30", "15m", "24/7", delay=NONE) == "2024-01-07 00:00"


def test_a_bar_cut_by_lunch_is_final_when_lunch_begins() -> None:
    assert due_at("2024-01-15T01:00", "hourly", "XTKS", delay=NONE, bars=1) == "2024-01-15 02:30"
    assert due_at("2024-01-15T01:00", "hourly", "XTKS", delay=NONE, bars=2) == "2024-01-15 04:30"


def test_what_an_update_cannot_mend_is_never_due() -> None:
    whole = stored("2024-01-10")

    assert due(replace(whole, ended=Ended(date(2024, 1, 10), utc("2024-01-10")))) == Due()
    assert due(replace(whole, damage="chunk x is cut")) == Due()
    assert due(replace(whole, last=None)) == Due()


@pytest.mark.parametrize("frequency", get_args(Frequency))
def test_nothing_is_due_after_the_days_that_a_calendar_knows(frequency: Frequency) -> None:
    known = calendar("24/7").sessions
    at = datetime(known.last.year, known.last.month, known.last.day, 23, 59, tzinfo=UTC)

    assert due(stored(at, frequency, "24/7")) == Due()


def asked(summary: Summary, since: str, until: str) -> list[str]:
    """When ``update --due`` asks in vain, if it is called every quarter of an hour."""
    at, tries = utc(since), list[datetime]()
    while at < utc(until):
        if due(replace(summary, tries=tuple(tries[-10:])), at).is_at(at):
            tries.append(at)
        at += timedelta(minutes=15)
    return [f"{each:%d %H:%M}" for each in tries]


def test_a_dataset_that_fails_is_asked_for_less_and_less_often_and_then_once_a_session() -> None:
    # 2024-01-16 is a Tuesday, and its bar never comes.
    assert asked(stored("2024-01-12"), "2024-01-12", "2024-01-23") == [
        "16 21:30", "16 21:45", "16 22:15", "16 23:15", "17 01:15", "17 05:15", "17 13:15",
        "17 21:30", "18 21:30", "19 21:30", "22 21:30",
    ]  # fmt: skip


def test_a_weekly_bar_that_does_not_come_is_asked_for_once_a_session_too() -> None:
    found = asked(stored("2024-01-08", "weekly"), "2024-01-19", "2024-01-25")

    assert found[:2] == ["19 21:30", "19 21:45"]
    assert found[6:] == ["20 13:15", "22 21:30", "23 21:30", "24 21:30"]


def test_minutes_that_do_not_come_are_not_asked_for_at_every_half_hour() -> None:
    found = asked(stored("2024-01-12T20:59", "1m"), "2024-01-16", "2024-01-18")

    assert found == [
        "16 15:30", "16 15:45", "16 16:15", "16 17:15", "16 19:15", "16 21:30", "17 05:30",
        "17 21:30",
    ]  # fmt: skip


def test_a_request_before_the_bar_was_final_was_not_in_vain() -> None:
    early = replace(stored("2024-01-12"), tries=(utc("2024-01-13"), utc("2024-01-14")))

    assert due(early).at == utc("2024-01-16T21:30")


def new_year(as_of: str, *tries: str) -> str:
    """When Shanghai's bar after 2024-02-08, a Thursday, is due: holidays last until the 18th."""
    whole = replace(stored("2024-02-08", dates="XSHG"), updated=utc("2024-02-08T07:45"))
    at = due(replace(whole, tries=tuple(map(utc, tries))), as_of).at
    assert at is not None
    return f"{at:%m-%d %H:%M}"


def test_over_long_holidays_a_provider_is_asked_every_few_days() -> None:
    assert new_year("2024-02-09") == "02-11 07:46"
    assert new_year("2024-02-15") == "02-11 07:46"
    # In vain, then in vain six times more: nobody is to be asked before the bar is final.
    assert new_year("2024-02-11T08:00", "2024-02-11T07:46") == "02-11 08:01"
    assert new_year("2024-02-12", *(f"2024-02-11T1{hour}" for hour in range(7))) == "02-19 07:30"
    # Once it is, tries of before do not put it off.
    assert new_year("2024-02-19T07:30", *(f"2024-02-11T1{hour}" for hour in range(7))) == (
        "02-19 07:30"
    )


@pytest.mark.parametrize("day", [14, 15, 16, 17, 18])
def test_health_is_well_over_long_holidays_if_what_is_due_is_updated(day: int) -> None:
    summary = replace(stored("2024-02-08", dates="XSHG"), updated=utc("2024-02-08T07:45"))
    now, end = utc("2024-02-08T20:00"), utc(f"2024-02-{day}T20:00")
    while now < end:
        if due(summary, now).is_at(now):
            summary = replace(summary, updated=now, tries=(*summary.tries, now))
        now += timedelta(hours=1)

    judged = judge(
        summary,
        dates=calendar("XSHG"),
        as_of=end,
        delay=HALF_HOUR,
        stale_after=timedelta(days=4),
    )

    assert (judged.state, judged.reason) == ("healthy", "up to date")


def test_minutes_leave_the_provider_s_reach_from_the_first_one_that_is_missing() -> None:
    # Friday the 5th opened at 14:30.
    lost = due(stored("2024-01-04T20:59", "1m"), "2024-01-10", reach=REACH).vanishing

    assert lost is not None
    assert (lost.first, lost.lost_from) == (utc("2024-01-05T14:30"), utc("2024-02-03T14:30"))


def test_what_has_left_the_provider_s_reach_is_not_counted_any_more() -> None:
    lost = due(stored("2024-01-04T20:59", "1m"), "2024-02-10T12:00", reach=REACH).vanishing

    assert lost is not None
    assert (lost.first, lost.lost_from) == (utc("2024-01-12T12:00"), utc("2024-02-10T12:00"))


def test_a_gap_vanishes_before_what_is_new_and_one_that_nobody_serves_not_at_all() -> None:
    gap = Span(utc("2024-01-03T15:00"), utc("2024-01-03T15:10"))
    whole = stored("2024-01-04T20:59", "1m")
    holed = replace(whole, pending=(gap,))

    lost = due(holed, "2024-01-10", reach=REACH).vanishing
    late = due(holed, "2024-02-01T16:00", reach=REACH).vanishing

    assert lost is not None
    assert lost.lost_from == utc("2024-02-01T15:00")
    assert late is not None
    assert late.lost_from == utc("2024-02-03T14:30")


def test_nothing_vanishes_where_nothing_is_missing_or_the_provider_has_it_always() -> None:
    whole = stored("2024-01-09T20:59", "1m")

    assert due(whole, "2024-01-10T14:30", reach=REACH).vanishing is None
    assert due(stored("2024-01-04"), "2024-01-10").vanishing is None


def test_what_vanishes_first_comes_first_and_then_what_has_waited_longest() -> None:
    rows = [
        due(stored("2024-01-08"), "2024-01-10"),
        due(stored("2024-01-05"), "2024-01-10"),
        due(stored("2024-01-08T20:59", "1m"), "2024-01-10", reach=REACH),
        due(stored("2024-01-05T20:59", "1m"), "2024-01-10", reach=REACH),
    ]

    assert sorted(rows, key=lambda each: each.order) == [rows[3], rows[2], rows[1], rows[0]]


NAMES = ("XNYS", "XLON", "XTKS", "XHKG", "24/7", "fx")
INSTANTS = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda minutes: utc("2020-01-01") + timedelta(minutes=minutes)
)


def last_final(dates: str, frequency: Frequency, as_of: datetime, delay: timedelta) -> datetime:
    """The last bar that an update as of then stores."""
    known = calendar(dates)
    bound = known.final_before(as_of, frequency, delay)
    return known.stamps(Span(bound - timedelta(days=30), bound), frequency)[-1].to_pydatetime()


@given(
    dates=st.sampled_from(NAMES),
    frequency=st.sampled_from(get_args(Frequency)),
    as_of=INSTANTS,
    delay=st.sampled_from([NONE, HALF_HOUR, LONDON]),
    bars=st.sampled_from([1, 2, 30]),
)
def test_after_an_update_nothing_is_due_before_the_next_final_bar(
    dates: str, frequency: Frequency, as_of: datetime, delay: timedelta, bars: int
) -> None:
    last = last_final(dates, frequency, as_of, delay)
    whole = replace(stored(last, frequency, dates), tries=(as_of,))

    at = due(whole, as_of, delay, bars=bars).at

    assert at is not None
    assert at > as_of
    due_then = last_final(dates, frequency, at, delay)
    before = last_final(dates, frequency, at - MICROSECOND, delay)
    assert due_then > before
    if bars == 1:
        assert before == last
    # And once it was updated then, it is due later still.
    again = due(stored(due_then, frequency, dates), at, delay, bars=bars).at
    assert again is not None
    assert again > at
    # Nor is it before that bar, or a few days are over.
    looked = due(replace(whole, updated=as_of), as_of, delay, bars=bars).at
    assert looked == min(at, as_of + ASKED_EVERY)


@given(
    dates=st.sampled_from(NAMES),
    frequency=st.sampled_from(get_args(Frequency)),
    as_of=INSTANTS,
    minutes=st.lists(st.integers(1, 20_000), min_size=1, max_size=10),
)
def test_a_request_in_vain_is_not_repeated_at_once(
    dates: str, frequency: Frequency, as_of: datetime, minutes: Sequence[int]
) -> None:
    last = last_final(dates, frequency, as_of - timedelta(days=30), NONE)
    tries = [as_of]
    for each in minutes:
        tries.append(tries[-1] + timedelta(minutes=each))

    at = due(replace(stored(last, frequency, dates), tries=tuple(tries)), tries[-1]).at

    assert at is not None
    assert at > tries[-1]
