"""Bars that were read once, read again: what is different, bit for bit, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import NUMBERS, PRICES, Flags, Numbers
from ml4t_nb.core.price_ratio import rounding_steps
from ml4t_nb.core.timestamps import index_micros

__all__ = ["BarsDifference", "difference_of"]

_EXACT = 1e-6
_RESTATED = 0.045  # less is a dividend, which adjusted prices are moved by
_FEWEST = 2
_FLAGS = ("filled", "complete")


@dataclass(frozen=True, slots=True)
class BarsDifference:
    """Of bars as they are read now to what they were.

    Parameters
    ----------
    added, revised, removed
        Bars.
    is_longer
        Whether there are later bars, and that is all.
    restated
        Price before over price after, if most of the revised bars share it, and it is not 1.
    share
        Of the others, the largest change of a price, over the price before; None if there is none.
    """

    added: int
    revised: int
    removed: int
    is_longer: bool = False
    restated: float | None = None
    share: float | None = None

    def __bool__(self) -> bool:
        return bool(self.added or self.revised or self.removed)


def difference_of(before: pd.DataFrame, after: pd.DataFrame) -> BarsDifference:
    """What is different in bars of one dataset, shown in one way, and indexed by stamp."""
    old, new = (index_micros(pd.DatetimeIndex(each.index)) for each in (before, after))
    _, of_old, of_new = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    added, removed = len(new) - len(of_new), len(old) - len(of_old)
    was, now = _numbers(before)[of_old], _numbers(after)[of_new]
    is_revised: Flags = (was.view(np.int64) != now.view(np.int64)).any(axis=1)
    for name in _FLAGS:
        if name in before:
            was_set, is_set = (each[name].to_numpy(np.bool_) for each in (before, after))
            is_revised |= was_set[of_old] ^ is_set[of_new]
    revised = int(is_revised.sum())
    if not revised:
        is_longer = bool(added and not removed and (new[: len(old)] == old).all())
        return BarsDifference(added, 0, removed, is_longer=is_longer)
    prices = len(PRICES)
    restated, share = _moved(was[:, :prices], now[:, :prices], is_revised)
    return BarsDifference(added, revised, removed, restated=restated, share=share)


def _numbers(bars: pd.DataFrame) -> Numbers:
    return np.ascontiguousarray(bars[[*NUMBERS]].to_numpy(np.float64))


def _moved(old: Numbers, new: Numbers, revised: Flags) -> tuple[float | None, float | None]:
    """The ratio that most revised rows share, and by how much of a price the others changed.

    A split restates all bars before it: what else is alike in a few bars is no restatement.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios, shares = (old[:, -1] / new[:, -1])[revised], np.abs(new / old - 1)
    known = ratios[np.isfinite(ratios)]
    ratio = float(np.median(known)) if len(known) else 1.0
    keeps = revised & _keeps(old, new, ratio)
    number = int(keeps.sum())
    is_restated = (
        abs(ratio - 1) > _RESTATED
        and number >= _FEWEST
        and 2 * number > len(ratios)
        and bool(revised[: int(np.flatnonzero(keeps)[-1]) + 1].all())
    )
    left = shares[revised & ~keeps] if is_restated else shares[revised]
    left = left[np.isfinite(left)]
    return (ratio if is_restated else None), (float(left.max()) if len(left) else None)


def _keeps(old: Numbers, new: Numbers, ratio: float) -> Flags:
    """Rows whose prices were all divided by it, but for rounding."""
    old_step, new_step = rounding_steps(old, new)
    apart = np.abs(new * ratio - old)
    slack = old_step + ratio * new_step + _EXACT * np.abs(old)
    return np.asarray((apart <= slack).all(axis=1))
