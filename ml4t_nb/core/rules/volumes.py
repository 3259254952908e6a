"""Volumes that do not fit their bars: none while prices move, or a thousand times the usual."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect, others_around
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["lost_volumes", "outsized_volumes"]

_AROUND = 30
_FEWEST = 10

# Volume comes with movement: a range of so many times the usual one explains any volume.
_WIDE = 3.0


def lost_volumes(prices: Numbers, volume: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Bars without volume whose prices move, where the bars around have theirs.

    A bar that repeats the close before it was not traded: a holiday of one market, a pause.
    """
    _, high, low, close = prices.T
    moved = (high > low) | (close != np.append(close[:1], close[:-1]))
    found = []
    for row in np.flatnonzero((volume == 0) & moved).tolist():
        around = others_around(volume, row, _AROUND)
        if len(around) >= _FEWEST and np.mean(around == 0) <= allowed.zero_volume_share:
            usual = float(np.median(around))
            detail = f"no volume while prices move; the median around is {usual:,.0f}"
            found.append(Suspect("zero volume", row, row, detail, (("median", usual),)))
    return found


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
