"""What datasets have of each session, distinguished by their gaps: no bar is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ml4t_nb.core.bars import Flags
from ml4t_nb.core.calendars.calendar import Calendar, bars_of
from ml4t_nb.core.gap_detection import gap_of
from ml4t_nb.core.timestamps import (
    DAY,
    TICK,
    WEEK,
    Instants,
    Sessions,
    from_micros,
    to_micros,
    week_start,
)
from ml4t_nb.model import Frequency, Gap, GapState, Span, bar_length
from ml4t_nb.reports import RecentSession, SessionState

__all__ = ["LastSessions", "StoredRange", "absent_sessions", "last_sessions", "recent", "tally"]

# Exchanges have closed for a funeral, a storm, an earthquake; a longer hole is a provider's.
_LONGEST = 10
_LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StoredRange:
    """What a dataset holds and lacks from its first to its last observed bar."""

    frequency: Frequency
    first: datetime
    last: datetime
    gaps: Sequence[Gap] = ()
    extra: Sequence[datetime] = ()  # stamps of bars outside the calendar
    slack: timedelta = timedelta(0)  # how far a bar may be from its expected stamp


@dataclass(frozen=True, slots=True, eq=False)
class LastSessions:
    """The last sessions (weekly: weeks) that are final, those declared closed among them.

    Which units have a session, and which only a declaration has closed, is known from the calendar
    that the gaps were found by, and by that of now.
    """

    end: int  # the as-of, in microseconds
    known: Sessions  # of weekly bars, those of all the weeks
    units: Instants  # dates of the sessions, or Mondays of the weeks
    begins: Instants  # the earliest stamp each unit may hold
    stamps: Instants  # of all their bars
    rows: Instants  # the unit of each stamp
    is_open: tuple[Flags, Flags]
    is_shut: tuple[Flags, Flags]


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

    The calendar has the closures that the gaps were found by, and those declared ``now``, which
    show what should have come since.
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

    def declared(dates: Calendar) -> tuple[Flags, Flags]:
        closed = np.isin(known.days, [to_micros(day) for day in dates.closed])
        # A day that the other calendar declares a session has none by this one.
        held = np.isin(known.days, replace(dates, closed=frozenset()).sessions.days)
        is_open, is_closed = (
            np.bincount(unit_of[each], minlength=len(units)) > 0
            for each in (held & ~closed, held & closed)
        )
        return is_open, is_closed & ~is_open

    is_open, is_shut = zip(declared(stored), declared(now), strict=True)
    return LastSessions(to_micros(as_of), known, units, begins, stamps, rows, is_open, is_shut)


def recent(due: LastSessions, held: StoredRange, zone: ZoneInfo) -> tuple[RecentSession, ...]:
    """The state of each session since the first bar, oldest first, and of days outside them.

    The first session is judged from the first bar on.
    """
    first, last = to_micros(held.first), to_micros(held.last)
    slack, near = held.slack // TICK, 0
    if (length := bar_length(held.frequency)) is not None:
        # A stamp within half a bar of an expected one is that bar, as `Calendar.behind` has it.
        near = max(slack, length // TICK // 2)
    is_stored = due.begins <= last
    is_open, is_shut = np.where(is_stored, *due.is_open), np.where(is_stored, *due.is_shut)
    counted = is_open[due.rows] & (due.stamps >= first - slack)
    stamps, rows = due.stamps[counted], due.rows[counted]
    gaps = gap_of(stamps, held.gaps)
    # A stamp in no gap takes the last entry.
    is_made = np.array([gap.filled_by is not None for gap in held.gaps] + [False])[gaps]
    is_lacking = (gaps >= 0) | (stamps > last + near)
    states = tally(rows, is_lacking, is_made, gaps[is_lacking], held.gaps)
    shut = due.units[is_shut & (due.begins >= first)].tolist()
    days: dict[int, tuple[SessionState, GapState | None]] = dict.fromkeys(shut, ("closed", None))
    days |= dict.fromkeys(_outside(due, held, zone), ("extra", None))
    for row in np.flatnonzero(states["expected"]).tolist():
        state, at = states["state"][row].item(), states["gap"][row]
        gap = held.gaps[at].state if at >= 0 else None
        is_behind = state == "missing" and gap is None
        days[int(due.units[row])] = ("behind" if is_behind else state), gap
    return tuple(RecentSession(from_micros(day).date(), *days[day]) for day in sorted(days))


def tally(
    units: Instants, lacking: Flags, made: Flags, gap: Instants, gaps: Sequence[Gap]
) -> Mapping[str, npt.NDArray[Any]]:
    """Of each session the bars expected, observed and filled, its first gap, and the state.

    The first three have, by expected stamp, the number of its session, whether no bar was
    observed, and whether a filled one stands in; ``gap``, by stamp that is lacking, the number of
    its gap, -1 for none.
    """
    expected = np.bincount(units)
    size = len(expected)
    observed = expected - np.bincount(units[lacking], minlength=size)
    filled = np.bincount(units[made], minlength=size)
    first = np.full(size, -1)
    # Backwards, so that of several gaps in one session the first is named.
    first[units[lacking][::-1]] = gap[::-1]
    choices = {
        "present": observed == expected,
        "filled": (filled > 0) & (observed + filled == expected),
        "partly": observed + filled > 0,
        "closed": np.array([each.state == "closed" for each in gaps] + [False])[first],
    }
    state = np.select([*choices.values()], [*choices], "missing")
    counts = {"expected": expected, "observed": observed, "filled": filled}
    return {**counts, "gap": first, "state": state}


def _outside(due: LastSessions, held: StoredRange, zone: ZoneInfo) -> Iterator[int]:
    """Days since the first of the last sessions that hold bars although there is no session."""
    for at in map(to_micros, held.extra if len(due.units) else ()):
        if not due.begins[0] <= at <= due.end:
            continue
        row = int(np.searchsorted(due.known.closes, at, side="right"))
        if bar_length(held.frequency) is None:
            yield at
        elif row == len(due.known) or at < due.known.opens[row]:
            # In a session it would be a bar too many, and no day of its own.
            yield to_micros(from_micros(at).astimezone(zone).date())


def absent_sessions(
    dates: Calendar, asked: Iterable[StoredRange], others: Iterable[StoredRange] = ()
) -> tuple[tuple[date, int], ...]:
    """Sessions of which no dataset has a bar, with the number of datasets that reach across each.

    Those are two at least, and one at least of the ``asked`` lacks the session. Weekly datasets
    are passed over: a week says nothing of a day. The ``others`` are read one by one, and only
    while there is a session that no dataset has.
    """
    first = [(each, _lacking(dates, each)) for each in asked]
    counts = dict.fromkeys((day for _, lacking in first for day in lacking), 0)
    for each, lacking in chain(first, ((each, _lacking(dates, each)) for each in others)):
        if not counts:
            break
        for day in [day for day in counts if each.first.date() < day < each.last.date()]:
            if day in lacking:
                counts[day] += 1
            elif each.frequency != "weekly":
                del counts[day]
    return tuple(sorted((day, number) for day, number in counts.items() if number > 1))


def _lacking(dates: Calendar, held: StoredRange) -> frozenset[date]:
    """Sessions that are in a gap with all their bars."""
    days: set[date] = set()
    for gap in held.gaps if held.frequency != "weekly" else ():
        # Minutes without a trade are thousands of gaps, and no session is as short as they are.
        is_short = held.frequency != "daily" and gap.end - gap.start < _LEAST
        # What a person rejected, the exchange was open for.
        if is_short or gap.state in ("closed", "rejected"):
            continue
        # From midnight on, since a currency's session begins on the evening before its date.
        start, end = (to_micros(each) // DAY for each in (gap.start, gap.end))
        reach = Span(from_micros(start * DAY), from_micros((end + 2) * DAY))
        near = [stamp.date() for stamp in dates.stamps(reach, "daily")]
        for day in near if len(near) <= _LONGEST else ():
            stamps = dates.stamps(dates.span(day, day, held.frequency), held.frequency)
            if len(stamps) and stamps[0] in gap.span and stamps[-1] in gap.span:
                days.add(day)
    return frozenset(days)
