from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import get_args

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars import exchanges
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.calendars.exchanges import CalendarCache
from ml4t_nb.errors import CalendarUnknown
from ml4t_nb.model import DEFAULT_CALENDARS, AssetClass, Frequency, SessionOverride, Span


def utc(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def stamps(
    name: str | Calendar, start: str, end: str, frequency: Frequency = "daily"
) -> pd.DatetimeIndex:
    dates = calendar(name) if isinstance(name, str) else name
    span = dates.span(date.fromisoformat(start), date.fromisoformat(end), frequency)
    return dates.stamps(span, frequency)


def days(name: str | Calendar, start: str, end: str, frequency: Frequency = "daily") -> list[str]:
    return [f"{stamp:%Y-%m-%d}" for stamp in stamps(name, start, end, frequency)]


def clock(
    name: str, start: str, end: str, frequency: Frequency = "hourly", zone: str = "UTC"
) -> list[str]:
    local = stamps(name, start, end, frequency).tz_convert(zone)
    return [f"{stamp:%d %H:%M}" for stamp in local]


def test_each_asset_class_has_its_default_calendar() -> None:
    names = [DEFAULT_CALENDARS[each] for each in get_args(AssetClass)]

    assert names == ["XNYS", "XNYS", "XNYS", "24/7", "fx"]


def test_stamps_are_bars_stamps() -> None:
    found = stamps("XNYS", "2024-01-02", "2024-01-02")

    assert found.dtype == pd.DatetimeTZDtype(unit="us", tz="UTC")
    assert found.name == "timestamp"
    assert list(found) == [pd.Timestamp("2024-01-02", tz="UTC")]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2001-09-10", "2001-09-18", ["2001-09-10", "2001-09-17", "2001-09-18"]),
        ("2012-10-26", "2012-10-31", ["2012-10-26", "2012-10-31"]),
        ("2004-06-10", "2004-06-14", ["2004-06-10", "2004-06-14"]),
        ("2006-12-29", "2007-01-03", ["2006-12-29", "2007-01-03"]),
        ("2025-01-08", "2025-01-10", ["2025-01-08", "2025-01-10"]),
        ("2024-12-24", "2024-12-26", ["2024-12-24", "2024-12-26"]),
        ("2024-03-28", "2024-04-01", ["2024-03-28", "2024-04-01"]),
        ("2022-06-17", "2022-06-21", ["2022-06-17", "2022-06-21"]),
        ("2021-06-18", "2021-06-18", ["2021-06-18"]),
        ("2024-01-13", "2024-01-15", []),
    ],
    ids=[
        "the week of 2001-09-11",
        "Sandy",
        "Reagan",
        "Ford",
        "Carter",
        "Christmas",
        "Good Friday",
        "Juneteenth",
        "before Juneteenth was kept",
        "a weekend and Martin Luther King day",
    ],
)
def test_days_on_which_new_york_was_closed_are_not_expected(
    start: str, end: str, expected: list[str]
) -> None:
    assert days("XNYS", start, end) == expected


@pytest.mark.parametrize(
    ("year", "count"), [(2001, 248), (2012, 250), (2020, 253), (2023, 250), (2024, 252)]
)
def test_a_year_has_as_many_sessions_as_new_york_counted(year: int, count: int) -> None:
    assert len(stamps("XNYS", f"{year}-01-01", f"{year}-12-31")) == count


def test_hours_begin_at_the_open_and_the_last_one_is_short() -> None:
    assert clock("XNYS", "2024-07-02", "2024-07-02", zone="America/New_York") == [
        "02 09:30",
        "02 10:30",
        "02 11:30",
        "02 12:30",
        "02 13:30",
        "02 14:30",
        "02 15:30",
    ]


@pytest.mark.parametrize("day", ["2024-07-03", "2024-11-29", "2024-12-24"])
def test_a_half_day_ends_at_one_o_clock(day: str) -> None:
    hours = clock("XNYS", day, day, zone="America/New_York")
    minutes = clock("XNYS", day, day, "1m", zone="America/New_York")

    assert [each[3:] for each in hours] == ["09:30", "10:30", "11:30", "12:30"]
    assert len(minutes) == 210
    assert minutes[-1].endswith("12:59")


@pytest.mark.parametrize(
    ("frequency", "count"), [("1m", 390), ("5m", 78), ("15m", 26), ("30m", 13), ("hourly", 7)]
)
def test_a_full_session_has_its_number_of_bars(frequency: Frequency, count: int) -> None:
    assert len(stamps("XNYS", "2024-01-02", "2024-01-02", frequency)) == count


