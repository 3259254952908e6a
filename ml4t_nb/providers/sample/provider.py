"""Real daily bars shipped with the package, answered as they were known on any day."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import (
    PRICES,
    Bars,
    as_instant,
    as_stamps,
    make_bars,
    require_bars,
    within,
)
from ml4t_nb.core.longer_bars import weekly_bars
from ml4t_nb.errors import RangeRefused, SymbolUnknown
from ml4t_nb.model import Basis, Span
from ml4t_nb.options import did_you_mean
from ml4t_nb.providers.base import Answer, Instrument, Request
from ml4t_nb.providers.sample import limits
from ml4t_nb.settings import Settings

__all__ = ["SampleProvider"]

_FOLDER = "data"
_BARS = "wiki5_daily_as_traded.parquet"
_ACTIONS = "wiki5_actions.csv"


class SampleProvider:
    """AAPL, FB, GOOG, IBM and MSFT, from 2000-03-01 at the earliest to 2013-03-01.

    Asked as of an instant, it answers with the bars that were final then, on the split basis of
    the last of them, as a live provider would have.
    """

    name = "sample"
    summary = "real daily bars of five US stocks, 2000 to 2013, shipped with the package"
    basis: Basis = "split-adjusted"

    def __init__(self, settings: Settings) -> None:
        self.limits = limits(settings)

    def instrument(self, symbol: str) -> Instrument:
        """A share on the New York exchange."""
        _require_symbol(symbol)
        return Instrument("equities", "XNYS")

    def fetch(self, request: Request) -> Answer:
        """Bars in the span that were final at the as-of; the last week may be unfinished."""
        self._require_served(request)
        symbol = request.dataset.symbol
        until = request.calendar.final_before(request.as_of, "daily", self.limits.delay)
        whole = _as_traded(symbol)
        known = adjusted(whole[whole.index < pd.Timestamp(until)], "splits", basis="as-traded")
        if request.dataset.frequency == "weekly":
            known = weekly_bars(known)
        notes = _notes(symbol, whole, request, until)
        return Answer(within(known, request.span), notes=notes, currency="USD")

    def _require_served(self, request: Request) -> None:
        dataset = request.dataset
        _require_symbol(dataset.symbol)
        if dataset.asset_class != "equities":
            raise SymbolUnknown(
                f"sample lists {dataset.symbol} as equities, not as {dataset.asset_class}",
                provider=self.name,
                hint="use --asset-class equities, or leave it out",
            )
        if dataset.frequency not in self.limits.frequencies:
            raise RangeRefused(
                f"sample has no {dataset.frequency} bars",
                provider=self.name,
                hint="use daily or weekly bars, or --provider synthetic",
            )


def _notes(symbol: str, whole: Bars, request: Request, until: datetime) -> tuple[str, ...]:
    first, last = as_instant(whole.index[0]), as_instant(whole.index[-1])
    if until <= first:
        return (f"sample's bars of {symbol} begin on {first:%Y-%m-%d}",)
    later = Span(last + timedelta(days=1), max(until, last + timedelta(days=1)))
    if len(request.calendar.stamps(later, "daily")):
        return (f"sample's bars end on {last:%Y-%m-%d}",)
    return ()


def _require_symbol(symbol: str) -> None:
    known = sorted(_table()["symbol"].unique())
    if symbol not in known:
        near = did_you_mean(symbol.upper(), known)
        five = f"sample has {', '.join(known)}"
        raise SymbolUnknown(
            f"sample has no {symbol!r}",
            provider="sample",
            hint=f"{near} {five}" if near.endswith("?") else five,
        )


@cache
def _table() -> pd.DataFrame:
    """The shipped bars of all symbols."""
    # Not `read_table`, which imports what it needs for folders of files first.
    with pq.ParquetFile(BytesIO(_shipped(_BARS))) as file:
        table: pd.DataFrame = file.read().to_pandas()
    return table


def _shipped(name: str) -> bytes:
    return files("ml4t_nb.providers.sample").joinpath(_FOLDER, name).read_bytes()


@cache
def _as_traded(symbol: str) -> Bars:
    """All bars of a symbol as traded, with its dividends and splits on their ex-dates."""
    rows = _table().loc[lambda table: table["symbol"] == symbol].sort_values("t")
    columns = {name: rows[name].to_numpy() for name in (*PRICES, "volume")}
    bars = make_bars(rows["t"].to_numpy(), columns)
    actions = pd.read_csv(BytesIO(_shipped(_ACTIONS)), parse_dates=["date"])
    actions = actions[actions["symbol"] == symbol]
    for kind in ("dividend", "split"):
        events = actions[actions["kind"] == kind]
        on = bars.index.get_indexer(as_stamps(events["date"]))
        values = bars[kind].to_numpy().copy()
        values[on] = events["value"].to_numpy()
        bars[kind] = values
        assert np.all(on >= 0), f"an ex-date of {symbol} has no bar"
    return require_bars(bars)
