"""The bars that every contender is given: made from a fixed seed, the same in each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAILY", "KINDS", "MINUTE", "MINUTES", "Kind", "Made", "made"]

Stamps = NDArray[np.int64]
Floats = NDArray[np.float64]

MINUTES = 390
"""Bars of a session of minutes."""

_SEED = 20_240_614
_DAY = 86_400_000_000
_MINUTE = 60_000_000
_OPEN = 14 * 60 + 30
# The loaded bars end in the middle of a month and of a year, as they do on most days.
_LAST = np.datetime64("2024-06-14")


@dataclass(frozen=True, slots=True)
class Kind:
    """Bars of one frequency, and how many of them each workload takes.

    Parameters
    ----------
    loaded
        Bars of the first load: twenty years of days, five years of minutes.
    step
        Bars of one append: five days, or a session of minutes.
    part
        Bars of a range: about a month of days, a session of minutes.
    spare
        Bars made beyond the loaded ones, for the appends.
    change
        Standard deviation of a bar's log return.
    volume
        Median volume in shares: what a large company's share has.
    """

    name: str
    loaded: int
    step: int
    part: int
    spare: int
    change: float
    volume: float


DAILY = Kind("daily", 5_040, step=5, part=21, spare=500, change=0.015, volume=3e6)
MINUTE = Kind("minute", 491_400, step=390, part=390, spare=31_200, change=7e-4, volume=8e3)
KINDS = {kind.name: kind for kind in (DAILY, MINUTE)}


@dataclass(frozen=True, slots=True)
class Made:
    """Bars as plain arrays.

    Parameters
    ----------
    stamps
        Microseconds since 1970, UTC.
    numbers
        Prices on the cent, volumes in whole shares, dividend and split, by name.
    """

    stamps: Stamps
    numbers: Mapping[str, Floats]
    filled: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.stamps)

    def cut(self, first: int, last: int) -> Made:
        """Bars ``first`` to ``last``, exclusive, as copies: a slice would keep all in memory."""
        return Made(
            self.stamps[first:last].copy(),
            {name: line[first:last].copy() for name, line in self.numbers.items()},
            self.filled[first:last].copy(),
        )


@cache
def made(name: str) -> Made:
    """All bars of the kind of that name, the spare ones too."""
    kind = KINDS[name]
    count = kind.loaded + kind.spare
    stamps = _days(kind, count) if kind is DAILY else _minutes(kind, count)
    return Made(stamps, _numbers(kind, count), np.zeros(count, dtype=np.bool_))


def _weekdays(before: int, count: int) -> Stamps:
    """Midnights of ``count`` weekdays, of which the first ``before`` end with the last loaded."""
    days = np.busday_offset(_LAST, np.arange(count) - before + 1)
    return days.astype("M8[us]").astype(np.int64)


def _days(kind: Kind, count: int) -> Stamps:
    return _weekdays(kind.loaded, count)


def _minutes(kind: Kind, count: int) -> Stamps:
    days = _weekdays(kind.loaded // MINUTES, count // MINUTES)
    return (days[:, None] + (_OPEN + np.arange(MINUTES)) * _MINUTE).ravel()


def _numbers(kind: Kind, count: int) -> dict[str, Floats]:
    random = np.random.default_rng(_SEED)
    steps = random.normal(0, kind.change, count)
    # Pulled back to its level, so that the price of a share stays one.
    level = np.empty(count)
    at = 0.0
    for place, step in enumerate(steps):
        at = 0.99999 * at + step
        level[place] = at
    close = np.round(150 * np.exp(level), 2)
    opened = np.round(np.concatenate([close[:1], close[:-1]]) * (1 + steps / 10), 2)
    reach = np.abs(random.normal(0, kind.change, (2, count)))
    return {
        "open": opened,
        "high": np.round(np.maximum(opened, close) * (1 + reach[0]), 2),
        "low": np.round(np.minimum(opened, close) * (1 - reach[1]), 2),
        "close": close,
        "volume": np.round(random.lognormal(np.log(kind.volume), 0.8, count)),
        "dividend": np.where(np.arange(count) % 63 == 0, 0.25, 0.0) * (kind is DAILY),
        "split": np.ones(count),
    }
