"""Weekly bars made of daily ones: Yahoo's own weeks begin on whichever day is asked for first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, as_stamps, weekly_bars, within
from ml4t_nb.model import Finding, Rule, Span
from ml4t_nb.providers.base import Answer, Request
from ml4t_nb.providers.yahoo.frames import expected

__all__ = ["weeks", "weeks_of"]

_WEEK = timedelta(days=7)


def weeks_of(span: Span) -> Span:
    """The days of all weeks whose Monday lies in ``span``."""
    start = _monday_from(span.start)
    return Span(start, max(_monday_from(span.end), start))


def _monday_from(instant: datetime) -> datetime:
    """The first Monday, 00:00 UTC, that is not before ``instant``."""
    midnight = datetime.combine(instant.date(), time(), UTC)
    if midnight < instant:
        midnight += timedelta(days=1)
    return midnight + timedelta(days=-midnight.weekday() % 7)


def weeks(answer: Answer, request: Request, *, delay: timedelta) -> Answer:
    """Weeks of an answer of days, which begins some days earlier, and which of them lack a day.

    A week with a row without prices is left out, as such a day would be. A week that lacks a
    session altogether is kept: the calendar may not know of a closure.
    """
    span = weeks_of(request.span)
    over = request.calendar.final_before(request.as_of, "daily", delay)
    daily = answer.bars
    days = pd.DatetimeIndex(daily.index)
    priced = daily[list(PRICES)].notna().all(axis=1).to_numpy()
    hollow = days[~priced & np.asarray(days < pd.Timestamp(over))]
    whole = daily[~_mondays(days).isin(_mondays(hollow))]
    seen = days[priced]
    missing = expected(request.calendar, span, "daily").difference(days)
    if len(seen):
        missing = missing[(missing > seen[0]) & (missing < min(seen[-1], pd.Timestamp(over)))]
    found = [
        *(_about(day, "nan", "has no prices, so its week is left out") for day in hollow),
        *(_about(day, "partial", "has no bar, so its week lacks it") for day in missing),
        *answer.findings,
    ]
    kept = tuple(each for each in found if each.stamp is None or each.stamp in span)
    return replace(answer, bars=within(weekly_bars(whole), request.span), findings=kept)


def _mondays(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return as_stamps(days.normalize() - pd.to_timedelta(days.day_of_week, unit="D"))


def _about(day: pd.Timestamp, rule: Rule, what: str) -> Finding:
    monday = day - timedelta(days=day.weekday())
    return Finding(monday.to_pydatetime(), rule, f"{day:%Y-%m-%d} {what}")
