from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import Bars
from ml4t_nb.core.timestamps import from_micros, to_micros
from ml4t_nb.model import DatasetId, Frequency, Period, Span
from ml4t_nb.storage.compaction import compact, resolve_period
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.rows import ALL_TIME, Edit, Rows, TimeRange
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, append, bars_at, commit, daily, utc

MINUTE = DatasetId("equities", "1m", "AAPL")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.mark.parametrize(
    ("frequency", "period"),
    [
        ("1m", "weekly"),
        ("5m", "monthly"),
        ("hourly", "monthly"),
        ("daily", "yearly"),
        ("weekly", "yearly"),
    ],
)
def test_auto_is_a_week_of_minutes_a_month_of_intraday_and_a_year_of_slower_bars(
    frequency: Frequency, period: Period
) -> None:
    assert resolve_period("auto", frequency) == period
    assert resolve_period("quarterly", frequency) == "quarterly"


@pytest.mark.parametrize(
    ("period", "start"),
    [
        ("weekly", utc(2024, 3, 4)),
        ("monthly", utc(2024, 3)),
        ("quarterly", utc(2024, 1)),
        ("yearly", utc(2024, 1)),
    ],
)
def test_the_current_period_has_a_chunk_of_its_own(
    store: Store, period: Period, start: object
) -> None:
    """The last bar is of Thursday, 2024-03-07; weeks begin on Monday."""
    bars = bars_at(pd.date_range("2022-01-01", "2024-03-07"))

    manifest = commit(store, AAPL, bars, period=period)

    closed, current = manifest.chunks
    assert closed.first == utc(2022, 1)
    assert closed.last == start - timedelta(days=1)  # type: ignore[operator]
    assert (current.first, current.last) == (start, utc(2024, 3, 7))


def test_a_week_across_two_years_is_not_cut(store: Store) -> None:
    """2024-12-30 is a Monday."""
    bars = bars_at(pd.date_range("2024-12-20", "2025-01-05"))

    manifest = commit(store, AAPL, bars, period="weekly")

    assert [chunk.first for chunk in manifest.chunks] == [utc(2024, 12, 20), utc(2024, 12, 30)]


def test_periods_before_1970_are_cut_too(store: Store) -> None:
    bars = bars_at(pd.date_range("1968-11-01", "1969-12-31"))

    manifest = commit(store, AAPL, bars, period="quarterly")

    assert manifest.chunks[-1].first == utc(1969, 10)


def test_a_chunk_is_named_by_its_first_date(store: Store) -> None:
    manifest = commit(store, AAPL, daily("2022-05-03", "2023-02-28"))

    assert [chunk.file[:19] for chunk in manifest.chunks] == [
        "2022-05-03.00000001",
        "2023-01-02.00000001",
    ]


@pytest.mark.parametrize("first", ["2023-01-02", "2004-01-02"])
def test_five_new_daily_bars_touch_one_chunk_after_1_and_after_20_years(
    store: Store, first: str
) -> None:
    before = commit(store, AAPL, daily(first, "2024-06-07"))

    after = append(store, AAPL, daily("2024-06-10", "2024-06-14"))

    assert after.recent[-1].chunks_written == 1
    assert after.chunks[:-1] == before.chunks[:-1]
    assert after.chunks[-1].rows == before.chunks[-1].rows + 5


def test_an_overlap_into_a_closed_year_that_stays_the_same_touches_one_chunk(store: Store) -> None:
    before = commit(store, AAPL, daily("2004-01-01", "2024-01-02"))

    after = append(store, AAPL, daily("2023-12-20", "2024-01-03"))

    assert after.recent[-1].chunks_written == 1
    assert after.chunks[0] == before.chunks[0]


def test_a_new_year_packs_the_old_one_with_the_closed_ones(store: Store) -> None:
    commit(store, AAPL, daily("2020-01-01", "2023-12-29"))

    manifest = append(store, AAPL, daily("2024-01-01", "2024-01-05"))

    assert [chunk.rows for chunk in manifest.chunks] == [1043, 5]


