"""Bars that the calendar expects and the store lacks: found, matched with known ones, filled."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from operator import attrgetter

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, Flags, empty_bars, make_bars, observed, rows_in_common
from ml4t_nb.core.timestamps import TICK, Instants, index_micros, to_micros
from ml4t_nb.model import Basis, FillMethod, Gap, Span

__all__ = ["StampMatch", "fill", "gap_of", "merge_gaps"]


@dataclass(frozen=True)
class StampMatch:
    """Stamps of observed bars against the expected ones; both are increasing, each once.

    A stamp no farther than the tolerance from an expected one is that bar.
    """

    stamps: pd.DatetimeIndex
    expected: pd.DatetimeIndex
    tolerance: timedelta = timedelta(0)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Expected bars that follow one another and are all missing, oldest gap first.

        A gap reaches over nights and weekends too.
        """
        return self.gaps_by(np.zeros(len(self._missing), dtype=np.int64))

    def gaps_by(self, kinds: Instants) -> tuple[Gap, ...]:
        """Gaps of missing bars of one kind each; ``kinds`` has a number for each missing stamp."""
        firsts, lasts = _runs(self._missing, kinds)
        starts = self.expected[firsts].to_pydatetime()
        ends = self.expected[lasts].to_pydatetime()
        return tuple(map(Gap, starts, ends, (lasts - firsts + 1).tolist()))

    @property
    def missing(self) -> pd.DatetimeIndex:
        """Expected stamps between the first and the last stamp that none is near."""
        return self.expected[self._missing]

    @property
    def extra(self) -> pd.DatetimeIndex:
        """Stamps that are near no expected one: bars outside the calendar."""
        if self._breaks is not None:
            return self.stamps[:0]
        return self.stamps[~self._is_near(self._held, self._wanted)]

    @property
    def doubled(self) -> pd.DatetimeIndex:
        """Stamps that represent the same expected one as the stamp before them."""
        if not len(self._wanted) or self._breaks is not None:
            return self.stamps[:0]
        near = self._is_near(self._held, self._wanted)
        repeated = (np.diff(_nearest(self._held, self._wanted)) == 0) & near[1:] & near[:-1]
        return self.stamps[np.flatnonzero(repeated) + 1]

    @cached_property
    def _held(self) -> Instants:
        return index_micros(self.stamps)

    @cached_property
    def _wanted(self) -> Instants:
        return index_micros(self.expected)

    @cached_property
    def _missing(self) -> Instants:
        """Rows of ``expected`` that are missing."""
        held, wanted = self._held, self._wanted
        if not len(held) or not len(wanted):
            return np.arange(0)
        if self._breaks is not None:
            lasts, firsts = self._breaks
            counts = firsts - lasts - 1
            before = np.cumsum(counts) - counts
            steps = np.arange(counts.sum()) - np.repeat(before, counts)
            return np.asarray(np.repeat(lasts + 1, counts) + steps)
        first = np.searchsorted(wanted, held[0], side="right")
        last = np.searchsorted(wanted, held[-1], side="left")
        return np.asarray(np.flatnonzero(~self._is_near(wanted[first:last], held)) + first)

    @cached_property
    def _breaks(self) -> tuple[Instants, Instants] | None:
        """Rows of ``expected`` before and after each break; None if a stamp is off the grid.

        A break is a step between neighbours other than the shortest on the grid. Between two
        breaks the stamps are on the grid if the first and the last one are, with as many rows
        between them: no step on the grid is shorter. So only the breaks have to be looked up.
        """
        held, wanted = self._held, self._wanted
        if not len(held) or len(wanted) < 2:  # noqa: PLR2004  # one stamp has no step
            return None
        breaks = np.flatnonzero(np.diff(held) != np.diff(wanted).min())
        firsts = np.append(0, breaks + 1)
        lasts = np.append(breaks, len(held) - 1)
        rows_of_firsts = np.searchsorted(wanted, held[firsts])
        rows_of_lasts = rows_of_firsts + (lasts - firsts)
        if rows_of_lasts.max() >= len(wanted):
            return None
        on_grid = np.array_equal(wanted[rows_of_firsts], held[firsts]) and np.array_equal(
            wanted[rows_of_lasts], held[lasts]
        )
        return (rows_of_lasts[:-1], rows_of_firsts[1:]) if on_grid else None

    def _is_near(self, stamps: Instants, others: Instants) -> Flags:
        """Which of ``stamps`` are within the tolerance of any of ``others``."""
        if not len(others):
            return np.zeros(len(stamps), dtype=bool)
        distance = np.abs(others[_nearest(stamps, others)] - stamps)
        return np.asarray(distance <= self.tolerance // TICK)


def gap_of(stamps: Instants, gaps: Sequence[Gap]) -> Instants:
    """Number of the gap that each stamp is in; -1 for none. The gaps are sorted, disjoint."""
    starts = [to_micros(gap.start) for gap in gaps]
    # Row -1, before the first gap, is the last of these.
    ends = np.array([*(to_micros(gap.end) for gap in gaps), np.iinfo(np.int64).min])
    rows = np.searchsorted(np.array(starts, dtype=np.int64), stamps, side="right") - 1
    return np.where(stamps <= ends[rows], rows, -1)


def merge_gaps(known: tuple[Gap, ...], found: tuple[Gap, ...], span: Span) -> tuple[Gap, ...]:
    """Gaps after looking again at ``span``: sorted, none overlapping another.

    Known gaps outside the span stay as they are; the others are replaced by those found. A found
    gap that is within a known one is that gap, or what is left of it, and keeps its state and
    history. One that reaches beyond is open, or failed if a known one in it was. A span that cuts
    a known gap which no found one covers is a ValueError: how many bars the rest lacks cannot be
    determined.
    """
    kept = []
    for gap, replacing in _meeting(known, found):
        renewing = (span, *(each.span for each in replacing))
        if any(each.covers(gap.span) for each in renewing):
            continue
        if replacing or span.meets(gap.span):
            raise ValueError(f"looking again cuts the gap from {gap.start} to {gap.end}")
        kept.append(gap)
    renewed = [_inherit(gap, before) for gap, before in _meeting(found, known)]
    return tuple(sorted([*kept, *renewed], key=attrgetter("start")))


def fill(
    bars: Bars,
    missing: pd.DatetimeIndex,
    expected: pd.DatetimeIndex,
    method: FillMethod,
    *,
    max_fill: int,
    basis: Basis = "split-adjusted",
) -> Bars:
    """Bars that stand in for the missing ones among ``expected``, and nothing but those.

    They are flagged ``filled`` and flat, with no volume, dividend or split: at the last close
    before them (``forward``), at the first open after them (``backward``), on the straight line
    between the close before and the close after, one step per expected bar (``interpolate``), or
    at 0 (``zero``). Only observed ``bars`` are looked at, and nothing is made before the first or
    after the last of them, nor in a run of more than ``max_fill``. ``as-traded`` prices after the
    hole are brought to the basis before it by the split of the first bar after it.
    """
    real = observed(bars)
    stamps, wanted = index_micros(pd.DatetimeIndex(real.index)), index_micros(expected)
    if not len(stamps) or not len(wanted):
        return empty_bars()
    rows, _ = rows_in_common(wanted, np.unique(index_micros(missing)))
    rows = rows[(stamps[0] < wanted[rows]) & (wanted[rows] < stamps[-1])]
    rows = rows[stamps[np.searchsorted(stamps, wanted[rows])] != wanted[rows]]
    firsts, lasts = _runs(rows)
    lengths = lasts - firsts + 1
    rows = rows[np.repeat(lengths <= max_fill, lengths)]
    after = np.searchsorted(stamps, wanted[rows])
    ratio = real["split"].to_numpy()[after] if basis == "as-traded" else 1.0
    closes = real["close"].to_numpy()
    last, following = closes[after - 1], closes[after] * ratio
    match method:
        case "forward":
            price = last
        case "backward":
            price = real["open"].to_numpy()[after] * ratio
        case "interpolate":
            # Steps are bars, not hours: a weekend in the hole must not bend the line.
            count = np.arange(len(wanted))
            before = np.interp(stamps[after - 1], wanted, count)
            way = np.interp(stamps[after], wanted, count) - before
            way = np.maximum(way, np.finfo(float).tiny)
            price = last + (following - last) * ((rows - before) / way)
        case "zero":
            price = np.zeros(len(rows))
    return make_bars(expected[rows], dict.fromkeys(PRICES, price), filled=True)


def _runs(rows: Instants, kinds: Instants | None = None) -> tuple[Instants, Instants]:
    """First and last of each run of numbers in ``rows`` that follow one another, of one kind."""
    parted = np.diff(rows) != 1
    if kinds is not None:
        parted |= np.diff(kinds) != 0
    return rows[np.append(True, parted)[: len(rows)]], rows[np.append(parted, True)[: len(rows)]]


def _nearest(stamps: Instants, others: Instants) -> Instants:
    """Row of the one of ``others`` that each stamp is nearest to, of two the earlier."""
    after = np.minimum(np.searchsorted(others, stamps), len(others) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(stamps - others[before] <= others[after] - stamps, before, after)


def _meeting(gaps: Sequence[Gap], others: Sequence[Gap]) -> Iterator[tuple[Gap, Sequence[Gap]]]:
    """Each gap with those of ``others`` that overlap it; both sorted and disjoint."""
    starts, ends = [each.start for each in others], [each.end for each in others]
    for gap in gaps:
        yield gap, others[bisect_left(ends, gap.start) : bisect_right(starts, gap.end)]


def _inherit(found: Gap, known: Sequence[Gap]) -> Gap:
    for gap in known:
        if gap.span.covers(found.span):
            return replace(gap, start=found.start, end=found.end, missing=found.missing)
        if gap.state == "failed":
            found = replace(found, state="failed", attempts=gap.attempts, error=gap.error)
    return found
