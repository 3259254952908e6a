from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import as_stamps
from ml4t_nb.core.gap_detection import StampMatch
from ml4t_nb.model import Frequency, Gap, Span

TENTH_OF_A_MINUTE = timedelta(seconds=6)


def utc(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def index(*words: str) -> pd.DatetimeIndex:
    return as_stamps(list(words))


def expected(name: str, start: str, end: str, frequency: Frequency = "daily") -> pd.DatetimeIndex:
    dates = calendar(name)
    span = dates.span(date.fromisoformat(start), date.fromisoformat(end), frequency)
    return dates.stamps(span, frequency)


def without(stamps: pd.DatetimeIndex, start: str, end: str) -> pd.DatetimeIndex:
    """Stamps without those from ``start`` to ``end``, both inclusive."""
    return stamps[(stamps < pd.Timestamp(utc(start))) | (stamps > pd.Timestamp(utc(end)))]


def gap(start: str, end: str, missing: int) -> Gap:
    return Gap(utc(start), utc(end), missing)


def test_complete_bars_have_no_gap() -> None:
    days = expected("XNYS", "2000-01-01", "2024-12-31")

    assert StampMatch(days, days).gaps == ()
    assert StampMatch(days, days).missing.empty
    assert StampMatch(days, days).extra.empty


def test_a_missing_session_is_one_gap_of_one_bar() -> None:
    days = expected("XNYS", "2024-01-08", "2024-01-12")

    gaps = StampMatch(without(days, "2024-01-10", "2024-01-10"), days).gaps

    assert gaps == (gap("2024-01-10", "2024-01-10", 1),)
    assert gaps[0].state == "open"


def test_a_gap_reaches_over_a_weekend() -> None:
    days = expected("XNYS", "2024-01-10", "2024-01-18")

    # Thursday, Friday, and Tuesday after Martin Luther King day.
    assert StampMatch(without(days, "2024-01-11", "2024-01-16"), days).gaps == (
        gap("2024-01-11", "2024-01-16", 3),
    )


def test_a_month_is_one_gap_of_its_sessions() -> None:
    days = expected("XNYS", "2024-01-02", "2024-06-28")

    assert StampMatch(without(days, "2024-03-01", "2024-03-31"), days).gaps == (
        gap("2024-03-01", "2024-03-28", 20),
    )


def test_two_holes_with_a_bar_between_are_two_gaps() -> None:
    days = expected("XNYS", "2024-01-08", "2024-01-12")

    assert StampMatch(index("2024-01-08", "2024-01-10", "2024-01-12"), days).gaps == (
        gap("2024-01-09", "2024-01-09", 1),
        gap("2024-01-11", "2024-01-11", 1),
    )


def test_what_is_missing_before_the_first_and_after_the_last_bar_is_not_a_gap() -> None:
    days = expected("XNYS", "2024-01-02", "2024-12-31")

    assert StampMatch(index("2024-06-03", "2024-06-04"), days).gaps == ()
    assert StampMatch(index("2024-06-03"), days).gaps == ()
    assert StampMatch(index(), days).gaps == ()
    assert StampMatch(days, index()).gaps == ()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2001-09-10", "2001-09-17"),
        ("2012-10-26", "2012-10-31"),
        ("2024-12-24", "2024-12-26"),
        ("2024-01-12", "2024-01-16"),
    ],
    ids=["the week of 2001-09-11", "Sandy", "Christmas", "Martin Luther King day"],
)
def test_closed_days_are_no_gap(start: str, end: str) -> None:
    assert StampMatch(index(start, end), expected("XNYS", start, end)).gaps == ()


def test_minutes_missing_over_tokyo_s_lunch_are_one_gap() -> None:
    minutes = expected("XTKS", "2024-01-04", "2024-01-04", "1m")

    # From 11:28 to 12:31 Tokyo: two before and two after lunch.
    assert StampMatch(without(minutes, "2024-01-04T02:28", "2024-01-04T03:31"), minutes).gaps == (
        gap("2024-01-04T02:28", "2024-01-04T03:31", 4),
    )


def test_a_lunch_break_and_a_night_are_no_gap() -> None:
    minutes = expected("XTKS", "2024-01-04", "2024-01-05", "1m")

    assert StampMatch(minutes, minutes).gaps == ()


