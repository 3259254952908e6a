"""Instants as integers, and sessions as arrays of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

__all__ = ["DAY", "Instants", "Sessions", "day_start", "instant", "micros"]

Instants: TypeAlias = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC; a date is its midnight in UTC."""

DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """All sessions of the days from ``first`` to ``last``; of other days nothing is known.

    Parameters
    ----------
    days
        Dates of the sessions, increasing.
    opens, closes
        When they begin and end; none begins before the one before it has ended.
    break_starts, break_ends
        The lunch break; both equal the close where there is none.
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

    def columns(self) -> tuple[Instants, ...]:
        """The arrays, in the order of the fields."""
        return (self.days, self.opens, self.break_starts, self.break_ends, self.closes)


def micros(instant: date) -> int:
    """Microseconds since 1970 of an aware instant, or of a date's midnight in UTC."""
    if not isinstance(instant, datetime):
        instant = datetime.combine(instant, time(), UTC)
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """The instant so many microseconds after 1970, aware, UTC."""
    return _EPOCH + timedelta(microseconds=at)


def day_start(day: date, zone: ZoneInfo) -> int:
    """When ``day`` begins in ``zone``, in microseconds since 1970."""
    return micros(datetime.combine(day, time(), zone))
