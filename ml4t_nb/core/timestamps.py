"""Time in one place: instants as integers, days, weeks, and sessions as arrays of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ml4t_nb.model import TICK, Period

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DAY",
    "TICK",
    "WEEK",
    "Instants",
    "Sessions",
    "day_start",
    "from_micros",
    "index_micros",
    "next_week_start",
    "period_begins",
    "period_numbers",
    "to_micros",
    "week_start",
]

Instants: TypeAlias = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC; a date is its midnight in UTC."""

DAY = 86_400_000_000
WEEK = 7 * DAY
_SINCE_MONDAY = 3  # days from a Monday to 1970-01-01
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """All sessions of the days from ``first`` to ``last``; of other days nothing is known.

    They are increasing, and none begins before the one before it has ended. Where there is no
    lunch break, it begins and ends with the close.
    """

    first: date
    last: date
    days: Instants
    opens: Instants
    break_starts: Instants
    break_ends: Instants
    closes: Instants

    def __len__(self) -> int:
        return len(self.days)

    def pick(self, rows: slice | npt.NDArray[Any]) -> Sessions:
        """The sessions of those rows; the days that are known stay the same."""
        return Sessions(self.first, self.last, *(each[rows] for each in self.columns()))

    def day_spans(self, first: int, end: int) -> tuple[tuple[int, int], ...]:
        """Days in a row with a session, counted from 1970, from ``first`` to before ``end``.

        The end of a span is exclusive.
        """
        days = self.days // DAY
        days = days[slice(*np.searchsorted(days, [first, end]))]
        far = days[-1:] + 2  # none, of no days
        begins = days[np.diff(days, prepend=days[:1] - 2) > 1]
        ends = days[np.diff(days, append=far) > 1] + 1
        return tuple(zip(begins.tolist(), ends.tolist(), strict=True))

    def columns(self) -> tuple[Instants, ...]:
        """The arrays, in the order of the fields."""
        return (self.days, self.opens, self.break_starts, self.break_ends, self.closes)


_Micros = TypeVar("_Micros", int, Instants)


def to_micros(instant: date) -> int:
    """Microseconds since 1970 of an aware instant, or of a date's midnight in UTC."""
    if not isinstance(instant, datetime):
        instant = datetime.combine(instant, time(), UTC)
    return (instant - _EPOCH) // TICK


def from_micros(at: int) -> datetime:
    """The instant so many microseconds after 1970, aware, UTC."""
    return _EPOCH + int(at) * TICK


def index_micros(index: pd.Index) -> Instants:
    """Microseconds since 1970 of an index of stamps; not copied if it has them already."""
    stamps: Any = index
    return np.asarray((stamps if stamps.unit == "us" else stamps.as_unit("us")).asi8)


def week_start(at: _Micros) -> _Micros:
    """Monday, 00:00 UTC, of the week that an instant is in, or each of several."""
    return at - (at // DAY + _SINCE_MONDAY) % 7 * DAY - at % DAY


def next_week_start(instant: datetime) -> datetime:
    """The first Monday, 00:00 UTC, that is not before ``instant``."""
    return from_micros(week_start(to_micros(instant) + WEEK - 1))


_UNITS = {"weekly": "M8[W]", "monthly": "M8[M]", "quarterly": "M8[3M]", "yearly": "M8[Y]"}


def period_numbers(at: Instants, period: Period) -> Instants:
    """Number of the period that each instant is in: periods that adjoin have adjoining ones."""
    return (at - _shift(period)).view("M8[us]").astype(_UNITS[period]).astype(np.int64)


def period_begins(numbers: Instants, period: Period) -> Instants:
    """The first day of the periods of those numbers, of weeks the Monday."""
    begins = numbers.view(_UNITS[period]).astype("M8[us]").astype(np.int64)
    return np.asarray(begins + _shift(period))


def _shift(period: Period) -> int:
    # numpy's weeks begin as 1970 did, on a Thursday; ours on a Monday.
    return week_start(0) if period == "weekly" else 0


def day_start(day: date, zone: ZoneInfo) -> int:
    """When ``day`` begins in ``zone``, in microseconds since 1970."""
    return to_micros(datetime.combine(day, time(), zone))
