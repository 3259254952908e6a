"""When a dataset is due: its next bars are final, and from when on bars it lacks are lost.

It is pure, and a dataset's row in the catalogue is enough for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.errors import PASSING
from ml4t_nb.model import Span
from ml4t_nb.records import Summary
from ml4t_nb.report_parts import LoadAttempt

__all__ = [
    "ASKED_EVERY",
    "INTRADAY_BARS",
    "RETRY_AFTER",
    "Due",
    "Vanishing",
    "due_of",
    "first_loss",
    "load_due",
]

ASKED_EVERY = timedelta(days=3, minutes=1)
"""After so long a provider is asked although no bar is final: its calendar may be wrong.

Health doubts bars of which none was asked for longer. The minute is for runs at one time of day.
"""

INTRADAY_BARS = 30
"""Intraday bars that are worth a request, unless told otherwise."""

RETRY_AFTER = timedelta(minutes=15)
"""After the first request in vain; each further one waits twice as long."""

# Thousands of datasets are looked at, at one instant, and most of them end with the same bar.
_next_final = lru_cache(maxsize=1024)(Calendar.next_final)
_next_close = lru_cache(maxsize=1024)(Calendar.next_close)
_final_before = lru_cache(maxsize=1024)(Calendar.final_before)

# The last of these waits is eight hours: a provider that is late has its bars by then.
_RETRIES = 6
_NEVER = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
_PASSING = {each.__name__ for each in PASSING}


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Bars that can be fetched now, are missing, and will leave the provider's reach.

    Parameters
    ----------
    first
        Stamp of the oldest of them, or how far back the provider reaches if older ones are lost.
    lost_from
        From when on the first of them is lost; the as-of if older ones are.
    """

    first: datetime
    lost_from: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """When an update of a dataset is due.

    Parameters
    ----------
    at
        None if no more bars are expected, or nothing can be known.
    vanishing
        None if nothing is missing, or the provider has it always.
    """

    at: datetime | None = None
    vanishing: Vanishing | None = None

    def is_at(self, as_of: datetime) -> bool:
        """Whether an update is due at ``as_of``."""
        return self.at is not None and self.at <= as_of

    @property
    def order(self) -> tuple[datetime, datetime]:
        """Sorts what vanishes first before all else, then what has waited longest."""
        lost_from = self.vanishing.lost_from if self.vanishing else _NEVER
        return lost_from, self.at or _NEVER


def due_of(
    summary: Summary,
    dates: Calendar,
    *,
    as_of: datetime,
    delay: timedelta,
    reach: timedelta | None,
    intraday_bars: int = INTRADAY_BARS,
) -> Due:
    """When an update of the dataset is due, and what it lacks that is about to vanish.

    Parameters
    ----------
    delay
        How long after its own period a bar is final.
    reach
        How far before the as-of the provider serves; None if it serves all.
    intraday_bars
        So many final bars that are not stored make an intraday dataset due, or fewer if they are
        the last ones of their session.

    Notes
    -----
    A day is due when its session has closed, a week with its last session; nothing is due on a
    holiday, but once no provider was reached for `ASKED_EVERY`. A dataset that has ended, has no
    bars, or is damaged never is: no update mends it.

    Once an update has asked in vain, whether it failed or the provider had no new bars yet, the
    next one is due a quarter of an hour later, then after twice as long each time, and after the
    sixth, or as soon as another session has closed, once for every session.
    """
    if summary.last is None or summary.ended is not None or summary.damage:
        return Due()
    frequency = summary.dataset.frequency
    found = _next_final(dates, summary.last, frequency, delay, intraday_bars)
    if found is None:
        return Due()
    coming, at = found
    if as_of < at and summary.updated is not None:
        # No bar is to come yet.
        looked = _asked_from(summary.updated + ASKED_EVERY, summary.tries, dates, delay)
        at = min(at, looked)
    else:
        at = _asked_from(at, summary.tries, dates, delay)
    vanishing = None
    if reach is not None:
        bound = _final_before(dates, as_of, frequency, delay)
        vanishing = first_loss((*summary.pending, Span(coming, bound)), as_of, reach)
    return Due(at, vanishing)


def _asked_from(
    at: datetime, tries: Sequence[datetime], dates: Calendar, delay: timedelta
) -> datetime:
    """When to ask for what is due at ``at``: later, if it was asked for in vain since then."""
    vain = [each for each in tries if each >= at]
    again = _again(vain, dates, delay) if vain else None
    return at if again is None else again


def _again(vain: list[datetime], dates: Calendar, delay: timedelta) -> datetime | None:
    """When to ask again after these requests in vain; None if the calendar does not know."""
    last, number = vain[-1], len(vain)
    closed = _next_close(dates, last, delay)
    if number > _RETRIES:
        return closed
    soon: datetime = last + RETRY_AFTER * 2 ** (number - 1)
    return soon if closed is None else min(soon, closed)


def load_due(attempt: LoadAttempt) -> datetime:
    """When to try again to load what a universe declares.

    What fails for a reason that passes by itself is tried after the waits of an update, and then
    after sixteen hours each time. All else is tried once a day: a symbol that is unknown may be
    listed yet.
    """
    if attempt.error is None or attempt.error.type not in _PASSING:
        return attempt.at + _DAY
    soon: datetime = attempt.at + RETRY_AFTER * 2 ** min(attempt.tries - 1, _RETRIES)
    return soon


def first_loss(missing: tuple[Span, ...], as_of: datetime, reach: timedelta) -> Vanishing | None:
    """The first loss among the missing spans, of what the provider serves still."""
    oldest = as_of - reach
    served = [max(each.start, oldest) for each in missing if max(each.start, oldest) < each.end]
    return Vanishing(min(served), min(served) + reach) if served else None
