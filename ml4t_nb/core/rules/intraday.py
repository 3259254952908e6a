"""Daily bars that do not hold the range of the intraday bars of their session."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["outside_of_days"]


def outside_of_days(
    days: pd.DatetimeIndex,
    prices: Numbers,
    sessions: pd.DatetimeIndex,
    intraday: Numbers,
    allowed: Thresholds,
) -> list[Suspect]:
    """Days whose intraday bars reach above their high or below their low.

    The day may reach further than its intraday bars: these lack the auctions.

    Parameters
    ----------
    days
        Stamps of daily bars, in order.
    prices, intraday
        Open, high, low, close by row, on the same split basis.
    sessions
        Of each intraday bar the stamp of the daily bar of its session.
    """
    rows = days.get_indexer(sessions)
    inside = rows >= 0
    if not inside.any():
        return []
    high, low = np.full(len(days), -np.inf), np.full(len(days), np.inf)
    np.maximum.at(high, rows[inside], intraday[inside, 1])
    np.minimum.at(low, rows[inside], intraday[inside, 2])
    above = high > prices[:, 1] * (1 + allowed.intraday_range_tolerance)
    below = low < prices[:, 2] * (1 - allowed.intraday_range_tolerance)
    return [
        _suspect(row, "high", float(prices[row, 1]), float(high[row]))
        if above[row]
        else _suspect(row, "low", float(prices[row, 2]), float(low[row]))
        for row in np.flatnonzero(above | below).tolist()
    ]


def _suspect(row: int, name: str, daily: float, reached: float) -> Suspect:
    detail = f"intraday bars of this session reach {reached:g}, the daily {name} is {daily:g}"
    evidence = ((name, daily), (f"intraday {name}", reached))
    return Suspect("intraday range", row, row, detail, evidence)
