from __future__ import annotations

import warnings
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import get_args
from zoneinfo import ZoneInfo

import exchange_calendars
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.errors import CalendarUnknown
from ml4t_nb.model import Frequency, Span

NONE = timedelta(0)
HALF_HOUR = timedelta(minutes=30)
MICROSECOND = timedelta(microseconds=1)
MINUTES: dict[Frequency, int] = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "hourly": 60}
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


def utc(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def new_york(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=ZoneInfo("America/New_York"))


def is_final(
    name: str, stamp: str, as_of: datetime, frequency: Frequency, delay: timedelta = NONE
) -> bool:
    return utc(stamp) < calendar(name).final_before(as_of, frequency, delay)


def test_a_day_is_final_once_its_session_has_closed_and_the_delay_has_passed() -> None:
    closed = new_york("2024-01-02 16:30")

    assert is_final("XNYS", "2024-01-02", closed, "daily", HALF_HOUR)
    assert not is_final("XNYS", "2024-01-02", closed - MICROSECOND, "daily", HALF_HOUR)
    assert not is_final("XNYS", "2024-01-03", closed, "daily", HALF_HOUR)


def test_a_half_day_is_final_at_one_o_clock() -> None:
    assert is_final("XNYS", "2024-11-29", new_york("2024-11-29 13:00"), "daily")
    assert not is_final("XNYS", "2024-11-29", new_york("2024-11-29 12:59"), "daily")


def test_a_week_is_final_with_the_last_of_its_sessions() -> None:
    # Good Friday was 2024-03-29: the week ended on Thursday.
    assert not is_final("XNYS", "2024-03-25", new_york("2024-03-28 15:59"), "weekly")
    assert is_final("XNYS", "2024-03-25", new_york("2024-03-28 16:00"), "weekly")
    assert not is_final("XNYS", "2024-04-01", new_york("2024-04-04 16:00"), "weekly")


def test_an_hour_is_final_at_its_end_and_the_last_one_at_the_close() -> None:
    assert not is_final("XNYS", "2024-07-02T14:30", new_york("2024-07-02 11:29"), "hourly")
    assert is_final("XNYS", "2024-07-02T14:30", new_york("2024-07-02 11:30"), "hourly")
    assert not is_final("XNYS", "2024-07-02T19:30", new_york("2024-07-02 15:59"), "hourly")
    assert is_final("XNYS", "2024-07-02T19:30", new_york("2024-07-02 16:00"), "hourly")


def test_the_hour_cut_by_tokyo_s_lunch_is_final_when_lunch_begins() -> None:
    assert not is_final("XTKS", "2024-01-04T02:00", utc("2024-01-04T02:29"), "hourly")
    assert is_final("XTKS", "2024-01-04T02:00", utc("2024-01-04T02:30"), "hourly")
    assert not is_final("XTKS", "2024-01-04T03:30", utc("2024-01-04T04:29"), "hourly")


def test_a_crypto_day_is_final_at_midnight_utc() -> None:
    assert not is_final("24/7", "2024-01-06", utc("2024-01-06T23:59"), "daily")
    assert is_final("24/7", "2024-01-06", utc("2024-01-07"), "daily")
    assert not is_final("24/7", "2024-01-01", utc("2024-01-07T23:59"), "weekly")
    assert is_final("24/7", "2024-01-01", utc("2024-01-08"), "weekly")


def test_an_fx_day_is_final_at_five_in_new_york() -> None:
    assert not is_final("fx", "2024-07-02", new_york("2024-07-02 16:59"), "daily")
    assert is_final("fx", "2024-07-02", new_york("2024-07-02 17:00"), "daily")
    assert is_final("fx", "2024-01-05", utc("2024-01-05T22:00"), "daily")


def test_a_stamp_shortly_before_an_unfinished_bar_s_is_not_final() -> None:
    # 14:59:58 is the minute of 15:00, which ends at 15:01.
    assert not is_final("XNYS", "2024-01-02T14:59:58", utc("2024-01-02T15:00:58"), "1m")
    assert is_final("XNYS", "2024-01-02T14:59:02", utc("2024-01-02T15:00:02"), "1m")
    assert not is_final("24/7", "2024-01-02T23:59:58", utc("2024-01-03T00:00:59"), "1m")


def test_a_bar_outside_the_calendar_is_final_when_its_own_time_is_over() -> None:
    # A Saturday, and a bar before the open.
    assert not is_final("XNYS", "2024-01-06", new_york("2024-01-06 23:59"), "daily")
    assert is_final("XNYS", "2024-01-06", new_york("2024-01-07 00:00"), "daily")
    assert not is_final("XNYS", "2024-01-02T10:00", utc("2024-01-02T10:59"), "hourly")
    assert is_final("XNYS", "2024-01-02T10:00", utc("2024-01-02T11:00:00.000001"), "hourly")


@cache
def schedule(name: str) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        built = exchange_calendars.get_calendar(name, start="2023-12-01", end="2025-01-31")
    return pd.DataFrame(built.schedule)


@cache
def ends_of_bars(name: str, frequency: Frequency) -> list[tuple[datetime, ...]]:
    """Stamp and end of every bar from 2023-12 to 2025-01, one by one."""
    sessions = [
        (pd.Timestamp(str(day)).to_pydatetime(), row) for day, row in schedule(name).iterrows()
    ]
    if frequency == "daily":
        return [(day.replace(tzinfo=UTC), row.close.to_pydatetime()) for day, row in sessions]
    if frequency == "weekly":
        weeks = {
            day.replace(tzinfo=UTC) - timedelta(days=day.weekday()): row.close.to_pydatetime()
            for day, row in sessions
        }
        return list(weeks.items())
    found: list[tuple[datetime, ...]] = []
    for _, row in sessions:
        if pd.isna(row.break_start):
            parts = [(row.open, row.close)]
        else:
            parts = [(row.open, row.break_start), (row.break_end, row.close)]
        for begin, finish in parts:
            stamp, until = begin.to_pydatetime(), finish.to_pydatetime()
            while stamp < until:
                end = stamp + timedelta(minutes=MINUTES[frequency])
                found.append((stamp, min(end, until)))
                stamp = end
    return found


@settings(deadline=None)
@given(
    name=st.sampled_from(["XNYS", "XTKS", "XHKG", "XLON", "CMES"]),
    frequency=st.sampled_from(get_args(Frequency)),
    as_of=st.datetimes(datetime(2024, 1, 10), datetime(2024, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    delay=st.sampled_from([NONE, timedelta(minutes=15), HALF_HOUR, timedelta(days=1)]),
    on_the_minute=st.booleans(),
)
def test_what_is_before_the_bound_is_just_what_has_ended(
    name: str, frequency: Frequency, as_of: datetime, delay: timedelta, *, on_the_minute: bool
) -> None:
    if on_the_minute:
        as_of = as_of.replace(minute=as_of.minute // 30 * 30, second=0, microsecond=0)
    reach = timedelta(days=4 if frequency in MINUTES else 20)
    near = Span(as_of - reach, as_of + reach)
    every = ends_of_bars(name, frequency)
    bars = every[bisect_left(every, (near.start,)) : bisect_left(every, (near.end,))]

    bound = calendar(name).final_before(as_of, frequency, delay)
    stamps = [each.to_pydatetime() for each in calendar(name).stamps(near, frequency)]

    assert stamps == [stamp for stamp, _ in bars]
    assert [each for each in stamps if each < bound] == [
        stamp for stamp, end in bars if end + delay <= as_of
    ]


@settings(deadline=None)
@given(
    name=st.sampled_from(["XNYS", "XTKS", "CMES", "24/7", "fx"]),
    frequency=st.sampled_from(get_args(Frequency)),
    as_of=st.datetimes(datetime(2024, 1, 10), datetime(2024, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    later=st.timedeltas(NONE, timedelta(days=5)),
)
def test_what_is_final_stays_final(
    name: str, frequency: Frequency, as_of: datetime, later: timedelta
) -> None:
    dates = calendar(name)

    assert dates.final_before(as_of, frequency, HALF_HOUR) <= dates.final_before(
        as_of + later, frequency, HALF_HOUR
    )


def test_finality_past_the_end_of_the_calendar_is_refused() -> None:
    shanghai = calendar("XSHG")
    end = shanghai.span(None, None, "hourly").end

    assert shanghai.final_before(end, "daily", NONE) == shanghai.span(None, None, "daily").end
    with pytest.raises(CalendarUnknown, match="XSHG ends on"):
        shanghai.final_before(end + timedelta(days=1), "daily", NONE)
    with pytest.raises(CalendarUnknown, match="begins on"):
        shanghai.final_before(utc("1980-01-01"), "daily", NONE)


def test_the_week_that_the_calendar_ends_in_is_not_final() -> None:
    # Bombay's calendar ends on a Thursday or earlier unless its last year ends on a weekend.
    bombay = calendar("XBOM")
    last_day = bombay.span(None, None, "daily").end - timedelta(days=1)
    end = bombay.span(None, None, "hourly").end
    monday = last_day - timedelta(days=last_day.weekday())

    bound = bombay.final_before(end, "weekly", NONE)

    assert bound == (monday if last_day.weekday() < 6 else monday + timedelta(days=7))


def test_a_bare_date_means_after_the_close_and_the_delay() -> None:
    xnys = calendar("XNYS")

    assert xnys.closing(date(2024, 1, 2), HALF_HOUR) == new_york("2024-01-02 16:30")
    assert xnys.closing(date(2024, 11, 29), HALF_HOUR) == new_york("2024-11-29 13:30")
    assert calendar("fx").closing(date(2024, 7, 2), NONE) == new_york("2024-07-02 17:00")
    assert calendar("24/7").closing(date(2024, 7, 2), NONE) == utc("2024-07-03")


def test_a_date_without_a_session_means_the_end_of_the_local_day_and_the_delay() -> None:
    assert calendar("XNYS").closing(date(2024, 1, 6), NONE) == new_york("2024-01-07 00:00")
    assert calendar("XTKS").closing(date(2024, 1, 6), HALF_HOUR) == utc("2024-01-06T15:30")


@pytest.mark.parametrize("name", ["XNYS", "XTKS", "CMES", "24/5", "24/7", "fx"])
@pytest.mark.parametrize("delay", [NONE, HALF_HOUR, timedelta(days=4)])
def test_a_later_date_means_a_later_instant_at_which_all_its_bars_are_final(
    name: str, delay: timedelta
) -> None:
    dates = calendar(name)
    days = [FIRST + timedelta(days=count) for count in range(366)]

    instants = [dates.closing(day, delay) for day in days]

    assert instants == sorted(set(instants))
    for day, instant in zip(days, instants, strict=True):
        for frequency in ("daily", "1m"):
            end = dates.span(day, day, frequency).end
            assert dates.stamps(
                Span(dates.final_before(instant, frequency, delay), end), frequency
            ).empty


def test_spans_of_dates_include_both() -> None:
    xnys = calendar("XNYS")

    assert xnys.span(date(2024, 1, 2), date(2024, 1, 3), "daily") == Span(
        utc("2024-01-02"), utc("2024-01-04")
    )
    assert xnys.span(date(2024, 1, 3), date(2024, 1, 10), "weekly") == Span(
        utc("2024-01-01"), utc("2024-01-15")
    )
    assert xnys.span(date(2024, 1, 2), date(2024, 1, 2), "1m") == Span(
        new_york("2024-01-02").astimezone(UTC), new_york("2024-01-03").astimezone(UTC)
    )


def test_an_intraday_span_of_fx_dates_begins_the_evening_before() -> None:
    fx = calendar("fx")

    assert fx.span(date(2024, 1, 8), date(2024, 1, 8), "1m") == Span(
        utc("2024-01-07T22:00"), utc("2024-01-08T22:00")
    )
    assert fx.span(date(2024, 1, 5), date(2024, 1, 5), "1m").end == utc("2024-01-06T05:00")


def behind(
    name: str, last: str, as_of: datetime, frequency: Frequency = "daily", delay: timedelta = NONE
) -> tuple[int, datetime | None]:
    return calendar(name).behind(utc(last), as_of, frequency, delay)


def test_sessions_behind_are_counted_over_weekends_and_holidays() -> None:
    # Friday before Martin Luther King day 2024, judged on Wednesday after the close.
    assert behind("XNYS", "2024-01-12", new_york("2024-01-17 16:30")) == (
        2,
        new_york("2024-01-16 16:00"),
    )
    assert behind("XNYS", "2024-01-12", new_york("2024-01-16 15:59")) == (0, None)
    assert behind("XNYS", "2024-01-12", new_york("2024-01-16 16:10"), delay=HALF_HOUR) == (0, None)


def test_a_bar_outside_the_calendar_hides_no_session() -> None:
    assert behind("XNYS", "2024-01-13", new_york("2024-01-16 16:00"))[0] == 1


def test_weekly_bars_are_behind_only_by_whole_weeks() -> None:
    assert behind("XNYS", "2024-01-01", new_york("2024-01-11 17:00"), "weekly") == (0, None)
    assert behind("XNYS", "2024-01-01", new_york("2024-01-12 16:00"), "weekly") == (
        5,
        new_york("2024-01-12 16:00"),
    )
    assert behind("XNYS", "2024-01-01", new_york("2024-01-19 16:00"), "weekly") == (
        9,
        new_york("2024-01-12 16:00"),
    )


def test_intraday_the_session_of_the_last_bar_counts_if_it_went_on() -> None:
    after = new_york("2024-01-03 09:00")

    assert behind("XNYS", "2024-01-02T20:59", after, "1m") == (0, None)
    assert behind("XNYS", "2024-01-02T20:58", after, "1m") == (1, new_york("2024-01-02 16:00"))
    assert behind("XNYS", "2024-01-02T20:58:58", after, "1m") == (0, None)
    assert behind("XNYS", "2024-01-02T20:30", after, "hourly") == (0, None)
    assert behind("XNYS", "2024-01-02T19:30", after, "hourly")[0] == 1


def test_intraday_a_session_that_has_not_closed_does_not_count() -> None:
    assert behind("XNYS", "2024-01-02T20:59", new_york("2024-01-03 15:59"), "1m") == (0, None)
    assert behind("XNYS", "2024-01-02T20:59", new_york("2024-01-03 16:00"), "1m") == (
        1,
        new_york("2024-01-03 16:00"),
    )


def test_crypto_is_behind_by_days_of_utc() -> None:
    assert behind("24/7", "2024-01-05", utc("2024-01-08T00:00")) == (2, utc("2024-01-07"))
    assert behind("24/7", "2024-01-05T23:00", utc("2024-01-08T12:00"), "hourly")[0] == 2


@settings(deadline=None)
@given(
    name=st.sampled_from(["XNYS", "XTKS", "24/7", "fx"]),
    frequency=st.sampled_from(get_args(Frequency)),
    as_of=st.datetimes(datetime(2024, 1, 10), datetime(2024, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_what_holds_every_final_bar_is_not_behind(
    name: str, frequency: Frequency, as_of: datetime
) -> None:
    dates = calendar(name)
    bound = dates.final_before(as_of, frequency, HALF_HOUR)
    held = dates.stamps(Span(bound - timedelta(days=20), bound), frequency)

    assert dates.behind(held[-1].to_pydatetime(), as_of, frequency, HALF_HOUR) == (0, None)
