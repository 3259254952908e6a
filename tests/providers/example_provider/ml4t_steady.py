"""A provider for ml4t_nb whose prices never move."""

import pandas as pd

from ml4t_nb.core.bars import make_bars
from ml4t_nb.providers import Answer, Instrument, Limits, Request
from ml4t_nb.settings import Settings


class SteadyProvider:
    """One price, for every symbol."""

    name = "steady"
    summary = "prices that never move"
    basis = "as-traded"
    limits = Limits(("equities",), ("daily",), requests_per_minute=600)

    def __init__(self, settings: Settings) -> None:
        self.home = settings.home

    def instrument(self, symbol: str) -> Instrument:
        return Instrument("equities", "XNYS" if symbol.isascii() else None)

    def fetch(self, request: Request) -> Answer:
        stamps = request.calendar.stamps(request.span, "daily")
        stamps = stamps[stamps <= pd.Timestamp(request.as_of)]
        return Answer(make_bars(stamps, dict.fromkeys(("open", "high", "low", "close"), 100.0)))
