"""Longer bars of shorter ones, beside a computation of DuckDB's on sessions written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, as_stamps, empty_bars, make_bars, require_bars
from ml4t_nb.core.derive import Longer, can_give, derived, longer_stamps
from ml4t_nb.core.gapfill import ExpectedGrid
from ml4t_nb.model import Frequency, Gap, SessionOverride, Span
from ml4t_nb.testing import strategies

NAMES = ("open", "high", "low", "close", "volume", "dividend", "split", "filled")
ZONES = {
    "XNYS": "America/New_York",
    "XTKS": "Asia/Tokyo",
    "XHKG": "Asia/Hong_Kong",
    "XBOM": "Asia/Kolkata",
    "fx": "America/New_York",
    "24/7": "UTC",
}
# Date of the session, where trading begins and where it stops, on the exchange's clocks.
TRADING = {
    "XNYS": [
        ("2024-03-08", "2024-03-08 09:30", "2024-03-08 16:00"),
        ("2024-03-11", "2024-03-11 09:30", "2024-03-11 16:00"),  # clocks went forward on the 10th
        ("2024-03-12", "2024-03-12 09:30", "2024-03-12 16:00"),
    ],
    "XNYS, Thanksgiving": [
        ("2024-11-27", "2024-11-27 09:30", "2024-11-27 16:00"),
        ("2024-11-29", "2024-11-29 09:30", "2024-11-29 13:00"),  # Friday, a half day
        ("2024-12-02", "2024-12-02 09:30", "2024-12-02 16:00"),
    ],
    "XTKS": [
        ("2024-02-13", "2024-02-13 09:00", "2024-02-13 11:30"),
        ("2024-02-13", "2024-02-13 12:30", "2024-02-13 15:00"),
        ("2024-02-14", "2024-02-14 09:00", "2024-02-14 11:30"),
        ("2024-02-14", "2024-02-14 12:30", "2024-02-14 15:00"),
    ],
    "XHKG": [
        ("2024-02-08", "2024-02-08 09:30", "2024-02-08 12:00"),
        ("2024-02-08", "2024-02-08 13:00", "2024-02-08 16:00"),
        ("2024-02-09", "2024-02-09 09:30", "2024-02-09 12:00"),  # the eve of the lunar year
        ("2024-02-14", "2024-02-14 09:30", "2024-02-14 12:00"),
        ("2024-02-14", "2024-02-14 13:00", "2024-02-14 16:00"),
    ],
    "XBOM": [
        ("2024-04-10", "2024-04-10 09:15", "2024-04-10 15:30"),
        ("2024-04-12", "2024-04-12 09:15", "2024-04-12 15:30"),
    ],
    "fx": [
        ("2024-03-08", "2024-03-07 17:00", "2024-03-08 17:00"),
        ("2024-03-11", "2024-03-10 17:00", "2024-03-11 17:00"),
        ("2024-03-12", "2024-03-11 17:00", "2024-03-12 17:00"),
    ],
    "24/7": [
        ("2024-03-30", "2024-03-30 00:00", "2024-03-31 00:00"),
        ("2024-03-31", "2024-03-31 00:00", "2024-04-01 00:00"),  # a quarter ends
        ("2024-04-01", "2024-04-01 00:00", "2024-04-02 00:00"),
    ],
}
STORED: tuple[tuple[Frequency, int], ...] = (("1m", 1), ("5m", 5), ("15m", 15), ("hourly", 60))
PERIODS = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}


def instant(words: str, name: str) -> datetime:
    zone = ZoneInfo(ZONES[name.partition(",")[0]])
    return datetime.fromisoformat(words).replace(tzinfo=zone).astimezone(UTC)


def grid_of(name: str, frequency: Frequency, tolerance: float = 0.0) -> ExpectedGrid:
    return ExpectedGrid(calendar(name.partition(",")[0]), frequency, tolerance, "as-traded")


def stretches_of(name: str) -> pd.DataFrame:
    rows = [
        (pd.Timestamp(day), instant(begin, name), instant(stop, name))
        for day, begin, stop in TRADING[name]
    ]
    table = pd.DataFrame(rows, columns=["day", "begin", "stop"])
    return table.assign(begin=naive(table["begin"]), stop=naive(table["stop"]))


def naive(stamps: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    return stamps.dt.tz_convert("UTC").dt.tz_localize(None)


def slots_of(name: str, minutes: int) -> pd.DatetimeIndex:
    """Stamps of all bars of that length, from the table of sessions alone."""
    parts = [
        pd.date_range(begin, stop, freq=f"{minutes}min", inclusive="left")
        for _, begin, stop in stretches_of(name).itertuples(index=False)
    ]
    return pd.DatetimeIndex(np.concatenate(parts))


def random_bars(stamps: pd.DatetimeIndex, rng: np.random.Generator, *, filled: float = 0.0) -> Bars:
    """Prices, volumes, dividends and splits of which sums and products are exact."""
    size = len(stamps)
    low, high = np.sort(rng.integers(100, 900, (2, size)), axis=0) / 4
    columns = {
        "open": rng.choice([low, high], axis=0) if size else low,
        "high": high,
        "low": low,
        "close": (low + high) / 2,
        "volume": rng.integers(0, 1000, size),
        "dividend": np.where(rng.random(size) < 0.02, 0.25, 0),
        "split": np.where(rng.random(size) < 0.01, 2.0, 1.0),
    }
    return make_bars(stamps, columns, filled=rng.random(size) < filled)


def by_duckdb(
    bars: Bars, slots: pd.DatetimeIndex, all_slots: pd.DatetimeIndex, name: str, begin: str
) -> pd.DataFrame:
    """Longer bars, each of those whose expression ``begin`` is the same."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    table = bars.reset_index(drop=True).assign(slot=slots, number=range(len(bars)))
    con.register("bars", table)
    con.register("slots", pd.DataFrame({"slot": all_slots}))
    con.register("stretches", stretches_of(name))
    found = con.execute(
        f"""
        WITH held AS (
            SELECT *, {begin} AS stamp FROM bars
            JOIN stretches ON slot >= begin AND slot < stop
        ), due AS (
            SELECT {begin} AS stamp, count(*) AS due FROM slots
            JOIN stretches ON slot >= begin AND slot < stop GROUP BY ALL
        )
        SELECT stamp, first(open ORDER BY number) AS open, max(high) AS high, min(low) AS low,
            last(close ORDER BY number) AS close, sum(volume) AS volume,
            sum(dividend) AS dividend, product(split) AS split, bool_or(filled) AS filled,
            count(*) = any_value(due) AND NOT bool_or(filled) AS complete
        FROM held JOIN due USING (stamp) GROUP BY stamp ORDER BY stamp
        """  # noqa: S608  # written here
    ).df()
    found.index = as_stamps(found.pop("stamp"))
    return found.astype(dict.fromkeys(NAMES[:-1], float) | {"filled": bool, "complete": bool})


