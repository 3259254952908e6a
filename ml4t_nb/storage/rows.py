"""Bars as plain arrays, ranges of time, and edits of the one within the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml4t_nb.core.bars import NUMBERS, STAMPS, Bars, framed, number_lines, require_bars
from ml4t_nb.core.timestamps import to_micros
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Span
from ml4t_nb.storage.checksum import checksum_of_parts

__all__ = ["ALL_TIME", "Edit", "Rows", "TimeRange", "rows_checksum"]


class TimeRange(NamedTuple):
    """Half-open time interval in microseconds since 1970, UTC."""

    start: int
    end: int

    @classmethod
    def of(cls, span: Span | None) -> TimeRange:
        """What of ``span`` can be stored; all time for None."""
        if span is None:
            return ALL_TIME
        return cls(to_micros(span.start), to_micros(span.end)) & ALL_TIME

    @classmethod
    def through(cls, first: datetime, last: datetime) -> TimeRange:
        """From one stamp to another, both included."""
        return cls(to_micros(first), to_micros(last) + 1)

    def __bool__(self) -> bool:
        return self.start < self.end

    def __and__(self, other: TimeRange) -> TimeRange:
        """What lies in both; false if nothing does."""
        return TimeRange(max(self.start, other.start), min(self.end, other.end))

    def covers(self, other: TimeRange) -> bool:
        """Whether all of ``other`` lies in it."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: TimeRange) -> bool:
        """Whether something lies in both."""
        return self.start < other.end and other.start < self.end


# A year is left at both ends, so that the period around a stamp has a start and an end too.
ALL_TIME = TimeRange(to_micros(date(2, 1, 1)), to_micros(date(9999, 1, 1)))
"""All time that can be stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Bars in three arrays of one length, increasing in time.

    Parameters
    ----------
    stamps
        int64, microseconds since 1970, UTC.
    numbers
        float64, one line for each of ``core.bars.NUMBERS``.
    filled
        bool.
    """

    stamps: NDArray[np.int64]
    numbers: NDArray[np.float64]
    filled: NDArray[np.bool_]

    @classmethod
    def of(cls, bars: Bars) -> Rows:
        """A copy of ``bars``.

        BarsInvalid if they are no Bars, or hold a number that is not finite, or a year beyond 2 to
        9998.
        """
        require_bars(bars)
        stamps = np.array(pd.DatetimeIndex(bars.index).asi8, dtype=np.int64)
        lines, flags = number_lines(bars)
        values = np.array(lines, order="C")
        if len(stamps) and not ALL_TIME.covers(TimeRange(stamps[0], stamps[-1] + 1)):
            raise BarsInvalid("a bar is outside the years 2 to 9998")
        if not np.isfinite(values).all():
            name, line = (int(first[0]) for first in np.nonzero(~np.isfinite(values)))
            raise BarsInvalid(
                f"{NUMBERS[name]} of the bar at {bars.index[line]} is {values[name, line]}",
                hint="bars with missing values cannot be stored",
            )
        return cls(stamps, values, flags.copy())

    @classmethod
    def empty(cls, count: int = 0, columns: int = len(NUMBERS)) -> Rows:
        """``count`` rows of whatever the memory held, with so many numbers each."""
        numbers = np.empty((columns, count))
        return cls(np.empty(count, np.int64), numbers, np.empty(count, np.bool_))

    @classmethod
    def join(cls, parts: Iterable[Rows]) -> Rows:
        """The parts one after the other; if only one holds rows, that one."""
        held = [part for part in parts if len(part)]
        if len(held) <= 1:
            return held[0] if held else cls.empty()
        return cls(
            np.concatenate([part.stamps for part in held]),
            np.concatenate([part.numbers for part in held], axis=1),
            np.concatenate([part.filled for part in held]),
        )

    def bars(self) -> Bars:
        """The rows as Bars that share their memory."""
        stamps = pd.DatetimeIndex(self.stamps, dtype=STAMPS, name="timestamp", copy=False)
        return framed(stamps, self.numbers, self.filled)

    def __len__(self) -> int:
        return len(self.stamps)

    def cut(self, first: int, last: int) -> Rows:
        """A view of lines ``first`` to ``last``, exclusive."""
        return Rows(self.stamps[first:last], self.numbers[:, first:last], self.filled[first:last])

    def pick(self, chosen: NDArray[np.bool_]) -> Rows:
        """A copy of the chosen rows."""
        return Rows(self.stamps[chosen], self.numbers[:, chosen], self.filled[chosen])

    def start_with(self, rows: Rows) -> Rows:
        """Its first rows, which are the same as ``rows`` from now on."""
        found = self.cut(0, len(rows))
        if found.stamps.ctypes.data != rows.stamps.ctypes.data:
            found.stamps[:], found.numbers[:], found.filled[:] = (
                rows.stamps,
                rows.numbers,
                rows.filled,
            )
        return found

    def copy(self) -> Rows:
        """The same rows in memory of their own."""
        return Rows(self.stamps.copy(), self.numbers.copy(), self.filled.copy())

    def between(self, time_range: TimeRange) -> Rows:
        """A view of what is in ``time_range``."""
        return self.cut(*np.searchsorted(self.stamps, time_range).tolist())

    def edited(self, edits: Iterable[Edit], time_range: TimeRange) -> Rows:
        """What is in ``time_range`` after the edits, which are disjoint and in order.

        Possibly a view of the rows or of an edit.
        """
        parts, start = [], time_range.start
        for edit in edits:
            if edit.time_range.overlaps(time_range):
                both = edit.time_range & time_range
                parts += [self.between(TimeRange(start, both.start)), edit.rows.between(both)]
                start = both.end
        return Rows.join([*parts, self.between(TimeRange(start, time_range.end))])

    def same(self, other: Rows) -> bool:
        """Whether both agree to the last bit."""
        return (
            np.array_equal(self.stamps, other.stamps)
            and np.array_equal(self.numbers.view(np.int64), other.numbers.view(np.int64))
            and np.array_equal(self.filled, other.filled)
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """From now on ``time_range`` holds exactly ``rows``."""

    time_range: TimeRange
    rows: Rows


def rows_checksum(rows: Rows) -> str:
    """Hash of the rows to the last bit: stamps, numbers one column after the other, and flags."""
    parts = (rows.stamps, *rows.numbers, rows.filled)
    return checksum_of_parts(np.ascontiguousarray(each).view(np.uint8).data for each in parts)
