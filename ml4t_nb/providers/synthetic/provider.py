"""Made-up bars on a real calendar: any symbol, any frequency, the same every time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pandas as pd

from ml4t_nb.core.bars import Bars, as_stamps, empty_bars, make_bars, weekly_bars, within
from ml4t_nb.core.timestamps import next_week_start
from ml4t_nb.model import AssetClass, Basis, Span, bar_length
from ml4t_nb.providers.base import Answer, Instrument, Request
from ml4t_nb.providers.synthetic import limits
from ml4t_nb.providers.synthetic.random_walk import DAILY_FROM, Walk
from ml4t_nb.settings import Settings

__all__ = ["SyntheticProvider"]

_NOTE = "synthetic bars: a seeded random walk, not market data"

# A first load without --start makes all there is: minutes since 1990 would take most of a minute.
_INTRADAY_FROM = datetime(2015, 1, 1, tzinfo=UTC)

# Bars of so many days are made at a time: a year of minutes is 20 MB an array.
_BLOCK = timedelta(days=366)

_SHAPES: tuple[tuple[str, AssetClass], ...] = (
    (r"[A-Z]{6}=X|[A-Z]{3}=X", "fx"),
    (r"\^.+", "indices"),
    (r"[A-Z0-9]{2,10}-(USD|USDT|USDC|EUR|GBP|JPY|BTC|ETH)", "crypto"),
)


class SyntheticProvider:
    """A random walk seeded by the symbol, on the dataset's own calendar.

    Daily bars begin in 1990, intraday ones in 2015. What a bar holds depends on its symbol,
    asset class, frequency and stamp alone, never on the span or the as-of it was asked with;
    longer intraday bars are made of the minutes of shorter ones, and weeks of days.

    Parameters
    ----------
    settings
        ``synthetic_holes`` are spans in which it has no bars.
    """

    def __init__(self, settings: Settings) -> None:
        self._holes = settings.synthetic_holes
        self.limits = limits(settings)

    @property
    def name(self) -> str:
        """As spelled after ``--provider``."""
        return "synthetic"

    @property
    def summary(self) -> str:
        """What it serves, in one line."""
        return "generated bars of any symbol on a real calendar; not market data"

    @property
    def basis(self) -> Basis:
        """It has no splits, so nothing is ever restated."""
        return "split-adjusted"

    def instrument(self, symbol: str) -> Instrument:
        """The asset class that only such a symbol has; None if any class is possible."""
        for shape, asset_class in _SHAPES:
            if re.fullmatch(shape, symbol.upper()):
                return Instrument(asset_class)
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        """Bars in the span that are final at the as-of, but for those in a hole."""
        frequency = request.dataset.frequency
        until = request.calendar.final_before(request.as_of, frequency, self.limits.delay)
        span = Span(request.span.start, min(request.span.end, until))
        bars = _made(request, span) if span else empty_bars()
        for hole in self._holes:
            bars = bars.drop(within(bars, hole).index)
        return Answer(bars, notes=(_NOTE,))


def _made(request: Request, span: Span) -> Bars:
    walk = Walk(request.dataset.symbol, request.dataset.asset_class)
    frequency = request.dataset.frequency
    length = bar_length(frequency)
    if length is not None:
        return _intraday(request, walk, Span(max(span.start, _INTRADAY_FROM), span.end))
    if frequency == "daily":
        return _daily(request, walk, Span(max(span.start, DAILY_FROM), span.end))
    weeks = Span(next_week_start(span.start), next_week_start(span.end))
    return weekly_bars(_daily(request, walk, Span(max(weeks.start, DAILY_FROM), weeks.end)))


def _daily(request: Request, walk: Walk, span: Span) -> Bars:
    if not span:
        return empty_bars()
    stamps = as_stamps(request.calendar.stamps(span, "daily"))
    return make_bars(stamps, walk.days(stamps))


def _intraday(request: Request, walk: Walk, span: Span) -> Bars:
    frequency = request.dataset.frequency
    length = bar_length(frequency)
    assert length is not None
    minutes = length // timedelta(minutes=1)
    parts = []
    start = span.start
    while start < span.end:
        end = min(start + _BLOCK, span.end)
        stamps = as_stamps(request.calendar.stamps(Span(start, end), frequency))
        if len(stamps):
            parts.append(make_bars(stamps, walk.minutes(stamps, minutes)))
        start = end
    return pd.concat(parts) if parts else empty_bars()
