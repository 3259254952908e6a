"""Hypothesis strategies: stamps of a calendar, sound bars, rows with faults, requests."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import PRICES, Bars, make_bars
from ml4t_nb.errors import MissingExtra
from ml4t_nb.model import DatasetId, Frequency, Span
from ml4t_nb.providers import Request

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise MissingExtra(
        "ml4t_nb.testing.strategies needs hypothesis", hint="pip install 'ml4t-nb[testing]'"
    ) from error

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["faulty_bars", "prices", "requests", "stamps", "valid_bars"]

_YEAR = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
_SPLITS = (2.0, 3.0, 1.5, 7.0, 20.0, 0.1, 0.5, 1.05)
_FAULTS = (0.0, -1.0, math.nan, math.inf)


def prices() -> st.SearchStrategy[float]:
    """Prices that a market may have."""
    return st.floats(0.01, 1e6)


@st.composite
def stamps(
    draw: st.DrawFn,
    *,
    at: str = "XNYS",
    frequency: Frequency = "daily",
    within: Span = _YEAR,
    min_size: int = 0,
    max_size: int = 30,
) -> pd.DatetimeIndex:
    """Some of the stamps that a calendar expects, in order: the rest of them are holes.

    Parameters
    ----------
    at
        Name of the calendar.
    within
        Where the stamps are; they are among the first ``2 * max_size`` of it.
    """
    expected = calendar(at).stamps(within, frequency)[: 2 * max_size]
    places = st.sets(st.integers(0, len(expected) - 1), min_size=min_size, max_size=max_size)
    return expected[sorted(draw(places))]


@st.composite
def valid_bars(
    draw: st.DrawFn,
    of: st.SearchStrategy[pd.DatetimeIndex] | None = None,
    *,
    has_actions: bool = False,
    has_filled: bool = False,
) -> Bars:
    """Sound bars: the range of each holds its open and its close.

    Parameters
    ----------
    of
        Their stamps, by default those of `stamps`.
    has_actions
        Whether some have a dividend or a split; prices do not jump there.
    has_filled
        Whether some are marked as filled.
    """
    index = draw(stamps() if of is None else of)
    share = st.floats(0, 0.2)
    row = st.tuples(prices(), prices(), share, share, st.floats(0, 1e9))
    rows = draw(st.lists(row, min_size=len(index), max_size=len(index)))
    columns: dict[str, list[float]] = {
        "open": [opened for opened, *_ in rows],
        "high": [max(opened, close) * (1 + above) for opened, close, above, *_ in rows],
        "low": [min(opened, close) * (1 - below) for opened, close, _, below, _ in rows],
        "close": [close for _, close, *_ in rows],
        "volume": [volume for *_, volume in rows],
    }
    if has_actions:
        paid = st.one_of(st.just(0.0), st.floats(0, 0.05))
        split = st.one_of(st.just(1.0), st.sampled_from(_SPLITS))
        columns["dividend"] = [close * draw(paid) for close in columns["close"]]
        columns["split"] = [draw(split) for _ in rows]
    flags = [draw(st.booleans()) for _ in rows] if has_filled else False
    return make_bars(index, columns, filled=flags)


@st.composite
def faulty_bars(
    draw: st.DrawFn, *, sound: st.SearchStrategy[float] | None = None, max_size: int = 12
) -> Bars:
    """Rows as a bad answer has them: out of order, repeated, with prices that are none.

    What is wrong with a row is wrong with all of its prices, and sound rows are among them.

    Parameters
    ----------
    sound
        Prices of the sound rows, by default those of `prices`.
    """
    day = st.integers(0, max_size // 2)
    price = st.one_of(prices() if sound is None else sound, st.sampled_from(_FAULTS))
    rows = draw(st.lists(st.tuples(day, price), max_size=max_size))
    index = [_YEAR.start + timedelta(days=each) for each, _ in rows]
    closes = [close for _, close in rows]
    return make_bars(index, {name: closes for name in PRICES})  # noqa: C420  # copied


@st.composite
def requests(
    draw: st.DrawFn, dataset: DatasetId, within: Span, as_of: datetime, *, at: str = "XNYS"
) -> Request:
    """Requests for parts of a span, whose ends are minutes of it.

    Parameters
    ----------
    within
        What the parts are in, such as the span of a provider's contract.
    at
        Name of the dataset's calendar.
    """
    minutes = int((within.end - within.start) / timedelta(minutes=1))
    ends = st.lists(st.integers(0, minutes), min_size=2, max_size=2, unique=True).map(sorted)
    start, end = (within.start + timedelta(minutes=each) for each in draw(ends))
    return Request(dataset, Span(start, end), as_of, calendar(at))
