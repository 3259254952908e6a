"""yfinance's frames as bars: Yahoo's stamps, empty rows and live rows put right.

Weeks are made of days: Yahoo's own begin on whichever day is asked for first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    PRICES,
    Bars,
    as_stamps,
    make_bars,
    within,
)
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.derive import longer_stamps
from ml4t_nb.core.longer_bars import joined_bars, mondays_of, weekly_bars
from ml4t_nb.core.timestamps import from_micros, next_week_start, to_micros, week_start
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import Frequency, Span, bar_length
from ml4t_nb.providers.base import Answer, Request
from ml4t_nb.providers.yahoo.client import ChartReply, local_dates
from ml4t_nb.providers.yahoo.corporate_actions import REACH, assign_actions

__all__ = ["asked_as", "bars_of_chart", "days_of_weeks", "weeks"]

_HOUR, _NIGHT = pd.Timedelta(hours=1), pd.Timedelta(hours=6)


def bars_of_chart(
    chart: ChartReply, calendar: Calendar, window: Span, frequency: Frequency
) -> tuple[Bars, tuple[Finding, ...]]:
    """Bars of one reply, days for weeks, and what was odd about its events.

    Days are stamped by their local date. Those without prices stay where the calendar has a
    session: it depends on the as-of whether one is a bar that is missing or a day that has only
    begun. Within a day, rows without prices and without a volume are periods without a trade, not
    bars.

    Parameters
    ----------
    chart
        Days, or bars of the frequency that `asked_as` says.
    """
    local = pd.DatetimeIndex(chart.frame.index)
    length = bar_length(frequency)
    stamps = local_dates(local) if length is None else as_stamps(local)
    names = ("Open", "High", "Low", "Close", "Volume")
    bars = make_bars(stamps, {name.lower(): chart.frame[name] for name in names})
    is_void = np.array(bars[list(PRICES)].isna().all(axis=1) & (bars["volume"] == 0))
    sessions = calendar.known_stamps(window, "daily")
    if length is None:
        bars = bars[~(is_void & ~bars.index.isin(sessions))]
        days = pd.DatetimeIndex(bars.index)
        return assign_actions(bars, days, chart.actions, reach=REACH, sessions=sessions)
    asked = asked_as(frequency, calendar, window)
    if len(bars) and _is_live(bars, bar_length(asked) or length):
        is_void[-1] = True
    bars = bars[~is_void]
    if asked != frequency:
        quarters = bars.sort_index(kind="stable")
        starts = longer_stamps(pd.DatetimeIndex(quarters.index), frequency, calendar, asked)
        bars = joined_bars(quarters, starts, whole=True)
    days = local_dates(pd.DatetimeIndex(bars.index).tz_convert(local.tz))
    return assign_actions(bars, days, chart.actions, reach=timedelta(0), sessions=sessions)


def asked_as(frequency: Frequency, calendar: Calendar, window: Span) -> Frequency:
    """The frequency that Yahoo is asked for, to make bars of ``frequency`` of.

    yfinance would make half hours of quarters too, but on the full and half hour, where not every
    exchange opens (Bombay, 09:15). Yahoo's own hours run on through a lunch break, while bars
    begin again where trading resumes (Tokyo, 12:30).
    """
    if frequency == "30m":
        return "15m"
    if frequency == "hourly":
        steps = pd.Series(calendar.known_stamps(window, frequency)).diff()
        if ((steps > _HOUR) & (steps < _NIGHT)).any():
            return "15m"
    return frequency


def _is_live(bars: Bars, length: timedelta) -> bool:
    """Whether the last row is the last trade, which Yahoo appends, and not a bar.

    Its stamp is the trade's. Bars begin on whole minutes; those shorter than an hour on multiples
    of their length, hours like the hour before.
    """
    last = bars.index[-1]
    if last.second or last.microsecond:
        return True
    if length < timedelta(hours=1):
        return bool(last.minute % (length // timedelta(minutes=1)))
    return len(bars) > 1 and last - bars.index[-2] < length


def days_of_weeks(span: Span) -> Span:
    """The days of all weeks whose Monday is in ``span``."""
    start = next_week_start(span.start)
    return Span(start, max(next_week_start(span.end), start))


def weeks(answer: Answer, request: Request, *, delay: timedelta) -> Answer:
    """Weeks of an answer of days, which begins some days earlier, and which of them lack a day.

    A week with a row without prices is left out, as such a day would be. A week that lacks a
    session altogether is kept: the calendar may not know of a closure.
    """
    span = days_of_weeks(request.span)
    over = request.calendar.final_before(request.as_of, "daily", delay)
    daily = answer.bars
    days = pd.DatetimeIndex(daily.index)
    priced = daily[list(PRICES)].notna().all(axis=1).to_numpy()
    hollow = days[~priced & np.asarray(days < pd.Timestamp(over))]
    whole = daily[~mondays_of(days).isin(mondays_of(hollow))]
    seen = days[priced]
    missing = request.calendar.known_stamps(span, "daily").difference(days)
    if len(seen):
        missing = missing[(missing > seen[0]) & (missing < min(seen[-1], pd.Timestamp(over)))]
    found = [
        *(_about(day, "nan", "has no prices, so its week is left out") for day in hollow),
        *(_about(day, "partial", "has no bar, so it is missing from its week") for day in missing),
        *answer.findings,
    ]
    kept = tuple(each for each in found if each.stamp is None or each.stamp in span)
    return replace(answer, bars=within(weekly_bars(whole), request.span), findings=kept)


def _about(day: pd.Timestamp, rule: Rule, what: str) -> Finding:
    return Finding(from_micros(week_start(to_micros(day))), rule, f"{day:%Y-%m-%d} {what}")
