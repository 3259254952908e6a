"""Sessions that every dataset of a calendar lacks: the exchange may have been closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import Frequency, Gap, Span

__all__ = ["StoredGaps", "absent_sessions"]

# Exchanges have closed for a funeral, a storm, an earthquake; a longer hole is a provider's.
_LONGEST = 10
_DAY = timedelta(days=1)
_LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StoredGaps:
    """What a dataset holds and lacks: stamps of its first and last bar, and its gaps."""

    frequency: Frequency
    first: datetime
    last: datetime
    gaps: Sequence[Gap]


def absent_sessions(
    dates: Calendar, asked: Iterable[StoredGaps], others: Iterable[StoredGaps] = ()
) -> tuple[tuple[date, int], ...]:
    """Sessions of which no dataset has a bar, though at least two reach across them.

    Weekly datasets are passed over: a week says nothing of a day.

    Parameters
    ----------
    dates
        The calendar that all of them follow.
    asked
        Datasets of which one at least must lack the session.
    others
        Read one by one, and only while there is a session that no dataset has.

    Returns
    -------
    tuple
        Sessions, oldest first, each with the number of datasets that reach across it.
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


def _lacking(dates: Calendar, each: StoredGaps) -> frozenset[date]:
    """Sessions that are in a gap with all their bars."""
    days: set[date] = set()
    gaps = () if each.frequency == "weekly" else each.gaps
    if each.frequency != "daily":
        # Minutes without a trade are thousands of gaps, and no session is as short as they are.
        gaps = tuple(gap for gap in gaps if gap.end - gap.start >= _LEAST)
    for gap in gaps:
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
