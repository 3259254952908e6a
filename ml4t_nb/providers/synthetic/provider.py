"""Made-up bars on a real calendar: any symbol, any frequency, the same every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ml4t_nb.core.bars import Bars, concat, empty_bars, make_bars, within
from ml4t_nb.core.longer_bars import weekly_bars
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
    """

    name = "synthetic"
    summary = "generated bars of any symbol on a real calendar; not market data"
    # It has no splits, so nothing is ever restated.
    basis: Basis = "split-adjusted"

    def __init__(self, settings: Settings) -> None:
        self._holes = settings.synthetic_holes
        self.limits = limits(settings)

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
        bars = _made(request, span)
        for hole in self._holes:
            bars = bars.drop(within(bars, hole).index)
        return Answer(bars, notes=(_NOTE,))


def _made(request: Request, span: Span) -> Bars:
    walk = Walk(request.dataset.symbol, request.dataset.asset_class)
    length = bar_length(request.dataset.frequency)
    if length is not None:
        minutes = length // timedelta(minutes=1)
        return concat([empty_bars(), *_intraday(request, walk, span, minutes)])
    is_weekly = request.dataset.frequency == "weekly"
    if is_weekly:
        span = Span(next_week_start(span.start), next_week_start(span.end))
    stamps = request.calendar.stamps(Span(max(span.start, DAILY_FROM), span.end), "daily")
    bars = make_bars(stamps, walk.days(stamps))
    return weekly_bars(bars) if is_weekly else bars


def _intraday(request: Request, walk: Walk, span: Span, minutes: int) -> Iterator[Bars]:
    start = max(span.start, _INTRADAY_FROM)
    while start < span.end:
        end = min(start + _BLOCK, span.end)
        stamps = request.calendar.stamps(Span(start, end), request.dataset.frequency)
        if len(stamps):
            yield make_bars(stamps, walk.minutes(stamps, minutes))
        start = end
