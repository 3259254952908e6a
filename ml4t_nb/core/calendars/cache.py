"""Sessions of calendars: built once, kept, and changed by what users declare."""

from __future__ import annotations

import threading
from datetime import date
from functools import cache, lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from ml4t_nb.core.calendars import exchanges
from ml4t_nb.core.timestamps import Instants, Sessions, index_micros, to_micros

__all__ = ["CalendarCache", "SessionCache"]


class SessionCache(Protocol):
    """Where sessions are kept from one process to the next."""

    def load(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """Sessions and zone of the calendar of just that name; None if they must be built."""

    def save(self, name: str, known: Sessions, zone: ZoneInfo) -> bool:
        """Keep what was built, if that is possible; whether it was."""


class CalendarCache:
    """Names, zones and sessions of calendars, each looked up or built once; for any thread.

    Parameters
    ----------
    disk
        Where sessions are loaded from, and saved to once they are built; may be set later.
    """

    def __init__(self, disk: SessionCache | None = None) -> None:
        self.disk = disk
        self._built: dict[str, tuple[Sessions, ZoneInfo]] = {}
        self._unsaved: set[str] = set()
        self._building = threading.Lock()
        self.canonical = cache(self._canonical)
        self.zone_of = cache(self._zone_of)
        self._sessions = lru_cache(maxsize=64)(self._declared)

    def sessions(
        self,
        name: str,
        closed: frozenset[date] = frozenset(),
        extra: frozenset[date] = frozenset(),
    ) -> Sessions:
        """Sessions of the calendar, with the ``extra`` days and without the ``closed`` ones.

        An extra session keeps the hours, in local time, of the last one before it.

        Raises
        ------
        CalendarUnknown
            If exchange_calendars fails to build it.
        """
        return self._sessions(name, closed, extra)

    def save(self) -> None:
        """Save what was built; what the disk cannot take yet is saved another time."""
        if self.disk is None:
            return
        for name in [*self._unsaved]:
            if self.disk.save(name, *self._built[name]):
                self._unsaved.discard(name)

    def _canonical(self, name: str) -> str:
        """The calendar's one name; aliases (``NYSE``) and any case are understood.

        Raises
        ------
        CalendarUnknown
            If there is none of that name.
        """
        if name.lower() in exchanges.OWN:
            return name.lower()
        # Only calendars that were built under their own name are on the disk.
        return name if self._known(name) else exchanges.spelled(name)

    def _zone_of(self, name: str) -> ZoneInfo:
        """Time zone of the calendar; builds no sessions."""
        if name in exchanges.OWN:
            return exchanges.OWN[name]
        found = self._known(name)
        return found[1] if found else exchanges.zone(name)

    def _declared(self, name: str, closed: frozenset[date], extra: frozenset[date]) -> Sessions:
        with self._building:
            known, _ = self._known(name) or self._build(name)
        known = _with_extra(known, extra, self.zone_of(name)) if extra else known
        shut = np.isin(known.days, [to_micros(day) for day in closed])
        return known.pick(~shut) if shut.any() else known

    def _known(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """What needs no building; None if it must be built."""
        if name not in self._built and self.disk is not None and (found := self.disk.load(name)):
            self._built[name] = found
        return self._built.get(name)

    def _build(self, name: str) -> tuple[Sessions, ZoneInfo]:
        found = self._built[name] = exchanges.build(name), self.zone_of(name)
        if name != "24/7":  # which is counted, sooner than read
            self._unsaved.add(name)
            self.save()
        return found


def _with_extra(known: Sessions, extra: frozenset[date], zone: ZoneInfo) -> Sessions:
    days = np.array(sorted(to_micros(day) for day in extra if known.first <= day <= known.last))
    days = np.setdiff1d(days.astype(np.int64), known.days)
    before = np.maximum(np.searchsorted(known.days, days) - 1, 0)
    pattern = known.pick(before)
    shifts = days - pattern.days
    moved = (_moved(each, shifts, zone) for each in pattern.columns()[1:])
    columns = zip(known.columns(), (days, *moved), strict=True)
    joined = Sessions(known.first, known.last, *(np.concatenate(pair) for pair in columns))
    return joined.pick(np.argsort(joined.days))


def _moved(instants: Instants, shifts: Instants, zone: ZoneInfo) -> Instants:
    """Instants moved by whole days of local time, so that they keep the hour on the clock."""
    import pandas as pd

    wall = pd.DatetimeIndex(instants.astype("datetime64[us]"), tz="UTC").tz_convert(zone)
    local = wall.tz_localize(None) + pd.TimedeltaIndex(shifts.astype("timedelta64[us]"))
    return index_micros(
        local.tz_localize(
            zone, ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward"
        )
    )