def test_no_chunk_of_several_periods_is_longer_than_131072_bars(store: Store) -> None:
    months = pd.date_range("2024-01-01", "2024-12-31 23:59", freq="min")

    manifest = commit(store, MINUTE, bars_at(months), period="monthly")

    # 44640 + 41760 + 44640 = 131040 bars in the first quarter.
    assert [chunk.rows for chunk in manifest.chunks] == [
        131040,
        131040,
        87840 + 44640 - 43200,
        43200 + 44640 + 43200,
        44640,
    ]


def _fresh(count: int, start: str) -> Bars:
    return bars_at(pd.date_range(start, periods=count, freq="min"))


def test_growing_month_by_month_rewrites_each_bar_a_few_times() -> None:
    """Twenty years of 8,190 minutes a month, one commit each; only counts, no files."""
    chunks: list[Chunk] = []
    written = 0
    months = pd.date_range("2004-01-01", periods=240, freq="MS")
    for month in months:
        rows = Rows.of(_fresh(8190, str(month)))
        start = to_micros(month.to_pydatetime().replace(tzinfo=utc(2004).tzinfo))
        time_range = TimeRange(start, ALL_TIME.end)
        pieces = compact(
            chunks, [Edit(time_range, rows)], _rows_like, before="monthly", period="monthly"
        )
        written += sum(len(piece) for piece in pieces if isinstance(piece, Rows))
        chunks = [_chunk_of(piece) if isinstance(piece, Rows) else piece for piece in pieces]  # type: ignore[misc]  # none is archived

    total = 240 * 8190
    assert sum(chunk.rows for chunk in chunks) == total
    assert written < 6 * total
    assert len(chunks) < total / 131_072 + 10


def _chunk_of(rows: Rows) -> Chunk:
    return Chunk("", len(rows), from_micros(rows.stamps[0]), from_micros(rows.stamps[-1]), 0, "", 0)


def _rows_like(chunk: Chunk) -> Rows:
    """Rows of the chunk's length between its ends."""
    stamps = np.linspace(to_micros(chunk.first), to_micros(chunk.last), chunk.rows).astype(np.int64)
    return Rows(stamps, np.zeros((7, chunk.rows)), np.zeros(chunk.rows, bool))


DAYS = pd.date_range("2018-12-25", periods=800)
EDITS = st.lists(
    st.tuples(st.integers(0, 799), st.integers(1, 300), st.floats(1, 9), st.integers(1, 4)),
    min_size=1,
    max_size=8,
)


@given(EDITS, st.sampled_from(["weekly", "monthly", "quarterly", "yearly"]))
def test_chunks_hold_whole_periods_whatever_is_edited(
    edits: Sequence[tuple[int, int, float, int]], period: Period
) -> None:
    stored: dict[int, Rows] = {}
    chunks: list[Chunk] = []
    expected: dict[pd.Timestamp, float] = {}
    for number, (first, count, close, step) in enumerate(edits):
        days = DAYS[first : first + count]
        some = bars_at(days[::step], close)
        span = Span(utc_of(days[0]), utc_of(days[-1]) + timedelta(days=1))
        edit = Edit(TimeRange.of(span), Rows.of(some))
        pieces = compact(
            chunks, [edit], lambda chunk: stored[int(chunk.checksum)], before=period, period=period
        )
        chunks = []
        for place, piece in enumerate(pieces):
            if isinstance(piece, Rows):
                key = number * 1000 + place
                stored[key] = piece
                ends = from_micros(piece.stamps[0]), from_micros(piece.stamps[-1])
                chunks.append(Chunk("", len(piece), *ends, 0, f"{key}", 0))
            else:
                assert isinstance(piece, Chunk)
                chunks.append(piece)
        expected = {day: value for day, value in expected.items() if day not in days}
        expected |= dict.fromkeys(days[::step], close)

    rows = Rows.join([stored[int(chunk.checksum)] for chunk in chunks])
    held = dict(zip(pd.to_datetime(rows.stamps, unit="us"), rows.numbers[0], strict=True))
    assert held == dict(sorted(expected.items()))
    alias = {"weekly": "W-SUN", "monthly": "M", "quarterly": "Q", "yearly": "Y"}[period]
    periods = [
        set(pd.to_datetime(stored[int(chunk.checksum)].stamps, unit="us").to_period(alias))
        for chunk in chunks
    ]
    assert sum(len(each) for each in periods) == len(set().union(*periods))


def utc_of(day: pd.Timestamp) -> pd.Timestamp:
    return day.tz_localize("UTC")
