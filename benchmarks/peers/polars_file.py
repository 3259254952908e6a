"""Polars: one Parquet file a series, written whole each time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.bars import Made

__all__ = ["STAMP", "frame_of", "opened"]

STAMP = pl.Datetime("us", "UTC")


def frame_of(bars: Made) -> pl.DataFrame:
    """The bars as a frame of polars."""
    stamps = pl.Series("timestamp", bars.stamps).cast(STAMP)
    return pl.DataFrame([stamps]).with_columns(
        *(pl.Series(name, line) for name, line in bars.numbers.items()),
        pl.Series("filled", bars.filled),
    )


class _Opened:
    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home

    def frame(self, bars: Made, size: int) -> pl.DataFrame:
        del size
        return frame_of(bars)

    def load(self, name: str, frame: pl.DataFrame) -> None:
        frame.write_parquet(self._path(name))

    def append(self, name: str, frame: pl.DataFrame) -> None:
        self.load(name, pl.concat([self.read(name), frame]))

    def update(self, name: str, frame: pl.DataFrame) -> None:
        kept = self.read(name).filter(pl.col("timestamp") < frame["timestamp"][0])
        self.load(name, pl.concat([kept, frame]))

    def read(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self._path(name))

    def cut(self, name: str, first: datetime, last: datetime) -> pl.DataFrame:
        found = pl.scan_parquet(self._path(name)).filter(
            pl.col("timestamp").is_between(pl.lit(first, STAMP), pl.lit(last, STAMP))
        )
        frame = found.collect()
        assert isinstance(frame, pl.DataFrame)
        return frame

    def seen(self, frame: pl.DataFrame) -> tuple[int, float]:
        return len(frame), float(frame["close"].sum())

    def drop(self, name: str) -> None:
        self._path(name).unlink()

    def close(self) -> None:
        pass

    def _path(self, name: str) -> Path:
        return self._home / f"{name}.parquet"


def opened(home: Path) -> _Opened:
    """The contender, in the folder ``home``."""
    return _Opened(home)
