"""All rules on stored bars, each row told once by the rule that says most of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, observed, prices_of
from ml4t_nb.core.rules.dividends import large_dividends, repeated_dividends
from ml4t_nb.core.rules.spikes import spikes
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.rules.units import unit_blocks
from ml4t_nb.core.rules.volumes import lost_volumes, outsized_volumes
from ml4t_nb.core.timestamps import index_micros
from ml4t_nb.model import AssetClass, Basis

__all__ = ["suspects"]

# Volumes of indices are those of their members, of currencies those of one broker, if any.
_WITHOUT_VOLUME: frozenset[AssetClass] = frozenset({"fx", "indices"})


def suspects(
    bars: Bars, *, basis: Basis, asset_class: AssetClass, allowed: Thresholds
) -> tuple[pd.DatetimeIndex, tuple[Suspect, ...]]:
    """Suspicious rows of the observed bars, and the stamps that their numbers count.

    A bar in another unit is no spike besides, though it is far from its neighbours.
    """
    real = observed(bars)
    stamps = pd.DatetimeIndex(real.index)
    if real.empty:
        return stamps, ()
    level = adjusted(real, "splits", basis=basis) if basis == "as-traded" else real
    prices = prices_of(level)
    volume, dividend = level["volume"].to_numpy(), level["dividend"].to_numpy()
    units = unit_blocks(prices, allowed)
    in_units = np.zeros(len(real), dtype=bool)
    for each in units:
        in_units[each.first : each.last + 1] = True
    found = [
        *units,
        *(each for each in spikes(prices, allowed) if not in_units[each.first]),
        *large_dividends(prices, dividend, allowed),
        *repeated_dividends(index_micros(stamps).astype(float), dividend, allowed),
    ]
    if asset_class not in _WITHOUT_VOLUME:
        found += lost_volumes(prices, volume, allowed)
        found += outsized_volumes(prices, volume, allowed)
    wanted = [each for each in found if each.rule not in allowed.off]
    return stamps, tuple(sorted(wanted, key=lambda each: (each.first, each.rule)))
