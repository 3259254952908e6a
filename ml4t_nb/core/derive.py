"""Bars of a frequency made of those of a shorter one, by the sessions of the calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import STAMPS, Bars, Flags, as_stamps
from ml4t_nb.core.calendars.calendar import Calendar, as_period, stretches
from ml4t_nb.core.gapfill import ExpectedGrid
from ml4t_nb.core.longer_bars import joined_at, run_starts
from ml4t_nb.core.timestamps import (
    DAY,
    TICK,
    Instants,
    day_start,
    from_micros,
    index_micros,
    period_begins,
    period_numbers,
    to_micros,
)
from ml4t_nb.model import BarsFrequency, Frequency, Gap, bar_length

__all__ = ["Longer", "can_give", "derived", "longer_stamps"]

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, eq=False)
class Longer:
    """Longer bars, and the row of the first bar that each is made of.

    One is complete if all bars that the calendar expects in it were observed. Of one outside the
    calendar nobody knows how many it should have, so it never is.
    """

    bars: Bars
    is_complete: Flags
    firsts: Instants


def can_give(source: BarsFrequency, wanted: BarsFrequency) -> bool:
    """Whether bars of ``wanted`` can be made of those of ``source``.

    Minutes give whole multiples of theirs, days and longer periods; days give longer periods.
    Weeks give nothing: months begin in the middle of them.
    """
    short, long = bar_length(source), bar_length(wanted)
    if short is None:
        return source == "daily" and as_period(wanted) is not None
    if long is None:
        return wanted == "daily" or as_period(wanted) is not None
    return short < long and not long % short


def derived(
    bars: Bars,
    frequency: BarsFrequency,
    grid: ExpectedGrid,
    *,
    closed: Iterable[Gap] = (),
    until: date | None = None,
) -> Longer:
    """Bars of ``frequency`` made of others, adjusted already, that are on ``grid``.

    Bars within a session begin at its open, and again where trading resumes after lunch; they are
    cut there and at the close, exactly as `Calendar.stamps` has them. A bar outside the sessions
    is part of one of its own kind, which begins a whole number of lengths after midnight in the
    exchange's zone, though not before trading has stopped. A day has the bars of its session, and
    those outside that `Calendar.span` counts to its date; a longer period has its days'.

    Nothing is expected in the gaps that a person ``closed``, nor after the date ``until``.
    """
    at = index_micros(pd.DatetimeIndex(bars.index))
    if not len(at):
        return Longer(bars, np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64))
    layout = _Layout.of(frequency, grid, until)
    places, is_expected = layout.places(at)
    firsts = run_starts(places)
    stamps = places[firsts]
    due = layout.due(stamps) - _number_closed(stamps, layout, grid, closed)
    held = np.add.reduceat(is_expected, firsts, dtype=np.int64)
    longer = joined_at(bars, firsts, stamps)
    is_complete = (held == due) & (due > 0) & ~longer["filled"].to_numpy()
    return Longer(longer, is_complete, firsts)


def _number_closed(
    stamps: Instants, layout: _Layout, grid: ExpectedGrid, closed: Iterable[Gap]
) -> Instants:
    """How many expected bars of each longer one are in gaps that a person closed."""
    shut = [grid.calendar.known_stamps(each.span, grid.frequency) for each in closed]
    if not shut:
        return np.zeros(len(stamps), dtype=np.int64)
    places, is_expected = layout.places(np.concatenate([index_micros(each) for each in shut]))
    places = places[is_expected]
    return np.searchsorted(places, stamps, side="right") - np.searchsorted(places, stamps)


def longer_stamps(
    stamps: pd.DatetimeIndex, frequency: BarsFrequency, dates: Calendar, source: Frequency
) -> pd.DatetimeIndex:
    """The stamp of the longer bar that each of these is part of; they are increasing."""
    grid = ExpectedGrid(dates, source, 0.0, "as-traded")
    places, _ = _Layout.of(frequency, grid, None).places(index_micros(stamps))
    return as_stamps(places.view("M8[us]"))


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Where bars of a source belong. Days are bars of which each session has one, as long as it."""

    frequency: BarsFrequency
    zone: ZoneInfo
    first: int  # what the calendar knows begins and ends with these days
    last: int
    step: int  # length of the source's bars
    slack: int  # how far one may be from its expected stamp
    starts: Instants  # of the stretches in which there is trading without a break
    stops: Instants
    days: Instants  # the session of each stretch

    @classmethod
    def of(cls, frequency: BarsFrequency, grid: ExpectedGrid, until: date | None) -> _Layout:
        known, zone = grid.calendar.sessions, grid.calendar.zone
        ends = to_micros(known.first), to_micros(known.last)
        if until is not None:
            known = known.pick(slice(int(np.searchsorted(known.days, to_micros(until), "right"))))
        if (length := bar_length(grid.frequency)) is None:
            days = known.days
            return cls(frequency, _UTC, *ends, DAY, 0, days, days + DAY, days)
        starts, stops = stretches(known)
        held = starts < stops  # without a break the second stretch of a session is empty
        places = (each[held] for each in (starts, stops, np.repeat(known.days, 2)))
        return cls(frequency, zone, *ends, length // TICK, grid.slack // TICK, *places)

    @property
    def length(self) -> int:
        """Length of the longer bars; 0 for days and longer periods."""
        return (bar_length(self.frequency) or timedelta(0)) // TICK

    def places(self, at: Instants) -> tuple[Instants, Flags]:
        """The stamp of the longer bar that each is part of, and which are expected ones.

        Of several that stand for one expected bar the first is expected.
        """
        if not len(at):
            return at, np.zeros(0, dtype=bool)
        near = slice(
            max(int(np.searchsorted(self.stops, at[0])) - 1, 0),
            int(np.searchsorted(self.starts, at[-1] + self.slack, side="right")),
        )
        # Before them a stretch that has passed, for what is earlier than all that are known.
        past = np.array([at[0] - 2 * DAY])
        starts, stops = (np.append(past, each[near]) for each in (self.starts, self.stops))
        rows = np.searchsorted(at, starts[1:] - self.slack)
        stretch = np.repeat(np.arange(len(starts)), np.diff(rows, prepend=0, append=len(at)))
        begin, stop = starts[stretch], stops[stretch]
        # A stamp shortly before an expected one is that bar.
        after = at + self.slack - begin
        after -= after % self.step
        after -= np.where(begin + after < stop, 0, self.step)
        is_expected = np.abs(at - begin - after) <= self.slack
        # The last bar may be short, and its stamp so late that trading had stopped.
        outside = np.flatnonzero((at >= stop) & ~is_expected)
        again = (after[1:] == after[:-1]) & (stretch[1:] == stretch[:-1])
        is_expected[1:] &= ~(again & is_expected[:-1])
        if self.length:
            places = begin + after - after % self.length
        else:
            days = np.append(past - DAY, self.days[near])
            places = self._begins(days)[stretch]
        if len(outside) and self.length:
            places[outside] = self._apart(at[outside], stop[outside])
        elif len(outside):
            dates = np.maximum(_dates(at[outside], self.zone), days[stretch[outside]])
            places[outside] = self._begins(dates)
        return places, is_expected

    def due(self, stamps: Instants) -> Instants:
        """How many bars of the source the calendar expects in those longer ones."""
        if self.length:
            row = np.maximum(np.searchsorted(self.starts, stamps, side="right") - 1, 0)
            stop = self.stops[row]
            inside = (self.starts[row] <= stamps) & (stamps < stop)
            counts = -((stamps - np.minimum(stamps + self.length, stop)) // self.step)
            return np.where(inside, counts, 0)
        before = np.append(0, np.cumsum(-((self.starts - self.stops) // self.step)))
        ends = self._ends(stamps)
        first, last = (np.searchsorted(self.days, each) for each in (stamps, ends))
        # Of days beyond the calendar nobody knows whether they have a session.
        is_known = (self.first <= stamps) & (ends <= self.last + DAY)
        return np.where(is_known, before[last] - before[first], 0)

    def _begins(self, days: Instants) -> Instants:
        """Stamps of the days' periods, or the days themselves."""
        period = as_period(self.frequency)
        return period_begins(period_numbers(days, period), period) if period else days.copy()

    def _ends(self, begins: Instants) -> Instants:
        period = as_period(self.frequency)
        if not period:
            return begins + DAY
        return period_begins(period_numbers(begins, period) + 1, period)

    def _apart(self, at: Instants, stop: Instants) -> Instants:
        """Stamps of the longer bars of bars outside the sessions, the last of which is over."""
        days, which = np.unique(_dates(at, self.zone), return_inverse=True)
        begins = [day_start(from_micros(day).date(), self.zone) for day in days.tolist()]
        midnight = np.array(begins, dtype=np.int64)[which]
        return np.maximum(at - (at - midnight) % self.length, stop)


def _dates(at: Instants, zone: ZoneInfo) -> Instants:
    """The date of each instant on the exchange's clocks, as its midnight in UTC."""
    local = pd.DatetimeIndex(at, dtype=STAMPS).tz_convert(zone)
    return index_micros(local.tz_localize(None).normalize())
