"""DuckDB: one database file, one table a series, frames of pandas in and out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.bars import Made
from benchmarks.peers.frames import indexed, seen

__all__ = ["opened"]


class _Opened:
    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._base = duckdb.connect(str(home / "bars.duckdb"))

    def frame(self, bars: Made, size: int) -> pd.DataFrame:
        del size
        return indexed(bars, "us").reset_index()

    def load(self, name: str, frame: pd.DataFrame) -> None:
        self._with(frame, f'CREATE TABLE "{name}" AS SELECT * FROM given')

    def append(self, name: str, frame: pd.DataFrame) -> None:
        self._with(frame, f'INSERT INTO "{name}" SELECT * FROM given')

    def update(self, name: str, frame: pd.DataFrame) -> None:
        self._with(
            frame,
            f'BEGIN; DELETE FROM "{name}" WHERE timestamp >= (SELECT min(timestamp) FROM given);'
            f'INSERT INTO "{name}" SELECT * FROM given; COMMIT',
        )

    def read(self, name: str) -> pd.DataFrame:
        return self._base.execute(f'SELECT * FROM "{name}" ORDER BY timestamp').df()

    def cut(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        return self._base.execute(
            f'SELECT * FROM "{name}" WHERE timestamp BETWEEN ? AND ? ORDER BY timestamp',
            [first, last],
        ).df()

    def seen(self, frame: pd.DataFrame) -> tuple[int, float]:
        return seen(frame)

    def drop(self, name: str) -> None:
        self._base.execute(f'DROP TABLE "{name}"')

    def close(self) -> None:
        self._base.execute("CHECKPOINT")
        self._base.close()

    def _with(self, frame: pd.DataFrame, statement: str) -> None:
        self._base.register("given", frame)
        self._base.execute(statement)
        self._base.unregister("given")


def opened(home: Path) -> _Opened:
    """The contender, in the folder ``home``."""
    return _Opened(home)