def seen(longer: Longer) -> pd.DataFrame:
    return require_bars(longer.bars).assign(complete=longer.is_complete)


@pytest.mark.parametrize("name", TRADING)
@pytest.mark.parametrize(("source", "step"), STORED)
@pytest.mark.parametrize(("factor", "tolerance"), [(2, 0.1), (3, 0.0), (7, 0.4), (24, 0.1)])
def test_bars_within_sessions_are_those_of_duckdb(
    name: str, source: Frequency, step: int, factor: int, tolerance: float
) -> None:
    rng = np.random.default_rng(step * 100 + factor)
    minutes = min(step * factor, 1440)
    slots = slots_of(name, step)
    kept = slots[rng.random(len(slots)) > 0.05]
    slack = int(step * 60e6 * tolerance)
    off = pd.to_timedelta(rng.integers(-slack, slack + 1, len(kept)), unit="us")
    bars = random_bars(as_stamps(kept + off), rng, filled=0.03)

    found = derived(bars, f"{minutes}m", grid_of(name, source, tolerance))

    begin = f"time_bucket(INTERVAL '{minutes} minutes', slot, begin)"
    assert_frame_equal(seen(found), by_duckdb(bars, kept, slots, name, begin), check_freq=False)


@pytest.mark.parametrize("name", TRADING)
@pytest.mark.parametrize(("source", "step"), STORED)
def test_days_are_those_of_duckdb(name: str, source: Frequency, step: int) -> None:
    rng = np.random.default_rng(step)
    slots = slots_of(name, step)
    kept = slots[rng.random(len(slots)) > 1 / len(slots)]
    bars = random_bars(as_stamps(kept), rng)

    found = derived(bars, "daily", grid_of(name, source, 0.1))

    assert_frame_equal(seen(found), by_duckdb(bars, kept, slots, name, "day"), check_freq=False)


