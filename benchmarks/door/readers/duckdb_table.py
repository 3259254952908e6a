"""DuckDB with one table of all bars, in the order of symbol and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from benchmarks.door.contents import MINUTES_OF, bars_of, contents
from benchmarks.door.readers.frames import seen
from benchmarks.peers.frames import indexed

__all__ = ["build", "opened"]

_TOGETHER = 500


class _Opened:
    def __init__(self, home: Path) -> None:
        self._base = duckdb.connect(str(home / "bars.duckdb"))
        self._base.execute("SET TimeZone = 'UTC'")

    def one(self, name: str) -> pd.DataFrame:
        return self._rows("*", "symbol = ?", [name])

    def month(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        return self._rows("*", "symbol = ? AND timestamp BETWEEN ? AND ?", [name, first, last])

    def many(self, names: Sequence[str]) -> pd.DataFrame:
        return self._rows("*", "symbol IN (SELECT unnest(?))", [list(names)])

    def column(self, names: Sequence[str]) -> pd.DataFrame:
        wanted = "symbol IN (SELECT unnest(?))"
        return self._rows("symbol, timestamp, close", wanted, [list(names)])

    def wide(self, names: Sequence[str]) -> pd.DataFrame:
        return self.column(names).pivot_table(index="timestamp", columns="symbol", values="close")

    def seen(self, answer: pd.DataFrame) -> tuple[int, float]:
        return seen(answer)

    def list(self) -> int:
        return len(self._base.execute("SELECT DISTINCT symbol FROM bars").fetchall())

    def write(self, names: Sequence[str], share: float) -> None:
        frames = [indexed(bars_of(name, share), "us").assign(symbol=name) for name in names]
        self._base.register("given", pd.concat(frames).reset_index())
        self._base.execute("CREATE TABLE IF NOT EXISTS bars AS FROM given LIMIT 0")
        self._base.execute("INSERT INTO bars FROM given")
        self._base.unregister("given")

    def close(self) -> None:
        self._base.execute("CHECKPOINT")
        self._base.close()

    def _rows(self, columns: str, wanted: str, given: Sequence[Any]) -> pd.DataFrame:
        return self._base.execute(f"SELECT {columns} FROM bars WHERE {wanted}", given).df()


def opened(home: Path) -> _Opened:
    """The contender, on the database in ``home``."""
    return _Opened(home)


def build(home: Path, count: int, share: float) -> None:
    """A table with the bars of all datasets of our store."""
    home.mkdir(parents=True, exist_ok=True)
    store, held = _Opened(home), contents(count, share)
    names = sorted((*held.read, *held.updated, MINUTES_OF))
    for first in range(0, len(names), _TOGETHER):
        store.write(names[first : first + _TOGETHER], share)
    store.close()
