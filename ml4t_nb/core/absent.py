"""Sessions that every dataset of a calendar lacks: the exchange may have been closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ml4t_nb.core.calendars import Calendar
from ml4t_nb.core.plan import TICK
from ml4t_nb.model import Frequency, Gap, Span

__all__ = ["Holding", "absent_sessions"]

# Exchanges have closed for a funeral, a storm, an earthquake; a longer hole is a provider's.
_LONGEST = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a dataset holds and lacks: stamps of its first and last bar, and its gaps."""

    frequency: Frequency
    first: datetime
    last: datetime
    gaps: Sequence[Gap]


def absent_sessions(dates: Calendar, held: Iterable[Holding]) -> tuple[tuple[date, int], ...]:
    """Sessions of which no dataset has a bar, though at least two reach across them.

    Parameters
    ----------
    dates
        The calendar that all of them follow.
    held
        Daily and intraday datasets; weeks say nothing of a day.

    Returns
    -------
    tuple
        Sessions, oldest first, each with the number of datasets that reach across it.
    """
    known = [(each, _lacking(dates, each)) for each in held if each.frequency != "weekly"]
    found = []
    for session in sorted({day for _, lacking in known for day in lacking}):
        across = [
            session in lacking
            for each, lacking in known
            if each.first.date() < session < each.last.date()
        ]
        if len(across) > 1 and all(across):
            found.append((session, len(across)))
    return tuple(found)


def _lacking(dates: Calendar, each: Holding) -> frozenset[date]:
    """Sessions that lie in a gap with all their bars."""
    days: set[date] = set()
    for gap in each.gaps:
        # From midnight on, since a currency's session begins on the evening before its date.
        reach = Span(_midnight(gap.start), _midnight(gap.end) + 2 * _DAY)
        near = [stamp.date() for stamp in dates.stamps(reach, "daily")]
        if gap.state != "closed" and len(near) <= _LONGEST:
            days.update(day for day in near if _is_in(dates, day, gap, each.frequency))
    return frozenset(days)


def _is_in(dates: Calendar, day: date, gap: Gap, frequency: Frequency) -> bool:
    stamps = dates.stamps(dates.span(day, day, frequency), frequency)
    return bool(len(stamps)) and bool(gap.start <= stamps[0] and stamps[-1] < gap.end + TICK)


def _midnight(stamp: datetime) -> datetime:
    return stamp.replace(hour=0, minute=0, second=0, microsecond=0)
