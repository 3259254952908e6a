"""Bars as text, with ISO 8601 stamps and all the digits that give each number back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_of", "json_of"]


def csv_of(bars: pd.DataFrame) -> str:
    """One line a bar, under a line of column names."""
    stamps = [stamp.isoformat() for stamp in bars.index]
    named = bars.set_axis(stamps, axis=0)
    return str(named.to_csv(index_label="timestamp", lineterminator="\n"))


def json_of(bars: pd.DataFrame) -> str:
    """A list with one object a bar.

    Notes
    -----
    pandas' own JSON stops at 15 digits, one or two short of what a double needs.
    """
    rows = bars.to_dict("records")
    stamps = [stamp.isoformat() for stamp in bars.index]
    return json.dumps(
        [{"timestamp": stamp, **row} for stamp, row in zip(stamps, rows, strict=True)]
    )
