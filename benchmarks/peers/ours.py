"""The store of ml4t_nb: lock, commit and catalogue, without the pipeline above it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from benchmarks.bars import Made
from benchmarks.peers.frames import indexed, seen
from ml4t_nb.core.bars import as_instant
from ml4t_nb.model import DatasetConfig, DatasetId, Frequency, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.compaction import resolve_period
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store

__all__ = ["Opened", "opened"]

_AT = datetime(2024, 6, 14, 21, tzinfo=UTC)
_RECORD = UpdateRecord(_AT, "update", "bench", "changed")
_TICK = timedelta(microseconds=1)


class Opened:
    """A store, and datasets in it by the name ``kind-symbol``."""

    def __init__(self, home: Path) -> None:
        self.store = Store(home)

    def frame(self, bars: Made, size: int) -> pd.DataFrame:
        """Bars as the package defines them."""
        del size
        return indexed(bars, "us")

    def load(self, name: str, frame: pd.DataFrame) -> None:
        """One commit of a whole dataset."""
        self._commit(name, frame, None)

    def append(self, name: str, frame: pd.DataFrame) -> None:
        """One commit that adds the bars."""
        self._commit(name, frame, Span(*_ends(frame)))

    def update(self, name: str, frame: pd.DataFrame) -> None:
        """One commit that puts the bars in the place of those of their span."""
        self.append(name, frame)

    def read(self, name: str) -> pd.DataFrame:
        """Every byte is checked against its checksum."""
        return self.store.snapshot(dataset_of(name)).bars()

    def cut(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        """The chunks that meet the span are read whole and checked."""
        return self.store.snapshot(dataset_of(name)).bars(Span(first, last + _TICK))

    def seen(self, frame: pd.DataFrame) -> tuple[int, float]:
        """Rows, and the sum of the closes."""
        return seen(frame)

    def drop(self, name: str) -> None:
        """Its files stay in the trash for an hour."""
        with self.store.transaction(dataset_of(name)) as transaction:
            transaction.remove()

    def close(self) -> None:
        """Nothing is left open."""

    def _commit(self, name: str, frame: pd.DataFrame, span: Span | None) -> None:
        dataset = dataset_of(name)
        with self.store.transaction(dataset) as transaction:
            transaction.put(frame, span)
            empty = Manifest.empty(dataset, config_of(dataset))
            transaction.commit(replace(empty, updated=_AT, verified=_AT), _RECORD)


def opened(home: Path) -> Opened:
    """The contender, in the folder ``home``."""
    return Opened(home)


def dataset_of(name: str) -> DatasetId:
    """``daily-A1`` as a dataset of that kind."""
    kind, _, symbol = name.partition("-")
    frequency: Frequency = "daily" if kind == "daily" else "1m"
    return DatasetId("equities", frequency, symbol.upper())


def config_of(dataset: DatasetId) -> DatasetConfig:
    """What a load settles by default."""
    period = resolve_period("auto", dataset.frequency)
    return DatasetConfig("synthetic", "XNYS", "split-adjusted", 0.1, period, "lz4")


def _ends(frame: pd.DataFrame) -> tuple[datetime, datetime]:
    return as_instant(frame.index[0]), as_instant(frame.index[-1]) + _TICK
