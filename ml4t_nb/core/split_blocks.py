"""Runs of bars not adjusted for a split, or adjusted twice: off by its ratio at both edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, Flags, Numbers, Split, observed, prices_of
from ml4t_nb.model import Basis

__all__ = ["SplitBlock", "find_unapplied", "may_have_blocks"]

# How far the move at an edge may be from the split's own, as a share of it (both as logarithms):
# from close to open, and from middle to middle of the bars, which has a day's move in it.
_OPENING = 0.25
_MIDDLE = 0.4

# A ratio must stand out of the moves around by so much, or squeezes and crashes pass for splits.
_OUTSTANDING = 6.0
_AROUND = 30

# From this ratio on a move at both edges is not by chance. Smaller ones must be met more closely,
# and are reported, not refused.
_CERTAIN = 1.5
_LEAST = 1.04
_CLOSELY = 2.0
_SLACK = 0.01

_LONGEST = ((5, 1.25), (20, _CERTAIN))

# Splits that are missed together.
_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class SplitBlock:
    """Rows of bars that are ``factor`` times what the others are, and the splits explaining it."""

    start: int
    stop: int
    factor: float
    splits: tuple[Split, ...]

    @property
    def is_certain(self) -> bool:
        """Whether the factor is too large to be a matter of chance."""
        return abs(log(self.factor)) >= log(_CERTAIN) * (1 - 1e-9)


def may_have_blocks(bars: Bars) -> bool:
    """Whether prices move both ways like a split, not by chance: a cheap test."""
    prices, least = prices_of(bars), (1 - _OPENING) * log(_CERTAIN)
    moves = np.log(prices[1:, 0]) - np.log(prices[:-1, 3])
    return bool((moves >= least).any() and (moves <= -least).any())


def find_unapplied(bars: Bars, splits: Sequence[Split], basis: Basis) -> tuple[SplitBlock, ...]:
    """Blocks of observed bars that are off by the ratio of a split, or of some together.

    All ``splits`` that are named for these bars count, later ones too.
    """
    real = observed(bars)
    if not splits or len(real) <= _TOGETHER:
        return ()
    level = adjusted(real, "splits", basis=basis) if basis == "as-traded" else real
    prices = np.log(prices_of(level))
    opening = np.append(0.0, prices[1:, 0] - prices[:-1, 3])
    middle = np.median(prices, axis=1)
    moves = np.append(0.0, np.diff(middle))
    found: list[SplitBlock] = []
    taken = np.zeros(len(real), dtype=bool)
    for some, ratio in _ratios(splits):
        for start, stop in _between_edges(opening, moves, log(ratio)):
            if not taken[start:stop].any():
                taken[start:stop] = True
                factor = ratio if opening[start] * log(ratio) > 0 else 1 / ratio
                found.append(SplitBlock(start, stop, factor, some))
    return tuple(sorted(found, key=lambda block: block.start))


def _ratios(splits: Sequence[Split]) -> list[tuple[tuple[Split, ...], float]]:
    """Ratios to look for, of single splits first, with the splits that make them."""
    ordered = sorted(splits)
    ratios: dict[float, tuple[Split, ...]] = {}
    for count in range(1, _TOGETHER + 1):
        for start in range(len(ordered) - count + 1):
            some = tuple(ordered[start : start + count])
            product = float(np.prod([ratio for _, ratio in some]))
            size = round(max(product, 1 / product), 6)
            if size >= _LEAST:
                ratios.setdefault(size, some)
    return [(some, ratio) for ratio, some in ratios.items()]


def _between_edges(opening: Numbers, moves: Numbers, step: float) -> list[tuple[int, int]]:
    """Rows from a move by ``step`` to one back, either way; of those that overlap the shortest.

    A real fall by half, years before, is not an edge of a block.
    """
    # The smaller the step of a block, the sooner two real moves look like its edges.
    shorter = (most for most, ratio in _LONGEST if step < log(ratio) * (1 - 1e-9))
    longest = next(shorter, len(opening) // 2)
    edges = sorted((row, sign) for sign in (1, -1) for row in _edges(opening, moves, sign * step))
    pairs = [
        (start, stop)
        for (start, sign), (stop, back) in pairwise(edges)
        if sign == -back and stop - start <= longest
    ]
    free: list[tuple[int, int]] = []
    for start, stop in sorted(pairs, key=lambda pair: pair[1] - pair[0]):
        if all(stop < first or start > last for first, last in free):
            free.append((start, stop))
    return free


def _edges(opening: Numbers, moves: Numbers, step: float) -> list[int]:
    """Rows before which prices move by ``step``, which stands out of the moves around."""
    size = abs(step)
    near: Flags = np.abs(opening - step) <= _OPENING * size
    near &= np.abs(moves - step) <= _MIDDLE * size
    rows = []
    for row in np.flatnonzero(near).tolist():
        usual = _usual(opening, row)
        closely = max(_CLOSELY * usual, _SLACK)
        is_close = size >= log(_CERTAIN) * (1 - 1e-9) or abs(opening[row] - step) <= closely
        if size >= _OUTSTANDING * usual and is_close:
            rows.append(row)
    return rows


def _usual(opening: Numbers, row: int) -> float:
    """How far prices usually move from close to open around ``row``: a standard deviation."""
    around = np.abs(opening[max(row - _AROUND, 1) : row + _AROUND])
    # Of a few moves, those at the edges may be half: a lower share of them is asked.
    few = 12
    if len(around) < few:
        return float(np.quantile(around, 0.3)) * 2.6
    return float(np.median(around)) * 1.4826
