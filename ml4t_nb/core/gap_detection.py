"""Bars that the calendar expects and the store lacks: found, matched with known ones, filled."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, make_bars, observed
from ml4t_nb.core.timestamps import TICK, Instants, index_micros
from ml4t_nb.model import Basis, FillMethod, Gap, Span

__all__ = [
    "doubled_stamps",
    "extra_stamps",
    "fill",
    "find_gaps",
    "merge_gaps",
    "missing_stamps",
]


def find_gaps(
    stamps: pd.DatetimeIndex,
    expected: pd.DatetimeIndex,
    *,
    tolerance: timedelta = timedelta(0),
) -> tuple[Gap, ...]:
    """Gaps among the stamps of observed bars, oldest first.

    Expected bars that follow one another and are all missing are one gap, over nights and
    weekends too. Before the first and after the last stamp nothing is missing.

    Parameters
    ----------
    stamps, expected
        Increasing, each once.
    tolerance
        How far a stamp may be from an expected one and still be that bar.
    """
    rows = _missing(index_micros(stamps), index_micros(expected), tolerance)
    firsts, lasts = _runs(rows)
    starts = expected[firsts].to_pydatetime()
    ends = expected[lasts].to_pydatetime()
    return tuple(map(Gap, starts, ends, (lasts - firsts + 1).tolist()))


def missing_stamps(
    stamps: pd.DatetimeIndex,
    expected: pd.DatetimeIndex,
    *,
    tolerance: timedelta = timedelta(0),
) -> pd.DatetimeIndex:
    """Expected stamps between the first and the last of ``stamps`` that none of them is near."""
    return expected[_missing(index_micros(stamps), index_micros(expected), tolerance)]


def extra_stamps(
    stamps: pd.DatetimeIndex,
    expected: pd.DatetimeIndex,
    *,
    tolerance: timedelta = timedelta(0),
) -> pd.DatetimeIndex:
    """Those of ``stamps`` that are near no expected one: bars outside the calendar."""
    held, wanted = index_micros(stamps), index_micros(expected)
    if _rows_of_breaks(held, wanted) is not None:
        return stamps[:0]
    return stamps[_far(held, wanted, tolerance)]


def doubled_stamps(
    stamps: pd.DatetimeIndex,
    expected: pd.DatetimeIndex,
    *,
    tolerance: timedelta = timedelta(0),
) -> pd.DatetimeIndex:
    """Those of ``stamps`` that represent the same expected one as the stamp before them."""
    held, wanted = index_micros(stamps), index_micros(expected)
    if not len(wanted) or _rows_of_breaks(held, wanted) is not None:
        return stamps[:0]
    after = np.minimum(np.searchsorted(wanted, held), len(wanted) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(held - wanted[before] <= wanted[after] - held, before, after)
    near = ~_far(held, wanted, tolerance)
    repeated = (np.diff(nearest) == 0) & near[1:] & near[:-1]
    return stamps[np.flatnonzero(repeated) + 1]


def merge_gaps(known: tuple[Gap, ...], found: tuple[Gap, ...], span: Span) -> tuple[Gap, ...]:
    """Gaps after looking again at ``span``: sorted, none overlapping another.

    Known gaps outside the span stay as they are; the others are replaced by those found. A found
    gap that is within a known one is that gap, or what is left of it, and keeps its state and
    history. One that reaches beyond is open, or failed if a known one in it was.

    Raises
    ------
    ValueError
        If the span cuts a known gap and no found one covers it: how many bars the rest lacks
        cannot be determined.
    """
    kept = []
    for gap, replacing in _meeting(known, found):
        covered = any(_within(gap, each) for each in replacing)
        if covered or (gap.start in span and gap.end in span):
            continue
        if replacing or (gap.start < span.end and gap.end >= span.start):
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
    """Bars that stand in for the missing ones, flagged ``filled``; nothing but those.

    They are flat, with no volume, dividend or split: at the last close before them (``forward``),
    at the first open after them (``backward``), on the straight line between the close before
    and the close after, one step per expected bar (``interpolate``), or at 0 (``zero``). Nothing
    is made before the first or after the last observed bar.

    Parameters
    ----------
    bars
        Only the observed ones are looked at.
    missing
        Those of ``expected`` to fill.
    max_fill
        Longest run of missing bars to fill; no bar of a longer one is.
    basis
        ``as-traded`` prices after the hole are brought to the basis before it by the split of the
        first bar after it; ``split-adjusted`` ones are on one basis.
    """
    real = observed(bars)
    stamps, wanted = index_micros(pd.DatetimeIndex(real.index)), index_micros(expected)
    if not len(stamps) or not len(wanted):
        return make_bars([], dict.fromkeys(PRICES, ()))
    lacking = np.isin(wanted, index_micros(missing)) & ~np.isin(wanted, stamps)
    rows = np.flatnonzero(lacking & (stamps[0] < wanted) & (wanted < stamps[-1]))
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
            steps = np.interp(stamps, wanted, np.arange(len(wanted)))
            way = np.maximum(steps[after] - steps[after - 1], np.finfo(float).tiny)
            price = last + (following - last) * ((rows - steps[after - 1]) / way)
        case "zero":
            price = np.zeros(len(rows))
    return make_bars(expected[rows], dict.fromkeys(PRICES, price), filled=True)


def _runs(rows: Instants) -> tuple[Instants, Instants]:
    """First and last of each run of numbers that follow one another in ``rows``."""
    parted = np.diff(rows) != 1
    return rows[np.append(True, parted)[: len(rows)]], rows[np.append(parted, True)[: len(rows)]]


def _meeting(gaps: Sequence[Gap], others: Sequence[Gap]) -> Iterator[tuple[Gap, Sequence[Gap]]]:
    """Each gap with those of ``others`` that overlap it; both sorted and disjoint."""
    starts, ends = [each.start for each in others], [each.end for each in others]
    for gap in gaps:
        yield gap, others[bisect_left(ends, gap.start) : bisect_right(starts, gap.end)]


def _inherit(found: Gap, known: Sequence[Gap]) -> Gap:
    for gap in known:
        if (gap.start, gap.end, gap.missing) == (found.start, found.end, found.missing):
            return gap
        if _within(found, gap):
            return replace(gap, start=found.start, end=found.end, missing=found.missing)
        if gap.state == "failed":
            found = replace(found, state="failed", attempts=gap.attempts, error=gap.error)
    return found


def _within(inner: Gap, outer: Gap) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _missing(stamps: Instants, expected: Instants, tolerance: timedelta) -> Instants:
    """Rows of ``expected`` that are between the first and last stamp and that none is near."""
    if not len(stamps) or not len(expected):
        return np.arange(0)
    breaks = _rows_of_breaks(stamps, expected)
    if breaks is not None:
        lasts, firsts = breaks
        counts = firsts - lasts - 1
        before = np.cumsum(counts) - counts
        steps = np.arange(counts.sum()) - np.repeat(before, counts)
        return np.asarray(np.repeat(lasts + 1, counts) + steps)
    first = np.searchsorted(expected, stamps[0], side="right")
    last = np.searchsorted(expected, stamps[-1], side="left")
    far = _far(expected[first:last], stamps, tolerance)
    return np.asarray(np.flatnonzero(far) + first)


def _rows_of_breaks(stamps: Instants, expected: Instants) -> tuple[Instants, Instants] | None:
    """Rows of ``expected`` before and after each break in the stamps; None if one is off the grid.

    A break is a step between neighbours other than the shortest on the grid. Between two breaks
    the stamps are on the grid if the first and the last one are, with as many rows between them:
    no step on the grid is shorter. So only the breaks have to be looked up.
    """
    if not len(stamps) or len(expected) < 2:  # noqa: PLR2004  # one stamp has no step
        return None
    step = np.diff(expected).min()
    breaks = np.flatnonzero(np.diff(stamps) != step)
    firsts = np.concatenate([[0], breaks + 1])
    lasts = np.concatenate([breaks, [len(stamps) - 1]])
    rows_of_firsts = np.searchsorted(expected, stamps[firsts])
    rows_of_lasts = rows_of_firsts + (lasts - firsts)
    if rows_of_lasts.max() >= len(expected):
        return None
    on_grid = np.array_equal(expected[rows_of_firsts], stamps[firsts]) and np.array_equal(
        expected[rows_of_lasts], stamps[lasts]
    )
    return (rows_of_lasts[:-1], rows_of_firsts[1:]) if on_grid else None


def _far(stamps: Instants, others: Instants, tolerance: timedelta) -> npt.NDArray[np.bool_]:
    """Whether each of ``stamps`` is farther than the tolerance from all of ``others``."""
    if not len(others):
        return np.ones(len(stamps), dtype=bool)
    reach = tolerance // TICK
    after = np.searchsorted(others, stamps)
    right = others[np.minimum(after, len(others) - 1)]
    left = others[np.maximum(after - 1, 0)]
    return np.asarray(np.minimum(np.abs(right - stamps), np.abs(stamps - left)) > reach)
