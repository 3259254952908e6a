"""What a rule finds: rows that break it, and the numbers that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ml4t_nb.core.bars import Numbers
from ml4t_nb.finding import Rule

__all__ = ["RowBlock", "Suspect", "by_blocks", "deviation", "in_blocks", "others_around"]

_BLOCK = 32_768
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


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some rows that are looked at by themselves, and which of them are only beside its own."""

    rows: slice
    own: range

    def owns(self, row: int) -> bool:
        """Whether it is to tell of that one of its rows."""
        return self.rows.start + row in self.own


def in_blocks(count: int, *, reach: int) -> Iterator[RowBlock]:
    """All rows, in blocks that the processor's cache holds, with so many rows beside each."""
    for start in range(0, count, _BLOCK):
        own = range(start, min(start + _BLOCK, count))
        yield RowBlock(slice(max(start - reach, 0), min(own.stop + reach, count)), own)


def by_blocks(count: int, reach: int, rule: Callable[[slice], list[Suspect]]) -> Iterator[Suspect]:
    """What a rule finds in each block, that judges a row by those within ``reach`` of it alone."""
    for block in in_blocks(count, reach=reach):
        start = block.rows.start
        for each in rule(block.rows):
            if block.owns(each.first):
                yield replace(each, first=each.first + start, last=each.last + start)


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
