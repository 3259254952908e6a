"""A store of many datasets, made without a provider."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars
from ml4t_nb.core.gap_detection import StampMatch
from ml4t_nb.model import AssetClass, DatasetConfig, DatasetId, Gap, Span
from ml4t_nb.records import ErrorNote, Outcome, UpdateRecord
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store
from tests.storage.builders import bars_at, utc

SPAN = Span(utc(2024, 1, 2), utc(2024, 3, 2))
AS_OF = "2024-03-01"


def store_many(home: Path, count: int) -> None:
    """``count`` datasets named S0000, S0001 ...: every fifth is of crypto.

    Of every ten, the fourth lacks 2024-02-21, the sixth ends on 2024-02-16, and the last run of
    the eighth failed.
    """
    store = Store(home)
    with pytest.MonkeyPatch.context() as patch:
        # A thousand waits for the disk are not what such a store is for.
        patch.setattr("ml4t_nb.storage.disk._sync", lambda _: None)
        patch.setattr("os.fsync", lambda _: None)
        for number in range(count):
            _store(store, number)


def _store(store: Store, number: int) -> None:
    bars, gaps = _bars_of(number % 10)
    is_crypto = number % 5 == 4
    kind: AssetClass = "crypto" if is_crypto else "equities"
    exchange = "24/7" if is_crypto else "XNYS"
    error = ErrorNote("ProviderUnavailable", "no answer") if number % 10 == 7 else None
    outcome: Outcome = "failed" if error else "changed"
    dataset = DatasetId(kind, "daily", f"S{number:04}")
    with store.transaction(dataset) as tx:
        tx.put(bars)
        config = DatasetConfig("synthetic", exchange, "split-adjusted", 0.1, "yearly", "lz4")
        tx.commit(
            replace(Manifest.empty(dataset, config), gaps=gaps, updated=utc(2024, 3, 1, 21)),
            UpdateRecord(SPAN.end, "update", "synthetic", outcome, error=error),
        )


@cache
def _bars_of(digit: int) -> tuple[Bars, tuple[Gap, ...]]:
    """Bars and gaps of the datasets whose number ends in that digit."""
    expected = calendar("24/7" if digit in (4, 9) else "XNYS").stamps(SPAN, "daily")
    stamps = expected
    if digit == 3:
        stamps = stamps[stamps != pd.Timestamp("2024-02-21", tz="UTC")]
    if digit == 5:
        stamps = stamps[stamps <= pd.Timestamp("2024-02-16", tz="UTC")]
    return bars_at(stamps), StampMatch(stamps, expected).gaps
