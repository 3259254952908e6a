"""Weekly bars made of daily ones: Yahoo's own weeks begin on whichever day is asked for first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, mondays_of, weekly_bars, within
from ml4t_nb.core.timestamps import from_micros, next_week_start, to_micros, week_start
from ml4t_nb.model import Finding, Rule, Span
from ml4t_nb.providers.base import Answer, Request
from ml4t_nb.providers.yahoo.frames import expected

__all__ = ["days_of_weeks", "weeks"]


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


def _about(day: pd.Timestamp, rule: Rule, what: str) -> Finding:
    return Finding(from_micros(week_start(to_micros(day))), rule, f"{day:%Y-%m-%d} {what}")
