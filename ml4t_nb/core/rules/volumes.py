"""Volumes that do not fit their bars: none while prices move, or a thousand times the usual."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.bars import Flags, Numbers
from ml4t_nb.core.rules.suspect import Suspect, others_around
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["lost_volumes", "outsized_volumes"]

_AROUND = 30
_FEWEST = 10

# Volume comes with movement: a range of so many times the usual one explains any volume.
_WIDE = 3.0


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
    ranges = np.log(prices[:, 1] / prices[:, 2])
    # The median around is not below that of a sparse series' zeros: those have no factor.
    least = float(np.median(volume[volume > 0])) * min(allowed.high_volume_factor, 10.0)
    found = []
    for row in np.flatnonzero(volume > least).tolist():
        around = others_around(volume, row, _AROUND)
        traded = around[around > 0]
        if len(traded) < _FEWEST:
            continue
        factor = float(volume[row]) / float(np.median(traded))
        is_explained = ranges[row] > _WIDE * float(np.median(others_around(ranges, row, _AROUND)))
        if factor >= allowed.high_volume_factor and not is_explained:
            detail = f"volume {volume[row]:,.0f} is {factor:,.0f} times the median around it"
            evidence = (("volume", float(volume[row])), ("factor", factor))
            found.append(Suspect("high volume", row, row, detail, evidence))
    return found
