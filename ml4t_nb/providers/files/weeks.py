"""Weeks by whatever day they are dated: stamped by their Monday, or refused."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, as_stamps
from ml4t_nb.core.longer_bars import joined_bars, mondays_of, weekly_bars
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Span, WeekDating
from ml4t_nb.providers.base import Answer, Request
from ml4t_nb.providers.files.tables import PriceTable

__all__ = ["weeks_of"]

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
# Days between rows: less for days, even with holidays between, and more for months.
_LEAST, _MOST = 5, 10
_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 4, 5, 6
_SOME = 3
_SETTING = "ML4T_DATA_FILES_WEEKS"


def weeks_of(table: PriceTable, rows: Bars, request: Request, dating: WeekDating | None) -> Answer:
    """Weeks made of days, or of rows that are weeks, and which of them is not over in the file.

    The rows are sorted, no date is there twice; of those dated on a Sunday ``dating`` says
    whether they begin or end with it. BarsInvalid if rows are longer than weeks, are not weeks
    from Monday to Sunday, or do not show which weeks they are.
    """
    if rows.empty:
        return Answer(rows)
    days = pd.DatetimeIndex(rows.index)
    steps = np.diff(days.asi8) / (_DAY / TICK)
    usual = float(np.median(steps)) if len(steps) else 0.0
    if usual >= _MOST:
        raise BarsInvalid(
            f"{table.path.name} has no weekly bars: its rows are {usual:g} days apart",
            hint="replace it with a file of daily or weekly bars",
        )
    if usual < _LEAST and not (len(days) == 1 and days[0].day_of_week == _SUNDAY):
        return _of_days(table, rows, request)
    mondays, notes = _mondays(table, days, request, dating)
    again = np.flatnonzero(np.diff(mondays.asi8) == 0)
    if len(again):
        one, other = days[int(again[0])], days[int(again[0]) + 1]
        raise BarsInvalid(
            f"{table.path.name}: {one:%Y-%m-%d} and {other:%Y-%m-%d} are in the same week",
            hint="keep one row per week",
        )
    weeks = rows.iloc[: len(mondays)].set_axis(as_stamps(mondays), axis=0)
    return Answer(weekly_bars(weeks), notes=notes)


def _of_days(table: PriceTable, days: Bars, request: Request) -> Answer:
    """Weeks; one with a day without prices has none either."""
    weeks = joined_bars(days, mondays_of(pd.DatetimeIndex(days.index)), whole=True)
    last, monday = as_instant(days.index[-1]), as_instant(weeks.index[-1])
    dates = request.calendar
    is_due = dates.final_before(request.as_of, "weekly", timedelta(0)) > monday
    if not is_due or dates.stamps(Span(last + _DAY, monday + _WEEK), "daily").empty:
        return Answer(weeks)
    words = f"{table.path.name} ends on {last:%Y-%m-%d}, within a week, which is not stored yet"
    return Answer(weeks, notes=(words,), over_before=monday)


def _mondays(
    table: PriceTable, days: pd.DatetimeIndex, request: Request, dating: WeekDating | None
) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    """The Monday of each row's week; none of a last row whose week was not over."""
    mondays, name = mondays_of(days), table.path.name
    weekday = np.asarray(days.day_of_week)
    sessions = request.calendar.stamps(
        Span(as_instant(days[0]) - _WEEK, as_instant(days[-1]) + 2 * _WEEK), "daily"
    )
    has_weekends = bool((sessions.day_of_week >= _SATURDAY).any())
    if (weekday == _SUNDAY).all():
        dating = table.dialect.weeks or dating
        if dating is None:
            raise BarsInvalid(
                f"{name}: its weeks are dated on Sundays, which may begin or end them",
                hint=f"set {_SETTING} to begin or to end",
            )
        if dating == "begin" and has_weekends:
            raise _no_weeks(table, weekday, request)
        words = f"{name}: weeks are dated on the Sunday that {dating}s them"
        return mondays + _WEEK if dating == "begin" else mondays, (words,)
    begins, ends = weekday == _MONDAY, np.zeros(len(days), dtype=bool)
    if not has_weekends:
        weeks = mondays_of(sessions)
        is_new = np.append([True], np.asarray(weeks[1:] != weeks[:-1]))
        begins |= np.asarray(days.isin(sessions[is_new]))
        lasts = sessions[np.append(is_new[1:], [True])]
        ends = np.isin(weekday, (_FRIDAY, _SATURDAY)) | np.asarray(days.isin(lasts))
    # The first row may begin with a listing, and the last be of a week that was not over.
    inner = slice(1, -1) if len(days) > _SOME else slice(None, -1)
    whole = next((each for each in (begins, ends) if each[inner].all()), None)
    if whole is None:
        raise _no_weeks(table, weekday, request)
    if whole[-1]:
        return mondays, ()
    words = f"{name}: the row of {days[-1]:%Y-%m-%d} is left out, as its week is unfinished"
    return mondays[:-1], (words,)


def _no_weeks(table: PriceTable, weekday: npt.NDArray[np.int32], request: Request) -> BarsInvalid:
    seen = " and ".join(_NAMES[each] for each in sorted(set(weekday.tolist()))[:_SOME])
    return BarsInvalid(
        f"{table.path.name}: its rows are dated on {seen}, "
        "and do not form weeks from Monday to Sunday "
        f"of {request.calendar.name}",
        hint="replace it with a file of daily bars: weeks are built from them",
    )
