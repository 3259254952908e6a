"""Dividends that cannot be: of a third of the price and more, or paid twice within days."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.timestamps import Instants

__all__ = ["large_dividends", "repeated_dividends"]

_DAY = 86_400_000_000

# Prices that fall by this share of a dividend confirm it: a special one.
_CONFIRMED = 0.5
_SAME = 1e-6


def large_dividends(prices: Numbers, dividend: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Dividends above a third of the close before them that prices do not fall by."""
    opens, close = prices[:, 0], prices[:, 3]
    found = []
    for row in (np.flatnonzero(dividend[1:] > 0) + 1).tolist():
        cash, before = float(dividend[row]), float(close[row - 1])
        fell = before - float(min(opens[row], close[row]))
        if cash > before * allowed.large_dividend_share and fell < cash * _CONFIRMED:
            detail = f"dividend {cash:g} is {cash / before:.0%} of the close before, {before:g}, "
            detail += "and prices do not fall by it"
            evidence = (("dividend", cash), ("close before", before), ("open", float(opens[row])))
            found.append(Suspect("large dividend", row, row, detail, evidence))
    return found


def repeated_dividends(stamps: Instants, dividend: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Dividends of the amount of the one before, within days of it.

    Parameters
    ----------
    stamps
        Microseconds, in order.
    """
    paid = np.flatnonzero(dividend > 0)
    found = []
    for one, other in zip(paid[:-1].tolist(), paid[1:].tolist(), strict=True):
        days = float(stamps[other] - stamps[one]) / _DAY
        is_same = abs(dividend[other] / dividend[one] - 1) <= _SAME
        if is_same and days <= allowed.repeated_dividend_days:
            cash = float(dividend[other])
            detail = f"dividend {cash:g} again {days:.0f} days after the same: reported twice?"
            evidence = (("dividend", cash), ("days", days))
            found.append(Suspect("repeated dividend", other, other, detail, evidence))
    return found
