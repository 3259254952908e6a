"""Yahoo Finance, through yfinance: free, unofficial, and full of surprises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from ml4t_nb.core.bars import Bars, empty_bars, within
from ml4t_nb.model import Basis, Finding, Frequency, Span, bar_length
from ml4t_nb.providers.base import Answer, Instrument, Request
from ml4t_nb.providers.yahoo import limits
from ml4t_nb.providers.yahoo.client import ChartReply, Client
from ml4t_nb.providers.yahoo.corporate_actions import REACH
from ml4t_nb.providers.yahoo.errors import NoBars
from ml4t_nb.providers.yahoo.frames import asked_as, daily_bars, expected, intraday_bars
from ml4t_nb.providers.yahoo.instruments import instrument_of
from ml4t_nb.providers.yahoo.reply_time import made_at, over_before
from ml4t_nb.providers.yahoo.weeks import days_of_weeks, weeks
from ml4t_nb.settings import Settings

__all__ = ["YahooProvider"]

_INTERVALS: Mapping[Frequency, str] = {
    "1m": "1m",
    "5m": "5m",
    "15m": "15m",
    # Not 1h: yfinance takes that for an interval of days when it merges events.
    "hourly": "60m",
}
# No series of Yahoo's begins before 1927, and seconds before 1902 overflow 32 bits.
_FIRST = date(1925, 1, 1)
# Trading goes on while a run asks: only an as-of further back than this is one of the past.
_RECENT = timedelta(days=1)


class YahooProvider:
    """Prices on the split basis of today, with dividends and splits as events.

    Parameters
    ----------
    timeout_s
        How long to wait for one reply.
    deadline_s
        How long one question may take, cookies, time zone and all.
    """

    name = "yahoo"
    summary = "Yahoo Finance through yfinance: shares, funds, indices, crypto and fx, worldwide"
    basis: Basis = "split-adjusted"

    def __init__(
        self, settings: Settings, *, timeout_s: float = 10.0, deadline_s: float = 30.0
    ) -> None:
        self.limits = limits(settings)
        self._client = Client(
            settings.home / "cache" / "yfinance",
            per_minute=settings.yahoo_per_minute,
            timeout_s=timeout_s,
            deadline_s=deadline_s,
            is_loud=settings.log_level == "DEBUG",
        )

    def instrument(self, symbol: str) -> Instrument:
        """Asset class and calendar by Yahoo's instrument type, exchange and time zone."""
        return instrument_of(self._client.meta(symbol))

    def fetch(self, request: Request) -> Answer:
        """Bars on the split basis of this moment, whatever the as-of."""
        if request.dataset.frequency == "weekly":
            wide = replace(request, span=days_of_weeks(request.span))
            return weeks(self._daily(wide), request, delay=self.limits.delay_of(request.dataset))
        if request.dataset.frequency == "daily":
            answer = self._daily(request)
        else:
            answer = self._intraday(request)
        kept = tuple(f for f in answer.findings if f.stamp is None or f.stamp in request.span)
        return replace(answer, bars=within(answer.bars, request.span), findings=kept)

    def _daily(self, request: Request) -> Answer:
        """Daily bars of the span and of some days before it."""
        start = max((request.span.start - REACH).date(), _FIRST)
        end = _next_midnight(request.span.end)
        window = Span(datetime.combine(start, time(), UTC), end)
        if not window:
            return Answer(empty_bars())
        try:
            chart = self._client.bars(request.dataset.symbol, "1d", start, end.date())
        except NoBars as error:
            return Answer(self._none(request, error))
        bars, findings = daily_bars(chart, request.calendar, window)
        return self._answer(chart, request, bars, findings)

    def _intraday(self, request: Request) -> Answer:
        frequency = request.dataset.frequency
        window = _whole(request, frequency)
        interval = _INTERVALS[asked_as(frequency, request.calendar, window)]
        try:
            chart = self._client.bars(request.dataset.symbol, interval, window.start, window.end)
        except NoBars as error:
            return Answer(self._none(request, error))
        bars, findings = intraday_bars(chart, request.calendar, window, frequency)
        return self._answer(chart, request, bars, findings)

    def _answer(
        self, chart: ChartReply, request: Request, bars: Bars, findings: tuple[Finding, ...]
    ) -> Answer:
        over = over_before(chart.meta, request, self.limits.delay_of(request.dataset))
        return Answer(bars, findings, _notes(chart, request, over), over)

    def _none(self, request: Request, error: NoBars) -> Bars:
        """No bars, if that can be true."""
        frequency = request.dataset.frequency
        due = expected(request.calendar, request.span, frequency)
        over = request.calendar.final_before(
            request.as_of, frequency, self.limits.delay_of(request.dataset)
        )
        if not error.is_explained and (due < pd.Timestamp(over)).any():
            raise error
        return empty_bars()


def _notes(chart: ChartReply, request: Request, over: datetime | None) -> tuple[str, ...]:
    """What there is to say about an as-of of long ago, or a reply that is."""
    traded = made_at(chart.meta)
    if traded is None:
        return ()
    if over is not None:
        words = (
            f"yahoo's answer is of {traded:%Y-%m-%d %H:%M} UTC: bars that were not over then "
            "are left for a later run"
        )
        return (words,)
    if traded - request.as_of <= _RECENT:
        return ()
    words = (
        f"yahoo answers as of {traded:%Y-%m-%d}: its prices and dividends are on the split basis "
        f"of that day, not of {request.as_of:%Y-%m-%d}"
    )
    return (words,)


def _next_midnight(instant: datetime) -> datetime:
    midnight = datetime.combine(instant.date(), time(), UTC)
    return midnight if midnight == instant else midnight + timedelta(days=1)


def _whole(request: Request, frequency: Frequency) -> Span:
    """The span from the start of its first local day to where all of its bars are over.

    A day's events belong to its first bar, so the day is asked for from its beginning; a bar that
    is made of quarters needs all of them.
    """
    span, zone = request.span, request.calendar.zone
    start = datetime.combine(span.start.astimezone(zone).date(), time(), zone).astimezone(UTC)
    length = bar_length(frequency)
    assert length is not None
    return Span(start, span.end + length if frequency in ("30m", "hourly") else span.end)
