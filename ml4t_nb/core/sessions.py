"""Sessions of a calendar as arrays: built once, kept, and changed by what users declare."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ml4t_nb.errors import CalendarUnknown
from ml4t_nb.options import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DAY",
    "Instants",
    "Sessions",
    "Shelf",
    "canonical",
    "day_start",
    "instant",
    "keep",
    "keep_on",
    "micros",
    "sessions",
    "zone_of",
]

Instants: TypeAlias = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC; a date is its midnight in UTC."""

DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = date(1900, 1, 1), date(2100, 12, 31)
_OWN = {"24/7": ZoneInfo("UTC"), "fx": ZoneInfo("America/New_York")}
_ROLLOVER = timedelta(hours=17)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """All sessions of the days from ``first`` to ``last``; of other days nothing is known.

    Parameters
    ----------
    days
        Dates of the sessions, increasing.
    opens, closes
        When they begin and end; none begins before the one before it has ended.
    break_starts, break_ends
        The lunch break; both equal the close where there is none.
    """

    first: date
    last: date
    days: Instants
    opens: Instants
    break_starts: Instants
    break_ends: Instants
    closes: Instants

    def __len__(self) -> int:
        return len(self.days)

    def pick(self, rows: slice | npt.NDArray[Any]) -> Sessions:
        """The sessions of those rows; the days that are known stay the same."""
        return Sessions(self.first, self.last, *(each[rows] for each in self.columns()))

    def columns(self) -> tuple[Instants, ...]:
        """The arrays, in the order of the fields."""
        return (self.days, self.opens, self.break_starts, self.break_ends, self.closes)