def test_the_open_moves_in_utc_when_new_york_changes_its_clocks() -> None:
    spring = clock("XNYS", "2024-03-08", "2024-03-11")
    autumn = clock("XNYS", "2024-11-01", "2024-11-04")

    assert (spring[0], spring[6], spring[7], spring[-1]) == (
        "08 14:30",
        "08 20:30",
        "11 13:30",
        "11 19:30",
    )
    assert (autumn[0], autumn[7], autumn[-1]) == ("01 13:30", "04 14:30", "04 20:30")


def test_tokyo_begins_again_after_lunch() -> None:
    hours = clock("XTKS", "2024-01-04", "2024-01-04", zone="Asia/Tokyo")
    minutes = clock("XTKS", "2024-01-04", "2024-01-04", "1m", zone="Asia/Tokyo")

    assert [each[3:] for each in hours] == ["09:00", "10:00", "11:00", "12:30", "13:30", "14:30"]
    assert len(minutes) == 300
    assert minutes[149:151] == ["04 11:29", "04 12:30"]


def test_tokyo_closes_half_an_hour_later_since_november_2024() -> None:
    assert clock("XTKS", "2024-11-01", "2024-11-01", "30m", zone="Asia/Tokyo")[-1] == "01 14:30"
    assert clock("XTKS", "2024-11-05", "2024-11-05", "30m", zone="Asia/Tokyo")[-1] == "05 15:00"


def test_hong_kong_has_no_lunch_break_on_a_half_day() -> None:
    full = clock("XHKG", "2024-12-23", "2024-12-23", zone="Asia/Hong_Kong")
    half = clock("XHKG", "2024-12-24", "2024-12-24", zone="Asia/Hong_Kong")

    assert [each[3:] for each in full] == ["09:30", "10:30", "11:30", "13:00", "14:00", "15:00"]
    assert [each[3:] for each in half] == ["09:30", "10:30", "11:30"]


def test_london_changes_its_clocks_on_its_own_day() -> None:
    hours = clock("XLON", "2024-03-28", "2024-04-02")

    # Good Friday and Easter Monday lie between.
    assert (hours[0], hours[8], hours[9], hours[-1]) == (
        "28 08:00",
        "28 16:00",
        "02 07:00",
        "02 15:00",
    )


def test_a_week_is_its_monday_and_expected_if_it_has_a_session() -> None:
    assert days("XNYS", "2001-09-03", "2001-09-23", "weekly") == [
        "2001-09-03",
        "2001-09-10",
        "2001-09-17",
    ]
    # China kept National Day from Monday 2 to Friday 6 October 2023.
    assert days("XSHG", "2023-09-25", "2023-10-15", "weekly") == ["2023-09-25", "2023-10-09"]


def test_round_the_clock_every_day_and_every_minute_counts() -> None:
    assert len(stamps("24/7", "2024-01-01", "2024-12-31")) == 366
    assert len(stamps("24/7", "2024-03-09", "2024-03-11", "1m")) == 3 * 1440
    assert days("24/7", "2024-12-23", "2025-01-01", "weekly") == ["2024-12-23", "2024-12-30"]


def test_the_interbank_week_runs_from_sunday_to_friday_evening_in_new_york() -> None:
    found = clock("fx", "2024-03-04", "2024-03-11", zone="America/New_York")

    assert (found[0], found[-1]) == ("03 17:00", "11 16:00")
    assert "08 16:00" in found
    assert found[found.index("08 16:00") + 1] == "10 17:00"
    assert len(found) == 6 * 24


def test_the_interbank_week_follows_new_york_s_clocks_in_utc() -> None:
    assert clock("fx", "2024-03-04", "2024-03-04")[0] == "03 22:00"
    assert clock("fx", "2024-03-11", "2024-03-11")[0] == "10 21:00"


def test_fx_has_no_session_on_christmas_and_new_year() -> None:
    assert days("fx", "2024-12-23", "2025-01-03") == [
        "2024-12-23",
        "2024-12-24",
        "2024-12-26",
        "2024-12-27",
        "2024-12-30",
        "2024-12-31",
        "2025-01-02",
        "2025-01-03",
    ]
    around = clock("fx", "2024-12-24", "2024-12-26", zone="America/New_York")
    assert around[23:25] == ["24 16:00", "25 17:00"]


def test_a_span_of_one_instant_has_no_stamps() -> None:
    at = utc("2024-01-02T14:30")

    assert len(calendar("XNYS").stamps(Span(at, at), "1m")) == 0
    assert len(calendar("XNYS").stamps(Span(at, utc("2024-01-02")), "1m")) == 0


def test_stamps_are_cut_at_the_span_to_the_microsecond() -> None:
    span = Span(utc("2024-01-02T14:30:00.000001"), utc("2024-01-02T14:33"))

    found = calendar("XNYS").stamps(span, "1m")

    assert [f"{each:%H:%M}" for each in found] == ["14:31", "14:32"]


