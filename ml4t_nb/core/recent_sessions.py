"""What each of the last sessions has, distinguished from the gaps alone: no bar is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ml4t_nb.core.calendars.calendar import Calendar, bars_of
from ml4t_nb.core.price_ratio import Flags
from ml4t_nb.core.timestamps import (
    TICK,
    WEEK,
    Instants,
    Sessions,
    from_micros,
    to_micros,
    week_start,
)
from ml4t_nb.model import Frequency, Gap, GapState, bar_length
from ml4t_nb.reports import RecentSession, SessionState

__all__ = ["LastSessions", "StoredRange", "last_sessions", "recent"]

_Cell = tuple[SessionState, GapState | None]


@dataclass(frozen=True, slots=True)
class StoredRange:
    """What a manifest says about a dataset's bars.

    Parameters
    ----------
    first, last
        Stamps of the first and last observed bar.
    slack
        How far a bar may be from its expected stamp.
    extra
        Stamps of bars outside the calendar.
    """

    first: datetime
    last: datetime
    slack: timedelta
    gaps: tuple[Gap, ...] = ()
    extra: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LastSessions:
    """The last sessions (weekly: weeks) that are final, those declared closed among them.

    Parameters
    ----------
    end
        The as-of, in microseconds.
    known
        The sessions; of weekly bars, those of all the weeks.
    units
        Dates of the sessions, or Mondays of the weeks.
    begins
        The earliest stamp each unit may hold.
    stamps, rows
        Stamps of all their bars, and the unit of each.
    stored, now
        Which units have a session by the calendar that the gaps were found by, and by that of now.
    """

    frequency: Frequency
    end: int
    known: Sessions
    units: Instants
    begins: Instants
    stamps: Instants
    rows: Instants
    stored: _Declared
    now: _Declared


@dataclass(frozen=True, slots=True, eq=False)
class _Declared:
    """Units that have a session, and units that only a declaration has closed."""

    is_open: Flags
    is_shut: Flags


def last_sessions(
    stored: Calendar,
    now: Calendar,
    frequency: Frequency,
    *,
    as_of: datetime,
    delay: timedelta,
    number: int,
) -> LastSessions:
    """The last ``number`` sessions whose bars are all final at ``as_of``.

    Parameters
    ----------
    stored, now
        The calendar with the closures that the gaps were found by, and with those declared now,
        which tell what should have come since.
    delay
        How long after a session's close the provider's bar is final.
    """
    whole = replace(now, closed=frozenset(), extra=now.extra | stored.extra).sessions
    is_weekly = frequency == "weekly"
    bound = to_micros(now.final_before(as_of, "weekly" if is_weekly else "daily", delay))
    end = int(np.searchsorted(whole.days, bound))
    start = end - min(number, end)
    if is_weekly:
        start = int(np.searchsorted(whole.days, bound - min(number, end) * WEEK))
    known = whole.pick(slice(start, end))
    days = week_start(known.days) if is_weekly else known.days
    units, unit_of = np.unique(days, return_inverse=True)
    if (length := bar_length(frequency)) is None:
        begins, stamps, rows = units, units, np.arange(len(units))
    else:
        begins, stamps = known.opens, bars_of(known, length // TICK)
        rows = np.searchsorted(known.closes, stamps, side="right")
    declared = [_declared(known.days, unit_of, len(units), dates) for dates in (stored, now)]
    return LastSessions(frequency, to_micros(as_of), known, units, begins, stamps, rows, *declared)


def recent(due: LastSessions, held: StoredRange, zone: ZoneInfo) -> tuple[RecentSession, ...]:
    """The state of each session since the first bar, oldest first, and of days outside them.

    The first session is judged from the first bar on.
    """
    first, last = to_micros(held.first), to_micros(held.last)
    slack, near = held.slack // TICK, 0
    if (length := bar_length(due.frequency)) is not None:
        # A stamp within half a bar of an expected one is that bar, as `Calendar.behind` has it.
        near = max(slack, length // TICK // 2)
    is_stored = due.begins <= last
    is_open = np.where(is_stored, due.stored.is_open, due.now.is_open)
    is_shut = np.where(is_stored, due.stored.is_shut, due.now.is_shut)
    counted = is_open[due.rows] & (due.stamps >= first - slack)
    stamps, rows = due.stamps[counted], due.rows[counted]
    days: dict[int, _Cell] = dict.fromkeys(
        due.units[is_shut & (due.begins >= first)].tolist(), ("closed", None)
    )
    days |= dict.fromkeys(_outside(due, held, zone), ("extra", None))
    judged = _judged(rows, _gap_of(stamps, held.gaps), stamps > last + near, held.gaps)
    days |= {int(due.units[row]): cell for row, cell in judged}
    return tuple(RecentSession(from_micros(day).date(), *days[day]) for day in sorted(days))


def _gap_of(stamps: Instants, gaps: tuple[Gap, ...]) -> Instants:
    """Number of the gap that each stamp is in; -1 for none. The gaps are sorted, disjoint."""
    found = np.full(len(stamps), -1)
    if len(stamps):
        for at, gap in enumerate(gaps):
            if (end := to_micros(gap.end)) >= stamps[0]:
                start = np.searchsorted(stamps, to_micros(gap.start))
                found[start : np.searchsorted(stamps, end, side="right")] = at
    return found


def _judged(
    rows: Instants, gap_of: Instants, is_late: Flags, gaps: tuple[Gap, ...]
) -> Iterator[tuple[int, _Cell]]:
    """The state of each unit that has expected stamps, by what has become of them."""
    expected = np.bincount(rows)
    size = len(expected)
    late = np.bincount(rows[is_late], minlength=size)
    lacking = np.bincount(rows[gap_of >= 0], minlength=size)
    # A stamp in no gap takes the last entry.
    is_made = np.array([gap.filled_by is not None for gap in gaps] + [False])[gap_of]
    filled = np.bincount(rows[is_made], minlength=size)
    first = np.full(size, -1)
    # Backwards, so that of several gaps in one session the first is named.
    first[rows[gap_of >= 0][::-1]] = gap_of[gap_of >= 0][::-1]
    observed = expected - lacking - late
    for row in np.flatnonzero(expected).tolist():
        gap = gaps[first[row]] if first[row] >= 0 else None
        state: SessionState
        if observed[row] == expected[row]:
            state = "present"
        elif filled[row] and observed[row] + filled[row] == expected[row]:
            state = "filled"
        elif observed[row] + filled[row]:
            state = "partly"
        elif gap is not None:
            state = "closed" if gap.state == "closed" else "missing"
        else:
            state = "behind"
        yield row, (state, gap.state if gap else None)


def _declared(days: Instants, unit_of: Instants, size: int, dates: Calendar) -> _Declared:
    closed = np.isin(days, [to_micros(day) for day in dates.closed])
    # A day that the other calendar declares a session has none by this one.
    held = np.isin(days, replace(dates, closed=frozenset()).sessions.days)
    is_open, is_closed = (
        np.bincount(unit_of[mask], minlength=size) > 0 for mask in (held & ~closed, held & closed)
    )
    return _Declared(is_open, is_closed & ~is_open)


def _outside(due: LastSessions, held: StoredRange, zone: ZoneInfo) -> Iterator[int]:
    """Days since the first of the last sessions that hold bars although there is no session."""
    if not len(due.units):
        return
    for stamp in held.extra:
        at = to_micros(stamp)
        row = int(np.searchsorted(due.known.closes, at, side="right"))
        if not due.begins[0] <= at <= due.end:
            continue
        if bar_length(due.frequency) is None:
            yield at
        elif row == len(due.known) or at < due.known.opens[row]:
            # In a session it would be a bar too many, and no day of its own.
            yield to_micros(stamp.astimezone(zone).date())
