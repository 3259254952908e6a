"""Stores of datasets of every kind, drawn at random, for tests of reading many at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, make_bars
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, DatasetConfig, DatasetId, Frequency, Gap, Period
from ml4t_nb.records import FormerName
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace
from tests.storage.builders import AT, record, whole

__all__ = ["commit_bars", "drawn_bars", "drawn_store", "workspace"]

KINDS: tuple[tuple[DatasetId, str, Basis, Period], ...] = (
    (DatasetId("equities", "daily", "AAPL"), "XNYS", "split-adjusted", "quarterly"),
    (DatasetId("equities", "daily", "BRK/B"), "XNYS", "as-traded", "yearly"),
    (DatasetId("equities", "daily", "O'HARA"), "XTKS", "as-traded", "monthly"),
    (DatasetId("etfs", "daily", "AAPL"), "XNYS", "split-adjusted", "yearly"),
    (DatasetId("crypto", "daily", "btc-usd"), "24/7", "split-adjusted", "yearly"),
    (DatasetId("fx", "1m", "EURUSD=X"), "fx", "split-adjusted", "weekly"),
    (DatasetId("equities", "1m", "MSFT"), "XNYS", "as-traded", "weekly"),
    (DatasetId("indices", "hourly", "^GSPC"), "XNYS", "split-adjusted", "monthly"),
)


def workspace(home: Path) -> Workspace:
    return Workspace.open(Settings(home=home))


def drawn_store(home: Path, seed: int) -> Store:
    """One dataset of each kind after a few commits, one that was removed and one renamed."""
    rng = np.random.default_rng(seed)
    store = Store(home)
    for dataset, calendar, basis, period in KINDS:
        bars = drawn_bars(rng, dataset.frequency)
        config = DatasetConfig("sample", calendar, basis, 0.1, period, "lz4")
        cut = int(rng.integers(1, len(bars)))
        commit_bars(store, dataset, bars.iloc[:cut], config)
        commit_bars(store, dataset, bars.iloc[cut - 1 :], config)
        if rng.random() < 0.5:
            revised = bars.iloc[cut // 2 : cut // 2 + 2]
            commit_bars(store, dataset, revised.assign(close=revised["high"]), config)
    gone = DatasetId("equities", "daily", "GONE")
    old, new = (DatasetId("equities", "daily", each) for each in ("FB", "META"))
    config = DatasetConfig("sample", "XNYS", "as-traded", 0.1, "yearly", "lz4")
    for each in (gone, old, new):
        commit_bars(store, each, drawn_bars(rng, "daily"), config)
    for each in (gone, old):
        with store.transaction(each) as tx:
            tx.remove()
    store.flush()
    return store


def commit_bars(store: Store, dataset: DatasetId, bars: Bars, config: DatasetConfig) -> Manifest:
    """Put the bars in, with a gap before the last of them and a finding at the first."""
    first, last = (each.to_pydatetime() for each in bars.index[[0, -1]])
    gap = Gap(first, last, 3, attempts=1, asked=AT, error="a 'quoted' error")
    finding = Finding(first, "spike", "close 9 stands out", seen=AT, opened=1)
    former = (FormerName("FB", date(2022, 6, 8)),) if dataset.symbol == "META" else ()
    after = replace(
        Manifest.empty(dataset, config),
        gaps=(gap,),
        findings=(finding,),
        updated=AT,
        former_names=former,
    )
    with store.transaction(dataset) as tx:
        tx.put(bars, whole(bars))
        return tx.commit(after, record())


def drawn_bars(rng: np.random.Generator, frequency: Frequency) -> Bars:
    """Bars with holes, of which some are filled, pay a dividend or follow a split."""
    start = datetime(2022, 1, 3, tzinfo=UTC)
    step = {"1m": "1min", "hourly": "1h"}.get(frequency, "1D")
    stamps = pd.date_range(start, periods=500, freq=step)
    stamps = stamps[rng.random(500) < 0.9]
    count = len(stamps)
    prices = 50 * np.exp(np.cumsum(rng.standard_normal(count) * 0.01)) / 3
    filled = rng.random(count) < 0.05
    filled[[0, -1]] = False
    columns = {
        "open": prices,
        "high": prices * 1.01,
        "low": prices * 0.99,
        "close": prices * 1.001,
        "volume": np.where(filled, 0.0, np.round(prices * 1000)),
        "dividend": np.where((rng.random(count) < 0.02) & ~filled, 0.13, 0.0),
        "split": np.where((rng.random(count) < 0.01) & ~filled, rng.choice([2.0, 7.0, 0.1]), 1.0),
    }
    return make_bars(stamps, columns, filled=filled)
