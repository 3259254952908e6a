"""Stamps without a zone: of which they are taken to be, and whether the calendar allows that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import as_instant, as_stamps
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Frequency, Span, bar_length
from ml4t_nb.options import zone_parts
from ml4t_nb.providers.base import Request
from ml4t_nb.providers.files.tables import PriceTable

__all__ = ["Read", "require_sessions", "stamps_of"]

# Where files of bars come from. Servers of MetaTrader count from midnight at the New York close, or
# keep the time of Athens: they differ for some weeks of March, October and November.
_CANDIDATES = (
    "UTC",
    "Europe/Athens",
    "America/New_York+07:00",
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/Moscow",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)
_SOME = 3
_FEWER = 10
_LUNCH = _LATE = pd.Timedelta(hours=2)
_WEEKS = 2
_DAY = timedelta(days=1)
_PARTING = ", whichever the source of the file states: these bars fit both, later ones will not"
_MARGIN = timedelta(days=3)
_AS_GOOD = 0.005
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Read:
    """Stamps of a table as instants, and the zone that they were taken to be of, if of any."""

    stamps: pd.DatetimeIndex
    zone: str | None = None
    notes: tuple[str, ...] = ()


def stamps_of(table: PriceTable, request: Request, setting: str | None) -> Read:
    """The instant of each stamp; of daily and weekly bars the session's date, at 00:00 UTC.

    Stamps of which the file shows no zone are of the dataset's, or the setting's. Without one too,
    those within a day are taken to be of the calendar's zone, and dates as they are written.

    BarsInvalid if the file contradicts the dataset's zone, or has no use for it, if a stamp happens
    twice or never, or if the calendar shows that the stamps are of another zone.
    """
    wall, instants = table.stamps.wall, table.stamps.instants
    dates, zone = request.calendar, request.zone
    is_of_days = bar_length(request.dataset.frequency) is None
    if instants is not None and zone is not None:
        _require_agreement(table, instants, zone)
    bare = as_stamps(wall.normalize())
    if is_of_days and (wall == bare.tz_localize(None)).all():
        if instants is None and zone is not None:
            raise BarsInvalid(
                f"{table.path.name} holds dates, which have no time zone",
                hint="leave out --zone",
            )
        return Read(bare)
    read_in = None
    if instants is None:
        read_in = zone or setting or (None if is_of_days else dates.zone.key)
        if read_in is None:
            return Read(bare)
        instants = _in_zone(wall, read_in)
        if instants.hasnans:
            row = int(instants.isna().argmax())
            words = f"{wall[row]} is ambiguous or does not exist in {read_in}; write its UTC offset"
            raise table.wrong(row, words)
    if is_of_days:
        local = instants.tz_convert(dates.zone).tz_localize(None)
        return Read(as_stamps(local.normalize()), read_in)
    if read_in is None or not len(instants):
        return Read(instants, read_in)
    _require_fit(table, instants, request, read_in)
    why = "" if zone else f", as {'ML4T_DATA_FILES_ZONE' if setting else dates.name} says"
    words = f"{table.path.name}: stamps without a zone, read as {read_in} time{why}"
    return Read(instants, read_in, (words,))


def _in_zone(wall: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Instants of times of day in ``zone``; NaT where there are two of them, or none."""
    base, ahead = zone_parts(zone)
    return as_stamps((wall - ahead).tz_localize(base, ambiguous="NaT", nonexistent="NaT"))


def _require_agreement(table: PriceTable, instants: pd.DatetimeIndex, zone: str) -> None:
    named = _in_zone(table.stamps.wall, zone)
    differs = np.flatnonzero(np.asarray(named.notna()) & np.asarray(named != instants))
    if len(differs):
        row = int(differs[0])
        read_in = f"{instants[row]:%Y-%m-%d %H:%M} UTC"
        raise table.wrong(
            row,
            f"this stamp is {read_in} according to the file, which is not this time in {zone}",
            hint="leave out --zone: the stamps have their own zone",
        )


@dataclass(frozen=True, slots=True)
class _Fit:
    """How bars fit the trading hours: bars outside, weeks that begin late, share in common."""

    outside: int
    late: int
    share: float


