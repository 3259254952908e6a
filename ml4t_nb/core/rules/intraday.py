"""Daily bars that do not hold the range of the intraday bars of their session."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.timestamps import Instants

__all__ = ["outside_of_days"]

# Sessions whose closes are further apart are on another scale: by a split that only one names.
_SCALE = float(np.log(1.25))

# Where more days than this share do not fit, the two series are of other hours or venues.
_MOST = 0.2


def outside_of_days(
    days: Instants,
    prices: Numbers,
    sessions: Instants,
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
        Open, high, low, close by row, as they were traded.
    sessions
        Of each intraday bar, in order, the stamp of the daily bar of its session.
    """
    if not len(days) or not len(sessions):
        return []
    rows = np.minimum(np.searchsorted(days, sessions), len(days) - 1)
    inside = days[rows] == sessions
    rows, intraday = rows[inside], intraday[inside]
    high, low = np.full(len(days), -np.inf), np.full(len(days), np.inf)
    np.maximum.at(high, rows, intraday[:, 1])
    np.minimum.at(low, rows, intraday[:, 2])
    close = np.full(len(days), np.nan)
    close[rows] = intraday[:, 3]  # of a session's bars the last one stays
    alike = np.abs(np.log(close / prices[:, 3])) <= _SCALE
    above = alike & (high > prices[:, 1] * (1 + allowed.intraday_range_tolerance))
    below = alike & (low < prices[:, 2] * (1 - allowed.intraday_range_tolerance))
    wrong = above | below
    if wrong.sum() > max(1, _MOST * alike.sum()):
        return []
    return [
        _suspect(row, "high", float(prices[row, 1]), float(high[row]))
        if above[row]
        else _suspect(row, "low", float(prices[row, 2]), float(low[row]))
        for row in np.flatnonzero(wrong).tolist()
    ]


def _suspect(row: int, name: str, daily: float, reached: float) -> Suspect:
    detail = f"intraday bars of this session reach {reached:g}, the daily {name} is {daily:g}"
    evidence = ((name, daily), (f"intraday {name}", reached))
    return Suspect("intraday range", row, row, detail, evidence)
