"""ArcticDB in LMDB: ``read`` and ``read_batch``, with columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
from arcticdb import Arctic, ReadRequest, WritePayload

from benchmarks.door.contents import MINUTES_OF, bars_of, contents
from benchmarks.door.readers.frames import seen
from benchmarks.peers.frames import indexed

__all__ = ["build", "opened"]

_TOGETHER = 500


class _Opened:
    def __init__(self, home: Path) -> None:
        self._library = Arctic(f"lmdb://{home}").get_library("bars", create_if_missing=True)

    def one(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._library.read(name).data
        return frame

    def month(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        frame: pd.DataFrame = self._library.read(name, date_range=(first, last)).data
        return frame

    def many(self, names: Sequence[str]) -> list[pd.DataFrame]:
        return [each.data for each in self._library.read_batch(list(names))]

    def column(self, names: Sequence[str]) -> list[pd.DataFrame]:
        asked = [ReadRequest(name, columns=["close"]) for name in names]
        return [each.data for each in self._library.read_batch(asked)]

    def wide(self, names: Sequence[str]) -> pd.DataFrame:
        closes = [frame["close"] for frame in self.column(names)]
        return pd.concat(closes, axis=1, keys=list(names))

    def seen(self, answer: pd.DataFrame) -> tuple[int, float]:
        return seen(answer)

    def list(self) -> int:
        return len(self._library.list_symbols())

    def write(self, names: Sequence[str], share: float) -> None:
        self._library.write_batch(
            [WritePayload(name, indexed(bars_of(name, share), "ns")) for name in names]
        )


def opened(home: Path) -> _Opened:
    """The contender, on the library in ``home``."""
    return _Opened(home)


def build(home: Path, count: int, share: float) -> None:
    """A library of as many series as our store has datasets."""
    store, held = _Opened(home), contents(count, share)
    names = (*held.read, *held.updated, MINUTES_OF)
    for first in range(0, len(names), _TOGETHER):
        store.write(names[first : first + _TOGETHER], share)
