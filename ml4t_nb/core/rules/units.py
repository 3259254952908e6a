"""Stretches in another unit than the bars around: pence among pounds, fils among dinars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect, in_blocks
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["unit_blocks"]

# A day's own move comes on top of the unit's, from close to open and from bar to bar.
_OPENING = float(np.log(1.3))
_MIDDLE = float(np.log(1.6))


def unit_blocks(prices: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Stretches that begin and end with a move by the ratio of two units.

    One move alone parts the series in two: the shorter part is the suspicious one, of two equal
    ones the later.

    Parameters
    ----------
    prices
        Open, high, low, close by row, on one split basis, so that splits that are named do not
        move them.
    """
    edges: dict[float, list[tuple[int, bool]]] = {factor: [] for factor in allowed.unit_factors}
    for part in in_blocks(len(prices), reach=1):
        for factor, row, is_up in _edges(prices[part.rows], allowed.unit_factors):
            edges[factor] += [(part.rows.start + row, is_up)] if part.owns(row) else []
    found = [
        _suspect(prices, first, last, factor, is_up=is_up)
        for factor, own in edges.items()
        for first, last, is_up in _stretches(own, len(prices))
    ]
    return sorted(found, key=lambda each: each.first)


def _edges(prices: Numbers, factors: Sequence[float]) -> Iterator[tuple[float, int, bool]]:
    """Rows before which prices move by a factor, and whether upwards."""
    opening = np.log(prices[1:, 0]) - np.log(prices[:-1, 3])
    for factor in factors:
        step = float(np.log(factor))
        near = np.abs(np.abs(opening) - step) <= _OPENING
        if not near.any():
            continue
        logs = np.log(prices)
        # The median of four, in a tenth of the time that numpy takes to sort all rows.
        middle = np.diff((logs.sum(axis=1) - logs.max(axis=1) - logs.min(axis=1)) / 2)
        near &= np.abs(np.abs(middle) - step) <= _MIDDLE
        near &= np.sign(opening) == np.sign(middle)
        for row in np.flatnonzero(near).tolist():
            yield factor, row + 1, bool(opening[row] > 0)


def _stretches(edges: list[tuple[int, bool]], count: int) -> list[tuple[int, int, bool]]:
    """First and last row of each stretch, and whether it is above the others."""
    found = []
    left = list(edges)
    while left:
        start, is_up = left.pop(0)
        if left and left[0][1] != is_up:
            end, _ = left.pop(0)
            found.append((start, end - 1, is_up))
        elif start < count - start:
            found.append((0, start - 1, not is_up))
        else:
            found.append((start, count - 1, is_up))
    return found


def _suspect(prices: Numbers, first: int, last: int, factor: float, *, is_up: bool) -> Suspect:
    beside = float(prices[first - 1, 3] if first else prices[last + 1, 0])
    times = f"{factor:g} times" if is_up else f"1/{factor:g} of"
    value = float(prices[first or last, 3])
    bars = f"{last - first + 1:,} bars are"
    if first == last:
        bars = "this bar is"
    detail = f"{bars} {times} the prices beside, {value:g} beside {beside:g}: another unit?"
    evidence = (("close", value), ("beside", beside), ("factor", factor if is_up else 1 / factor))
    return Suspect("unit", first, last, detail, evidence)
