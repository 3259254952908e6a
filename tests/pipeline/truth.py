"""A share's true history, what a provider tells of it on each evening, and what a store must show.

Nothing here uses the package's own rules of adjusting: prices as traded are drawn, everything else
follows by multiplication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, make_bars
from ml4t_nb.model import Basis

__all__ = ["Action", "Fault", "FaultKind", "Truth"]

FaultKind: TypeAlias = Literal["blank", "zero", "absent", "wrong"]

_OPEN, _HIGH, _LOW = 0.998, 1.004, 0.995


@dataclass(frozen=True)
class Action:
    """A split or a dividend of a day, which the provider tells from an evening on.

    Parameters
    ----------
    value
        The ratio, or the cash per share of that day.
    """

    day: int
    kind: Literal["split", "dividend"]
    value: float
    told: int


@dataclass(frozen=True)
class Fault:
    """What is wrong with a day's row from one evening to the one before another."""

    day: int
    kind: FaultKind
    begins: int
    ends: int


@dataclass(frozen=True)
class Truth:
    """Closes as traded, a session each, with what happened and what the provider gets wrong."""

    sessions: pd.DatetimeIndex
    closes: Sequence[float]
    actions: Sequence[Action] = ()
    faults: Sequence[Fault] = ()
    basis: Basis = "split-adjusted"
    decimals: int | None = None
    volume: float = field(default=1e6)

    def served(self, evening: int) -> Bars:
        """Everything that the provider has on an evening."""
        faulty = {f.day: f.kind for f in self.faults if f.begins <= evening < f.ends}
        present = [day for day in range(evening + 1) if faulty.get(day) != "absent"]
        # What happened on a day without a row is told with the next one, and restates then.
        told = [a for a in self.actions if a.told <= evening and a.day <= present[-1]]
        finer = np.array([self._finer(day, evening, told) for day in present])
        closes = np.array([self.closes[day] for day in present]) / finer
        columns = {"open": closes * _OPEN, "high": closes * _HIGH, "low": closes * _LOW}
        columns["close"] = closes
        if self.decimals is not None:
            columns = {name: np.round(each, self.decimals) for name, each in columns.items()}
        kinds = np.array([faulty.get(day, "") for day in present])
        for each in columns.values():
            each[kinds == "blank"] = np.nan
        columns["close"][kinds == "zero"] = 0.0
        columns["close"][kinds == "wrong"] *= 1.003
        split, dividend = np.ones(len(present)), np.zeros(len(present))
        for action in told:
            row = int(np.searchsorted(present, action.day))
            if action.kind == "split":
                split[row] *= action.value
            else:
                dividend[row] += action.value / self._finer(action.day, evening, told)
        others = {"volume": self.volume * finer, "split": split, "dividend": dividend}
        return make_bars(self.sessions[present], columns | others)

    def sound_days(self, evening: int) -> set[int]:
        """Days with a row that can be stored."""
        bad = {f.day for f in self.faults if f.kind != "wrong" and f.begins <= evening < f.ends}
        return set(range(evening + 1)) - bad

    def faults_of(self, held: pd.DataFrame, how: str) -> list[str]:
        """What is wrong with a view of stored bars, in words.

        Parameters
        ----------
        held
            Observed bars of the view.
        """
        days = self.sessions.get_indexer(pd.DatetimeIndex(held.index)).tolist()
        last = days[-1]
        wrong = []
        total = (1.0, 1.0)
        for place in range(len(days) - 1, -1, -1):
            day = days[place]
            ratio = 1.0 if how == "raw" else self._split_between(day, last)
            least, most = (1.0, 1.0) if how != "all" else total
            close, expected = float(held["close"].iloc[place]), self.closes[day] / ratio
            if not expected * least * 0.9985 <= close <= expected * most * 1.0015:
                wrong.append(
                    f"{how} close of {self.sessions[day]:%m-%d} is {close:.6g}, "
                    f"not {expected * least:.6g} to {expected * most:.6g}"
                )
            if place:
                low, high = self._kept(days[place - 1], day)
                total = total[0] * low, total[1] * high
        return wrong

    def _finer(self, day: int, evening: int, told: Sequence[Action]) -> float:
        if self.basis == "as-traded":
            return 1.0
        return prod(a.value for a in told if a.kind == "split" and day < a.day <= evening)

    def _split_between(self, day: int, last: int) -> float:
        return prod(a.value for a in self.actions if a.kind == "split" and day < a.day <= last)

    def _kept(self, before: int, day: int) -> tuple[float, float]:
        """Bounds of the share of prices that the dividends after ``before``, up to ``day``, leave.

        Which close a dividend counts against is open where the bar before its ex-date is missing.
        """
        paid = [a for a in self.actions if a.kind == "dividend" and before < a.day <= day]
        least = most = 1.0
        for each in paid:
            # In money of the ex-date's shares.
            closes = [
                self.closes[other] / self._split_between(other, each.day)
                for other in range(before, each.day)
            ]
            least *= 1 - each.value / min(closes)
            most *= 1 - each.value / max(closes)
        slack = 0.002 * (len(paid) > 1)
        return least * (1 - slack), most * (1 + slack)
