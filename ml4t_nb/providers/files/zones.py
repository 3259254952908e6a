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

__all__ = ["Read", "instants_of", "require_sessions", "session_dates_of"]

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
_LUNCH = pd.Timedelta(hours=2)
_LATE = pd.Timedelta(hours=2)
_WEEKS = 2
_WEEKEND = pd.Timedelta(days=1)
_PARTING = ", whichever the source of the file states: these bars fit both, later ones will not"
_MARGIN = timedelta(days=3)
_AS_GOOD = 0.005
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Read:
    """Stamps of a table as instants.

    Parameters
    ----------
    zone
        Zone in which stamps were read; None if the file states it.
    """

    stamps: pd.DatetimeIndex
    zone: str | None = None
    notes: tuple[str, ...] = ()


def instants_of(table: PriceTable, request: Request, setting: str | None) -> Read:
    """The instant of each stamp, by the zone that the file shows, the dataset's, or the setting.

    Parameters
    ----------
    setting
        The zone of ``ML4T_DATA_FILES_ZONE``; without one too, the calendar's is assumed.

    Raises
    ------
    BarsInvalid
        If the file's own zone is another than the dataset's, if a stamp happens twice or never,
        or if the calendar shows that the stamps are of another zone.
    """
    if table.stamps.instants is not None:
        _require_agreement(table, request.zone)
        return Read(table.stamps.instants)
    dates = request.calendar
    zone = request.zone or setting or dates.zone.key
    stamps = _in_zone(table.stamps.wall, zone)
    _require_single(table, stamps, zone)
    if len(stamps):
        _require_fit(table, stamps, request, zone)
    why = "" if request.zone else f", as {'ML4T_DATA_FILES_ZONE' if setting else dates.name} says"
    words = f"{table.path.name}: stamps without a zone, read as {zone} time{why}"
    return Read(stamps, zone, (words,) if len(stamps) else ())


def session_dates_of(table: PriceTable, request: Request, setting: str | None) -> Read:
    """The session's date of each stamp, at 00:00 UTC.

    The date as written; but where times of day are written as well, and the file, the user or the
    setting says of which zone they are, it is the date there where the calendar's dates are.

    Raises
    ------
    BarsInvalid
        If a zone is named that the file contradicts, or has no use for.
    """
    written, zone = table.stamps, request.zone
    _require_agreement(table, zone)
    bare = as_stamps(written.wall.normalize())
    if (written.wall == bare.tz_localize(None)).all():
        if zone is not None and written.instants is None:
            raise BarsInvalid(
                f"{table.path.name} holds dates, which have no time zone",
                hint="leave out --zone",
            )
        return Read(bare)
    instants, told = written.instants, None
    if instants is None:
        told = zone or setting
        if told is None:
            return Read(bare)
        instants = _in_zone(written.wall, told)
        _require_single(table, instants, told)
    return Read(_sessions_of(instants, request.calendar), told)


def _sessions_of(instants: pd.DatetimeIndex, dates: Calendar) -> pd.DatetimeIndex:
    """Dates in the calendar's zone."""
    return as_stamps(instants.tz_convert(dates.zone).tz_localize(None).normalize())


def _in_zone(wall: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Instants of times of day in ``zone``; NaT where there are two of them, or none."""
    base, ahead = zone_parts(zone)
    return as_stamps((wall - ahead).tz_localize(base, ambiguous="NaT", nonexistent="NaT"))


def _require_single(table: PriceTable, stamps: pd.DatetimeIndex, zone: str) -> None:
    lost = np.flatnonzero(stamps.isna())
    if len(lost):
        place = int(lost[0])
        words = (
            f"{table.stamps.wall[place]} is ambiguous or does not exist in {zone}; write "
            "its UTC offset"
        )
        raise table.wrong(place, words)


def _require_agreement(table: PriceTable, zone: str | None) -> None:
    if zone is None or table.stamps.instants is None:
        return
    named = _in_zone(table.stamps.wall, zone)
    differs = np.flatnonzero(np.asarray(named.notna()) & np.asarray(named != table.stamps.instants))
    if len(differs):
        row = int(differs[0])
        told = f"{table.stamps.instants[row]:%Y-%m-%d %H:%M} UTC"
        raise table.wrong(
            row,
            f"this stamp is {told} according to the file, which is not this time in {zone}",
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
    known = dates.span(None, None, frequency)
    near = Span(
        max(as_instant(stamps.min()) - _MARGIN, known.start),
        min(as_instant(stamps.max()) + _MARGIN, known.end),
    )
    if not near:
        return
    hours = dates.stamps(near, "1m")
    own = _fit(stamps, hours, dates, frequency)
    if own.outside < _SOME and own.late < _WEEKS:
        return
    others = {
        name: _fit(_in_zone(table.stamps.wall, name), hours, dates, frequency)
        for name in dict.fromkeys((dates.zone.key, *_CANDIDATES))
        if name != zone
    }
    if fitting := _fitting(own, others):
        raise BarsInvalid(
            f"{table.path.name}: its stamps have no zone, and do not fit {zone} time and the hours "
            f"of {dates.name}: {_seen(own)}; they fit {' or '.join(fitting)}",
            hint=f"use --zone {' or --zone '.join(fitting)} on load"
            f"{_PARTING if len(fitting) > 1 else ''} (remove bars stored with another zone "
            "first), or write the UTC offset, as in 2024-01-31T14:30+00:00",
        )


def _seen(own: _Fit) -> str:
    if own.outside >= _SOME:
        return f"{own.outside} bars are outside of them"
    return f"{own.late} weeks begin late"


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
    begins = hours[1:][np.asarray(hours[1:] - hours[:-1] > _WEEKEND)]
    begins = begins[(begins > stamps[0]) & (begins <= stamps[-1])]
    first: npt.NDArray[np.int64] = stamps.searchsorted(begins)
    return int((stamps[first] - begins >= _LATE).sum())


def require_sessions(table: PriceTable, days: pd.DatetimeIndex, dates: Calendar) -> None:
    """Raise BarsInvalid if all days are one off from the sessions.

    They are midnights of the exchange in the time of another zone, 19:00 of the day before, or
    the dates of another exchange's week.
    """
    known = dates.span(None, None, "daily")
    if not len(days) or not known.start <= as_instant(days[0]) <= as_instant(days[-1]) < known.end:
        return
    margin = timedelta(days=1)
    near = Span(
        max(as_instant(days[0]) - margin, known.start),
        min(as_instant(days[-1]) + 2 * margin, known.end),
    )
    sessions = dates.stamps(near, "daily")
    outside = int((~days.isin(sessions)).sum())
    if outside < _SOME:
        return
    for shift, where in ((margin, "before"), (-margin, "after")):
        if (days + shift).isin(sessions).all():
            raise BarsInvalid(
                f"{table.path.name}: all of its days lie one {where} the sessions of {dates.name}, "
                f"and {outside} on days without one",
                hint="write the dates of the sessions, or midnight with the exchange's own offset; "
                "or name another exchange with --calendar",
            )
