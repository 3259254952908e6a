"""The scale on which another provider's bars join the stored ones, at each place where they do."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, Numbers
from ml4t_nb.core.two_series import TwoSeries, side_by_side

__all__ = ["UNITS", "JoinFault", "Joins", "joins_of"]

# A join rests on so many bars in common, no farther than so many others, and as near to their
# scale as this.
_NEED = 3
_SIDE = 5
_FAR = 21
_AGREEING = 0.01
_STEP = 2e-3
_ROUNDED = _STEP / 4

UNITS = (1.0, 100.0, 1000.0, 0.01, 0.001)
"""Scales of two that quote in units of one currency, on one basis."""

# Splits of less than that are none that volumes show, and dividends make such scales too.
_SPLIT = 1.2
_MOST_SPLIT = 20
_VOLUMES_NEAR = 3.0


@dataclass(frozen=True, slots=True)
class JoinFault:
    """A bar that cannot be joined, and why, in words."""

    stamp: pd.Timestamp
    reason: str


@dataclass(frozen=True, slots=True)
class Joins:
    """How the other provider's bars become stored ones.

    Parameters
    ----------
    scale
        By stamp asked for, what its prices are divided by.
    volume_factor
        What its volume is multiplied by: the ratio of a split, or of a unit such as lots.
    fault
        The first bar that cannot be joined; None if all can.
    """

    scale: Numbers
    volume_factor: Numbers
    fault: JoinFault | None


def joins_of(one: Bars, other: Bars, taken: pd.DatetimeIndex, at: pd.DatetimeIndex) -> Joins:
    """Scales at the stamps ``at``, from the bars in common but for those that are to be ``taken``.

    Around each stamp, three bars in common must agree on a scale, before and after it the same.

    Parameters
    ----------
    one, other
        Observed bars, each on one split basis.
    """
    both = side_by_side(one[~one.index.isin(taken)], other)
    factors = {first: _volume_factor(both, first, last) for first, last, _ in both.stretches}
    firsts = np.array([first for first, *_ in both.stretches], dtype=np.int64)
    around = _Around.of(both, one.index.union(other.index).difference(taken))
    scale, volume = np.ones(len(at)), np.ones(len(at))
    for place, stamp in enumerate(at):
        row, reason = around.row_beside(stamp)
        if reason:
            return Joins(scale, volume, JoinFault(stamp, reason))
        served = float(both.scale[row])
        scale[place] = _plain(served) or served
        volume[place] = factors[int(firsts[np.searchsorted(firsts, row, side="right") - 1])]
    return Joins(scale, volume, None)


@dataclass(frozen=True, slots=True)
class _Around:
    """Bars in common, and their places among all stamps that are not to be taken."""

    stamps: pd.DatetimeIndex
    places: Numbers
    every: pd.DatetimeIndex
    level: Numbers
    ratio: Numbers

    @classmethod
    def of(cls, both: TwoSeries, every: pd.Index[pd.Timestamp]) -> _Around:
        level = np.log(both.scale)
        own = np.median(np.log1p(both.differences), axis=1) if len(level) else level
        stamps, whole = pd.DatetimeIndex(both.one.index), pd.DatetimeIndex(every)
        return cls(stamps, whole.searchsorted(stamps).astype(float), whole, level, level + own)

    def row_beside(self, stamp: pd.Timestamp) -> tuple[int, str]:
        """A row whose scale is that at ``stamp``; or why there is none."""
        at, place = int(self.stamps.searchsorted(stamp)), int(self.every.searchsorted(stamp))
        low, high = max(at - _SIDE, 0), min(at + _SIDE, len(self.stamps))
        distance = np.abs(self.places[low:high] + 0.5 - place)
        near = np.flatnonzero(distance <= _FAR) + low
        if len(near) < _NEED:
            return 0, "has fewer than three bars in common around it"
        row = at - 1 if near[0] < at else at
        spread = float(np.median(np.abs(self.ratio - self.level)[max(at - _FAR, 0) : at + _FAR]))
        limit = max(_STEP, 3 * spread)
        for side in (near[near < at], near[near >= at]):
            if len(side) and abs(float(np.median(self.ratio[side])) - self.level[row]) > limit:
                return 0, "is where the scale between the two changes"
        # Prices of another share keep near to some scale for a while, but to no plain one.
        allowed = _STEP if _plain(float(np.exp(self.level[row]))) is None else _AGREEING
        agreeing = int(np.sum(np.abs(self.ratio[near] - self.level[row]) <= allowed))
        if agreeing < _NEED or 2 * agreeing < len(near) or spread > allowed:
            return 0, "has fewer than three bars around it in which the two agree"
        return row, ""


def _plain(scale: float) -> float | None:
    """The ratio of a split, or of a unit, that the scale is but for rounding; None if neither."""
    for unit in UNITS:
        for ratio in (1.0, *map(float, range(2, _MOST_SPLIT + 1)), 1.5):
            for plain in (unit * ratio, unit / ratio):
                if abs(log(scale / plain)) <= _ROUNDED:
                    return plain
    return None


def _volume_factor(both: TwoSeries, first: int, last: int) -> float:
    """What volumes of a stretch are multiplied by, as those in common show it.

    A share of half the price is one of twice the number; a price in pence is of the same number.
    """
    scale = _plain(float(both.scale[first])) or float(both.scale[first])
    splits = [1.0, scale] if max(scale, 1 / scale) >= _SPLIT else [1.0]
    ratios = both.volume_ratios[first : last + 1]
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) >= _NEED:
        usual = float(np.median(ratios))
        factors = [unit * split for split in splits for unit in UNITS]
        nearest = min(factors, key=lambda factor: abs(log(factor * usual)))
        if abs(log(nearest * usual)) <= log(_VOLUMES_NEAR):
            return nearest
    # Nothing shows it: what is left of the scale besides a unit is a split.
    if len(splits) == 1:
        return 1.0
    if 1 / _MOST_SPLIT <= scale <= _MOST_SPLIT:
        return scale
    return min((scale / unit for unit in UNITS), key=lambda ratio: abs(log(ratio)))
