"""Where an axis of bars says what time it is: at the first bar of a month, a quarter, a year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ml4t_nb.model import Frequency, bar_length

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeTick", "time_ticks"]

_MOST = 11
_NEAREST = 0.05  # of the axis


@dataclass(frozen=True, slots=True)
class TimeTick:
    """The row of a bar, its words, and below them its year where that is a new one."""

    row: int
    words: str
    year: str = ""


def time_ticks(stamps: pd.DatetimeIndex, frequency: Frequency, zone: str) -> list[TimeTick]:
    """At most eleven, at the first bars of periods of one length, and at the very first bar."""
    if not len(stamps):
        return []
    local = stamps if bar_length(frequency) is None else stamps.tz_convert(zone)
    units: list[tuple[Callable[[int], tuple[int, ...]], str]] = [
        (lambda at: (local[at].toordinal(),), "%-d %b"),
        (lambda at: local[at].isocalendar()[:2], "%-d %b"),
        (lambda at: (local[at].year, local[at].month), "%b"),
        (lambda at: (local[at].year, (local[at].month - 1) // 3), "%b"),
        *(
            (lambda at, years=years: (local[at].year // years,), "%Y")
            for years in (1, 2, 5, 10, 20)
        ),
    ]
    rows, words = [0], "%Y"
    for period, each in units:
        rows, words = _first_rows(len(local), period), each
        if len(rows) <= _MOST:
            break
    if len(rows) > 1 and rows[1] < _NEAREST * len(local):
        rows = rows[1:]
    years = [0, *(local[row].year for row in rows)]
    return [
        TimeTick(row, f"{local[row]:{words}}", "" if words == "%Y" or old == new else str(new))
        for row, (old, new) in zip(rows, pairwise(years), strict=True)
    ]


def _first_rows(count: int, period: Callable[[int], tuple[int, ...]]) -> list[int]:
    """The first row of each period, by halving: a million bars have few."""
    rows, row = [0], 0
    while True:
        row = _end_of(row, count, period)
        if row >= count or len(rows) > _MOST:
            return rows
        rows.append(row)


def _end_of(row: int, count: int, period: Callable[[int], tuple[int, ...]]) -> int:
    own, step = period(row), 1
    while row + step < count and period(row + step) == own:
        step *= 2
    low, high = row + step // 2, min(row + step, count)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if period(middle) == own else (low, middle)
    return high