@pytest.mark.parametrize(("frequency", "part"), PERIODS.items())
@pytest.mark.parametrize("name", ["XNYS", "24/7"])
@pytest.mark.parametrize("holes", [0.0, 0.02])
def test_periods_of_days_are_those_of_duckdb(
    name: str, frequency: str, part: str, holes: float
) -> None:
    closed = ["2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27",
              "2024-06-19", "2024-07-04", "2024-09-02", "2024-11-28", "2024-12-25",
              "2025-01-01", "2025-01-09", "2025-01-20"]  # fmt: skip
    days = pd.date_range("2023-12-18", "2025-02-02", freq="D")  # a Monday, a Sunday
    if name == "XNYS":
        days = days[(days.day_of_week < 5) & ~days.isin(pd.DatetimeIndex(closed))]
    rng = np.random.default_rng(len(frequency))
    kept = days[(rng.random(len(days)) >= holes) & (days < pd.Timestamp("2025-02-01"))]
    bars = random_bars(as_stamps(kept), rng, filled=holes)

    found = derived(bars, frequency, grid_of(name, "daily"))

    con = duckdb.connect()
    con.register("bars", bars.reset_index(drop=True).assign(day=kept))
    expected = con.execute(
        f"""
        SELECT date_trunc('{part}', day)::TIMESTAMP AS stamp,
            first(open ORDER BY day) AS open, max(high) AS high, min(low) AS low,
            last(close ORDER BY day) AS close, sum(volume) AS volume, sum(dividend) AS dividend,
            product(split) AS split, bool_or(filled) AS filled
        FROM bars GROUP BY stamp ORDER BY stamp
        """  # noqa: S608
    ).df()
    expected.index = as_stamps(expected.pop("stamp"))
    assert_frame_equal(found.bars, expected.astype(found.bars.dtypes), check_freq=False)
    offset = {"weekly": "W-SUN", "monthly": "M", "quarterly": "Q", "yearly": "Y"}[frequency]
    due = pd.Series(1, days).groupby(days.to_period(offset)).count()
    held = pd.Series(~bars["filled"].to_numpy(), kept).groupby(kept.to_period(offset)).sum()
    first, end = pd.Timestamp("2023-12-18"), pd.Timestamp("2025-02-03")
    wanted = [
        bool(first <= each.start_time and each.end_time < end and due[each] == held[each])
        for each in held.index
    ]
    assert found.is_complete.tolist() == wanted
    assert any(wanted) or holes


@pytest.mark.parametrize("name", ["XNYS", "XTKS", "XHKG", "XBOM", "XLON", "XASX", "fx", "24/7"])
@pytest.mark.parametrize("frequency", ["5m", "15m", "30m", "hourly", "45m", "7m", "240m", "daily"])
def test_a_derived_frequency_has_the_stamps_of_a_stored_one(name: str, frequency: str) -> None:
    dates = calendar(name)
    span = dates.span(date(2024, 2, 5), date(2024, 4, 12), "1m")
    minutes = dates.stamps(span, "1m")
    bars = make_bars(minutes, dict.fromkeys(NAMES[:4], np.arange(1.0, len(minutes) + 1)))

    found = derived(bars, frequency, grid_of(name, "1m"))

    stored = dates.stamps(dates.span(date(2024, 2, 5), date(2024, 4, 12), frequency), frequency)
    assert found.bars.index.equals(stored)
    assert found.is_complete.all()


