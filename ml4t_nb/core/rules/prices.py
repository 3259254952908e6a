"""Bars whose prices contradict each other, stand still, or jump."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, Flags, Numbers
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.timestamps import TICK, Instants
from ml4t_nb.core.validation import row_words

__all__ = ["frozen_bars", "jumps", "out_of_range"]

# Minutes without a trade repeat each other; an hour of them does not.
_FROZEN_TIME = timedelta(hours=1) // TICK

# Of the 15,000 bars of five shares, and of 40 days of a squeeze, none repeats the one before it.
_AROUND, _FEWEST, _SELDOM = 30, 10, 0.05

# High and low are often served in single precision beside an open in double.
_ROUNDING = 1e-6

_VOLUME, _SPLIT = NUMBERS.index("volume"), NUMBERS.index("split")


def out_of_range(bars: Bars, prices: Numbers) -> list[Suspect]:
    """Bars whose high or low does not span their other prices."""
    _, high, low, _ = prices.T
    top, bottom = prices.max(axis=1), prices.min(axis=1)
    wrong = (high < top * (1 - _ROUNDING)) | (low > bottom * (1 + _ROUNDING))
    return [
        Suspect(
            "range",
            row,
            row,
            f"high and low do not span: {row_words(bars.iloc[row])}",
            (("high", float(high[row])), ("low", float(low[row]))),
        )
        for row in np.flatnonzero(wrong).tolist()
    ]


def frozen_bars(
    bars: Bars, stamps: Instants, numbers: Numbers, allowed: Thresholds
) -> list[Suspect]:
    """Bars that repeat one bar's four prices for at least an hour.

    Where shares are traded meanwhile, prices that stand still are suspicious only among prices
    that do not: those of a share of few cents repeat each other.
    """
    prices, volume = numbers[:, : len(PRICES)], numbers[:, _VOLUME]
    repeats = (prices[1:] == prices[:-1]).all(axis=1)
    untraded = (volume[1:] == 0) | (volume[1:] == volume[:-1])
    found: list[Suspect] = []
    for same, is_traded in ((repeats, True), (repeats & untraded, False)):
        # A bar alone is of no time.
        edges = np.flatnonzero(np.diff(same, prepend=np.False_, append=np.False_))
        firsts, lasts = edges.reshape(-1, 2).T
        long = lasts - firsts + 1 >= allowed.frozen_bars
        long &= stamps[lasts] - stamps[firsts] >= _FROZEN_TIME
        for first, last in zip(firsts[long].tolist(), lasts[long].tolist(), strict=True):
            if is_traded and not _repeat_seldom(repeats, first, last):
                continue
            if not any(each.first <= first and last <= each.last for each in found):
                found.append(_frozen(bars, prices, first, last))
    return found


def _repeat_seldom(repeats: Flags, first: int, last: int) -> bool:
    """Whether bars around those from ``first`` to ``last`` move from one to the next."""
    before = repeats[max(first - 1 - _AROUND, 0) : max(first - 1, 0)]
    around = np.append(before, repeats[last + 1 : last + 1 + _AROUND])
    return len(around) >= _FEWEST and around.mean() <= _SELDOM


def _frozen(bars: Bars, prices: Numbers, first: int, last: int) -> Suspect:
    count = last - first + 1
    row = row_words(bars.iloc[first])
    detail = f"{count} bars repeat all prices, the last at {bars.index[last].isoformat()}: {row}"
    evidence = (("bars", float(count)), ("close", float(prices[first, 3])))
    return Suspect("frozen", first, last, detail, evidence)


def jumps(bars: Bars, numbers: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Bars whose prices move too far from the close before, or within them, without a split.

    Whichever basis the prices are on: a move by the bar's own split is explained.
    """
    prices, split = numbers[:, : len(PRICES)], numbers[:, _SPLIT]
    most, close = allowed.jump_factor, prices[:, -1]
    before = np.append(close[0], close[:-1])
    highest, lowest = prices.max(axis=1), prices.min(axis=1)
    factor = np.maximum(_steepest(highest, lowest, before), highest / lowest)
    explained = _steepest(highest * split, lowest * split, before) <= most
    explained &= highest / lowest <= most
    wrong = (factor > most) & ~(explained & (split != 1))
    return [
        Suspect(
            "jump",
            row,
            row,
            f"prices move by a factor of {factor[row]:.3g}: "
            f"close {before[row]:g} before, then {row_words(bars.iloc[row])}",
            (("close before", float(before[row])), ("factor", float(factor[row]))),
        )
        for row in np.flatnonzero(wrong).tolist()
    ]


def _steepest(highest: Numbers, lowest: Numbers, before: Numbers) -> Numbers:
    return np.asarray(np.maximum(highest / before, before / lowest))
