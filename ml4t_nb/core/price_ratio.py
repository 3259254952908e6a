"""Prices of one bar from two answers: equal within rounding, in which ratio, in another unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ml4t_nb.core.bars import Bars

__all__ = [
    "Flags",
    "Numbers",
    "Ratios",
    "Shared",
    "equal_prices",
    "is_shift",
    "ratios_of",
    "shared_ratio",
    "unit_between",
]

Numbers: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_RELATIVE = 1e-6
_FINEST_DECIMALS = 8

# A provider that divides by a split rounds to four decimals or more. Fewer decimals are ticks: a
# price that moved by a cent did not move by rounding.
_ROUNDED_DECIMALS = 4

# Some files are rounded to cents after the division.
_HALF_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Ratios:
    """By bar, the least and the greatest ratio that all four of its prices allow.

    Where ``low`` exceeds ``high`` the four prices did not move together.
    """

    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True)
class Shared:
    """The ratio that most of some bars share: between ``low`` and ``high``, by ``bars``."""

    low: float
    high: float
    bars: Flags

    def overlaps(self, low: float, high: float) -> bool:
        """Whether the two intervals of ratios overlap."""
        return max(self.low, low) <= min(self.high, high)

    def nearest(self, wanted: float) -> float:
        """``wanted`` if it is allowed, else the middle of what is."""
        if self.low <= wanted <= self.high:
            return wanted
        return float(np.sqrt(self.low * self.high))


def equal_prices(stored: Numbers, fetched: Numbers) -> Flags:
    """Which prices are the same but for rounding.

    Equal to a millionth, or one is the other rounded to four to eight decimals.
    """
    step = max(_half_step(stored), _half_step(fetched))
    step = step if step <= 0.5 * 10.0**-_ROUNDED_DECIMALS else 0.0
    near: Flags = np.abs(stored - fetched) <= step + _RELATIVE * np.maximum(stored, fetched)
    return near


def ratios_of(stored: Numbers, fetched: Numbers, divided: Flags | None = None) -> Ratios:
    """Ratios stored / fetched that the rounding of either leaves open.

    Parameters
    ----------
    stored, fetched
        Positive prices, a row a bar.
    divided
        Stored bars whose prices an earlier split has divided: cents are rounded there, too.
    """
    step, fetched_step = _steps_of_ratio(stored, fetched)
    stored_step = np.full((len(stored), 1), step)
    if divided is not None and divided.any():
        rounded = _half_step(stored[divided])
        stored_step[divided] = rounded if rounded <= _HALF_CENT else step
    least = np.maximum(stored * (1 - _RELATIVE) - stored_step, 0.0)
    below = np.maximum(fetched * (1 - _RELATIVE) - fetched_step, np.finfo("float64").tiny)
    low = least / (fetched * (1 + _RELATIVE) + fetched_step)
    high = (stored * (1 + _RELATIVE) + stored_step) / below
    return Ratios(low.max(axis=1), high.min(axis=1))


def shared_ratio(ratios: Ratios) -> Shared | None:
    """The ratio that the most bars allow; None if no bar's prices moved together."""
    low, high = ratios.low, ratios.high
    sound = low <= high
    if not sound.any():
        return None
    # The greatest number of intervals overlap at the lower end of one of them.
    starts, ends = np.sort(low[sound]), np.sort(high[sound])
    meeting = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="left")
    best = starts[int(meeting.argmax())]
    bars = sound & (low <= best) & (best <= high)
    return Shared(float(low[bars].max()), float(high[bars].min()), bars)


def is_shift(stored: Numbers, fetched: Numbers) -> bool:
    """Whether one difference explains all prices as well as one ratio might.

    It always does where prices stood still; then a new basis looks like a correction.
    """
    slack = sum(_steps_of_ratio(stored, fetched)) + _RELATIVE * (stored + fetched)
    shift = stored - fetched
    return bool((shift - slack).max() <= (shift + slack).min())


def _steps_of_ratio(stored: Numbers, fetched: Numbers) -> tuple[float, float]:
    """Half the decimal step of either side, 0 unless its decimals result from a division."""
    stored_step, fetched_step = _half_step(stored), _half_step(fetched)
    return (
        # A stored price in cents was traded at that price; one of more decimals was divided before.
        stored_step if stored_step < _HALF_CENT else 0.0,
        fetched_step if fetched_step <= _HALF_CENT else 0.0,
    )


def _half_step(prices: Numbers) -> float:
    """Half the step of the coarsest decimal grid all prices are on; 0 if on none."""
    # Single precision, as some providers send it, strays from its grid by 6e-8 of the price.
    slack = 1e-7 * np.abs(prices)
    for decimals in range(_FINEST_DECIMALS + 1):
        if (np.abs(prices - np.round(prices, decimals)) <= slack).all():
            return float(0.5 * 10.0**-decimals)
    return 0.0


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
