"""How two versions of bars differ: the bars around it, judged one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    STAMPS,
    Bars,
    Flags,
    Places,
    Split,
    as_slice,
    numbers_of,
    observed,
    rows_in_common,
    splits_in,
)
from ml4t_nb.core.change_factors import change_factors
from ml4t_nb.core.timestamps import Instants, index_micros

__all__ = ["VersionDifference", "version_difference"]

_UNNAMED = 20
"""Fewer bars may be corrected by one factor, and are not taken for a history on another basis."""

_NAMED = 1e-3
"""Providers name 4:3 as 1.3333 and divide by the true ratio."""

_MOST = 0.5
"""Share of the bars up to the last that differs which a restatement has moved, by one factor."""


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """Two versions of bars, as far as they differ.

    Parameters
    ----------
    before, after
        The observed bars from the first that differs to the last, and some on either side; where
        the history was restated, all from the first on.
    changes
        What became of each bar, as `change_factors` has it.
    splits
        Ex-date and ratio of those that explain a restatement; of one that the later version lacks,
        the inverse ratio.
    """

    before: Bars
    after: Bars
    changes: pd.DataFrame
    splits: tuple[Split, ...] = ()


def version_difference(then: Bars, now: Bars, *, beside: int) -> VersionDifference:
    """What differs, to the bit, from ``then`` to ``now``; filled bars are left out of both.

    A restatement is told by the numbers, since records of runs do not stay as long as a pinned
    version: most bars up to the last that differs keep to one factor, between the same two splits.

    Parameters
    ----------
    beside
        How many bars on either side of those that differ, at least.
    """
    then, now = observed(then), observed(now)
    old, new = (index_micros(each.index) for each in (then, now))
    rows, others = rows_in_common(old, new)
    differs = _differ(then, now, rows, others)
    stamps = _differing(old, new, rows, others, differs)
    if len(stamps):
        ends = min(int(old[0]), int(new[0])), int(stamps[-1])
        for splits in _explanations(then, now, old[rows], differs):
            before, after = (_beside(each, ends, beside) for each in (then, now))
            judged = change_factors(before, after, ratio=1.0, splits=splits)
            if _is_restated(judged, splits):
                return VersionDifference(before, after, judged, splits)
    last = int(max([*old[-1:], *new[-1:]], default=0))
    ends = (int(stamps[0]), int(stamps[-1])) if len(stamps) else (last, last)
    # As many as differ: of a line that goes on, where it ended then is seen.
    beside = max(beside, len(stamps))
    before, after = (_beside(each, ends, beside) for each in (then, now))
    return VersionDifference(before, after, change_factors(before, after, ratio=None))


def _differ(then: Bars, now: Bars, rows: Places, others: Places) -> Flags:
    """Whether each bar that both have is another."""
    was = numbers_of(then)[as_slice(rows)].view(np.int64)
    found: Flags = (was != numbers_of(now)[as_slice(others)].view(np.int64)).any(axis=1)
    return found


def _differing(
    old: Instants, new: Instants, rows: Places, others: Places, differs: Flags
) -> Instants:
    """Stamps of the bars that differ, or are in one version alone, in order."""
    parts = [old[rows][differs], np.delete(old, rows), np.delete(new, others)]
    return np.sort(np.concatenate(parts))


def _explanations(
    then: Bars, now: Bars, common: Instants, differs: Flags
) -> Iterator[tuple[Split, ...]]:
    """Splits by which a history may be restated; none of a basis that no split explains."""
    if not differs.any():
        return
    last = int(np.flatnonzero(differs)[-1])
    if differs[: last + 1].mean() < _MOST:
        return
    first = int(common[differs][0])
    if splits := _other_splits(splits_in(then), splits_in(now), first=first):
        yield splits
    if last + 1 >= _UNNAMED:
        yield ()


def _other_splits(then: Iterable[Split], now: Iterable[Split], *, first: int) -> tuple[Split, ...]:
    """Splits that one version alone has, after its ``first`` bar that is another."""
    start = pd.Timestamp(first, unit="us", tz="UTC")
    had, has = {*then}, {*now}
    found = [*(has - had), *((day, 1 / ratio) for day, ratio in had - has)]
    return tuple(sorted(each for each in found if each[0] > start))


def _is_restated(judged: pd.DataFrame, splits: tuple[Split, ...]) -> bool:
    """Whether most of the bars up to the last that moved keep to a factor, that of the splits."""
    factors = judged["factor"].to_numpy(float)
    moved = np.isfinite(factors) & (factors != 1)
    if not moved.any():
        return False
    is_both = judged["change"].isin(["same", "replaced"]).to_numpy()
    earlier = is_both & (np.arange(len(judged)) <= np.flatnonzero(moved)[-1])
    keeps = moved & (judged["prices"] != "other").to_numpy()
    if keeps.sum() < _MOST * earlier.sum():
        return False
    days = pd.DatetimeIndex([day for day, _ in splits], dtype=STAMPS)
    passed = days.searchsorted(judged.index[keeps], side="right")
    for done in np.unique(passed).tolist() if splits else ():
        said = prod(1 / ratio for _, ratio in splits[done:])
        if np.abs(factors[keeps][passed == done] / said - 1).max() > _NAMED:
            return False
    return True


def _beside(bars: Bars, ends: tuple[int, int], beside: int) -> Bars:
    stamps = pd.DatetimeIndex(np.array(ends), dtype=STAMPS)
    start = int(bars.index.searchsorted(stamps[0]))
    stop = int(bars.index.searchsorted(stamps[1], side="right"))
    return bars.iloc[max(start - beside, 0) : stop + beside]
