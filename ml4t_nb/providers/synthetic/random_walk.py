"""The random walk behind synthetic bars; any span of it can be generated alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.model import AssetClass

__all__ = ["DAILY_FROM", "Walk"]

DAILY_FROM = datetime(1990, 1, 1, tzinfo=UTC)

_DAY = 1440
_EPOCH = np.datetime64("1990-01-01", "D")

# The logarithm of a price stays within this of where it began, so that decades of walking end
# neither at a fraction of a cent nor at millions.
_REACH = 1.2

_Numbers: TypeAlias = npt.NDArray[np.float64]
_Places: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Manner:
    """How an asset class moves: daily deviation, price range, decimals, volume a day."""

    deviation: float
    prices: tuple[float, float]
    decimals: int
    volume: float


_MANNERS: Mapping[AssetClass, _Manner] = {
    "equities": _Manner(0.018, (40.0, 300.0), 2, 5e6),
    "etfs": _Manner(0.011, (40.0, 400.0), 2, 1e7),
    "indices": _Manner(0.010, (1000.0, 15000.0), 2, 2e9),
    "crypto": _Manner(0.035, (20.0, 40000.0), 4, 2e5),
    "fx": _Manner(0.005, (0.8, 1.6), 5, 0.0),
}


class Walk:
    """Prices of one symbol, day by day from 1990 and minute by minute within a day.

    The logarithm of the price at each UTC midnight is a walk from the first day on; within a day
    it is a bridge from one midnight to the next, drawn by a generator that counts from the day's
    own number. So no bar depends on which others are asked for.
    """

    def __init__(self, symbol: str, asset_class: AssetClass) -> None:
        digest = sha256(symbol.encode()).digest()
        self._key = np.frombuffer(digest[:16], dtype="uint64")
        self._manner = _MANNERS[asset_class]
        self._is_round_the_clock = asset_class == "crypto"
        low, high = np.log(self._manner.prices)
        share = int.from_bytes(digest[16:24], "big") / 2**64
        self._start = low + share * (high - low)

    def days(self, stamps: pd.DatetimeIndex) -> dict[str, _Numbers]:
        """Columns of daily bars: from near the price of a day's midnight to that of the next."""
        day = _since_1990(stamps, "D")
        if not len(day):
            return _columns(*(np.empty(0) for _ in range(5)))
        anchors, deviation = self._anchors(int(day.max()) + 1), self._manner.deviation
        draw = self._draws(0, stream=1, shape=(int(day.max()) + 1, 4))[day]
        first = anchors[day] + 0.3 * deviation * draw[:, 0]
        last = anchors[day + 1]
        high = np.maximum(first, last) + 0.4 * deviation * np.abs(draw[:, 1])
        low = np.minimum(first, last) - 0.4 * deviation * np.abs(draw[:, 2])
        volume = np.rint(self._manner.volume * np.exp(0.4 * draw[:, 3]))
        return _columns(*(self._price(each) for each in (first, high, low, last)), volume)

    def minutes(self, stamps: pd.DatetimeIndex, length: int) -> dict[str, _Numbers]:
        """Columns of bars ``length`` minutes long; each opens where the one before it closed."""
        at = _since_1990(stamps, "m")
        first_day, last_day = int(at[0]) // _DAY, int(at[-1] + length) // _DAY
        path, high, low, volume = self._path(first_day, last_day + 1)
        at = at - first_day * _DAY
        total = np.append(0.0, np.cumsum(volume))
        return _columns(
            self._price(path[at]),
            self._price(_over(np.maximum, high, at, length)),
            self._price(_over(np.minimum, low, at, length)),
            self._price(path[at + length]),
            total[at + length] - total[at],
        )

    def _path(self, start: int, stop: int) -> tuple[_Numbers, _Numbers, _Numbers, _Numbers]:
        """Log price at each minute of the days, and each minute's high, low and volume."""
        deviation = self._manner.deviation / np.sqrt(_DAY)
        anchors = self._anchors(stop)[start : stop + 1, np.newaxis]
        draws = np.stack(
            [self._draws(day, stream=2, shape=(4, _DAY)) for day in range(start, stop)]
        )
        steps = np.cumsum(draws[:, 0], axis=1)
        share = np.arange(1, _DAY + 1) / _DAY
        bridge = deviation * (steps - share * steps[:, -1:])
        ends = anchors[:-1] + (anchors[1:] - anchors[:-1]) * share + bridge
        # The last minute of a day ends on the anchor itself, not a rounding beside it.
        ends[:, -1] = anchors[1:, 0]
        path = np.append(anchors[0], ends.ravel())
        beyond = 0.5 * deviation * np.abs(draws[:, 1:3])
        high = np.maximum(path[:-1], path[1:]) + beyond[:, 0].ravel()
        low = np.minimum(path[:-1], path[1:]) - beyond[:, 1].ravel()
        volume = np.rint(self._manner.volume / 390 * np.exp(0.6 * draws[:, 3].ravel()))
        return path, high, low, volume

    def _anchors(self, count: int) -> _Numbers:
        """Log price at the midnights that begin day 0 to ``count``."""
        steps = self._draws(0, stream=0, shape=(count,)) * self._manner.deviation
        if not self._is_round_the_clock:
            # 1990-01-01 was a Monday. Over a weekend hardly anything happens.
            steps[5::7] *= 0.1
            steps[6::7] *= 0.1
        walked = np.append(0.0, np.cumsum(steps))
        # Reflected at both ends of its reach, which keeps the size of its steps.
        reflected = np.abs((walked + _REACH) % (4 * _REACH) - 2 * _REACH) - _REACH
        anchors: _Numbers = self._start - reflected
        return anchors

    def _draws(self, counter: int, *, stream: int, shape: tuple[int, ...]) -> _Numbers:
        """Standard normal numbers that depend on the symbol, the stream and the counter alone."""
        bits = np.random.Philox(key=self._key, counter=[0, counter, stream, 0])
        return np.random.Generator(bits).standard_normal(shape)

    def _price(self, logarithm: _Numbers) -> _Numbers:
        return np.asarray(np.round(np.exp(logarithm), self._manner.decimals), dtype="float64")


def _columns(*values: _Numbers) -> dict[str, _Numbers]:
    return dict(zip(("open", "high", "low", "close", "volume"), values, strict=True))


def _over(take: np.ufunc, each: _Numbers, at: _Places, length: int) -> _Numbers:
    """The most extreme of ``length`` minutes from each of ``at`` on."""
    extreme = each[at]
    for step in range(1, length):
        take(extreme, each[at + step], out=extreme)
    return extreme


def _since_1990(stamps: pd.DatetimeIndex, unit: Literal["D", "m"]) -> _Places:
    since = stamps.to_numpy(f"M8[{unit}]") - _EPOCH
    return since.astype("int64")
