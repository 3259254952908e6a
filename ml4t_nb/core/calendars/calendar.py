"""When bars are expected, and from when on they are final."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

import numpy as np

from ml4t_nb.core.calendars.exchanges import CalendarCache
from ml4t_nb.core.timestamps import (
    DAY,
    TICK,
    WEEK,
    Instants,
    Sessions,
    day_start,
    from_micros,
    period_begins,
    period_numbers,
    to_micros,
    week_start,
)
from ml4t_nb.errors import CalendarUnknown
from ml4t_nb.model import BarsFrequency, Frequency, Period, SessionOverride, Span, bar_length

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Calendar", "as_period", "bars_of", "period_starts", "stretches"]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Sessions of an exchange, and the bars they should have.

    A method that needs days the calendar does not cover raises `CalendarUnknown`.

    Parameters
    ----------
    name
        MIC of the exchange; ``24/7``, whose sessions are the days of UTC; or ``fx``, the
        interbank week from Sunday 17:00 to Friday 17:00 New York. Sessions of ``fx`` are dated
        Monday to Friday and last from 17:00 to 17:00; Christmas Day and New Year's Day have none.
    zone
        Where the sessions' dates are dates.
    closed, extra
        Days declared to have no session, or to have one, whatever the exchange's rules say; an
        extra session keeps the hours of the one before it. A day declared both is closed.
    """

    name: str
    zone: ZoneInfo
    closed: frozenset[date]
    extra: frozenset[date]
    cache: CalendarCache = field(compare=False, repr=False)

    @classmethod
    def of(cls, name: str, overrides: Iterable[SessionOverride], cache: CalendarCache) -> Calendar:
        """The calendar of that name, with the overrides that are its own."""
        found = cache.canonical(name)
        declared = [each for each in overrides if each.calendar.upper() == found.upper()]
        return cls(
            found,
            cache.zone_of(found),
            closed=frozenset(each.day for each in declared if not each.is_open),
            extra=frozenset(each.day for each in declared if each.is_open),
            cache=cache,
        )

    @property
    def sessions(self) -> Sessions:
        """Its sessions."""
        return self.cache.sessions(self.name, self.closed, self.extra)

    def stamps(self, span: Span, frequency: BarsFrequency) -> pd.DatetimeIndex:
        """Stamps of the bars expected in ``span``, increasing.

        Intraday bars are anchored at the session's open, and again where trading resumes after
        lunch; the last one before lunch or the close may be short. A week is stamped by its
        Monday, a longer period by its first day, and expected if it has a session.
        """
        start, end = to_micros(span.start), to_micros(span.end)
        known = self.sessions
        if start >= end:
            return _index(known.days[:0])
        whole = self.span(None, None, frequency)
        self._require(known, known_from=whole.start <= span.start, known_to=span.end <= whole.end)
        if (length := _length(frequency)) is not None:
            near = slice(
                np.searchsorted(known.closes, start, side="right"),
                np.searchsorted(known.opens, end),
            )
            stamps = bars_of(known.pick(near), length)
        else:
            period = as_period(frequency)
            stamps = period_starts(known.days, period) if period else known.days
        return _index(stamps[slice(*np.searchsorted(stamps, [start, end]))])

    def known_stamps(self, span: Span, frequency: BarsFrequency) -> pd.DatetimeIndex:
        """As `stamps`, of that part of ``span`` which the calendar covers."""
        known = self.span(None, None, frequency)
        within = Span(max(span.start, known.start), min(span.end, known.end))
        return self.stamps(within, frequency)

    def final_before(self, as_of: datetime, frequency: Frequency, delay: timedelta) -> datetime:
        """Exclusive bound of the stamps whose bars are final at ``as_of``.

        A bar is final when its own period is over and ``delay`` has passed: a day's with its
        session's close, a week's with the close of its last session, an intraday bar's with its
        end, which is cut at lunch and at the close. A bar outside the calendar is final when its
        whole length, day or week is over.
        """
        known = self.sessions
        settled = self._settled(known, as_of, delay)
        if (length := _length(frequency)) is not None:
            return from_micros(_final_bound(known, settled, length))
        done = int(np.searchsorted(known.closes, settled, side="right"))
        # The day after the last known one counts as a session that has not closed.
        due = int(known.days[done]) if done < len(known) else to_micros(known.last) + DAY
        today = to_micros(from_micros(settled).astimezone(self.zone).date())
        step = DAY
        if frequency == "weekly":
            step, due, today = WEEK, week_start(due), week_start(today)
            done = int(np.searchsorted(known.days, due))
        bound = min(due, today)
        if done:
            last = int(known.days[done - 1])
            bound = max(bound, (week_start(last) if frequency == "weekly" else last) + step)
        return from_micros(bound)

    def span(self, start: date | None, end: date | None, frequency: BarsFrequency) -> Span:
        """Span of the bars from ``start`` to ``end``, both inclusive; None is open ended.

        Daily: the stamps of those dates. Longer: the whole periods those dates are in. Intraday:
        from where the first date begins, or its session if that is earlier (fx: 17:00 New York
        of the day before), to where the day after the last one begins; spans of adjoining dates
        adjoin. An open end reaches as far as the calendar knows.
        """
        first, last = start or self.sessions.first, end or self.sessions.last
        known = self._covering(first, last)
        if bar_length(frequency) is not None:
            begin, finish = self._begin(known, first), self._begin(known, last + _ONE_DAY)
        elif period := as_period(frequency):
            numbers = period_numbers(np.array([to_micros(first), to_micros(last)]), period)
            numbers[-1] += 1
            begin, finish = period_begins(numbers, period).tolist()
        else:
            begin, finish = to_micros(first), to_micros(last) + DAY
        return Span(from_micros(begin), from_micros(finish))

    def closing(self, day: date, delay: timedelta) -> datetime:
        """The instant that ``day`` means as an as-of: all bars of its date are final then.

        The close of its session, or the end of the local day if it has none, and ``delay``.
        """
        known = self._covering(day)
        row = int(np.searchsorted(known.days, to_micros(day)))
        if row < len(known) and known.days[row] == to_micros(day):
            return from_micros(int(known.closes[row])) + delay
        return from_micros(day_start(day + _ONE_DAY, self.zone)) + delay

    def closed_by(self, as_of: datetime) -> int:
        """How many sessions the calendar knows that have closed at ``as_of``."""
        return int(np.searchsorted(self.sessions.closes, to_micros(as_of), side="right"))

    def next_close(self, as_of: datetime, delay: timedelta) -> datetime | None:
        """When the next session is final; None where the calendar does not know so far ahead."""
        known = self.sessions
        row = int(np.searchsorted(known.closes, to_micros(as_of) - delay // TICK, side="right"))
        return from_micros(int(known.closes[row])) + delay if row < len(known) else None

    def next_final(
        self, last: datetime, frequency: Frequency, delay: timedelta, bars: int = 1
    ) -> tuple[datetime, datetime] | None:
        """Stamp of the bar expected next after ``last``, and when ``bars`` of them are final.

        Of fewer bars until the session's close, or of one that is no intraday bar, when that one
        is. None where the calendar does not know so far ahead.
        """
        known = self.sessions
        row = _first_lacking(known, stamp := to_micros(last), frequency)
        if row >= len(known):
            return None
        if (length := _length(frequency)) is not None:
            session = known.pick(slice(row, row + 1))
            stamps = bars_of(session, length)
            coming = stamps[stamps > stamp + length // 2][:bars]
            stops = np.sort(stretches(session)[1])
            stop = int(stops[np.searchsorted(stops, coming[-1], side="right")])
            first, final = int(coming[0]), min(int(coming[-1]) + length, stop)
        elif frequency == "daily":
            first, final = int(known.days[row]), int(known.closes[row])
        else:
            first = week_start(int(known.days[row]))
            if first + WEEK > to_micros(known.last):
                return None  # the first day that the calendar does not know may be of that week
            final = int(known.closes[_last_of_week(known, first)])
        return from_micros(first), from_micros(final) + delay

    def behind(
        self, last: datetime, as_of: datetime, frequency: Frequency, delay: timedelta
    ) -> tuple[int, datetime | None]:
        """How many final sessions the bars lack after the last stored stamp, and since when.

        A session counts once it has closed and ``delay`` has passed, for weekly bars once its
        whole week has. Intraday, the session of ``last`` counts if it went on after that bar.
        They lack since the close of the oldest of these sessions (weekly: of the last session in
        the oldest week).
        """
        known = self.sessions
        settled = self._settled(known, as_of, delay)
        done = int(np.searchsorted(known.closes, settled, side="right"))
        first = oldest = _first_lacking(known, to_micros(last), frequency)
        if frequency == "weekly":
            bound = to_micros(self.final_before(as_of, "weekly", delay))
            done = int(np.searchsorted(known.days, bound))
            if first < done:
                oldest = _last_of_week(known, week_start(int(known.days[first])))
        if first >= done:
            return 0, None
        return done - first, from_micros(int(known.closes[oldest]))

    def _settled(self, known: Sessions, as_of: datetime, delay: timedelta) -> int:
        """The instant whose closes are final at ``as_of``."""
        settled = to_micros(as_of) - delay // TICK
        floor, ceiling = self._begin(known, known.first), self._begin(known, known.last + _ONE_DAY)
        self._require(known, known_from=floor <= settled, known_to=settled <= ceiling)
        return settled

    def _begin(self, known: Sessions, day: date) -> int:
        """Where ``day`` begins: at local midnight, or with its session if that is earlier."""
        midnight = day_start(day, self.zone)
        row = int(np.searchsorted(known.days, to_micros(day)))
        return min(midnight, int(known.opens[row])) if row < len(known) else midnight

    def _covering(self, *days: date) -> Sessions:
        """All sessions, if those days are among the days they cover."""
        known = self.sessions
        self._require(known, known_from=known.first <= min(days), known_to=max(days) <= known.last)
        return known

    def _require(self, known: Sessions, *, known_from: bool, known_to: bool) -> None:
        if not known_from:
            raise CalendarUnknown(
                f"the calendar {self.name} begins on {known.first}",
                hint=f"choose a start of {known.first} or later",
            )
        if not known_to:
            raise CalendarUnknown(
                f"the calendar {self.name} ends on {known.last}",
                hint=f"choose an end of {known.last} or earlier, or upgrade exchange_calendars",
            )


def _first_lacking(known: Sessions, stamp: int, frequency: Frequency) -> int:
    """Row of the first session that lacks bars after the one of that stamp."""
    if (length := _length(frequency)) is not None:
        row = int(np.searchsorted(known.closes, stamp, side="right"))
        session = known.pick(slice(row, row + 1))
        # A stamp within half a bar of the session's last one is that bar.
        return row + (len(session) > 0 and bars_of(session, length)[-1] <= stamp + length // 2)
    if frequency == "daily":
        return int(np.searchsorted(known.days, stamp, side="right"))
    return int(np.searchsorted(known.days, week_start(stamp) + WEEK))


def _last_of_week(known: Sessions, monday: int) -> int:
    """Row of the last session in the week of that Monday."""
    return int(np.searchsorted(known.days, monday + WEEK)) - 1


def _length(frequency: BarsFrequency) -> int | None:
    length = bar_length(frequency)
    return None if length is None else length // TICK


def as_period(frequency: BarsFrequency) -> Period | None:
    """The calendar period that a bar lasts; None for daily and shorter ones."""
    return next((each for each in get_args(Period) if each == frequency), None)


def _index(stamps: Instants) -> pd.DatetimeIndex:
    # Here alone, since health is judged by arrays: pandas takes longer to start than that.
    import pandas as pd

    from ml4t_nb.core.bars import STAMPS

    return pd.DatetimeIndex(stamps, dtype=STAMPS, name="timestamp", copy=True)


_NEAR = 2  # sessions either side of an instant that hold the bars around it


def period_starts(days: Instants, period: Period) -> Instants:
    """First days of the periods that have a day among ``days``, each once, increasing."""
    return period_begins(np.unique(period_numbers(days, period)), period)


def bars_of(known: Sessions, length: int) -> Instants:
    """Stamps of all intraday bars of the sessions, as `Calendar.stamps` has them."""
    starts, ends = stretches(known)
    counts = -((starts - ends) // length)
    before = np.cumsum(counts) - counts
    stamps = np.arange(counts.sum(), dtype=np.int64)
    stamps *= length
    stamps += np.repeat(starts - before * length, counts)
    return stamps


def _final_bound(known: Sessions, settled: int, length: int) -> int:
    """Exclusive bound of the intraday stamps whose bars ended at ``settled`` or before."""
    row = int(np.searchsorted(known.closes, settled, side="right"))
    near = known.pick(slice(max(row - _NEAR, 0), row + _NEAR))
    stamps = bars_of(near, length)
    stops = np.sort(stretches(near)[1])
    ends = np.minimum(stamps + length, stops[np.searchsorted(stops, stamps, side="right")])
    done = int(np.searchsorted(ends, settled, side="right"))
    bound = settled - length + 1
    if done < len(stamps):
        # A stamp shortly before one on the grid is that bar, not one of its own.
        bound = min(bound, int(stamps[done]) - length // 2)
    if done and (done == len(stamps) or stamps[done] > ends[done - 1]):
        # Trading stopped there: a short bar is over although its length is not.
        bound = max(bound, int(ends[done - 1]))
    return bound


def stretches(known: Sessions) -> tuple[Instants, Instants]:
    """Where trading begins and stops, two intervals a session.

    Without a lunch break the second one is empty.
    """
    starts = np.ravel(np.column_stack([known.opens, known.break_ends]))
    ends = np.ravel(np.column_stack([known.break_starts, known.closes]))
    return starts, ends
