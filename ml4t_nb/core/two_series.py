"""One symbol's bars of two providers: what both have, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, Flags, Numbers, observed, prices_of

__all__ = ["TwoSeries", "side_by_side"]

# A scale is what most of so many bars share; a ratio of fewer is a difference of each of them.
_AROUND = 21
_SMOOTHED = 5
_STEP = 2e-3

# Most prices are as near to their scale as this, or they have none.
_LOOSE = 0.01
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class TwoSeries:
    """Observed bars of two series, by stamp.

    Parameters
    ----------
    one, other
        The bars that both have, row by row; prices of ``other`` as they are served.
    scale
        By row, the ratio of ``other``'s prices to those of ``one`` in the stretch around: 1 where
        both quote in one unit and on one basis.
    differences
        By row and price (open, high, low, close): ``other`` over ``one`` with the scale taken
        out, minus 1.
    only_one, only_other
        Stamps that the other lacks, between the first and the last one that both have.
    """

    one: Bars
    other: Bars
    scale: Numbers
    differences: Numbers
    only_one: pd.DatetimeIndex
    only_other: pd.DatetimeIndex

    @property
    def stretches(self) -> tuple[tuple[int, int, float], ...]:
        """First and last row of each stretch of one scale, both inclusive, and its scale."""
        edges = np.flatnonzero(np.diff(self.scale)) + 1
        firsts = [0, *edges.tolist()] if len(self.scale) else []
        lasts = [*(edges - 1).tolist(), len(self.scale) - 1]
        return tuple(
            (first, last, float(self.scale[first]))
            for first, last in zip(firsts, lasts, strict=False)
        )

    def agrees(self, tolerance: float) -> Flags:
        """By row and price, whether both are equal within a share of the price."""
        agreeing: Flags = np.abs(self.differences) <= tolerance
        return agreeing

    @property
    def volume_ratios(self) -> Numbers:
        """By row, volume of ``other`` over that of ``one``; NaN where either has none."""
        ours, theirs = self.one["volume"].to_numpy(), self.other["volume"].to_numpy()
        traded = (ours > 0) & (theirs > 0)
        ratios: Numbers = np.divide(theirs, ours, out=np.full(len(ours), np.nan), where=traded)
        return ratios


def side_by_side(one: Bars, other: Bars) -> TwoSeries:
    """Two series on their common stamps; filled bars are passed over.

    Parameters
    ----------
    one, other
        Bars of one symbol and frequency, each on one split basis. They may be on different ones,
        and in different units: the scale between them is taken out stretch by stretch.
    """
    one, other = observed(one), observed(other)
    common = one.index.intersection(other.index)
    ours, theirs = one.loc[common], other.loc[common]
    ratios = np.log(prices_of(theirs) / prices_of(ours))
    level = _levels(np.median(ratios, axis=1)) if len(common) else np.empty(0)
    ours_alone, theirs_alone = one.index.difference(common), other.index.difference(common)
    return TwoSeries(
        one=ours,
        other=theirs,
        scale=np.exp(level),
        differences=np.expm1(ratios - level[:, np.newaxis]),
        only_one=_between(ours_alone, common),
        only_other=_between(theirs_alone, common),
    )


def _between(stamps: pd.Index[Any], common: pd.Index[Any]) -> pd.DatetimeIndex:
    """Those between the first and the last stamp that both have."""
    inside = pd.DatetimeIndex(stamps)
    return inside[(inside >= common[0]) & (inside <= common[-1])] if len(common) else inside[:0]


def _levels(ratios: Numbers) -> Numbers:
    """The steady ratio around each row, which single bars do not move and lasting steps do."""
    half = _SMOOTHED // 2
    padded = np.pad(ratios, half, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, _SMOOTHED), axis=1)
    steps = (np.flatnonzero(np.abs(np.diff(smooth)) > _STEP) + 1).tolist()
    bounds = [0]
    for step in steps:
        before = ratios[max(bounds[-1], step - _AROUND) : step]
        after = ratios[step : step + _AROUND]
        is_long = min(len(before), len(after)) > _AROUND // 2
        if is_long and abs(float(np.median(after)) - float(np.median(before))) > _STEP:
            bounds.append(step)
    levels = np.empty_like(ratios)
    for first, stop in pairwise([*bounds, len(ratios)]):
        level = float(np.median(ratios[first:stop]))
        # Two providers that round differently are on one scale.
        levels[first:stop] = 0.0 if abs(level) <= _STEP / 4 else level
    is_steady = np.mean(np.abs(ratios - levels) <= _LOOSE) >= _MOST
    # Of series that do not move together each stretch would have a scale of its own.
    return levels if is_steady else np.full_like(ratios, float(np.median(ratios)))