@pytest.mark.parametrize("frequency", ["weekly", "monthly", "quarterly", "yearly"])
@pytest.mark.parametrize("name", ["XNYS", "XSHG", "24/7"])
def test_periods_have_the_stamps_that_the_calendar_expects(name: str, frequency: str) -> None:
    dates = calendar(name)
    span = dates.span(date(2019, 1, 1), date(2024, 12, 31), frequency)
    days = dates.stamps(span, "daily")
    bars = make_bars(days, dict.fromkeys(NAMES[:4], np.arange(1.0, len(days) + 1)))

    found = derived(bars, frequency, grid_of(name, "daily"))

    # Golden weeks of Shanghai have no session, and no bar.
    assert found.bars.index.equals(dates.stamps(span, frequency))
    assert found.is_complete.all()


@given(st.data())
def test_no_bar_is_lost_and_none_counts_twice(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["XNYS", "XTKS", "fx", "24/7"]))
    source, step = data.draw(st.sampled_from(STORED))
    wanted = data.draw(
        st.sampled_from([f"{step * 2}m", f"{step * 7}m", "daily", "weekly", "monthly", "yearly"])
    )
    # Anywhere: in sessions, on the grid or off it, at night, on a holiday.
    year = datetime(2024, 1, 1, tzinfo=UTC)
    micros = st.integers(0, 366 * 24 * 60).map(lambda at: at * 60_000_000)
    offs = st.sampled_from([0, 0, 1, -1, 4_000_000, -4_000_000])
    drawn = data.draw(st.lists(st.tuples(micros, offs), min_size=1, max_size=30))
    stamps = sorted({year + timedelta(microseconds=at + off) for at, off in drawn})
    bars = data.draw(strategies.valid_bars(st.just(as_stamps(stamps)), has_filled=True))
    bars = bars.assign(volume=1.0)

    found = derived(bars, wanted, grid_of(name, source, 0.1))

    longer = require_bars(found.bars)
    assert longer["volume"].sum() == len(bars)
    assert longer["high"].max() == bars["high"].max()
    assert found.firsts.tolist() == sorted(set(found.firsts.tolist()))
    ends = [*found.firsts[1:].tolist(), len(bars)]
    for row, (first, end) in enumerate(zip(found.firsts.tolist(), ends, strict=True)):
        part = bars.iloc[first:end]
        assert longer["open"].iloc[row] == part["open"].iloc[0]
        assert longer["close"].iloc[row] == part["close"].iloc[-1]
        assert longer["filled"].iloc[row] == part["filled"].any()


def test_minutes_make_the_same_weeks_as_the_days_made_of_them() -> None:
    rng = np.random.default_rng(3)
    dates = calendar("XTKS")
    minutes = dates.stamps(dates.span(date(2024, 1, 1), date(2024, 7, 31), "5m"), "5m")
    bars = random_bars(minutes[rng.random(len(minutes)) > 0.0001], rng)
    days = derived(bars, "daily", grid_of("XTKS", "5m"))

    for frequency in PERIODS:
        at_once = derived(bars, frequency, grid_of("XTKS", "5m"))
        of_days = derived(days.bars, frequency, grid_of("XTKS", "daily"))
        assert_frame_equal(at_once.bars, of_days.bars)
        # Days are there, though a bar of theirs is missing.
        assert not (at_once.is_complete & ~of_days.is_complete).any()
        assert at_once.is_complete.sum() < of_days.is_complete.sum() or frequency == "yearly"


def bars_at(*stamps: str, zone: str = "UTC") -> Bars:
    index = pd.DatetimeIndex(list(stamps)).tz_localize(zone)
    return make_bars(
        index, dict.fromkeys(NAMES[:4], np.arange(1.0, len(stamps) + 1)) | {"volume": 1}
    )


def stamps_in(longer: Longer, zone: str = "UTC") -> list[str]:
    local = pd.DatetimeIndex(longer.bars.index).tz_convert(zone)
    return [f"{each:%Y-%m-%d %H:%M}" for each in local]


