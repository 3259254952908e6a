"""Bars of Apple around a split, as stored and as fetched, and what is said of the two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, make_bars
from ml4t_nb.core.overlap import compare_overlap

__all__ = ["AFTER", "BEFORE", "STORED", "altered", "bars_of", "day", "over", "verdict"]

# Five days of AAPL before its split of 2005-02-28, and two after, as traded (Quandl WIKI).
BEFORE = (
    (86.72, 88.57, 86.68, 87.81, 19934000),
    (87.87, 88.49, 86.95, 88.02, 16000000),
    (88.48, 89.31, 87.73, 88.93, 27125500),
    (89.62, 89.91, 88.19, 88.99, 16348400),
    (88.50, 89.00, 87.51, 88.20, 15000100),
)
AFTER = (
    (44.68, 45.14, 43.96, 44.86, 23271800),
    (44.99, 45.11, 44.16, 44.50, 16721000),
)


def day(number: int) -> datetime:
    return datetime(2005, 2, 1, tzinfo=UTC) + timedelta(days=number)


def bars_of(
    *rows: Sequence[float],
    first: int = 0,
    splits: dict[int, float] | None = None,
    dividends: dict[int, float] | None = None,
) -> Bars:
    """Bars a day apart; events by the day's number."""
    days = range(first, first + len(rows))
    columns = dict(zip((*PRICES, "volume"), np.array(rows, dtype=float).T, strict=True))
    return make_bars(
        [day(number) for number in days],
        {
            **columns,
            "split": [(splits or {}).get(number, 1.0) for number in days],
            "dividend": [(dividends or {}).get(number, 0.0) for number in days],
        },
    )


def over(
    rows: Sequence[Sequence[float]], ratio: float, decimals: int = 6
) -> tuple[tuple[float, ...], ...]:
    """Rows as a provider quotes them after a split of ``ratio``, rounded."""
    return tuple(
        (*(round(price / ratio, decimals) for price in row[:4]), int(row[4] * ratio))
        for row in rows
    )


def verdict(stored: Bars, fetched: Bars) -> str:
    return compare_overlap(stored, fetched).verdict


def altered(bars: Bars, number: int, **values: float) -> Bars:
    changed = bars.copy()
    for name, value in values.items():
        changed.loc[pd.Timestamp(day(number)), name] = value
    return changed


STORED = bars_of(*BEFORE)
