"""Bars as a commit found and left them, by what later ones logged."""

from __future__ import annotations

import pandas as pd

from ml4t_nb.core.bars import NUMBERS, Bars, concat, make_bars
from ml4t_nb.core.revert import logged_change

__all__ = ["around_change"]


def around_change(
    held: Bars, logged: pd.DataFrame, version: int, *, beside: int, is_from_start: bool = False
) -> tuple[Bars, Bars]:
    """Bars before and after the commit of that number, with some unchanged ones on either side.

    Filled bars are left out of both. Both are empty if the log has no row that the commit replaced
    or took out. Bars that later commits added are not in the log, so they appear in both frames as
    unchanged ones.

    Parameters
    ----------
    beside
        How many unchanged bars.
    is_from_start
        With all that precede the first that changed, where none ought to.
    """
    change = logged_change(logged, version)
    old, added = (part[~part["filled"].to_numpy()] for part in (change.old, change.added))
    if old.empty and added.empty:
        return old, old
    later = logged[(logged["version"] > version) & ~logged["filled"].to_numpy(bool)]
    # What the first later commit replaced or took out is what this one had left.
    first = later.drop_duplicates("timestamp")
    stamps = pd.DatetimeIndex(first["timestamp"])
    real = held[~held["filled"].to_numpy() & ~held.index.isin(stamps)]
    left = first[(first["change"] != "added").to_numpy()]
    columns = {name: left[name] for name in NUMBERS}
    after = concat([real, make_bars(left["timestamp"], columns).sort_index()]).sort_index()
    before = after[~after.index.isin(old.index) & ~after.index.isin(added.index)]
    before = concat([before, old]).sort_index()
    changed = old.index.union(added.index)
    ends = changed[0], changed[-1]
    counts = (len(after) + len(before) if is_from_start else beside), beside
    return _beside(before, ends, counts), _beside(after, ends, counts)


def _beside(bars: Bars, ends: tuple[pd.Timestamp, pd.Timestamp], counts: tuple[int, int]) -> Bars:
    start, end = bars.index.searchsorted(ends[0]), bars.index.searchsorted(ends[1], side="right")
    return bars.iloc[max(int(start) - counts[0], 0) : int(end) + counts[1]]
