"""DuckDB over the Parquet files of our store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from benchmarks.door.readers.frames import seen
from benchmarks.door.readers.our_files import files_of

__all__ = ["opened"]


class _Opened:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._base = duckdb.connect()
        self._base.execute("SET parquet_metadata_cache = true; SET TimeZone = 'UTC'")

    def one(self, name: str) -> pd.DataFrame:
        return self._rows([name], "*")

    def month(self, name: str, first: datetime, last: datetime) -> pd.DataFrame:
        return self._rows([name], "*", "WHERE timestamp BETWEEN ? AND ?", [first, last])

    def many(self, names: Sequence[str]) -> pd.DataFrame:
        return self._rows(names, "*")

    def column(self, names: Sequence[str]) -> pd.DataFrame:
        return self._rows(names, "symbol, timestamp, close")

    def wide(self, names: Sequence[str]) -> pd.DataFrame:
        return self.column(names).pivot_table(
            index="timestamp", columns="symbol", values="close", observed=True
        )

    def seen(self, answer: pd.DataFrame) -> tuple[int, float]:
        return seen(answer)

    def _rows(
        self, names: Sequence[str], columns: str, only: str = "", given: Sequence[Any] = ()
    ) -> pd.DataFrame:
        files = files_of(self._home, names)
        asked = f"SELECT {columns} FROM read_parquet(?) {only}"
        return self._base.execute(asked, [files, *given]).df()


def opened(home: Path) -> _Opened:
    """The contender, over the store in ``home``."""
    return _Opened(home)
