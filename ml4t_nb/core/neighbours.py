"""Bars that two answers tell differently: whose fit the bars around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, as_instant, prices_of
from ml4t_nb.core.price_ratio import Flags, Numbers
from ml4t_nb.model import Basis, Finding, NextStep

__all__ = ["Outliers", "Run", "find_outliers", "kept_finding"]

# Prices of two answers must be this far apart for the bars around them to tell which is right; at
# an end of the series, where only one side has a bar, and stocks do fall, much further.
_APART = np.log(1.25)
_FAR_APART = np.log(5.0)

# A provider does not correct so many runs of bars at once: that is another series.
_MOST_RUNS = 500


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive bars that differ: rows ``start`` to ``stop`` of those in common."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Outliers:
    """Runs where one side jumps against its neighbours, and the other does not.

    Parameters
    ----------
    stored
        The fetched bars fit, the stored ones do not.
    fetched
        The stored bars fit, the fetched ones do not.
    """

    stored: tuple[Run, ...] = ()
    fetched: tuple[Run, ...] = ()

    def rows(self, runs: tuple[Run, ...], count: int) -> Flags:
        """Flags of the rows in ``runs``."""
        flags = np.zeros(count, dtype=bool)
        for run in runs:
            flags[run.start : run.stop] = True
        return flags


def find_outliers(
    stored: Bars, fetched: Bars, common: pd.DatetimeIndex, differs: Flags, basis: Basis
) -> Outliers:
    """Which side fits, run by run of the bars that differ.

    Parameters
    ----------
    stored, fetched
        Observed bars, those that only one side has too.
    common
        Stamps on both sides.
    differs
        Of those, which differ in price.
    """
    runs = _runs(differs)
    if not runs or len(runs) > _MOST_RUNS:
        return Outliers()
    old_outliers, new_outliers = [], []
    for run in runs:
        stamps = common[run.start : run.stop]
        before = fetched.loc[common[max(run.start - 1, 0) : run.start]]
        after = fetched.loc[common[run.stop : run.stop + 1]]
        if _goes_on(stored, stamps, before, after):
            continue
        if len(before) and not len(after):
            after = fetched[fetched.index > stamps[-1]].iloc[:1]
        old = _Side.of(before, stored.loc[stamps], after, basis)
        new = _Side.of(before, fetched.loc[stamps], after, basis)
        winner = _winner(old, new)
        if winner == "fetched":
            old_outliers.append(run)
        # A split that is reported with bars that are not taken would be lost.
        is_told = not _same_splits(stored, fetched, stamps)
        if winner == "stored" and not is_told and _is_kept(old, new, before, after):
            new_outliers.append(run)
    return Outliers(tuple(old_outliers), tuple(new_outliers))


def kept_finding(stored: Bars, outliers: Bars, acceptance: NextStep) -> Finding:
    """What the provider answers for bars that are kept as they are stored.

    Parameters
    ----------
    acceptance
        The update that accepts the provider's history.
    """
    first, last = outliers.index[0], outliers.index[-1]
    when = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    old, new = prices_of(stored.loc[outliers.index]), prices_of(outliers)
    furthest = int(np.abs(np.log(old / new)).argmax())
    name = PRICES[furthest % len(PRICES)]
    return Finding(
        as_instant(first),
        "kept",
        f"{when}: the provider now returns {name} {new.flat[furthest]:g} instead of the stored "
        f"{old.flat[furthest]:g}, which fits the bars around it; the stored "
        f"{'bars are' if len(outliers) > 1 else 'bar is'} kept; the next step accepts the "
        "provider's",
        acceptance,
    )


def _goes_on(stored: Bars, stamps: pd.DatetimeIndex, before: Bars, after: Bars) -> bool:
    """Whether bars that were not fetched may be as those of a run, or nothing stands beside it."""
    if not len(before) and not len(after):
        return True
    is_open_before = not len(before) and stored.index[0] < stamps[0]
    is_open_after = not len(after) and stored.index[-1] > stamps[-1]
    return bool(is_open_before or is_open_after)


@dataclass(frozen=True, slots=True)
class _Side:
    """A run as one side states it.

    Parameters
    ----------
    prices
        Of the run's bars.
    moves
        From bar to bar, the neighbours included, as logarithms without splits.
    widths
        How far a bar's prices reach from its middle, likewise.
    """

    prices: Numbers
    moves: Numbers
    widths: Numbers

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
        return cls(prices[own], np.abs(moves), widths[own])


def _apart(stored: _Side, fetched: _Side) -> float:
    return float(np.abs(stored.prices - fetched.prices).max())


def _winner(stored: _Side, fetched: _Side) -> str:
    """The side that nowhere moves further than the other, and somewhere far less."""
    apart = _apart(stored, fetched)
    if apart < _APART:
        return ""
    old = np.concatenate([stored.moves, stored.widths])
    new = np.concatenate([fetched.moves, fetched.widths])
    for_fetched = bool((old - new > apart / 2).any())
    for_stored = bool((new - old > apart / 2).any())
    if for_fetched == for_stored:
        return ""
    return "fetched" if for_fetched else "stored"


def _is_kept(stored: _Side, fetched: _Side, before: Bars, after: Bars) -> bool:
    """Whether that is enough to overrule the provider: more is asked for than to believe it.

    The oldest bars may be the first that it moves to another basis.
    """
    return bool(len(before)) and (bool(len(after)) or _apart(stored, fetched) >= _FAR_APART)


def _same_splits(stored: Bars, fetched: Bars, stamps: pd.DatetimeIndex) -> bool:
    old, new = (side.loc[stamps, "split"].to_numpy() for side in (stored, fetched))
    return bool(np.isclose(old, new, rtol=1e-4, atol=0).all())


def _runs(differs: Flags) -> tuple[Run, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], differs, [False]]).astype(np.int8)))
    return tuple(Run(start, stop) for start, stop in edges.reshape(-1, 2).tolist())
