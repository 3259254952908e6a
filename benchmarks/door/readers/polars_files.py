"""Polars over Parquet files: those of our store, or one of its own for each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.door.contents import MINUTES_OF, bars_of, contents
from benchmarks.door.readers.our_files import files_of
from benchmarks.peers.polars_file import STAMP, frame_of

__all__ = ["build", "opened"]


class _Opened:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._is_ours = (home / "state").exists()

    def one(self, name: str) -> pl.DataFrame:
        return _frame(self._scan([name]))

    def month(self, name: str, first: datetime, last: datetime) -> pl.DataFrame:
        wanted = pl.col("timestamp").is_between(pl.lit(first, STAMP), pl.lit(last, STAMP))
        return _frame(self._scan([name]).filter(wanted))

    def many(self, names: Sequence[str]) -> pl.DataFrame:
        return _frame(self._scan(names))

    def column(self, names: Sequence[str]) -> pl.DataFrame:
        return _frame(self._scan(names).select("symbol", "timestamp", "close"))

    def wide(self, names: Sequence[str]) -> pl.DataFrame:
        return self.column(names).pivot("symbol", index="timestamp", values="close")

    def seen(self, answer: pl.DataFrame) -> tuple[int, float]:
        wide = answer.drop("timestamp", "symbol", strict=False)
        closes = answer.select("close") if "close" in answer.columns else wide
        held = len(closes) * closes.width - sum(closes.null_count().row(0))
        return held, float(sum(closes.sum().row(0)))

    def _scan(self, names: Sequence[str]) -> pl.LazyFrame:
        if self._is_ours:
            return pl.scan_parquet(files_of(self._home, names))
        return pl.scan_parquet([self._home / f"{name}.parquet" for name in names])


def opened(home: Path) -> _Opened:
    """The contender, over the files in ``home``."""
    return _Opened(home)


def build(home: Path, count: int, share: float) -> None:
    """A file a symbol of those that are read: others beside them cost nothing."""
    home.mkdir(parents=True, exist_ok=True)
    held = contents(count, share)
    for name in (*held.read, MINUTES_OF):
        frame = frame_of(bars_of(name, share)).with_columns(symbol=pl.lit(name))
        frame.write_parquet(home / f"{name}.parquet")


def _frame(scan: pl.LazyFrame) -> pl.DataFrame:
    frame = scan.collect()
    assert isinstance(frame, pl.DataFrame)
    return frame