def _require_fit(table: PriceTable, stamps: pd.DatetimeIndex, request: Request, zone: str) -> None:
    """Raise BarsInvalid if the stamps cannot be of ``zone``, and could be of another."""
    dates, frequency = request.calendar, request.dataset.frequency
    if dates.name == "24/7":
        return
    near = Span(as_instant(stamps.min()) - _MARGIN, as_instant(stamps.max()) + _MARGIN)
    hours = dates.known_stamps(near, "1m")
    own = _fit(stamps, hours, dates, frequency)
    if own.outside < _SOME and own.late < _WEEKS:
        return
    others = {
        name: _fit(_in_zone(table.stamps.wall, name), hours, dates, frequency)
        for name in dict.fromkeys((dates.zone.key, *_CANDIDATES))
        if name != zone
    }
    if fitting := _fitting(own, others):
        many = f"{own.outside} bars are outside of them"
        seen = many if own.outside >= _SOME else f"{own.late} weeks begin late"
        raise BarsInvalid(
            f"{table.path.name}: its stamps have no zone, and do not fit {zone} time and the hours "
            f"of {dates.name}: {seen}; they fit {' or '.join(fitting)}",
            hint=f"use --zone {' or --zone '.join(fitting)} on load"
            f"{_PARTING if len(fitting) > 1 else ''} (remove bars stored with another zone "
            "first), or write the UTC offset, as in 2024-01-31T14:30+00:00",
        )


def _fitting(own: _Fit, others: Mapping[str, _Fit]) -> list[str]:
    """Zones that leave hardly a bar outside where ``own`` leaves many, the best first."""
    could = {
        name: fit
        for name, fit in others.items()
        if (own.outside >= _SOME and fit.outside * _FEWER <= own.outside)
        or (own.late >= _WEEKS and not fit.late and fit.outside <= own.outside)
    }
    best = max((fit.share for fit in could.values()), default=0.0)
    if best < own.share:
        return []
    return [name for name, fit in could.items() if fit.share >= best - _AS_GOOD][:_NAMED]


def _fit(
    stamps: pd.DatetimeIndex, hours: pd.DatetimeIndex, dates: Calendar, frequency: Frequency
) -> _Fit:
    length = bar_length(frequency)
    assert length is not None
    some = stamps.dropna().sort_values()
    missed = len(stamps) - len(some)
    if some.empty or hours.empty:
        return _Fit(len(stamps), 0, 0.0)
    # A bar is inside if it meets a minute of trading: some begin on the hour before the open. Those
    # of a lunch break are not evidence.
    following = hours.searchsorted(some)
    after = hours[np.minimum(following, len(hours) - 1)]
    is_lunch = (following > 0) & (after - hours[following - 1] < _LUNCH)
    is_inside = (after >= some) & ((after < some + length) | is_lunch)
    inside = int(is_inside.sum())
    until = int(hours.searchsorted(some[-1] + length))
    due = (until - int(following[0])) * timedelta(minutes=1) / length
    outside = len(some) - inside + missed
    share = inside / (max(due, inside) + outside)
    return _Fit(outside, _late_weeks(some, hours) if dates.name == "fx" else 0, share)


def _late_weeks(stamps: pd.DatetimeIndex, hours: pd.DatetimeIndex) -> int:
    """Weeks after the first whose first bar comes hours after trading began."""
    begins = hours[1:][np.asarray(hours[1:] - hours[:-1] > pd.Timedelta(_DAY))]
    begins = begins[(begins > stamps[0]) & (begins <= stamps[-1])]
    first: npt.NDArray[np.int64] = stamps.searchsorted(begins)
    return int((stamps[first] - begins >= _LATE).sum())


def require_sessions(table: PriceTable, days: pd.DatetimeIndex, dates: Calendar) -> None:
    """Raise BarsInvalid if all days are one off from the sessions.

    They are midnights of the exchange in the time of another zone, 19:00 of the day before, or
    the dates of another exchange's week.
    """
    if not len(days):
        return
    near = Span(as_instant(days[0]) - _DAY, as_instant(days[-1]) + 2 * _DAY)
    sessions = dates.known_stamps(near, "daily")
    outside = int((~days.isin(sessions)).sum())
    if outside < _SOME:
        return
    for shift, where in ((_DAY, "before"), (-_DAY, "after")):
        if (days + shift).isin(sessions).all():
            raise BarsInvalid(
                f"{table.path.name}: all of its days lie one {where} the sessions of {dates.name}, "
                f"and {outside} on days without one",
                hint="write the dates of the sessions, or midnight with the exchange's own offset; "
                "or name another exchange with --calendar",
            )
