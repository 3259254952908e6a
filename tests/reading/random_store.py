"""Random stores, and what a reader of them has to see, worked out in plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from math import prod

import pandas as pd
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import as_stamps, make_bars
from ml4t_nb.model import (
    Adjustment,
    AssetClass,
    BarsFrequency,
    Basis,
    DatasetConfig,
    DatasetId,
    Frequency,
    Span,
)
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store

__all__ = ["Bar", "Made", "expected", "frame_of", "made_stores", "rewrite", "rows_of", "store_made"]

# Over a year's end, so that there are several chunks.
_WITHIN = Span(datetime(2023, 12, 1, tzinfo=UTC), datetime(2024, 2, 10, tzinfo=UTC))
_SYMBOLS = ("AAPL", "brk/b", "VOD.L", "^GSPC", "nul")
_AT = datetime(2024, 2, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it is stored or shown."""

    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    dividend: float
    split: float
    filled: bool

    @property
    def day(self) -> date:
        """Its date, on each of the calendars the one of its session too."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Made:
    """A dataset and its bars, stored in several commits."""

    dataset: DatasetId
    calendar: str
    basis: Basis
    bars: tuple[Bar, ...]
    commits: tuple[int, ...]
    """Where one commit's bars end and the next one's begin."""


@st.composite
def made_stores(draw: st.DrawFn) -> tuple[Made, ...]:
    """One to three datasets of one frequency, on the calendars of their exchanges."""
    frequency: Frequency = draw(st.sampled_from(["daily", "daily", "hourly"]))
    symbols = draw(st.lists(st.sampled_from(_SYMBOLS), min_size=1, max_size=3, unique=True))
    return tuple(draw(_made(symbol, frequency)) for symbol in symbols)


@st.composite
def _made(draw: st.DrawFn, symbol: str, frequency: Frequency) -> Made:
    name = draw(st.sampled_from(["XNYS", "XNYS", "XLON", "XTKS", "24/7"]))
    asset_class: AssetClass = "crypto" if name == "24/7" else "equities"
    stamps = calendar(name).stamps(_WITHIN, frequency)
    kept = draw(st.sets(st.integers(0, len(stamps) - 1), min_size=1, max_size=25))
    bars = tuple(draw(_bar(stamps[each].to_pydatetime())) for each in sorted(kept))
    # The first and the last bar are observed: gaps are filled between them.
    ends = {0, len(bars) - 1}
    bars = tuple(
        replace(each, filled=False) if place in ends else each for place, each in enumerate(bars)
    )
    commits = draw(st.sets(st.integers(1, len(bars)), max_size=3))
    basis: Basis = draw(st.sampled_from(["split-adjusted", "as-traded"]))
    places = tuple(sorted({0, *commits, len(bars)}))
    return Made(DatasetId(asset_class, frequency, symbol), name, basis, bars, places)


@st.composite
def _bar(draw: st.DrawFn, at: datetime) -> Bar:
    low, *others, high = sorted(draw(st.lists(st.floats(20, 500), min_size=4, max_size=4)))
    first, last = draw(st.permutations(others))
    is_filled = draw(st.integers(0, 6)) == 0
    dividend = draw(st.sampled_from([0.0] * 5 + [0.3, 1.0]))
    split = draw(st.sampled_from([1.0] * 6 + [2.0, 0.25, 1.5]))
    if is_filled:
        return Bar(at, first, high, low, last, 0.0, 0.0, 1.0, filled=True)
    volume = float(draw(st.integers(0, 10**9)))
    return Bar(at, first, high, low, last, volume, dividend, split, filled=False)


def store_made(store: Store, made: Made) -> None:
    """Store the dataset, one commit after the other."""
    config = DatasetConfig("sample", made.calendar, made.basis, 0.1, "yearly", "lz4")
    for first, end in zip(made.commits, made.commits[1:], strict=False):
        part = made.bars[first:end]
        span = Span(part[0].at, part[-1].at + timedelta(microseconds=1))
        with store.transaction(made.dataset) as tx:
            tx.put(frame_of(part), span)
            manifest = tx.manifest or Manifest.empty(made.dataset, config)
            tx.commit(manifest, UpdateRecord(_AT, "update", "sample", "changed"))


def frame_of(bars: tuple[Bar, ...]) -> pd.DataFrame:
    """The bars in a frame."""
    names = [each.name for each in fields(Bar)][1:]
    columns = dict(zip(names, zip(*(astuple(each)[1:] for each in bars), strict=True), strict=True))
    flags = columns.pop("filled", ())
    stamps = as_stamps(pd.DatetimeIndex([each.at for each in bars]))
    return make_bars(stamps, {name: [*each] for name, each in columns.items()}, filled=[*flags])


def expected(
    made: Made,
    adjust: Adjustment,
    *,
    filled: bool = True,
    frequency: BarsFrequency | None = None,
    start: date | None = None,
    end: date | None = None,
) -> tuple[Bar, ...]:
    """The bars that a reader has to see, by the definition of each adjustment and period."""
    bars = [each for each in _adjusted(made, adjust) if filled or not each.filled]
    first_day = _FIRST_DAYS[frequency or "daily"]
    if frequency is not None:
        periods = groupby(bars, lambda each: first_day(each.day))
        bars = [_joined(day, tuple(parts)) for day, parts in periods]
    return tuple(
        each
        for each in bars
        if (start is None or each.day >= first_day(start))
        and (end is None or each.day <= first_day(end))
    )


_FIRST_DAYS: Mapping[str, Callable[[date], date]] = {
    "daily": lambda day: day,
    "weekly": lambda day: day - timedelta(days=day.weekday()),
    "monthly": lambda day: day.replace(day=1),
    "quarterly": lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
}


def _joined(day: date, parts: tuple[Bar, ...]) -> Bar:
    """The bar of a period that begins on that day."""
    return Bar(
        datetime.combine(day, time(), UTC),
        parts[0].open,
        max(each.high for each in parts),
        min(each.low for each in parts),
        parts[-1].close,
        sum(each.volume for each in parts),
        sum(each.dividend for each in parts),
        prod(each.split for each in parts),
        filled=any(each.filled for each in parts),
    )


def _adjusted(made: Made, adjust: Adjustment) -> tuple[Bar, ...]:
    bars = made.bars
    later = [prod(each.split for each in bars[place + 1 :]) for place in range(len(bars))]
    if made.basis == "as-traded" and adjust != "raw":
        bars = tuple(_moved(each, ratio) for each, ratio in zip(bars, later, strict=True))
    if made.basis == "split-adjusted" and adjust == "raw":
        bars = tuple(_moved(each, 1 / ratio) for each, ratio in zip(bars, later, strict=True))
    if adjust == "all":
        kept = [_kept(bars, place) for place in range(len(bars))]
        bars = tuple(_times(each, prod(kept[place + 1 :])) for place, each in enumerate(bars))
    return bars


def _moved(bar: Bar, ratio: float) -> Bar:
    """The bar in shares of which ``ratio`` make one."""
    moved = _times(bar, 1 / ratio)
    return replace(moved, volume=bar.volume * ratio, dividend=bar.dividend / ratio)


def _times(bar: Bar, factor: float) -> Bar:
    return replace(
        bar,
        open=bar.open * factor,
        high=bar.high * factor,
        low=bar.low * factor,
        close=bar.close * factor,
    )


def _kept(bars: tuple[Bar, ...], place: int) -> float:
    """The share of the last traded close before that a bar's dividend leaves."""
    before = [each.close for each in bars[:place] if not each.filled]
    return 1 - bars[place].dividend / before[-1] if before else 1.0


def rows_of(number: int) -> int:
    """How many bars the commit of that number has."""
    return 10 + number % 30


def rewrite(store: Store, symbol: str, number: int) -> None:
    """Replace all bars of a share by those of the commit, whose prices and volumes are its number.

    They begin in one year and end in the next, so that they are in two files.
    """
    stamps = calendar("XNYS").stamps(_WITHIN, "daily")[: rows_of(number)]
    value = float(number)
    bars = tuple(
        Bar(at, value, value, value, value, value, 0.0, 1.0, filled=False)
        for at in stamps.to_pydatetime()
    )
    dataset = DatasetId("equities", "daily", symbol)
    config = DatasetConfig("sample", "XNYS", "split-adjusted", 0.1, "yearly", "lz4")
    with store.transaction(dataset) as tx:
        tx.put(frame_of(bars), _WITHIN)
        manifest = tx.manifest or Manifest.empty(dataset, config)
        tx.commit(manifest, UpdateRecord(_AT, "update", "sample", "changed"))
