"""Stored against fetched prices: equal within rounding, in one ratio, or in one with steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

from ml4t_nb.core.bars import NUMBERS, PRICES, Flags, Numbers, Split
from ml4t_nb.core.basis import TELLING
from ml4t_nb.core.timestamps import Instants, to_micros

__all__ = ["Scale", "equal_prices", "find_scale", "moved_together", "rounding_steps"]

_RELATIVE = 1e-6
_FINEST_DECIMALS = 8

# A provider that divides by a split rounds to four decimals or more. Fewer decimals are ticks: a
# price that moved by a cent did not move by rounding.
_ROUNDED_DECIMALS = 4

# Some files are rounded to cents after the division.
_HALF_CENT = 0.005

# Providers name 4:3 as 1.3333 and divide by the true ratio.
_NAMED = 1e-3

# A ratio that no split explains must be known this well: prices of few digits allow many.
_SHARP = 2.5e-3

# A bar that strays from the ratio in all its prices alike, by more than this, was not corrected:
# it is on another basis.
_STRAY = 1e-2

# A split not reported yet is taken as the simple ratio its prices allow, if they allow one.
_SIMPLE = 10

# More splits than this between two answers are not a plausible restatement.
_MOST_SPLITS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """Stored price over refetched price, by bar, and the reported splits that explain it."""

    ratio: Numbers
    inside: Flags  # whether all four prices of the bar keep to it
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class _Shared:
    """The ratio that most of some bars share: between ``low`` and ``high``, by ``bars``."""

    low: float
    high: float
    bars: Flags

    def allows(self, ratio: float, slack: float = _NAMED) -> bool:
        """Whether it may be that ratio, which is known but for ``slack`` of it."""
        return max(self.low, ratio * (1 - slack)) <= min(self.high, ratio * (1 + slack))

    @property
    def middle(self) -> float:
        return float(np.sqrt(self.low * self.high))

    def nearest(self, wanted: float) -> float:
        """``wanted`` if it is allowed, else the middle of what is."""
        return wanted if self.low <= wanted <= self.high else self.middle


@dataclass(frozen=True, slots=True)
class _Ratios:
    """By bar, the least and the greatest ratio that all four of its prices allow.

    Where ``low`` exceeds ``high`` the four prices did not move together.
    """

    low: Numbers
    high: Numbers

    def shared(self, rows: slice = slice(None)) -> _Shared | None:
        """The ratio that the most bars allow; None if no bar's prices moved together."""
        low, high = self.low[rows], self.high[rows]
        sound = low <= high
        if not sound.any():
            return None
        # The greatest number of intervals overlap at the lower end of one of them.
        starts, ends = np.sort(low[sound]), np.sort(high[sound])
        meeting = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="left")
        best = starts[int(meeting.argmax())]
        bars = sound & (low <= best) & (best <= high)
        return _Shared(float(low[bars].max()), float(high[bars].min()), bars)


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive bars between two ex-dates, the ratio most share, and the splits before them."""

    rows: slice
    shared: _Shared
    leading: tuple[Split, ...]


def equal_prices(stored: Numbers, fetched: Numbers) -> Flags:
    """Which prices are the same but for rounding.

    Equal to a millionth, or one is the other rounded to four to eight decimals.
    """
    if np.array_equal(stored, fetched):
        return np.ones(stored.shape, dtype=bool)
    step = max(_half_step(stored), _half_step(fetched))
    step = step if step <= 0.5 * 10.0**-_ROUNDED_DECIMALS else 0.0
    slack = step + _RELATIVE * np.maximum(stored, fetched)
    return np.asarray(np.abs(stored - fetched) <= slack)


def find_scale(
    stamps: Instants, stored: Numbers, fetched: Numbers, splits: tuple[Split, ...]
) -> Scale | None:
    """The ratio of two sides of the same stamps; None if it is 1, or there is none.

    Both have all numbers, a row a bar. ``splits`` are all that the provider reports, those after
    the last bar too.
    """
    old, new = stored[:, : len(PRICES)], fetched[:, : len(PRICES)]
    rows = np.flatnonzero(stored[:, NUMBERS.index("split")] != 1)
    before_last_split = np.arange(len(stored)) < (rows[-1] if rows.size else 0)
    ratios = _ratios_of(old, new, before_last_split)
    runs = _runs(ratios, stamps, splits)
    if not runs:
        return None
    last = runs[-1]
    later = [each for each in splits if to_micros(each[0]) > stamps[-1]]
    ratio, steps = _last_ratio(last.shared, later)
    if ratio != 1 and not steps:
        is_sharp = last.shared.high <= last.shared.low * (1 + _SHARP)
        sharing = old[last.rows][last.shared.bars], new[last.rows][last.shared.bars]
        if not is_sharp or _is_shift(*sharing):
            return None
    # What no split explains has moved all bars: where older ones have not, the newest are off.
    if ratio != 1 and not steps and any(run.shared.allows(1, 0.0) for run in runs):
        return None
    by_bar, inside = np.ones(len(old)), np.zeros(len(old), dtype=bool)
    after: _Run | None = None
    for run in reversed(runs):
        # From the newest to the oldest, stepping where a split allows.
        if after and not run.shared.allows(ratio, 0.0 if ratio == 1 else 1e-6):
            taken = _explaining(run.shared, ratio, after.leading)
            if taken is None:
                return None
            ratio *= _product(taken)
            steps = (*taken, *steps)
        ratio = run.shared.nearest(ratio) if after else ratio
        by_bar[run.rows] = ratio
        inside[run.rows] = run.shared.bars
        after = run
    if (by_bar == 1).all():
        return None
    # A bar that does not keep to the ratio must not keep to another one.
    out = ~inside & (ratios.low <= ratios.high)
    above = ratios.low[out] > by_bar[out] * (1 + _STRAY)
    below = ratios.high[out] < by_bar[out] * (1 - _STRAY)
    return None if (above | below).any() else Scale(by_bar, inside, steps)


def moved_together(
    old: Numbers, new: Numbers, splits: tuple[Split, ...], *, is_oldest: bool, is_newest: bool
) -> bool:
    """Whether bars that differ look as if they, and not the others, are on another basis.

    Two or more of one ratio do, if they are at least half of those that differ; so does one bar
    by a split's ratio; and one bar by any, if it is the oldest compared, since those before it
    may have moved too. So does the newest, where it leaves the others and new ones follow, by a
    ratio that prices do not move by themselves: those may be on its basis. Else one bar may have
    been corrected in all its prices alike.
    """
    shared = _ratios_of(old, new).shared()
    if shared is None or shared.allows(1, 0.0):
        return False
    if is_oldest and shared.bars[0]:
        return True
    if any(shared.allows(k) for _, ratio in splits for k in (ratio, 1 / ratio)):
        return True
    together = int(shared.bars.sum())
    is_half = together > 1 and 2 * together >= len(old)
    far = max(shared.middle, 1 / shared.middle) >= TELLING
    is_edge = is_newest and far and bool(shared.bars[-1])
    return (is_half or is_edge) and not _is_shift(old[shared.bars], new[shared.bars])


def _ratios_of(stored: Numbers, fetched: Numbers, divided: Flags | None = None) -> _Ratios:
    """Ratios stored / fetched that the rounding of either leaves open.

    In stored bars whose prices an earlier split has divided, cents are rounded too.
    """
    step, fetched_step = rounding_steps(stored, fetched)
    stored_step = np.full((len(stored), 1), step)
    if divided is not None and divided.any():
        rounded = _half_step(stored[divided])
        stored_step[divided] = rounded if rounded <= _HALF_CENT else step
    least = np.maximum(stored * (1 - _RELATIVE) - stored_step, 0.0)
    below = np.maximum(fetched * (1 - _RELATIVE) - fetched_step, np.finfo("float64").tiny)
    low = least / (fetched * (1 + _RELATIVE) + fetched_step)
    high = (stored * (1 + _RELATIVE) + stored_step) / below
    return _Ratios(low.max(axis=1), high.min(axis=1))


def _is_shift(stored: Numbers, fetched: Numbers) -> bool:
    """Whether one difference explains all prices as well as one ratio might.

    It always does where prices stood still; then a new basis looks like a correction.
    """
    slack = sum(rounding_steps(stored, fetched)) + _RELATIVE * (stored + fetched)
    shift = stored - fetched
    return bool((shift - slack).max() <= (shift + slack).min())


def rounding_steps(stored: Numbers, fetched: Numbers) -> tuple[float, float]:
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


def _runs(ratios: _Ratios, stamps: Instants, splits: tuple[Split, ...]) -> list[_Run]:
    """Bars cut at the ex-dates among them; none if a run shares no ratio."""
    edges: dict[int, tuple[Split, ...]] = {0: ()}
    for split in splits:
        place = int(np.searchsorted(stamps, to_micros(split[0])))
        if 0 < place < len(stamps):
            edges[place] = (*edges.get(place, ()), split)
    starts = sorted(edges)
    runs = []
    for start, stop in zip(starts, [*starts[1:], len(stamps)], strict=True):
        shared = ratios.shared(slice(start, stop))
        if shared is None:
            return []
        runs.append(_Run(slice(start, stop), shared, edges[start]))
    return runs


def _last_ratio(shared: _Shared, later: Sequence[Split]) -> tuple[float, tuple[Split, ...]]:
    """Ratio of the newest bars, and which of the later splits it is made of."""
    if shared.allows(1, 0.0):
        return 1.0, ()
    explained = _explaining(shared, 1.0, later)
    if explained is not None:
        return shared.nearest(_product(explained)), explained
    fraction = Fraction(max(shared.middle, 1 / shared.middle)).limit_denominator(_SIMPLE)
    return shared.nearest(float(fraction if shared.middle >= 1 else 1 / fraction)), ()


def _explaining(shared: _Shared, newer: float, splits: Sequence[Split]) -> tuple[Split, ...] | None:
    """Splits, as many as can be, by which the ratio steps from ``newer`` to the shared one."""
    few = splits[-_MOST_SPLITS:]
    for count in range(len(few), 0, -1):
        for some in combinations(few, count):
            if shared.allows(newer * _product(some)):
                return some
    return None


def _product(splits: Sequence[Split]) -> float:
    return float(np.prod([ratio for _, ratio in splits]))