def test_minutes_missing_on_a_half_day_end_at_one_o_clock() -> None:
    minutes = expected("XNYS", "2024-11-27", "2024-12-02", "1m")

    # The last ten minutes of the half day, and the first five of the Monday after.
    assert StampMatch(without(minutes, "2024-11-29T17:50", "2024-12-02T14:34"), minutes).gaps == (
        gap("2024-11-29T17:50", "2024-12-02T14:34", 15),
    )


def test_a_day_missing_where_the_clocks_change_is_found_exactly() -> None:
    hours = expected("XNYS", "2024-03-07", "2024-03-12", "hourly")
    autumn = expected("XNYS", "2024-10-31", "2024-11-05", "hourly")

    assert StampMatch(without(hours, "2024-03-11", "2024-03-12"), hours).gaps == (
        gap("2024-03-11T13:30", "2024-03-11T19:30", 7),
    )
    assert StampMatch(without(autumn, "2024-11-04", "2024-11-05"), autumn).gaps == (
        gap("2024-11-04T14:30", "2024-11-04T20:30", 7),
    )


def test_one_minute_missing_in_five_years_is_found() -> None:
    minutes = expected("XNYS", "2020-01-02", "2024-12-31", "1m")

    assert StampMatch(without(minutes, "2022-06-01T15:00", "2022-06-01T15:00"), minutes).gaps == (
        gap("2022-06-01T15:00", "2022-06-01T15:00", 1),
    )


def test_crypto_has_no_closed_day() -> None:
    days = expected("24/7", "2024-12-23", "2025-01-02")

    assert StampMatch(index("2024-12-24", "2024-12-26"), days).gaps == (
        gap("2024-12-25", "2024-12-25", 1),
    )


def test_a_missing_week_is_a_gap() -> None:
    weeks = expected("XNYS", "2024-01-01", "2024-03-31", "weekly")

    assert StampMatch(without(weeks, "2024-02-05", "2024-02-12"), weeks).gaps == (
        gap("2024-02-05", "2024-02-12", 2),
    )


def test_a_stamp_within_the_tolerance_is_that_bar() -> None:
    minutes = index("2024-01-02T14:30", "2024-01-02T14:31", "2024-01-02T14:32")
    held = index("2024-01-02T14:30:05", "2024-01-02T14:30:54", "2024-01-02T14:32:06")

    assert StampMatch(held, minutes, tolerance=TENTH_OF_A_MINUTE).gaps == ()
    assert StampMatch(held, minutes, tolerance=TENTH_OF_A_MINUTE).extra.empty
    assert StampMatch(held, minutes).gaps == (gap("2024-01-02T14:31", "2024-01-02T14:32", 2),)
    assert list(StampMatch(held, minutes).extra) == list(held)


def test_a_stamp_just_outside_the_tolerance_is_not_that_bar() -> None:
    minutes = index("2024-01-02T14:30", "2024-01-02T14:31", "2024-01-02T14:32")
    held = index("2024-01-02T14:30", "2024-01-02T14:31:06.000001", "2024-01-02T14:32")

    assert list(StampMatch(held, minutes, tolerance=TENTH_OF_A_MINUTE).missing) == [minutes[1]]
    assert list(StampMatch(held, minutes, tolerance=TENTH_OF_A_MINUTE).extra) == [held[1]]


def test_bars_on_another_grid_hold_none_of_the_expected_ones() -> None:
    half_hours = expected("XBOM", "2024-01-02", "2024-01-02", "30m")
    shifted = half_hours - pd.Timedelta(minutes=15)

    assert len(StampMatch(shifted, half_hours).missing) == len(half_hours) - 1
    assert len(StampMatch(shifted, half_hours).extra) == len(half_hours)


def test_bars_outside_the_calendar_are_extra_and_no_gap() -> None:
    days = expected("XNYS", "2024-01-05", "2024-01-09")
    held = days.union(index("2024-01-06", "2024-01-07"))

    assert StampMatch(held, days).gaps == ()
    assert list(StampMatch(held, days).extra) == list(index("2024-01-06", "2024-01-07"))


def test_bars_before_and_after_the_expected_ones_are_extra() -> None:
    days = index("2024-01-03", "2024-01-04")

    found = StampMatch(index("2024-01-01", "2024-01-03", "2024-01-05"), days).extra

    assert list(found) == list(index("2024-01-01", "2024-01-05"))


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT"])
def test_the_real_series_have_no_false_gap_and_no_extra_bar(symbol: str) -> None:
    held = sessions_of(symbol)
    days = expected("XNYS", "2000-01-01", "2013-12-31")

    assert StampMatch(held, days).gaps == ()
    assert StampMatch(held, days).extra.empty


