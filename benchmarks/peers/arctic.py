"""ArcticDB in LMDB, as its documentation uses it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
from arcticdb import Arctic

from benchmarks.bars import Made
from benchmarks.peers.frames import indexed, seen

__all__ = ["opened"]


class _Opened:
    def __init__(self, home: Path) -> None:
        self._arctic = Arctic(f"lmdb://{home}")
        self._library = self._arctic.get_library("bars", create_if_missing=True)

    def frame(self, bars: Made, size: int) -> pd.DataFrame:
        del size
        return indexed(bars, "ns")

    def load(self, name: str, frame: pd.DataFrame) -> None:
        self._library.write(name, frame)

    def append(self, name: str, frame: pd.DataFrame) -> None:
        self._library.append(name, frame)

    def update(self, name: str, frame: pd.DataFrame) -> None:
        self._library.update(name, frame)

    def read(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._library.read(name).data
        return frame

    def cut(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        frame: pd.DataFrame = self._library.read(name, date_range=(first, last)).data
        return frame

    def seen(self, frame: pd.DataFrame) -> tuple[int, float]:
        return seen(frame)

    def drop(self, name: str) -> None:
        self._library.delete(name)

    def close(self) -> None:
        del self._library, self._arctic


def opened(home: Path) -> _Opened:
    """The contender, in the folder ``home``."""
    return _Opened(home)