def test_a_span_may_begin_within_a_session() -> None:
    span = Span(utc("2024-01-02T20:30"), utc("2024-01-03T15:00"))

    found = calendar("XNYS").stamps(span, "hourly")

    assert [f"{each:%d %H:%M}" for each in found] == ["02 20:30", "03 14:30"]


@pytest.mark.parametrize(
    ("name", "found"),
    [("nyse", "XNYS"), ("NASDAQ", "XNYS"), ("lse", "XLON"), ("FX", "fx"), ("24/7", "24/7")],
)
def test_aliases_and_any_case_name_a_calendar(name: str, found: str) -> None:
    assert calendar(name).name == found
    assert calendar(name) == calendar(found)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("XNYX", "did you mean 'XNYS'?"), ("xlom", "did you mean 'XLON'?"), ("", "choose from")],
)
def test_an_unknown_calendar_is_named_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(CalendarUnknown) as caught:
        calendar(name)

    assert repr(name) in caught.value.message
    assert hint in caught.value.hint


def test_years_before_and_after_the_calendar_are_refused() -> None:
    tokyo, shanghai = calendar("XTKS"), calendar("XSHG")

    with pytest.raises(CalendarUnknown, match="XTKS begins on 1997-01-01"):
        tokyo.span(date(1996, 12, 31), date(1997, 3, 1), "daily")
    with pytest.raises(CalendarUnknown, match="XSHG ends on") as caught:
        shanghai.stamps(Span(utc("2020-01-01"), utc("2090-01-01")), "daily")
    with pytest.raises(CalendarUnknown, match="begins on"):
        tokyo.stamps(Span(utc("1996-12-31"), utc("1997-03-01")), "daily")
    assert "upgrade exchange_calendars" in caught.value.hint


@pytest.mark.parametrize("name", ["XTKS", "XSHG", "XNYS", "24/7", "fx"])
@pytest.mark.parametrize("frequency", ["hourly", "daily", "weekly"])
def test_an_open_ended_span_reaches_as_far_as_the_calendar(name: str, frequency: Frequency) -> None:
    dates = calendar(name)

    assert len(dates.stamps(dates.span(None, None, frequency), frequency)) > 1000


@pytest.mark.parametrize("problem", [ValueError("no sessions"), NotImplementedError("Easter")])
def test_a_calendar_that_cannot_be_built_is_said_to_be(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unbuildable:
        tz = calendar("XSTO").zone

        def __init__(self, *_: pd.Timestamp) -> None:
            raise problem

        @staticmethod
        def bound_min() -> None: ...

        @staticmethod
        def bound_max() -> None: ...

    monkeypatch.setattr(exchanges, "_factory", lambda name: {"XSTO": Unbuildable}[name])
    unbuilt = Calendar.of("XSTO", (), CalendarCache())

    with pytest.raises(CalendarUnknown, match="cannot build the calendar XSTO") as caught:
        days(unbuilt, "2024-01-01", "2024-12-31")
    assert "upgrade exchange_calendars" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "first", "last", "expected"),
    [
        # Orthodox Good Friday and Easter Monday of 2024: 3 and 6 May; 1 May is a holiday as well.
        ("XBSE", "2024-04-30", "2024-05-07", ["2024-04-30", "2024-05-02", "2024-05-07"]),
        ("ASEX", "2024-05-02", "2024-05-07", ["2024-05-02", "2024-05-07"]),
        # Sundays to Thursdays, and none on Purim, 24 March 2024, nor the day before Passover.
        ("XTAE", "2024-03-21", "2024-03-26", ["2024-03-21", "2024-03-25", "2024-03-26"]),
        ("XTAE", "2024-04-18", "2024-04-24", ["2024-04-18", "2024-04-21", "2024-04-24"]),
        # Mondays to Fridays from 5 January 2026 on.
        ("XTAE", "2026-01-04", "2026-01-11", ["2026-01-04", *(f"2026-01-0{n}" for n in "56789")]),
        # A live drill on Saturday 20 January 2024, the budget on Saturday 1 February 2025.
        ("XBOM", "2024-01-19", "2024-01-20", ["2024-01-19", "2024-01-20"]),
        ("XBOM", "2025-01-31", "2025-02-03", ["2025-01-31", "2025-02-01", "2025-02-03"]),
        # Saturdays in Seoul until 5 December 1998; a Saturday worked in for a holiday in Moscow.
        ("XKRX", "1998-12-04", "1998-12-14", ["1998-12-04", "1998-12-05",
            *(f"1998-12-{n:02}" for n in (7, 8, 9, 10, 11, 14))]),
        ("XMOS", "2024-04-26", "2024-04-28", ["2024-04-26", "2024-04-27"]),
    ],
)  # fmt: skip
def test_weekends_and_easters_of_other_countries(
    name: str, first: str, last: str, expected: list[str]
) -> None:
    assert days(name, first, last) == expected


