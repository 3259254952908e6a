"""All rules on stored bars, each row named once, by the rule that says most of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, Flags, Numbers, numbers_of
from ml4t_nb.core.rules.dividends import (
    dividends_in_another_unit,
    large_dividends,
    repeated_dividends,
)
from ml4t_nb.core.rules.prices import frozen_bars, jumps, out_of_range
from ml4t_nb.core.rules.spikes import SPIKE_REACH, spikes
from ml4t_nb.core.rules.suspect import Suspect, by_blocks
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.rules.units import unit_blocks
from ml4t_nb.core.rules.volumes import lost_volumes, outsized_volumes
from ml4t_nb.core.timestamps import index_micros
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import AssetClass, Basis

__all__ = ["suspects"]

# Volumes of indices are those of their members, of currencies those of one broker, if any.
_WITHOUT_VOLUME: frozenset[AssetClass] = frozenset({"fx", "indices"})

_VOLUME, _DIVIDEND = NUMBERS.index("volume"), NUMBERS.index("dividend")
_NONE: Numbers = np.empty(0)


def suspects(
    bars: Bars,
    *,
    basis: Basis,
    asset_class: AssetClass,
    allowed: Thresholds,
    earlier_dividends: Numbers = _NONE,
) -> tuple[Suspect, ...]:
    """Suspicious rows of bars, which are all observed, in order.

    A bar in another unit is no spike besides, and neither is a jump, though prices move.

    Parameters
    ----------
    earlier_dividends
        Those before these bars, on the split basis of the last one.
    """
    if bars.empty:
        return ()
    level = _on_one_basis(bars) if basis == "as-traded" else bars
    stamps, own = index_micros(bars.index), numbers_of(bars)
    numbers = own if level is bars else numbers_of(level)
    prices, volume, dividend = numbers[:, : len(PRICES)], numbers[:, _VOLUME], numbers[:, _DIVIDEND]
    units = unit_blocks(prices, allowed)
    spiking = by_blocks(len(bars), SPIKE_REACH, lambda rows: spikes(prices[rows], allowed))
    spiked = _without(spiking, _rows_of(units, len(bars)))
    explained = _rows_of((*units, *spiked), len(bars))
    foreign = dividends_in_another_unit(prices, dividend, earlier_dividends, allowed)
    # Prices move into a stretch, and out of it.
    explained[1:] |= explained[:-1]
    jumped = by_blocks(len(bars), 1, lambda rows: jumps(bars.iloc[rows], own[rows], allowed))
    jumping = _without(jumped, explained)
    ranging = by_blocks(len(bars), 0, lambda rows: out_of_range(bars.iloc[rows], prices[rows]))
    found = [
        *units,
        *spiked,
        *_without(ranging, _rows_of((*spiked, *jumping), len(bars))),
        *frozen_bars(level, stamps, numbers, allowed),
        *jumping,
        *foreign,
        *_without(large_dividends(prices, dividend, allowed), _rows_of(foreign, len(bars))),
        *repeated_dividends(stamps, dividend, allowed),
    ]
    if asset_class not in _WITHOUT_VOLUME:
        found += lost_volumes(prices, volume, allowed)
        found += outsized_volumes(prices, volume, allowed)
    wanted = [each for each in found if each.rule not in allowed.off]
    return tuple(sorted(wanted, key=lambda each: (each.first, each.rule)))


def _on_one_basis(bars: Bars) -> Bars:
    """Bars as traded on one split basis, unless the splits leave none that a float holds."""
    try:
        return adjusted(bars, "splits", basis="as-traded")
    except BarsInvalid:
        return bars


def _rows_of(found: Iterable[Suspect], count: int) -> Flags:
    rows = np.zeros(count, dtype=bool)
    for each in found:
        rows[each.first : each.last + 1] = True
    return rows


def _without(found: Iterable[Suspect], explained: Flags) -> list[Suspect]:
    return [each for each in found if not explained[each.first]]