def test_bars_outside_the_sessions_are_bars_of_their_own_kind() -> None:
    bars = bars_at(
        "2024-02-13 08:50", "2024-02-13 09:00", "2024-02-13 11:20",
        "2024-02-13 11:40", "2024-02-13 12:10", "2024-02-13 12:30",  # in the lunch break
        "2024-02-13 15:05", "2024-02-13 18:00",
        "2024-02-17 09:10", "2024-02-17 11:10",  # a Saturday
        zone="Asia/Tokyo",
    )  # fmt: skip

    found = derived(bars, "120m", grid_of("XTKS", "5m"))

    # They count from midnight: 08:00, 10:00 (cut at 11:30), 12:00, 14:00 (cut at 15:00), 18:00.
    assert stamps_in(found, "Asia/Tokyo") == [
        "2024-02-13 08:00", "2024-02-13 09:00", "2024-02-13 11:00", "2024-02-13 11:30",
        "2024-02-13 12:00", "2024-02-13 12:30", "2024-02-13 15:00", "2024-02-13 18:00",
        "2024-02-17 08:00", "2024-02-17 10:00",
    ]  # fmt: skip
    assert not found.is_complete.any()


def test_a_day_has_the_bars_that_its_date_selects() -> None:
    dates = calendar("fx")
    bars = bars_at(
        "2024-12-20 16:59",  # Friday
        "2024-12-20 17:30",  # after the close, before midnight: still Friday's
        "2024-12-22 16:00",  # Sunday
        "2024-12-22 17:00",  # Monday's session has begun
        "2024-12-24 18:00",  # no session on Christmas Day: the evening before is Tuesday's
        "2024-12-25 00:30",
        "2024-12-25 17:00",  # Thursday's session
        zone="America/New_York",
    )

    found = derived(bars, "daily", grid_of("fx", "1m"))

    assert stamps_in(found) == [f"2024-12-{day} 00:00" for day in (20, 22, 23, 24, 25, 26)]
    assert found.bars["volume"].tolist() == [2, 1, 1, 1, 1, 1]
    for day, volume in zip(
        pd.DatetimeIndex(found.bars.index).date, found.bars["volume"], strict=True
    ):
        span = dates.span(day, day, "1m")
        assert bars["volume"][(bars.index >= span.start) & (bars.index < span.end)].sum() == volume


def test_a_stamp_shortly_before_a_session_is_of_that_session() -> None:
    bars = bars_at("2024-03-30 23:59:57", "2024-03-31 00:00:57", "2024-03-31 23:59:50")

    by_day = derived(bars, "daily", grid_of("24/7", "1m", 0.1))
    by_hour = derived(bars, "hourly", grid_of("24/7", "1m", 0.1))

    assert stamps_in(by_day) == ["2024-03-31 00:00"]
    # The last one is not within six seconds of midnight.
    assert stamps_in(by_hour) == ["2024-03-31 00:00", "2024-03-31 23:00"]


def test_two_bars_that_stand_for_the_same_one_are_not_two_of_those_expected() -> None:
    dates = calendar("24/7")
    stamps = dates.stamps(Span(*(datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2))), "15m")
    doubled = stamps.delete(2).insert(2, stamps[1] + pd.Timedelta("30s"))
    bars = make_bars(doubled, dict.fromkeys(NAMES[:4], 1.0))

    found = derived(bars, "hourly", grid_of("24/7", "15m", 0.1))

    assert found.is_complete.tolist() == [False] + [True] * 23


def test_what_is_not_over_is_not_complete() -> None:
    days = calendar("XNYS").stamps(
        Span(datetime(2024, 1, 10, tzinfo=UTC), datetime(2024, 4, 20, tzinfo=UTC)), "daily"
    )
    bars = make_bars(days, dict.fromkeys(NAMES[:4], 1.0))

    found = derived(bars, "monthly", grid_of("XNYS", "daily"))

    # January began before the first bar, which may be where the load began.
    assert found.is_complete.tolist() == [False, True, True, False]


def test_nothing_is_expected_after_a_symbol_ended() -> None:
    days = calendar("XNYS").stamps(
        Span(datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 4, 20, tzinfo=UTC)), "daily"
    )
    bars = make_bars(days, dict.fromkeys(NAMES[:4], 1.0))
    grid = grid_of("XNYS", "daily")

    ended = derived(bars, "monthly", grid, until=date(2024, 4, 19))
    earlier = derived(bars.iloc[:-1], "monthly", grid, until=date(2024, 4, 19))

    assert ended.is_complete.tolist() == [True, True, True]
    assert earlier.is_complete.tolist() == [True, True, False]


