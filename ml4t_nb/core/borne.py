"""Splits and dividends that another bar bears, back on that of their ex-date once there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml4t_nb.core.action_dates import bar_for
from ml4t_nb.core.bars import Bars, Numbers
from ml4t_nb.core.timestamps import Instants, from_micros, index_micros, to_micros
from ml4t_nb.model import Basis, CarriedAction

__all__ = ["borne_again"]

_NOTHING = 1e-9


def borne_again(
    bars: Bars, carried: Sequence[CarriedAction], basis: Basis
) -> tuple[Bars, tuple[CarriedAction, ...]]:
    """Observed bars, some of them new, with each action on the first at or after its ex-date.

    What is carried no farther than before stays as it is, bit for bit.
    """
    stamps = index_micros(bars.index)
    moving = {
        each: bar
        for each in carried
        if (bar := bar_for(stamps, to_micros(each.ex_date))) is not None
        and bar < to_micros(each.bar)
    }
    if not moving:
        return bars, tuple(carried)
    split = bars["split"].to_numpy(copy=True)
    for each, bar in moving.items():
        split[_row(stamps, to_micros(each.bar))] /= each.split
        split[_row(stamps, bar)] *= each.split
    split[np.abs(split - 1) < _NOTHING] = 1.0
    steps = split if basis == "as-traded" else np.ones(len(split))
    paid = bars["dividend"].to_numpy()
    dividend, shares = _dividends(stamps, paid, carried, moving, steps)
    found = [
        replace(each, bar=from_micros(moving.get(each, to_micros(each.bar))), share=share)
        for each, share in zip(carried, shares, strict=True)
    ]
    left = tuple(each for each in found if each.ex_date != each.bar)
    return bars.assign(split=split, dividend=dividend), left


def _dividends(
    stamps: Instants,
    paid: Numbers,
    carried: Sequence[CarriedAction],
    moving: dict[CarriedAction, int],
    steps: Numbers,
) -> tuple[Numbers, list[float]]:
    """Dividends by bar, and of what is carried the share of its bar's.

    It was paid on the shares before the ``steps`` of prices in between.
    """
    dividend = paid.copy()
    amounts = []
    for each in carried:
        row = _row(stamps, to_micros(each.bar))
        amount = float(paid[row]) * each.share
        if each in moving:
            to = _row(stamps, moving[each])
            dividend[row] -= amount
            amount *= float(np.prod(steps[to + 1 : row + 1]))
            dividend[to] += amount
        amounts.append(amount)
    dividend[np.abs(dividend) < _NOTHING * np.abs(paid).max(initial=0.0)] = 0.0
    totals = [
        float(dividend[_row(stamps, moving.get(each, to_micros(each.bar)))]) for each in carried
    ]
    return dividend, [
        amount / total if total else 0.0 for amount, total in zip(amounts, totals, strict=True)
    ]


def _row(stamps: Instants, bar: int) -> int:
    return int(np.searchsorted(stamps, bar))