@pytest.mark.parametrize(
    ("start", "end", "missing"),
    [
        ("2005-02-28", "2005-02-28", 1),
        ("2008-09-15", "2008-09-19", 5),
        ("2010-02-01", "2010-02-28", 19),
    ],
)
def test_a_hole_in_a_real_series_is_found_exactly(start: str, end: str, missing: int) -> None:
    held = without(sessions_of("AAPL"), start, end)

    found = StampMatch(held, expected("XNYS", "2000-01-01", "2013-12-31")).gaps

    assert [(each.start, each.missing) for each in found] == [(utc(start), missing)]


def sessions_of(symbol: str) -> pd.DatetimeIndex:
    path = files("ml4t_nb.providers.sample") / "data" / "wiki5_daily_as_traded.parquet"
    with path.open("rb") as stream:
        rows = pd.read_parquet(stream, columns=["t", "symbol"])
    return as_stamps(rows.loc[rows["symbol"] == symbol, "t"])


GRIDS: Sequence[tuple[str, Frequency]] = (
    ("XNYS", "daily"),
    ("XTKS", "hourly"),
    ("XNYS", "30m"),
    ("XHKG", "15m"),
    ("fx", "hourly"),
    ("24/7", "5m"),
    ("XNYS", "weekly"),
)


@settings(deadline=None)
@given(grid=st.sampled_from(GRIDS), kept=st.lists(st.booleans(), max_size=60), choices=st.data())
def test_what_is_expected_between_is_held_or_missing_and_never_both(
    grid: tuple[str, Frequency], kept: list[bool], choices: st.DataObject
) -> None:
    name, frequency = grid
    span = Span(utc("2024-03-01"), utc("2025-12-01"))
    wanted = calendar(name).stamps(span, frequency)[: len(kept)]
    shift = choices.draw(st.sampled_from([0, 0, 0, 7]))
    held = wanted[np.array(kept, dtype=bool)] + pd.Timedelta(seconds=shift)
    strays = choices.draw(st.lists(st.integers(-600, 5 * 86_400), max_size=4, unique=True))
    held = held.union(as_stamps([span.start + timedelta(seconds=each) for each in sorted(strays)]))
    tolerance = timedelta(seconds=choices.draw(st.sampled_from([0, 7, 30])))

    missing = set(StampMatch(held, wanted, tolerance=tolerance).missing)
    extra = set(StampMatch(held, wanted, tolerance=tolerance).extra)
    gaps = StampMatch(held, wanted, tolerance=tolerance).gaps

    near = [(e, [h for h in held if abs(h - e) <= tolerance]) for e in wanted]
    assert missing == {
        e for e, matches in near if not matches and len(held) and held[0] < e < held[-1]
    }
    assert extra == set(held) - {h for _, matches in near for h in matches}
    assert sum(each.missing for each in gaps) == len(missing)
    for each in gaps:
        inside = [e for e in wanted if each.start <= e <= each.end]
        assert set(inside) <= missing
        assert len(inside) == each.missing
    for one, other in pairwise(gaps):
        assert any(one.end < e < other.start for e in set(wanted) - missing)


def test_bars_denser_than_the_calendar_expects_are_extra_and_no_gap() -> None:
    wanted = index(
        "2024-01-02 09:00",
        "2024-01-02 09:01",
        "2024-01-02 09:02",
        "2024-01-02 12:00",
        "2024-01-02 13:00",
    )
    dense = [f"2024-01-02 09:0{minute}" for minute in range(8)]
    stamps = index(*dense, "2024-01-02 12:00", "2024-01-02 13:00")

    assert StampMatch(stamps, wanted).gaps == ()
    assert StampMatch(stamps, wanted).extra.equals(index(*dense[3:]))


def test_changing_expected_stamps_does_not_change_the_calendar() -> None:
    week = ("XNYS", "2024-01-08", "2024-01-12")
    values = np.asarray(expected(*week).asi8)
    if values.flags.writeable:
        values[:] = 0

    assert expected(*week).equals(
        index("2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12")
    )
