"""Yahoo Finance, through yfinance: free, unofficial, and full of surprises."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

import pandas as pd

from ml4t_nb.core.bars import empty_bars, within
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import Basis, Frequency, Span, bar_length
from ml4t_nb.providers.base import Answer, Instrument, Request
from ml4t_nb.providers.yahoo import limits
from ml4t_nb.providers.yahoo.client import ChartReply, Charts, Client, ReplyAtHand
from ml4t_nb.providers.yahoo.corporate_actions import REACH
from ml4t_nb.providers.yahoo.errors import NoBars
from ml4t_nb.providers.yahoo.frames import asked_as, bars_of_chart, days_of_weeks, weeks
from ml4t_nb.providers.yahoo.instruments import instrument_of
from ml4t_nb.providers.yahoo.reply_time import made_at, over_before
from ml4t_nb.settings import Settings

__all__ = ["YahooProvider"]

_INTERVALS: Mapping[Frequency, str] = {
    "1m": "1m",
    "5m": "5m",
    "15m": "15m",
    # Not 1h: yfinance takes that for an interval of days when it merges events.
    "hourly": "60m",
}
_DAYS = "1d"
# A date begins up to that long before or after 00:00 UTC, and as long as that a day lasts.
_ANYWHERE = timedelta(days=1)
# Minutes are asked for from the local midnight on, which is no earlier than that in any zone; and
# a week with one day more is all that Yahoo gives at once, and a month all that it has.
_EARLIER = timedelta(hours=23, minutes=50)
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
            settings.home,
            per_minute=settings.yahoo_per_minute,
            timeout_s=timeout_s,
            deadline_s=deadline_s,
            is_loud=settings.log_level == "DEBUG",
        )
        self._charts: Charts = self._client

    def instrument(self, symbol: str) -> Instrument:
        """Asset class and calendar by Yahoo's instrument type, exchange and time zone."""
        return instrument_of(self._client.meta(symbol))

    def identify(self, request: Request) -> tuple[Instrument, Self]:
        """The instrument by the reply to ``request``, and who has that reply at hand.

        The exchange is not known before, so its days may be others than those of the calendar that
        is guessed: some hours more are asked for.
        """
        symbol = request.dataset.symbol
        interval, window = _question(request)
        if not window:
            return self.instrument(symbol), self
        if interval != _DAYS:
            window = Span(min(window.start, request.span.start - _EARLIER), window.end)
        span = _asked_for(window, interval)
        reply: ChartReply | NoBars
        try:
            reply = self._client.chart(symbol, interval, span)
        except NoBars as error:
            reply = error
        if not reply.meta:
            return self.instrument(symbol), self
        opened = copy(self)
        opened._charts = ReplyAtHand(self._client, symbol, interval, span, reply)  # noqa: SLF001  # its own class
        return instrument_of(reply.meta), opened

    def fetch(self, request: Request) -> Answer:
        """Bars on the split basis of this moment, whatever the as-of."""
        answer = self._around(request)
        if request.dataset.frequency == "weekly":
            return weeks(answer, request, delay=self.limits.delay_of(request.dataset))
        kept = tuple(f for f in answer.findings if f.stamp is None or f.stamp in request.span)
        return replace(answer, bars=within(answer.bars, request.span), findings=kept)

    def _around(self, request: Request) -> Answer:
        """Bars of the span and of some time before it; days for weeks."""
        dataset, calendar = request.dataset, request.calendar
        interval, window = _question(request)
        if not window:
            return Answer(empty_bars())
        delay = self.limits.delay_of(dataset)
        try:
            wide = self._charts.chart(dataset.symbol, interval, _asked_for(window, interval))
            chart = wide.within(window, are_days=interval == _DAYS)
        except NoBars as error:
            due = calendar.known_stamps(_in_days(request), dataset.frequency)
            over = calendar.final_before(request.as_of, dataset.frequency, delay)
            if not error.is_explained and (due < pd.Timestamp(over)).any():
                raise
            return Answer(empty_bars())
        bars, findings = bars_of_chart(chart, calendar, window, dataset.frequency)
        cutoff = over_before(chart.meta, request, delay)
        currency = str(chart.meta.get("currency") or "")
        notes = _notes(chart, request, cutoff)
        return Answer(bars, findings, notes, cutoff, currency=currency)


def _notes(chart: ChartReply, request: Request, over: datetime | None) -> tuple[str, ...]:
    """What there is to say about an as-of of long ago, or a reply that is."""
    traded = made_at(chart.meta)
    if traded is None:
        return ()
    if over is not None:
        words = (
            f"yahoo's reply dates from {traded:%Y-%m-%d %H:%M} UTC: bars that were not over then "
            "are left for a later run"
        )
        return (words,)
    if traded - request.as_of <= _RECENT:
        return ()
    words = (
        f"yahoo's reply is as of {traded:%Y-%m-%d}: its prices and dividends are on the split "
        f"basis of that day, not of {request.as_of:%Y-%m-%d}"
    )
    return (words,)


def _in_days(request: Request) -> Span:
    """The span, of weeks that of their days."""
    is_weekly = request.dataset.frequency == "weekly"
    return days_of_weeks(request.span) if is_weekly else request.span


def _question(request: Request) -> tuple[str, Span]:
    """Yahoo's word for the bars to ask for, and what is wanted of them."""
    frequency = request.dataset.frequency
    if bar_length(frequency) is None:
        return _DAYS, _days(_in_days(request))
    window = _whole(request, frequency)
    return _INTERVALS[asked_as(frequency, request.calendar, window)], window


def _asked_for(window: Span, interval: str) -> Span:
    """The instants that hold the window: its days are the exchange's, wherever that is."""
    if interval != _DAYS:
        return window
    return Span(window.start - _ANYWHERE, window.end + _ANYWHERE)


def _days(span: Span) -> Span:
    """The days of a span, and some before it."""
    first = max((span.start - REACH).date(), _FIRST)
    last = (span.end - TICK).date()
    midnight = datetime.combine(last, time(), UTC) + timedelta(days=1)
    return Span(datetime.combine(first, time(), UTC), midnight)


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
