"""Prices far from those before and after, which agree with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect, deviation, others_around
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["spikes"]

# Moves are usual or not beside those of so many bars around, and of the few next to it: in a
# squeeze the week is wild, while the quarter is calm.
_AROUND = 30
_NEXT_TO = 5

# Fewer moves, as after a listing, do not show what is usual.
_FEWEST = 10

# The prices on both sides may be apart by this share of the spike, both as logarithms.
_AGREE = 1 / 3

# Prices of a cent move by their half: a few of the smallest steps are no spike.
_STEPS = 5


@dataclass(frozen=True, slots=True)
class _Field:
    """One price of each bar, and the highest and lowest of the prices beside it, as logarithms."""

    name: str
    value: Numbers
    above: Numbers
    below: Numbers
    is_outermost: bool = False

    @property
    def excess(self) -> Numbers:
        """How far it is beyond those beside it; 0 between them."""
        beyond: Numbers = np.fmax(self.value - self.above, self.below - self.value)
        return np.fmax(beyond, 0.0)

    @property
    def disagreement(self) -> Numbers:
        """How far those beside it are apart; of a high or a low that says nothing."""
        apart: Numbers = np.zeros_like(self.value) if self.is_outermost else self.above - self.below
        return apart


def spikes(prices: Numbers, allowed: Thresholds) -> list[Suspect]:
    """Bars with a price far above or below those before and after it.

    Each price is compared with what stands next to it in time: a close with the close before and
    the open after, an open with the close before and its own bar's close, a high or low with
    these and the body of its own bar. So the last bar's close is not judged before the next bar
    has come, for it may be a real move.

    Parameters
    ----------
    prices
        Open, high, low, close by row, on one split basis.
    """
    if len(prices) <= _FEWEST:
        return []
    logs = np.log(prices)
    moves = np.append(np.nan, np.diff(logs[:, 3]))
    steps = np.abs(np.append(np.nan, np.diff(prices[:, 3])))
    found: dict[int, Suspect] = {}
    for field in _fields(logs):
        far = field.excess >= np.log(allowed.spike_factor)
        far &= field.disagreement <= field.excess * _AGREE
        for row in np.flatnonzero(far & ~np.isnan(field.excess)).tolist():
            usual = _usual(moves, row)
            excess = float(field.excess[row])
            is_far = excess >= allowed.spike_sigmas * usual
            if row not in found and is_far and _is_over_steps(field, row, steps):
                found[row] = _suspect(field, row, excess, usual)
    return [found[row] for row in sorted(found)]


def _fields(logs: Numbers) -> tuple[_Field, ...]:
    opens, highs, lows, closes = logs.T
    before, after = np.append(np.nan, closes[:-1]), np.append(opens[1:], np.nan)
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    # The close of the last bar has one neighbour: NaN keeps it from being judged.
    return (
        _Field("close", closes, np.maximum(before, after), np.minimum(before, after)),
        _Field("open", opens, np.maximum(before, closes), np.minimum(before, closes)),
        _Field("high", highs, np.fmax(top, np.fmax(before, after)), highs, is_outermost=True),
        _Field("low", lows, lows, np.fmin(bottom, np.fmin(before, after)), is_outermost=True),
    )


def _usual(moves: Numbers, row: int) -> float:
    """How far prices usually move around ``row``, whose own two moves are left out."""
    around = others_around(moves, row, _AROUND, leave_out=2)
    if len(around) < _FEWEST:
        return float("inf")
    near = others_around(moves, row, _NEXT_TO, leave_out=2)
    return max(deviation(around), deviation(near))


def _is_over_steps(field: _Field, row: int, steps: Numbers) -> bool:
    around = others_around(steps, row, _AROUND, leave_out=2)
    moved = around[around > 0]
    if not len(moved):
        return True
    beside = field.above[row] if field.value[row] > field.above[row] else field.below[row]
    size = abs(float(np.exp(field.value[row]) - np.exp(beside)))
    return size > _STEPS * float(moved.min())


def _suspect(field: _Field, row: int, excess: float, usual: float) -> Suspect:
    value = float(np.exp(field.value[row]))
    is_above = bool(field.value[row] > field.above[row])
    beside = float(np.exp(field.above[row] if is_above else field.below[row]))
    share = abs(value / beside - 1) * 100
    side = "above" if is_above else "below"
    detail = (
        f"{field.name} {value:g} is {share:.3g} % {side} the prices beside it ({beside:g}), "
        f"which move by {np.expm1(usual) * 100:.2g} % from bar to bar"
    )
    evidence = ((field.name, value), ("beside", beside), ("sigmas", excess / max(usual, 1e-9)))
    return Suspect("spike", row, row, detail, evidence)
