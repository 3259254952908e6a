"""Prices far from those before and after, which agree with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.core.rules.suspect import Suspect, deviation, others_around
from ml4t_nb.core.rules.thresholds import Thresholds

__all__ = ["SPIKE_REACH", "spikes"]

# Moves are usual or not beside those of so many bars around, and of the few next to it: in a
# squeeze the week is wild, while the quarter is calm.
_AROUND = 30
_NEXT_TO = 5

# Fewer moves, as after a listing, do not show what is usual.
_FEWEST = 10

# The prices on both sides may be apart by this share of the spike, both as logarithms.
_AGREE = 1 / 3

# A high or low is also far by how far those of so many bars before it reach.
_REACH_BARS = 60
_LEAST_REACH = 1e-3

SPIKE_REACH = max(_AROUND + 2, _REACH_BARS) + 1
"""Rows before and after a bar by which it is judged."""

# Where bars reach far all the time, one that reaches so many times as far as most is usual.
_USUAL_REACH = 4

# Prices of a cent move by their half: a few of the smallest steps are no spike.
_STEPS = 5


@dataclass(frozen=True, slots=True)
class _Field:
    """One price of each bar, and the highest and lowest of the prices beside it, as logarithms.

    ``reach`` is how far a high or a low is beyond its own bar's open and close; None of these.
    """

    name: str
    value: Numbers
    above: Numbers
    below: Numbers
    reach: Numbers | None = None

    @property
    def is_outermost(self) -> bool:
        """Whether it is a high or a low."""
        return self.reach is not None

    @property
    def excess(self) -> Numbers:
        """How far it is beyond those beside it; 0 between them."""
        beyond: Numbers = np.fmax(self.value - self.above, self.below - self.value)
        return np.fmax(beyond, 0.0)

    @property
    def disagreement(self) -> Numbers:
        """How far those beside it are apart; of a high or a low that says nothing."""
        apart: Numbers = (
            np.zeros_like(self.value) if self.reach is not None else self.above - self.below
        )
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
        beyond = field.excess
        far = beyond >= np.log(allowed.spike_factor)
        if not far.any():
            continue
        far &= field.disagreement <= beyond * _AGREE
        for row in np.flatnonzero(far & ~np.isnan(beyond)).tolist():
            usual = _usual(moves, row)
            excess = float(beyond[row])
            if row in found or _is_usual_reach(field, row):
                continue
            if not _is_over_steps(field, row, steps):
                continue
            if excess >= allowed.spike_sigmas * usual:
                found[row] = _suspect(field, row, _moves_words(usual), excess / max(usual, 1e-9))
            elif most := _exceeded_reach(field, row, allowed.spike_reach_factor):
                found[row] = _suspect(field, row, _reach_words(most))
    return [found[row] for row in sorted(found)]


def _fields(logs: Numbers) -> tuple[_Field, ...]:
    opens, highs, lows, closes = logs.T
    before, after = np.append(np.nan, closes[:-1]), np.append(opens[1:], np.nan)
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    # The close of the last bar has one neighbour: NaN keeps it from being judged.
    return (
        _Field("close", closes, np.maximum(before, after), np.minimum(before, after)),
        _Field("open", opens, np.maximum(before, closes), np.minimum(before, closes)),
        _Field("high", highs, np.fmax(top, np.fmax(before, after)), highs, highs - top),
        _Field("low", lows, lows, np.fmin(bottom, np.fmin(before, after)), bottom - lows),
    )


def _usual(moves: Numbers, row: int) -> float:
    """How far prices usually move around ``row``, whose own two moves are left out."""
    around = others_around(moves, row, _AROUND, leave_out=2)
    if len(around) < _FEWEST:
        return float("inf")
    near = others_around(moves, row, _NEXT_TO, leave_out=2)
    return max(deviation(around), deviation(near))


def _is_usual_reach(field: _Field, row: int) -> bool:
    """Whether most highs, or lows, around are about as far beyond open and close."""
    if field.reach is None:
        return False
    around = others_around(field.reach, row, _AROUND, leave_out=1)
    is_known = len(around) >= _FEWEST
    return is_known and bool(field.reach[row] <= _USUAL_REACH * np.median(around))


def _exceeded_reach(field: _Field, row: int, factor: float) -> float:
    """How far highs, or lows, of bars before reached at most; 0 if this one reaches no farther."""
    if field.reach is None or row < _REACH_BARS:
        return 0.0
    most = max(float(field.reach[row - _REACH_BARS : row].max()), _LEAST_REACH)
    return most if field.reach[row] >= factor * most else 0.0


def _is_over_steps(field: _Field, row: int, steps: Numbers) -> bool:
    around = others_around(steps, row, _AROUND, leave_out=2)
    moved = around[around > 0]
    if not len(moved):
        return True
    beside = field.above[row] if field.value[row] > field.above[row] else field.below[row]
    size = abs(float(np.exp(field.value[row]) - np.exp(beside)))
    return size > _STEPS * float(moved.min())


def _moves_words(usual: float) -> str:
    return f"which move by {np.expm1(usual) * 100:.2g} % from bar to bar"


def _reach_words(most: float) -> str:
    share = np.expm1(most) * 100
    return f"and of {_REACH_BARS} bars before none was more than {share:.2g} % beyond its body"


def _suspect(field: _Field, row: int, why: str, sigmas: float | None = None) -> Suspect:
    value = float(np.exp(field.value[row]))
    is_above = bool(field.value[row] > field.above[row])
    beside = float(np.exp(field.above[row] if is_above else field.below[row]))
    share = abs(value / beside - 1) * 100
    side = "above" if is_above else "below"
    what = f"{field.name} {value:g} is {share:.3g} % {side} the prices beside it ({beside:g})"
    evidence = [(field.name, value), ("beside", beside)]
    if sigmas is not None:
        evidence.append(("sigmas", sigmas))
    return Suspect("spike", row, row, f"{what}, {why}", tuple(evidence))
