"""Dividends that cannot be: a third of the price, paid twice within days, in another unit."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.timestamps import Instants

__all__ = ["dividends_in_another_unit", "large_dividends", "repeated_dividends"]

_DAY = 86_400_000_000

# Prices that fall by this share of a dividend confirm it: a special one.
_CONFIRMED = 0.5
_SAME = 1e-6

# What is usually paid shows in so many dividends, if there are at least three.
_USUAL = 8
_FEWEST = 3

# Dividends differ from each other, besides their unit.
_APART = 1.25


def large_dividends(prices: Numbers, dividend: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Dividends above a third of the close before them that prices do not fall by."""
    close = prices[:, 3]
    found = []
    for row in (np.flatnonzero(dividend[1:] > 0) + 1).tolist():
        cash, before = float(dividend[row]), float(close[row - 1])
        if cash > before * allowed.large_dividend_share and not _is_confirmed(prices, row, cash):
            detail = f"dividend {cash:g} is {cash / before:.0%} of the close before, {before:g}, "
            detail += "and prices do not fall by it"
            evidence = (
                ("dividend", cash),
                ("close before", before),
                ("open", float(prices[row, 0])),
            )
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


def dividends_in_another_unit(
    prices: Numbers, dividend: Numbers, earlier: Numbers, allowed: Thresholds
) -> list[Suspect]:
    """Dividends that are about a hundred, or a thousand, times those before them, or 1/100 of them.

    The first few are held against some after them, too. Dividends that prices fall by are real.

    Parameters
    ----------
    earlier
        Dividends before these bars, on the same basis.
    """
    rows = np.flatnonzero(dividend > 0)
    paid = np.concatenate([earlier[earlier > 0], dividend[rows]])
    found = []
    for row, place in zip(rows.tolist(), range(len(paid) - len(rows), len(paid)), strict=True):
        others = paid[max(place - _USUAL, 0) : place]
        if len(others) < _FEWEST:
            after = paid[place + 1 : place + 1 + _FEWEST - len(others)]
            others = np.concatenate([others, after])
        if len(others) < _FEWEST:
            continue
        cash, usual = float(dividend[row]), float(np.median(others))
        ratio = max(cash / usual, usual / cash)
        if not any(unit / _APART <= ratio <= unit * _APART for unit in allowed.unit_factors):
            continue
        if cash > usual and row and _is_confirmed(prices, row, cash):
            continue
        side = f"{ratio:.3g} times" if cash > usual else f"1/{ratio:.3g} of"
        detail = f"dividend {cash:g} is {side} the usual one, {usual:g}: another unit?"
        evidence = (("dividend", cash), ("usual", usual), ("factor", cash / usual))
        found.append(Suspect("dividend unit", row, row, detail, evidence))
    return found


def _is_confirmed(prices: Numbers, row: int, cash: float) -> bool:
    """Whether prices fall by much of the dividend."""
    fell = float(prices[row - 1, 3]) - float(min(prices[row, 0], prices[row, 3]))
    return fell >= cash * _CONFIRMED
