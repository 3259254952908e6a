"""Bars in which two answers differ: which of them fit the bars around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, Flags, Numbers, as_instant, prices_of
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, NextStep

__all__ = ["Outliers", "find_outliers", "kept_finding"]

# Prices of two answers must be this far apart for the bars around them to show which is right; at
# an end of the series, where only one side has a bar, and stocks do fall, much further.
_APART = np.log(1.25) * (1 - 1e-3)  # a split of 5:4 that was missed, but for rounding
_FAR_APART = np.log(5.0)

# A provider does not correct so many runs of bars at once: that is another series.
_MOST_RUNS = 500


@dataclass(frozen=True, slots=True)
class Outliers:
    """Which bars in common jump against their neighbours on this side, and not on the other."""

    stored: Flags
    fetched: tuple[slice, ...]  # runs of rows


def find_outliers(
    stored: Bars, fetched: Bars, common: pd.DatetimeIndex, differs: Flags, basis: Basis
) -> Outliers:
    """Which side fits, run by run of the bars that differ in price.

    Both sides are observed bars, those that only one of them has too; ``common`` are stamps on
    both, and ``differs`` has a flag for each of these.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], differs, [False]]).astype(np.int8)))
    runs = edges.reshape(-1, 2).tolist()
    old_outliers = np.zeros(len(common), dtype=bool)
    new_outliers: list[slice] = []
    for start, stop in runs if len(runs) <= _MOST_RUNS else ():
        stamps = common[start:stop]
        before = fetched.loc[common[max(start - 1, 0) : start]]
        after = fetched.loc[common[stop : stop + 1]]
        if _goes_on(stored, stamps, before, after):
            continue
        if len(before) and not len(after):
            after = fetched[fetched.index > stamps[-1]].iloc[:1]
        old = _Side.of(before, stored.loc[stamps], after, basis)
        new = _Side.of(before, fetched.loc[stamps], after, basis)
        apart = float(np.abs(old.prices - new.prices).max())
        if apart < _APART:
            continue
        # The side that fits nowhere moves further than the other, and somewhere far less.
        is_old_off = bool((old.steps - new.steps > apart / 2).any())
        is_new_off = bool((new.steps - old.steps > apart / 2).any())
        if is_old_off and not is_new_off:
            old_outliers[start:stop] = True
        # To overrule the provider more is asked for than to believe it: the oldest bars may be the
        # first that it moves to another basis. A split reported by bars not taken would be lost.
        is_kept = len(before) and (len(after) or apart >= _FAR_APART)
        was, now = stored.loc[stamps, "split"], fetched.loc[stamps, "split"]
        is_kept = is_kept and np.isclose(was, now, rtol=1e-4, atol=0).all()
        if is_new_off and not is_old_off and is_kept:
            new_outliers.append(slice(start, stop))
    return Outliers(old_outliers, tuple(new_outliers))


def kept_finding(stored: Bars, outliers: Bars, acceptance: NextStep) -> Finding:
    """What the provider answers for bars that are kept as they are stored.

    ``acceptance`` is the update that accepts the provider's history.
    """
    first, last = outliers.index[0], outliers.index[-1]
    when = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    old, new = prices_of(stored.loc[outliers.index]), prices_of(outliers)
    furthest = int(np.abs(np.log(old / new)).argmax())
    name = PRICES[furthest % len(PRICES)]
    was, now = float(old.flat[furthest]), float(new.flat[furthest])
    return Finding(
        as_instant(first),
        "kept",
        f"{when}: the provider now returns {name} {now:g} instead of the stored "
        f"{was:g}, which fits the bars around it; the stored "
        f"{'bars are' if len(outliers) > 1 else 'bar is'} kept; the next step accepts the "
        "provider's",
        acceptance,
        end=None if first == last else as_instant(last),
        evidence=((f"stored {name}", was), (f"returned {name}", now)),
        values=tuple(new[sorted({0, len(new) - 1})].ravel().tolist()),
    )


def _goes_on(stored: Bars, stamps: pd.DatetimeIndex, before: Bars, after: Bars) -> bool:
    """Whether bars that were not fetched may be as those of a run, or nothing stands beside it."""
    is_open_before = not len(before) and stored.index[0] < stamps[0]
    is_open_after = not len(after) and stored.index[-1] > stamps[-1]
    return bool(is_open_before or is_open_after or not (len(before) or len(after)))


@dataclass(frozen=True, slots=True)
class _Side:
    """A run as one side states it, in logarithms.

    ``steps`` are the moves from bar to bar, the neighbours included and splits left out, and how
    far each bar's prices reach from their middle.
    """

    prices: Numbers
    steps: Numbers

    @classmethod
    def of(cls, before: Bars, inside: Bars, after: Bars, basis: Basis) -> _Side:
        whole = pd.concat([before, inside, after])
        prices = np.log(prices_of(whole))
        middle = np.median(prices, axis=1)
        moves = np.diff(middle)
        if basis == "as-traded":
            moves = moves + np.log(whole["split"].to_numpy()[1:])
        widths = np.abs(prices - middle[:, np.newaxis]).max(axis=1)
        own = slice(len(before), len(before) + len(inside))
        return cls(prices[own], np.concatenate([np.abs(moves), widths[own]]))
