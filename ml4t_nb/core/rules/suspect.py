"""What a rule finds: rows that break it, and the numbers that show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.finding import Rule

__all__ = ["Suspect", "deviation", "others_around"]

_SIGMA_OF_MEDIAN = 1.4826


@dataclass(frozen=True, slots=True)
class Suspect:
    """Rows ``first`` to ``last`` of some bars, both inclusive, that break a rule.

    Parameters
    ----------
    detail
        What is wrong, in words.
    evidence
        Names and numbers that show it: the value, its neighbours, how far they are apart.
    """

    rule: Rule
    first: int
    last: int
    detail: str
    evidence: tuple[tuple[str, float], ...]


def others_around(values: Numbers, row: int, reach: int, *, leave_out: int = 1) -> Numbers:
    """Finite values within ``reach`` rows of ``row``, without ``leave_out`` rows from it on."""
    before = values[max(row - reach, 0) : row]
    after = values[row + leave_out : row + leave_out + reach]
    around: Numbers = np.concatenate([before, after])
    finite: Numbers = around[np.isfinite(around)]
    return finite


def deviation(moves: Numbers) -> float:
    """The standard deviation of moves around zero, of which outliers take no part; NaN of none."""
    return float(np.median(np.abs(moves))) * _SIGMA_OF_MEDIAN if len(moves) else float("nan")
