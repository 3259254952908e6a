"""By which factor a run moved the numbers of each bar: judged of every single one."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, Flags, Numbers, Split
from ml4t_nb.core.price_ratio import rounding_steps

__all__ = ["change_factors"]

_EXACT = 1e-6
_SHARES = 1.0  # a volume is rounded to a whole number, up or down
_CASH = 0.5e-4  # dividends come with four decimals or more
_VOLUME, _DIVIDEND, _SPLIT = (NUMBERS.index(name) for name in ("volume", "dividend", "split"))


def change_factors(
    before: Bars, after: Bars, *, ratio: float | None, splits: Sequence[Split] = ()
) -> pd.DataFrame:
    """What became of each bar that is in ``before`` or ``after``, a row each, in order of time.

    Columns
    -------
    change
        ``same``, ``replaced``, ``added`` or ``removed``.
    factor
        By what the prices of most bars between the same two splits were multiplied; NaN of bars
        that were not replaced, and of all where ``ratio`` is None.
    prices
        Whether all four keep to it: ``exact``, ``rounded`` where only the rounding of the prices
        keeps them apart from it, else ``other``.
    volume, dividend
        ``scaled`` by the factor, the ``same`` as before, ``none`` on either side, or ``other``.
    split
        ``same`` or ``other``.

    Parameters
    ----------
    ratio
        Price before over price after, of the oldest bars; None if no restatement is said to be.
    splits
        Ex-date and ratio of those that explain it.
    """
    stamps = pd.DatetimeIndex(before.index.union(after.index))
    names = list(NUMBERS)
    was, now = (bars[names].reindex(stamps).to_numpy(float) for bars in (before, after))
    had, has = stamps.isin(before.index), stamps.isin(after.index)
    differs = (was.view(np.int64) != now.view(np.int64)).any(axis=1)
    is_replaced = had & has & differs
    factor = np.full(len(stamps), np.nan)
    prices = np.full(len(stamps), "other", dtype=object)
    if ratio is not None:
        passed = _splits_until(stamps, splits)
        for done in np.unique(passed[is_replaced]).tolist():
            rows = is_replaced & (passed == done)
            said = prod(1 / each for _, each in splits[done:]) if splits else 1 / ratio
            old, new = was[rows, : len(PRICES)], now[rows, : len(PRICES)]
            factor[rows], prices[rows] = _common(old, new, said)
    return pd.DataFrame(
        {
            "change": np.select(
                [~had, ~has, is_replaced], ["added", "removed", "replaced"], "same"
            ),
            "factor": factor,
            "prices": prices,
            "volume": _moved(was[:, _VOLUME], now[:, _VOLUME], 1 / factor, slack=_SHARES),
            "dividend": _moved(was[:, _DIVIDEND], now[:, _DIVIDEND], factor, slack=_CASH),
            "split": np.where(was[:, _SPLIT] == now[:, _SPLIT], "same", "other"),
        },
        index=stamps,
    )


def _splits_until(stamps: pd.DatetimeIndex, splits: Sequence[Split]) -> np.ndarray:
    """How many of the splits, in order of time, were at or before each bar."""
    dates = pd.DatetimeIndex([pd.Timestamp(day) for day, _ in splits], tz="UTC")
    return np.asarray(dates.searchsorted(stamps, side="right"))


def _common(old: Numbers, new: Numbers, said: float) -> tuple[float, np.ndarray]:
    """The factor of most bars, and how each keeps to it.

    What is ``said`` of it is a number that was rounded, or not true of these bars.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = new[:, -1] / old[:, -1]
    known = ratios[np.isfinite(ratios)]
    seen = float(np.median(known)) if len(known) else said
    steps = rounding_steps(old, new)
    judged = [(each, _kept(old, new, each, *steps)) for each in (said, seen)]
    return max(judged, key=lambda each: int((each[1] != "other").sum()))


def _kept(
    old: Numbers, new: Numbers, factor: float, old_step: float, new_step: float
) -> np.ndarray:
    apart = np.abs(new - old * factor)
    exact = (apart <= _EXACT * np.abs(old * factor)).all(axis=1)
    slack = new_step + factor * old_step + _EXACT * np.abs(old * factor)
    rounded = (apart <= slack).all(axis=1)
    return np.select([exact, rounded], ["exact", "rounded"], "other").astype(object)


def _moved(was: Numbers, now: Numbers, factor: Numbers, *, slack: float) -> np.ndarray:
    is_none: Flags = (np.nan_to_num(was) == 0) & (np.nan_to_num(now) == 0)
    wanted = was * factor
    is_scaled = np.abs(now - wanted) <= np.maximum(slack, _EXACT * np.abs(wanted))
    return np.select([is_none, was == now, is_scaled], ["none", "same", "scaled"], "other")
