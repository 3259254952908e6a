"""The ratio between stored and refetched prices: one, or one that steps at splits."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import TypeAlias

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, prices_of
from ml4t_nb.core.price_ratio import (
    Flags,
    Numbers,
    Ratios,
    Shared,
    is_shift,
    ratios_of,
    shared_ratio,
)

__all__ = ["Scale", "Split", "find_scale", "moved_together", "splits_in"]

Split: TypeAlias = tuple[pd.Timestamp, float]

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
    """Stored price over refetched price.

    Parameters
    ----------
    ratio
        By bar.
    inside
        Whether all four prices of the bar keep to it.
    splits
        The reported splits that explain it.
    """

    ratio: Numbers
    inside: Flags
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive bars between two ex-dates, and the ratio most of them share."""

    start: int
    stop: int
    shared: Shared
    leading: tuple[Split, ...]


def splits_in(bars: Bars) -> tuple[Split, ...]:
    """Ex-date and ratio of the splits that bars report, oldest first."""
    ratios = bars["split"].to_numpy()
    rows = np.flatnonzero(ratios != 1)
    if not rows.size:
        return ()
    stamps = pd.DatetimeIndex(bars.index[rows])
    return tuple(zip(stamps, ratios[rows].tolist(), strict=True))


def find_scale(stored: Bars, fetched: Bars, splits: tuple[Split, ...]) -> Scale | None:
    """The ratio of two frames of the same stamps; None if it is 1, or there is none.

    Parameters
    ----------
    splits
        All that the provider reports, those after the last bar too.
    """
    old, new = prices_of(stored), prices_of(fetched)
    ratios = ratios_of(old, new, _divided(stored))
    runs = _runs(ratios, stored.index, splits)
    if not runs:
        return None
    later = tuple(split for split in splits if split[0] > stored.index[-1])
    last = runs[-1]
    ratio, explained = _last_ratio(last.shared, later)
    if ratio != 1 and not explained:
        rows = np.flatnonzero(last.shared.bars) + last.start
        if not _is_sharp(last.shared) or is_shift(old[rows], new[rows]):
            return None
    scale = _chained(runs, ratio, explained, len(old))
    return None if scale is None or _strays(scale, ratios) else scale


def _divided(stored: Bars) -> Flags:
    """Bars before the last split that is stored with them."""
    rows = np.flatnonzero(stored["split"].to_numpy() != 1)
    flags: Flags = np.arange(len(stored)) < (rows[-1] if rows.size else 0)
    return flags


def moved_together(
    old: Numbers, new: Numbers, splits: tuple[Split, ...], *, is_oldest: bool
) -> bool:
    """Whether bars that differ look as if they, and not the others, are on another basis.

    Two or more of one ratio do, if they are at least half of those that differ; so does one bar
    by a split's ratio; and one bar by any, if it is the oldest compared, since those before it
    may have moved too. Else one bar may have been corrected in all its prices alike.
    """
    shared = shared_ratio(ratios_of(old, new))
    if shared is None or shared.overlaps(1, 1):
        return False
    if is_oldest and shared.bars[0]:
        return True
    named = [ratio for _, ratio in splits]
    if any(shared.overlaps(*_about(k)) for ratio in named for k in (ratio, 1 / ratio)):
        return True
    together = int(shared.bars.sum())
    return (
        together > 1
        and 2 * together >= len(old)
        and not is_shift(old[shared.bars], new[shared.bars])
    )


def _runs(ratios: Ratios, stamps: pd.Index, splits: tuple[Split, ...]) -> list[_Run]:
    """Bars cut at the ex-dates among them; none if a run shares no ratio."""
    edges: dict[int, tuple[Split, ...]] = {0: ()}
    for split in splits:
        place = int(stamps.searchsorted(split[0]))
        if 0 < place < len(stamps):
            edges[place] = (*edges.get(place, ()), split)
    starts = sorted(edges)
    runs = []
    for start, stop in zip(starts, [*starts[1:], len(stamps)], strict=True):
        shared = shared_ratio(Ratios(ratios.low[start:stop], ratios.high[start:stop]))
        if shared is None:
            return []
        runs.append(_Run(start, stop, shared, edges[start]))
    return runs


def _last_ratio(shared: Shared, later: tuple[Split, ...]) -> tuple[float, tuple[Split, ...]]:
    """Ratio of the newest bars, and which of the later splits it is made of."""
    if shared.overlaps(1, 1):
        return 1.0, ()
    for some in _choices(later):
        product = float(np.prod([ratio for _, ratio in some]))
        if shared.overlaps(*_about(product)):
            return shared.nearest(product), some
    middle = float(np.sqrt(shared.low * shared.high))
    fraction = Fraction(max(middle, 1 / middle)).limit_denominator(_SIMPLE)
    simple = float(fraction if middle >= 1 else 1 / fraction)
    return shared.nearest(simple), ()


def _chained(
    runs: list[_Run], ratio: float, explained: tuple[Split, ...], count: int
) -> Scale | None:
    """Ratios from the newest run to the oldest, stepping where a split allows."""
    by_bar, inside = np.ones(count), np.zeros(count, dtype=bool)
    steps: tuple[Split, ...] = ()
    for at in range(len(runs) - 1, -1, -1):
        run = runs[at]
        if at < len(runs) - 1:
            taken = _step(run.shared, ratio, runs[at + 1].leading)
            if taken is None:
                return None
            ratio = run.shared.nearest(ratio * float(np.prod([r for _, r in taken])))
            steps = (*taken, *steps)
        by_bar[run.start : run.stop] = ratio
        inside[run.start : run.stop] = run.shared.bars
    if (by_bar == 1).all():
        return None
    return Scale(by_bar, inside, (*steps, *explained))


def _strays(scale: Scale, ratios: Ratios) -> bool:
    """Whether a bar that does not keep to the ratio keeps to another one."""
    out = ~scale.inside & (ratios.low <= ratios.high)
    above = ratios.low[out] > scale.ratio[out] * (1 + _STRAY)
    below = ratios.high[out] < scale.ratio[out] * (1 - _STRAY)
    return bool((above | below).any())


def _step(older: Shared, newer: float, splits: tuple[Split, ...]) -> tuple[Split, ...] | None:
    """Splits by which the ratio steps up towards the older bars; None if nothing fits."""
    if older.overlaps(*_about(newer, 0.0 if newer == 1 else 1e-6)):
        return ()
    for some in _choices(splits):
        if older.overlaps(*_about(newer * float(np.prod([ratio for _, ratio in some])))):
            return some
    return None


def _choices(splits: tuple[Split, ...]) -> tuple[tuple[Split, ...], ...]:
    """All of them first, then fewer."""
    few = splits[-_MOST_SPLITS:]
    return tuple(some for n in range(len(few), 0, -1) for some in combinations(few, n))


def _about(ratio: float, slack: float = _NAMED) -> tuple[float, float]:
    return ratio * (1 - slack), ratio * (1 + slack)


def _is_sharp(shared: Shared) -> bool:
    return shared.high <= shared.low * (1 + _SHARP)