def test_a_declared_closure_is_not_expected_at_any_frequency() -> None:
    shut = calendar("XNYS", [SessionOverride("XNYS", date(2024, 1, 3))])

    assert days(shut, "2024-01-02", "2024-01-04") == ["2024-01-02", "2024-01-04"]
    assert len(stamps(shut, "2024-01-02", "2024-01-04", "hourly")) == 14
    assert len(stamps("XNYS", "2024-01-02", "2024-01-04", "hourly")) == 21


def test_a_declared_session_keeps_the_hours_of_the_one_before() -> None:
    # Bombay held a session on Saturday 2 March 2024.
    bombay = calendar("XBOM", [SessionOverride("XBOM", date(2024, 3, 2), is_open=True)])

    assert days("XBOM", "2024-03-01", "2024-03-04") == ["2024-03-01", "2024-03-04"]
    assert days(bombay, "2024-03-01", "2024-03-04") == ["2024-03-01", "2024-03-02", "2024-03-04"]
    local = stamps(bombay, "2024-03-02", "2024-03-02", "15m").tz_convert("Asia/Kolkata")
    assert (f"{local[0]:%H:%M}", f"{local[-1]:%H:%M}", len(local)) == ("09:15", "15:15", 25)


def test_a_declared_session_keeps_the_hour_on_the_clock_across_a_change() -> None:
    # The clocks of New York changed on Sunday 10 March 2024.
    changed = calendar("XNYS", [SessionOverride("XNYS", date(2024, 3, 10), is_open=True)])

    found = stamps(changed, "2024-03-10", "2024-03-10", "hourly")

    assert f"{found[0]:%H:%M}" == "13:30"
    assert len(found) == 7


def test_a_day_declared_both_is_closed_and_a_session_twice_is_one() -> None:
    day = date(2024, 1, 6)
    both = calendar(
        "XNYS", [SessionOverride("XNYS", day), SessionOverride("XNYS", day, is_open=True)]
    )
    twice = calendar("XNYS", [SessionOverride("XNYS", date(2024, 1, 5), is_open=True)])

    assert days(both, "2024-01-05", "2024-01-08") == ["2024-01-05", "2024-01-08"]
    assert days(twice, "2024-01-05", "2024-01-08") == ["2024-01-05", "2024-01-08"]


def test_naming_a_calendar_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    monkeypatch.setattr(exchanges, "build", built.append)

    assert str(Calendar.of("XSTO", (), CalendarCache()).zone) == "Europe/Stockholm"
    assert built == []


def test_many_threads_get_one_and_the_same_calendar() -> None:
    cache = CalendarCache()
    span = Span(utc("2024-01-01"), utc("2025-01-01"))

    def count(name: str) -> int:
        return len(Calendar.of(name, (), cache).stamps(span, "daily"))

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(count, ["XNYS", "24/7", "XLON", "fx"] * 8))

    assert counts == [252, 366, 254, 260] * 8


@pytest.mark.parametrize("name", ["XNYS", "XTKS", "XHKG", "XLON", "XBOM", "CMES", "24/7", "fx"])
@pytest.mark.parametrize("frequency", get_args(Frequency))
def test_stamps_increase_and_two_spans_that_adjoin_share_none(
    name: str, frequency: Frequency
) -> None:
    dates = calendar(name)
    months = [date(2023, month, 1) for month in range(1, 13)] + [date(2024, 1, 1)]
    edges = [dates.span(day, day, frequency).start for day in months]

    parts = [dates.stamps(Span(*pair), frequency) for pair in pairwise(edges)]
    whole = dates.stamps(Span(edges[0], edges[-1]), frequency)

    assert np.all(np.diff(whole.asi8) > 0)
    assert parts[0].append(parts[1:]).equals(whole)


# Their weekmasks change, which is adapted to pandas 3.1; the others take half a minute.
ADAPTED = ("XBOM", "XKRX", "XMOS")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ADAPTED else pytest.mark.slow)
        for name in sorted(exchange_calendars.get_calendar_names(include_aliases=False))
    ],
)
def test_sessions_of_every_exchange_follow_one_another(name: str) -> None:
    known = calendar(name).sessions

    assert np.all(np.diff(known.days) > 0)
    assert np.all(known.opens < known.break_starts)
    assert np.all(known.break_starts <= known.break_ends)
    assert np.all(known.break_ends <= known.closes)
    assert np.all(known.closes[:-1] <= known.opens[1:])
