"""Bars as the frames of pandas and numpy, for the contenders that take those."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from benchmarks.bars import Made

__all__ = ["indexed", "seen"]


def indexed(bars: Made, unit: Literal["us", "ns"]) -> pd.DataFrame:
    """A frame indexed by its stamps in UTC, of the given unit."""
    stamps = bars.stamps.view("M8[us]").astype(f"M8[{unit}]")
    index = pd.DatetimeIndex(stamps, name="timestamp").tz_localize("UTC")
    return pd.DataFrame({**bars.numbers, "filled": bars.filled}, index=index)


def seen(frame: pd.DataFrame) -> tuple[int, float]:
    """Rows, and the sum of the closes."""
    return len(frame), float(frame["close"].to_numpy().sum())
