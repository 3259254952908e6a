"""Prices in another unit: pence for pounds, cents for dollars, a lost decimal sign."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.bars import Bars

__all__ = ["unit_between"]

_UNITS = {
    100.0: "100 times",
    1000.0: "1000 times",
    0.01: "a hundredth of",
    0.001: "a thousandth of",
}
# Two providers' closes of one day are nearer to each other than this.
_SLACK = 0.05


def unit_between(stored: Bars, fetched: Bars) -> str:
    """How most fetched closes are a hundred or a thousand times the stored ones; empty if not.

    Parameters
    ----------
    stored, fetched
        Observed bars of one dataset; those of the same stamps are compared.
    """
    common = stored.index.intersection(fetched.index)
    if common.empty:
        return ""
    ratio = fetched.loc[common, "close"].to_numpy() / stored.loc[common, "close"].to_numpy()
    for unit, words in _UNITS.items():
        alike = common[np.abs(ratio / unit - 1) < _SLACK]
        if 2 * len(alike) > len(common):
            bars = f"{len(alike)} of {len(common)} bars in common"
            return f"{words} the stored ones ({bars}, {alike[0]:%Y-%m-%d} to {alike[-1]:%Y-%m-%d})"
    return ""
