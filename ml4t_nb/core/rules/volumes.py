"""Volumes that do not fit their bars: none while prices move, or a thousand times the usual."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ml4t_nb.core.bars import Flags, Numbers
from ml4t_nb.core.rules.suspect import Suspect, others_around
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["lost_volumes", "outsized_volumes"]

_AROUND = 30
_FEWEST = 10

# Volume comes with movement: a range of so many times the usual one explains any volume.
_WIDE = 3.0

_SOME = 4_096
_ROUNDING = 1e-9


def lost_volumes(prices: Numbers, volume: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Stretches without volume while prices move, where the bars before and after have theirs.

    A bar that repeats the close before it was not traded: a holiday of one market, a pause.
    """
    _, high, low, close = prices.T
    moved = (high > low) | (close != np.append(close[:1], close[:-1]))
    found = []
    for first, last in _runs((volume == 0) & moved):
        count = last - first + 1
        around = others_around(volume, first, _AROUND, leave_out=count)
        if len(around) >= _FEWEST and np.mean(around == 0) <= allowed.zero_volume_share:
            usual = float(np.median(around))
            bars = "" if count == 1 else f" in {count:,} bars"
            detail = f"no volume{bars} while prices move; the median around is {usual:,.0f}"
            evidence = (("median", usual), ("bars", float(count)))
            found.append(Suspect("zero volume", first, last, detail, evidence))
    return found


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """First and last row of each run of flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(first, stop - 1) for first, stop in edges.reshape(-1, 2).tolist()]


def outsized_volumes(prices: Numbers, volume: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Bars of many times the volume around them, whose prices hardly moved."""
    if len(volume) <= _FEWEST or not volume.any():
        return []
    # The median around is not below that of a sparse series' zeros: those have no factor.
    least = float(np.median(volume[volume > 0])) * min(allowed.high_volume_factor, 10.0)
    found = []
    for row in _outstanding(volume, least, allowed.high_volume_factor):
        around = others_around(volume, row, _AROUND)
        traded = around[around > 0]
        if len(traded) < _FEWEST:
            continue
        factor = float(volume[row]) / float(np.median(traded))
        if factor >= allowed.high_volume_factor and not _is_wide(prices, row):
            detail = f"volume {volume[row]:,.0f} is {factor:,.0f} times the median around it"
            evidence = (("volume", float(volume[row])), ("factor", factor))
            found.append(Suspect("high volume", row, row, detail, evidence))
    return found


def _outstanding(volume: Numbers, least: float, factor: float) -> Iterator[int]:
    """Rows above ``least`` that may be so many times the median of the traded bars around.

    Of a heavy tail one bar in a hundred is above what is usual: a median of each takes long.
    """
    rows = np.flatnonzero(volume > least)
    is_inside = (rows >= _AROUND) & (rows < len(volume) - _AROUND)
    yield from rows[~is_inside].tolist()
    inside, beside = rows[is_inside], np.arange(-_AROUND, _AROUND + 1)
    for first in range(0, len(inside), _SOME):
        some = inside[first : first + _SOME]
        around = volume[some[:, np.newaxis] + beside]
        traded = (around > 0) & np.isfinite(around)
        traded[:, _AROUND] = False
        # Half of them, at least, are not above their median.
        most = volume[some, np.newaxis] / factor * (1 + _ROUNDING)
        is_low = 2 * (traded & (around <= most)).sum(axis=1) >= traded.sum(axis=1)
        yield from some[is_low].tolist()


def _is_wide(prices: Numbers, row: int) -> bool:
    """Whether the bar's range is many times that of the bars around."""
    first = max(row - _AROUND, 0)
    near = prices[first : row + 1 + _AROUND]
    ranges, own = np.log(near[:, 1] / near[:, 2]), row - first
    return bool(ranges[own] > _WIDE * float(np.median(others_around(ranges, own, _AROUND))))
