"""Frames of pandas that contenders answer with: long or wide."""

from __future__ import annotations

import pandas as pd

__all__ = ["seen"]


def seen(frame: pd.DataFrame) -> tuple[int, float]:
    """Number of closes, and their sum; a wide frame has nothing else."""
    closes = frame["close"] if "close" in frame.columns else frame
    values = closes.to_numpy(dtype=float)
    held = values == values  # noqa: PLR0124  # what is not a number differs from itself
    return int(held.sum()), float(values[held].sum())
