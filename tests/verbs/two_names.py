"""A store with a share under its old name and under its new one, for tests of renaming."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from ml4t_nb import verbs
from ml4t_nb.core.bars import Bars, make_bars, within
from ml4t_nb.errors import SymbolUnknown
from ml4t_nb.model import Basis
from ml4t_nb.providers import Answer, Instrument, Limits, Provider, Request
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace
from tests.disk_events import die_before

__all__ = [
    "NOW",
    "PRICES",
    "Listed",
    "bars_of",
    "manifest",
    "opened",
    "rename_until_killed",
    "symbols",
    "two_names",
]

PRICES = ("open", "high", "low", "close")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
# Sessions of New York without a holiday among them.
DAYS = pd.bdate_range("2022-02-22", "2022-04-14", tz="UTC")


def bars_of(first: str = "2022-02-22", last: str = "2022-04-14") -> Bars:
    """The share's bars, each close above the last, from the first to the last date."""
    close = 100.0 + np.arange(len(DAYS))
    columns = {
        "open": close - 0.5,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": 1000.0 + np.arange(len(DAYS)),
    }
    bars = make_bars(DAYS, columns)
    return bars[first:last]


@dataclass
class Listed:
    """Has the bars of the symbols that are listed, and knows no others."""

    bars: dict[str, Bars] = field(default_factory=dict)
    basis: Basis | None = "split-adjusted"
    name: str = "listed"
    summary: str = "what a test lists"
    limits: Limits = Limits(("equities",), ("daily",))  # noqa: RUF009  # it is frozen
    asked: list[str] = field(default_factory=list)

    def instrument(self, symbol: str) -> Instrument:
        self._require(symbol)
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        symbol = request.dataset.symbol
        self.asked.append(symbol)
        self._require(symbol)
        return Answer(within(self.bars[symbol], request.span))

    def _require(self, symbol: str) -> None:
        if symbol not in self.bars:
            raise SymbolUnknown(f"{self.name} has no symbol {symbol!r}", provider=self.name)


def opened(home: Path, *providers: Listed) -> Workspace:
    """A workspace on the store, whose wall clock stands."""
    known: dict[str, Provider] = {each.name: each for each in providers or (Listed(),)}
    settings = Settings(home=home, provider=next(iter(known)))
    return replace(Workspace(settings, clock=lambda: NOW), _opened=known)


def two_names(home: Path, old: Bars | None = None, new: Bars | None = None) -> Workspace:
    """FB up to 2022-03-31, and META from 2022-03-25 on: five sessions in common."""
    provider = Listed(
        {
            "FB": bars_of(last="2022-03-31") if old is None else old,
            "META": bars_of("2022-03-25") if new is None else new,
        }
    )
    ws = opened(home, provider)
    verbs.load(ws, "FB", as_of="2022-04-01")
    verbs.load(ws, "META", as_of="2022-04-14")
    return ws


def manifest(ws: Workspace, symbol: str) -> Manifest:
    (dataset,) = (each for each in ws.store.datasets() if each.symbol == symbol)
    return ws.store.snapshot(dataset).manifest


def symbols(ws: Workspace) -> list[str]:
    return [each.symbol for each in ws.store.datasets()]


def rename_until_killed(home: Path, last: int) -> None:
    """Rename, and die right before the ``last``-th change of the disk on the way."""
    die_before(last)
    verbs.rename(opened(home), ("FB", "META"), as_of="2022-04-14")
