"""Sessions of a calendar: built once, kept, and changed by what users declare."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from ml4t_nb.core.calendars import exchanges
from ml4t_nb.core.timestamps import Instants, Sessions, index_micros, to_micros

__all__ = ["SessionCache", "canonical", "save_built", "sessions", "use_cache", "zone_of"]


class SessionCache(Protocol):
    """Where sessions are kept from one process to the next."""

    def load(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """Sessions and zone of the calendar of just that name; None if they must be built."""

    def save(self, name: str, known: Sessions, zone: ZoneInfo) -> bool:
        """Keep what was built, if that is possible; whether it was."""


@dataclass(slots=True)
class _Built:
    """What this process has built, or loaded from the cache."""

    known: dict[str, tuple[Sessions, ZoneInfo]] = field(default_factory=dict)
    cache: SessionCache | None = None
    unsaved: set[str] = field(default_factory=set)
    building: threading.Lock = field(default_factory=threading.Lock)

    def held(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """What needs no building; None if it must be built."""
        if name not in self.known and self.cache is not None and (found := self.cache.load(name)):
            self.known[name] = found
        return self.known.get(name)


_here = _Built()


def use_cache(cache: SessionCache) -> None:
    """From now on load sessions from ``cache``, and save there what has to be built.

    One for all stores of a process: sessions are the same on each.
    """
    _here.cache = cache


def save_built() -> None:
    """Save what was built; what the cache cannot take yet is saved another time."""
    if (cache := _here.cache) is None:
        return
    for name in [*_here.unsaved]:
        if cache.save(name, *_here.known[name]):
            _here.unsaved.discard(name)


@cache
def canonical(name: str) -> str:
    """The calendar's one name; aliases (``NYSE``) and any case are understood.

    Raises
    ------
    CalendarUnknown
        If there is none of that name.
    """
    if name.lower() in exchanges.OWN:
        return name.lower()
    # Only calendars that were built under their own name are in the cache.
    return name if _here.held(name) else exchanges.spelled(name)


@cache
def zone_of(name: str) -> ZoneInfo:
    """Time zone of the calendar; builds no sessions."""
    if name in exchanges.OWN:
        return exchanges.OWN[name]
    found = _here.held(name)
    return found[1] if found else exchanges.zone(name)


@lru_cache(maxsize=64)
def sessions(
    name: str, closed: frozenset[date] = frozenset(), extra: frozenset[date] = frozenset()
) -> Sessions:
    """Sessions of the calendar, with the ``extra`` days and without the ``closed`` ones.

    An extra session keeps the hours, in local time, of the last one before it.

    Raises
    ------
    CalendarUnknown
        If exchange_calendars fails to build it.
    """
    with _here.building:
        known, _ = _here.held(name) or _build_and_keep(name)
    known = _with_extra(known, extra, zone_of(name)) if extra else known
    shut = np.isin(known.days, [to_micros(day) for day in closed])
    return known.pick(~shut) if shut.any() else known


def _build_and_keep(name: str) -> tuple[Sessions, ZoneInfo]:
    found = _here.known[name] = exchanges.build(name), zone_of(name)
    if name != "24/7":  # which is counted, sooner than read
        _here.unsaved.add(name)
        save_built()
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