@pytest.mark.parametrize(("frequency", "source"), [("weekly", "daily"), ("daily", "hourly")])
def test_nothing_is_expected_in_a_gap_that_a_person_closed(
    frequency: str, source: Frequency
) -> None:
    dates = calendar("XNYS")
    stamps = dates.stamps(dates.span(date(2024, 1, 8), date(2024, 1, 12), source), source)
    size = len(stamps) // 5
    bars = make_bars(stamps, dict.fromkeys(NAMES[:4], 1.0))
    # Of Wednesday all of it, or one hour.
    first, last = 2 * size, 2 * size if source == "hourly" else 3 * size - 1
    gap = Gap(
        stamps[first].to_pydatetime(), stamps[last].to_pydatetime(), last - first + 1, "closed"
    )
    held = bars.drop(stamps[first : last + 1])

    open_ = derived(held, frequency, grid_of("XNYS", source))
    closed = derived(held, frequency, grid_of("XNYS", source), closed=[gap])

    assert not open_.is_complete.all()
    assert closed.is_complete.all()


def test_a_day_that_the_user_declared_open_is_a_session() -> None:
    dates = calendar("XBOM", (SessionOverride("XBOM", date(2024, 3, 2), is_open=True),))
    stamps = dates.stamps(dates.span(date(2024, 3, 2), date(2024, 3, 2), "15m"), "15m")
    bars = make_bars(stamps, dict.fromkeys(NAMES[:4], 1.0))

    known = derived(bars, "daily", ExpectedGrid(dates, "15m", 0.1, "as-traded"))
    unknown = derived(bars, "daily", grid_of("XBOM", "15m"))

    # A Saturday; without the declaration its bars are there all the same.
    assert stamps_in(known) == stamps_in(unknown) == ["2024-03-02 00:00"]
    assert known.is_complete.tolist() == [True]
    assert unknown.is_complete.tolist() == [False]


def test_days_before_the_calendar_begins_are_joined_and_never_complete() -> None:
    first = calendar("XBOM").sessions.first
    days = pd.date_range(first - timedelta(days=40), first + timedelta(days=40), freq="D")
    bars = make_bars(days, dict.fromkeys(NAMES[:4], 1.0) | {"volume": 1.0})

    found = derived(bars, "monthly", grid_of("XBOM", "daily"))

    assert found.bars["volume"].sum() == 81
    begun = pd.DatetimeIndex(found.bars.index) >= pd.Timestamp(first, tz="UTC")
    assert not found.is_complete[~begun].any()


def test_no_bars_make_none() -> None:
    found = derived(empty_bars(), "monthly", grid_of("XNYS", "daily"))

    assert found.bars.empty
    assert len(found.is_complete) == len(found.firsts) == 0


def test_the_stamps_of_longer_bars_are_those_that_joining_gives() -> None:
    rng = np.random.default_rng(1)
    stamps = as_stamps(slots_of("XTKS", 15))
    bars = random_bars(stamps, rng)

    longer = longer_stamps(stamps, "hourly", calendar("XTKS"), "15m")

    assert longer.unique().equals(derived(bars, "hourly", grid_of("XTKS", "15m")).bars.index)


@pytest.mark.parametrize(
    ("source", "wanted", "is_given"),
    [
        ("1m", "7m", True), ("5m", "7m", False), ("5m", "45m", True), ("30m", "45m", False),
        ("15m", "hourly", True), ("hourly", "240m", True), ("hourly", "30m", False),
        ("30m", "30m", False), ("1m", "daily", True), ("hourly", "yearly", True),
        ("daily", "weekly", True), ("daily", "yearly", True), ("daily", "hourly", False),
        ("daily", "daily", False), ("weekly", "monthly", False), ("weekly", "daily", False),
        ("weekly", "yearly", False), ("weekly", "weekly", False),
    ],
)  # fmt: skip
def test_what_can_be_made_of_what(source: str, wanted: str, is_given: bool) -> None:  # noqa: FBT001
    assert can_give(source, wanted) is is_given
