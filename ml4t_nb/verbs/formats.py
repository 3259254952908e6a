"""Bars as text, and files that appear whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.errors import StoreNotWritable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_of", "json_of", "write_whole"]


def csv_of(bars: pd.DataFrame) -> str:
    """One line a bar, under a line of column names; stamps are ISO 8601, numbers exact."""
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


def write_whole(out: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file beside ``out`` and rename it: a reader never sees half of it.

    Raises
    ------
    StoreNotWritable
        If the folder is missing, full or not ours.
    """
    draft = out.with_name(f".{out.name}.part")
    try:
        write(draft)
        draft.replace(out)
    except OSError as error:
        raise StoreNotWritable(
            f"{out} cannot be written: {error.strerror}", hint="choose another --out"
        ) from error
