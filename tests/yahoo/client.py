"""Verbs on a store, through the real yfinance, against the replayed market."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml4t_nb import verbs
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace
from tests.replay import Bar, Dividend, Listing, Replay, Split

__all__ = [
    "Client",
    "NoWaiting",
    "assert_true_bars",
    "evening",
    "price_breaks",
    "quoted",
    "scaled",
    "sessions_of",
    "shares",
    "true_bars",
]

PRICES = ["open", "high", "low", "close"]


class NoWaiting(threading.Event):
    """Lets any time pass at once, and remembers how much."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            self.seconds.append(timeout)
        return self.is_set()


@dataclass
class Client:
    """A workspace, and the replayed market."""

    replay: Replay
    home: Path
    waited: NoWaiting = field(default_factory=NoWaiting)

    @cached_property
    def ws(self) -> Workspace:
        settings = Settings(home=self.home, provider="yahoo", yahoo_per_minute=1_000_000)
        return Workspace(settings, cancel=self.waited)

    def load(self, *symbols: str, at: datetime, **options: Any) -> RunReport:  # noqa: ANN401
        self.replay.market.now = at
        return verbs.load(self.ws, symbols, as_of=at, **options)

    def update(self, *symbols: str, at: datetime, **options: Any) -> RunReport:  # noqa: ANN401
        self.replay.market.now = at
        named: dict[str, Any] = {"symbol": symbols} if symbols else {}
        return verbs.update(self.ws, as_of=at, **named, **options)

    def loaded(self, symbol: str, *, at: datetime, **options: Any) -> UpdateResult:  # noqa: ANN401
        """One symbol, which must succeed."""
        (done,) = self.load(symbol, at=at, **options).results
        assert done.record.outcome == "changed", done.record
        return done

    def updated(self, symbol: str, *, at: datetime, **options: Any) -> UpdateRecord:  # noqa: ANN401
        """What an update of one symbol came to."""
        (done,) = self.update(symbol, at=at, **options).results
        return done.record

    def stored(self, symbol: str, **options: Any) -> pd.DataFrame:  # noqa: ANN401
        return verbs.bars(self.ws, symbol, **options)

    def manifest(self, symbol: str) -> Manifest:
        store = self.ws.store
        (dataset,) = (each for each in store.datasets() if each.symbol == symbol)
        return store.snapshot(dataset).manifest


def evening(day: date, *, hour: int = 23) -> datetime:
    """After the close in New York, by UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def shares(
    real: Listing,
    first: str,
    last: str,
    *,
    symbol: str = "ACME",
    split: Split | None = None,
    dividends: Sequence[Dividend] = (),
) -> Listing:
    """Some months of a real share that had no split then, with one thought up."""
    days = [bar for bar in real.days if first <= str(real.day_of(bar.start)) <= last]
    if split is not None:
        ratio = split.numerator / split.denominator
        days = [scaled(bar, ratio) if real.day_of(bar.start) < split.day else bar for bar in days]
    return replace(
        real,
        symbol=symbol,
        days=tuple(days),
        splits=() if split is None else (split,),
        dividends=tuple(dividends),
    )


def scaled(bar: Bar, ratio: float) -> Bar:
    """A bar as it was traded before a split of that ratio."""
    first, high, low, last = (round(price * ratio, 4) for price in bar.prices)
    return Bar(bar.start, first, high, low, last, int(bar.volume / ratio))


def sessions_of(listing: Listing) -> list[date]:
    return [listing.day_of(bar.start) for bar in listing.days]


def true_bars(listing: Listing, last: date) -> pd.DataFrame:
    """The source's daily bars up to ``last``, on the split basis of that day."""
    rows = []
    for bar in listing.days:
        day = listing.day_of(bar.start)
        if day > last:
            break
        later = [s.numerator / s.denominator for s in listing.splits if day < s.day <= last]
        factor = prod(later)
        rows.append(
            {
                "timestamp": pd.Timestamp(day, tz="UTC"),
                **{n: p / factor for n, p in zip(PRICES, bar.prices, strict=True)},
                "volume": float(int(bar.volume * factor)),
                "dividend": sum(d.amount for d in listing.dividends if d.day == day) / factor,
                "split": prod(s.numerator / s.denominator for s in listing.splits if s.day == day),
            }
        )
    return pd.DataFrame(rows).set_index("timestamp")


def assert_true_bars(stored: pd.DataFrame, listing: Listing, *, events: bool = True) -> None:
    """Require that what is stored is the source's, from its first stored day to its last."""
    true = true_bars(listing, stored.index[-1].date())
    true = true[true.index >= stored.index[0]]
    assert list(stored.index) == list(true.index)
    columns = [*PRICES, *(("dividend", "split") if events else ())]
    for name in columns:
        np.testing.assert_allclose(stored[name], true[name], rtol=1e-12, atol=0, err_msg=name)
    # A volume is counted in whole shares on either basis.
    np.testing.assert_allclose(stored["volume"], true["volume"], rtol=1e-4, err_msg="volume")
    assert not stored["filled"].any()


def price_breaks(stored: pd.DataFrame, listing: Listing) -> list[date]:
    """Days on which the stored close moved from the day before as it never did on the market.

    The move is computed from prices as traded and the splits of the source, not from what is stored
    beside the prices.
    """
    ratio = {s.day: s.numerator / s.denominator for s in listing.splits}
    closes = {listing.day_of(bar.start): bar.close for bar in listing.days}
    days = [stamp.date() for stamp in stored.index]
    found = []
    for at in range(1, len(days)):
        between = prod(r for day, r in ratio.items() if days[at - 1] < day <= days[at])
        true = closes[days[at]] * between / closes[days[at - 1]]
        if abs(stored["close"].iloc[at] / stored["close"].iloc[at - 1] / true - 1) > 1e-6:
            found.append(days[at])
    return found


def quoted(listing: Listing, *, now: datetime) -> dict[date, float]:
    """The replay's own adjusted closes, as Yahoo quotes them at ``now``."""
    from tests.replay import Market

    market = Market({listing.symbol: listing}, now)
    window = {"interval": "1d", "period1": "0", "period2": str(int(now.timestamp()))}
    result = market.chart(listing.symbol, window)["chart"]["result"][0]
    closes = result["indicators"]["adjclose"][0]["adjclose"]
    start = datetime(1970, 1, 1, tzinfo=UTC)
    days = [listing.day_of(start + timedelta(seconds=at)) for at in result["timestamp"]]
    return dict(zip(days, closes, strict=True))
