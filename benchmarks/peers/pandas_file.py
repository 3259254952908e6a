"""Pandas: one Parquet file a series, written whole each time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from benchmarks.bars import Made
from benchmarks.peers.frames import indexed, seen

__all__ = ["opened"]


class _Opened:
    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home

    def frame(self, bars: Made, size: int) -> pd.DataFrame:
        del size
        return indexed(bars, "us")

    def load(self, name: str, frame: pd.DataFrame) -> None:
        frame.to_parquet(self._path(name))

    def append(self, name: str, frame: pd.DataFrame) -> None:
        self.load(name, pd.concat([self.read(name), frame]))

    def update(self, name: str, frame: pd.DataFrame) -> None:
        stored = self.read(name)
        self.load(name, pd.concat([stored[stored.index < frame.index[0]], frame]))

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self._path(name))

    def cut(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        filters = [("timestamp", ">=", first), ("timestamp", "<=", last)]
        return pd.read_parquet(self._path(name), filters=filters)

    def seen(self, frame: pd.DataFrame) -> tuple[int, float]:
        return seen(frame)

    def drop(self, name: str) -> None:
        self._path(name).unlink()

    def close(self) -> None:
        pass

    def _path(self, name: str) -> Path:
        return self._home / f"{name}.parquet"


def opened(home: Path) -> _Opened:
    """The contender, in the folder ``home``."""
    return _Opened(home)