class Shelf(Protocol):
    """Where sessions are kept from one process to the next."""

    def take(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """Sessions and zone of the calendar of just that name; None if they must be built."""

    def put(self, name: str, known: Sessions, zone: ZoneInfo) -> bool:
        """Keep what was built, if that is possible; whether it was."""


@dataclass(slots=True)
class _Built:
    """What this process has built, or taken from the shelf."""

    known: dict[str, tuple[Sessions, ZoneInfo]] = field(default_factory=dict)
    shelf: Shelf | None = None
    unkept: set[str] = field(default_factory=set)
    building: threading.Lock = field(default_factory=threading.Lock)

    def held(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """What needs no building; None if it must be built."""
        if name not in self.known and self.shelf is not None and (found := self.shelf.take(name)):
            self.known[name] = found
        return self.known.get(name)


_here = _Built()


def keep_on(shelf: Shelf) -> None:
    """From now on take sessions from ``shelf``, and put there what has to be built.

    One for all stores of a process: sessions are the same on each.
    """
    _here.shelf = shelf


def keep() -> None:
    """Put on the shelf what was built; what it cannot take yet is put there another time."""
    if (shelf := _here.shelf) is None:
        return
    for name in [*_here.unkept]:
        if shelf.put(name, *_here.known[name]):
            _here.unkept.discard(name)


def micros(instant: date) -> int:
    """Microseconds since 1970 of an aware instant, or of a date's midnight in UTC."""
    if not isinstance(instant, datetime):
        instant = datetime.combine(instant, time(), UTC)
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """The instant so many microseconds after 1970, aware, UTC."""
    return _EPOCH + timedelta(microseconds=at)


def day_start(day: date, zone: ZoneInfo) -> int:
    """When ``day`` begins in ``zone``, in microseconds since 1970."""
    return micros(datetime.combine(day, time(), zone))


@cache
def canonical(name: str) -> str:
    """The calendar's one name; aliases (``NYSE``) and any case are understood.

    Raises
    ------
    CalendarUnknown
        If there is none of that name.
    """
    if name.lower() in _OWN:
        return name.lower()
    # Only calendars that were built under their own name are on the shelf.
    if _here.held(name):
        return name
    import exchange_calendars

    spellings = {each.lower(): each for each in exchange_calendars.get_calendar_names()}
    if name.lower() not in spellings:
        near = did_you_mean(name.upper(), [*spellings.values(), *_OWN])
        raise CalendarUnknown(f"no calendar {name!r}", hint=near)
    return str(exchange_calendars.resolve_alias(spellings[name.lower()]))


@cache
def zone_of(name: str) -> ZoneInfo:
    """Time zone of the calendar; builds no sessions."""
    if name in _OWN:
        return _OWN[name]
    if found := _here.held(name):
        return found[1]
    # The zone is a property that reads no state, and constructing an instance takes 0.3 s.
    return ZoneInfo(object.__new__(_factory(name)).tz.key)


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
    shut = np.isin(known.days, [micros(day) for day in closed])
    return known.pick(~shut) if shut.any() else known


def _build_and_keep(name: str) -> tuple[Sessions, ZoneInfo]:
    found = _here.known[name] = _build(name), zone_of(name)
    if name != "24/7":  # which is counted, sooner than read
        _here.unkept.add(name)
        keep()
    return found


def _build(name: str) -> Sessions:
    match name:
        case "24/7":
            days = _all_days()
            return Sessions(_FIRST, _LAST, days, days, days + DAY, days + DAY, days + DAY)
        case "fx":
            return _interbank()
        case _:
            return _exchange(name)


def _all_days() -> Instants:
    return np.arange(micros(_FIRST), micros(_LAST) + DAY, DAY, dtype=np.int64)


def _interbank() -> Sessions:
    """Monday to Friday, each from 17:00 New York of the day before; not Christmas, not New Year."""
    import pandas as pd

    dates = pd.DatetimeIndex(_all_days().astype("datetime64[us]"))
    month, day = dates.month, dates.day
    shut = ((month == 12) & (day == 25)) | ((month == 1) & (day == 1))  # noqa: PLR2004
    dates = dates[(dates.day_of_week < 5) & ~shut]  # noqa: PLR2004
    opens = _as_instants((dates - timedelta(days=1) + _ROLLOVER).tz_localize(_OWN["fx"]))
    closes = _as_instants((dates + _ROLLOVER).tz_localize(_OWN["fx"]))
    return Sessions(_FIRST, _LAST, _as_instants(dates), opens, closes, closes, closes)


def _as_instants(index: pd.DatetimeIndex) -> Instants:
    return np.asarray(index.as_unit("us").asi8, dtype=np.int64)


def _exchange(name: str) -> Sessions:
    import pandas as pd

    factory = _factory(name)
    start, end = factory.bound_min(), factory.bound_max()
    first = _FIRST if start is None else max(start.date(), _FIRST)
    last = _LAST if end is None else min(end.date(), _LAST)
    try:
        # Constructing costs the same for one year and for two hundred (0.3 s for XNYS), so each
        # is built whole. Bounds are always given: the defaults come from the wall clock.
        with warnings.catch_warnings():
            # It uses pandas in ways that pandas 3.1 deprecates, which is no news to our users.
            warnings.simplefilter("ignore", DeprecationWarning)
            built = factory(pd.Timestamp(first), pd.Timestamp(last))
    except (ValueError, NotImplementedError) as error:
        # exchange_calendars 4.13 cannot build XTAE, nor with pandas 3 the Orthodox Easters.
        raise CalendarUnknown(
            f"exchange_calendars cannot build the calendar {name}",
            hint="upgrade exchange_calendars, or name another calendar",
        ) from error
    closes = built.closes_nanos
    unbroken = built.break_starts_nanos == np.iinfo(np.int64).min
    breaks = (
        np.where(unbroken, closes, each)
        for each in (built.break_starts_nanos, built.break_ends_nanos)
    )
    columns = (built.sessions_nanos, built.opens_nanos, *breaks, closes)
    return Sessions(first, last, *(each // 1000 for each in columns))


def _factory(name: str) -> Any:  # noqa: ANN401  # exchange_calendars is untyped
    # Bounds and zone are asked of the class; the public door only hands out instances.
    from exchange_calendars.calendar_utils import _default_calendar_factories

    return _default_calendar_factories[name]


def _with_extra(known: Sessions, extra: frozenset[date], zone: ZoneInfo) -> Sessions:
    days = np.array(sorted(micros(day) for day in extra if known.first <= day <= known.last))
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
    return _as_instants(
        local.tz_localize(
            zone, ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward"
        )
    )
