"""Calendars as exchange_calendars has them, and two of our own, each looked up or built once."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ml4t_nb.core.timestamps import DAY, Instants, Sessions, index_micros, to_micros
from ml4t_nb.errors import CalendarUnknown
from ml4t_nb.options import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OWN", "CalendarCache", "SessionCache", "build"]

OWN = {"24/7": ZoneInfo("UTC"), "fx": ZoneInfo("America/New_York")}
"""Zones of the calendars that exchange_calendars is not asked for."""

_FIRST, _LAST = date(1900, 1, 1), date(2100, 12, 31)
_ROLLOVER = timedelta(hours=17)


class SessionCache(Protocol):
    """Where sessions are kept from one process to the next."""

    def load(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """Sessions and zone of the calendar of just that name; None if they must be built."""

    def save(self, name: str, known: Sessions, zone: ZoneInfo) -> bool:
        """Keep what was built, if that is possible; whether it was."""


class CalendarCache:
    """Names, zones and sessions of calendars, each looked up or built once; for any thread.

    Sessions are loaded from ``disk``, which may be set later, and saved to it once they are built.
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
        """The calendar's one name; aliases (``NYSE``) and any case are understood."""
        if name.lower() in OWN:
            return name.lower()
        # Only calendars that were built under their own name are on the disk.
        return name if self._known(name) else _spelled(name)

    def _zone_of(self, name: str) -> ZoneInfo:
        """Time zone of the calendar; builds no sessions."""
        if name in OWN:
            return OWN[name]
        if found := self._known(name):
            return found[1]
        # The zone is a property that reads no state, and constructing an instance takes 0.3 s.
        return ZoneInfo(object.__new__(_factory(name)).tz.key)

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
        found = self._built[name] = build(name), self.zone_of(name)
        if name != "24/7":  # which is counted, sooner than read
            self._unsaved.add(name)
            self.save()
        return found


def build(name: str) -> Sessions:
    """All sessions of the calendar of that canonical name; CalendarUnknown if that fails."""
    days = np.arange(to_micros(_FIRST), to_micros(_LAST) + DAY, DAY, dtype=np.int64)
    match name:
        case "24/7":
            return Sessions(_FIRST, _LAST, days, days, days + DAY, days + DAY, days + DAY)
        case "fx":
            return _interbank(days)
        case _:
            return _exchange(name)


def _spelled(name: str) -> str:
    import exchange_calendars

    spellings = {each.lower(): each for each in exchange_calendars.get_calendar_names()}
    if name.lower() not in spellings:
        near = did_you_mean(name.upper(), [*spellings.values(), *OWN])
        raise CalendarUnknown(f"unknown calendar {name!r}", hint=near)
    return str(exchange_calendars.resolve_alias(spellings[name.lower()]))


def _interbank(days: Instants) -> Sessions:
    """Monday to Friday, each from 17:00 New York of the day before; not Christmas, not New Year."""
    import pandas as pd

    dates = pd.DatetimeIndex(days.astype("datetime64[us]"))
    month, day = dates.month, dates.day
    shut = ((month == 12) & (day == 25)) | ((month == 1) & (day == 1))  # noqa: PLR2004
    dates = dates[(dates.day_of_week < 5) & ~shut]  # noqa: PLR2004
    opens = index_micros((dates - timedelta(days=1) + _ROLLOVER).tz_localize(OWN["fx"]))
    closes = index_micros((dates + _ROLLOVER).tz_localize(OWN["fx"]))
    return Sessions(_FIRST, _LAST, index_micros(dates), opens, closes, closes, closes)


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
            # It uses pandas in ways that pandas 3.1 deprecates, which does not concern our users.
            warnings.simplefilter("ignore", DeprecationWarning)
            built = factory(pd.Timestamp(first), pd.Timestamp(last))
    # pandas raises the second for a rule of holidays that it cannot follow.
    except (ValueError, NotImplementedError) as error:
        raise CalendarUnknown(
            f"exchange_calendars cannot build the calendar {name}",
            hint="upgrade exchange_calendars, or choose another calendar",
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

    _adapt_offsets()
    return _default_calendar_factories[name]


@cache
def _adapt_offsets() -> None:
    """Let pandas 3.1 and later step through the date offsets of exchange_calendars 4.13.

    From 3.1 on pandas calls an offset's ``_add_datetime`` and no longer its ``_apply``, and takes
    every subclass of CustomBusinessDay for one whose weekmask never changes. Orthodox Easters
    then cannot be built (Athens, Belgrade, Bucharest, Nicosia), Jewish holidays become Christian
    ones (Tel Aviv), and, without any error, Bombay, Moscow and Seoul lose the weekends on which
    they traded. Nothing is changed where pandas still calls ``_apply``, nor in a class that has
    learned the new name.
    """
    from exchange_calendars.pandas_extensions.offsets import MultipleWeekmaskCustomBusinessDay
    from pandas.tseries.offsets import BaseOffset

    if not hasattr(BaseOffset, "_add_datetime"):
        return
    for offset in _subclasses(BaseOffset):
        own = vars(offset)
        if offset.__module__.startswith("exchange_calendars.") and "_add_datetime" not in own:
            if "_apply" in own:
                offset._add_datetime = own["_apply"]  # noqa: SLF001  # what pandas calls
            if offset is MultipleWeekmaskCustomBusinessDay:
                offset._add_datetime = _next_day_on  # noqa: SLF001
                offset._supports_daily_offset_mask = False  # noqa: SLF001


def _subclasses(base: Any) -> Iterator[Any]:  # noqa: ANN401  # untyped
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)


def _next_day_on(offset: Any, stamp: pd.Timestamp) -> pd.Timestamp:  # noqa: ANN401  # untyped
    """The next day that ``offset`` is on; whole days are all that calendars step by."""
    try:
        days = offset.days_on
    except AttributeError:
        days = offset.days_on = _days_on(offset)
    day = days[np.searchsorted(days, np.datetime64(stamp, "D"), side="right")]
    # pandas reads the integer within, and takes its unit for the one of the stamp it gave.
    return type(stamp)(day).as_unit(stamp.unit)


def _days_on(offset: Any) -> npt.NDArray[np.datetime64]:  # noqa: ANN401  # untyped
    """All days that ``offset`` is on, each by the weekmask of its period."""
    days: npt.NDArray[np.datetime64]
    days = np.arange(to_micros(_FIRST), to_micros(_LAST) + 366 * DAY, DAY).astype("datetime64[us]")
    days = days.astype("datetime64[D]")
    is_on: npt.NDArray[np.bool_]
    is_on = np.is_busday(days, weekmask=offset.weekmask, holidays=offset.holidays)
    for start, end, weekmask in offset.weekmasks:
        first = 0 if start is None else np.searchsorted(days, np.datetime64(start, "D"))
        stop = len(days) if end is None else np.searchsorted(days, np.datetime64(end, "D"), "right")
        stretch = slice(first, stop)
        is_on[stretch] = np.is_busday(days[stretch], weekmask=weekmask, holidays=offset.holidays)
    return days[is_on]


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
