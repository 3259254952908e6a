"""Stored bars against the same bars fetched again: what happened to them since."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    PRICES,
    Bars,
    Flags,
    Numbers,
    Split,
    as_instant,
    as_slice,
    numbers_of,
    observed,
    rows_in_common,
    splits_in,
)
from ml4t_nb.core.basis import is_detectable, jumps_at_split
from ml4t_nb.core.neighbours import find_outliers
from ml4t_nb.core.price_ratio import Scale, equal_prices, find_scale, moved_together
from ml4t_nb.core.timestamps import Instants, from_micros, index_micros, to_micros
from ml4t_nb.model import Basis
from ml4t_nb.records import Restatement, Revision, Verdict

__all__ = ["PENDING", "Comparison", "compare_overlap", "unrestated_splits"]

# How far rounding moves volume, dividend and split, as a share and by itself. A dividend after a
# 7:1 split comes with six decimals; a ratio such as 4:3 with four.
_SPLIT_ROUNDING = 1e-4
_ROUNDINGS = (1e-9, 1e-6, _SPLIT_ROUNDING)
_STEPS = (0.0, 1e-6, 0.0)

# Of a restated history this share may have been corrected at the same time; and of a short one a
# bar, where the provider names the split.
_CORRECTED_SHARE = 0.05
_SHORT = 4

# How long a provider may take to restate what it has named, and to trade by what it has announced.
PENDING = timedelta(days=7)
_EARLY = timedelta(days=2)

_PRICES = slice(len(PRICES))
_VOLUME = NUMBERS.index("volume")
_CASH = [NUMBERS.index(name) for name in (*PRICES, "dividend")]

# How well a ratio is measured that no split has named.
_RESTATED = 1e-2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Verdict on an overlap, and why, in words.

    Revisions are values that differ, by stamp; after a restatement those that differ beyond it
    (volumes aside, which providers round as they like), with the old value on the basis fetched.
    Outliers are fetched bars, run by run, that jump against their neighbours where the stored ones
    do not: those are to be kept, and the verdict is on all others.
    """

    verdict: Verdict
    reason: str
    revisions: tuple[Revision, ...] = ()
    restatement: Restatement | None = None
    outliers: tuple[Bars, ...] = ()
    is_pending: bool = False  # for a split of these days that the provider will work in


@dataclass(frozen=True, slots=True)
class _Pair:
    """Numbers of the observed bars both sides have, row by row, and which of the prices differ."""

    stamps: Instants
    stored: Numbers
    fetched: Numbers
    unlike: Flags

    def __getitem__(self, rows: Flags) -> _Pair:
        """Those of some bars."""
        return _Pair(self.stamps[rows], self.stored[rows], self.fetched[rows], self.unlike[rows])

    def verdict(self, verdict: Verdict, reason: str) -> Comparison:
        """That verdict, with all values that differ."""
        return Comparison(verdict, reason, self.revisions(self.stored, self.unlike))

    def revisions(self, old: Numbers, unlike: Flags) -> tuple[Revision, ...]:
        """Values that differ from ``old`` ones, of which the ``unlike`` prices do."""
        others = slice(len(PRICES), None)
        # Most are equal, which takes a tenth of the time to see.
        differ = unlike.any(axis=1) | (old[:, others] != self.fetched[:, others]).any(axis=1)
        old, new, stamps = old[differ], self.fetched[differ], self.stamps[differ]
        close = np.isclose(old[:, others], new[:, others], rtol=_ROUNDINGS, atol=_STEPS)
        rows, columns = np.nonzero(np.column_stack([unlike[differ], ~close]))
        names = (NUMBERS[column] for column in columns)
        before, after = old[rows, columns].tolist(), new[rows, columns].tolist()
        return tuple(map(Revision, map(from_micros, stamps[rows].tolist()), names, before, after))


def compare_overlap(
    stored: Bars,
    fetched: Bars,
    *,
    need: int = 3,
    basis: Basis = "split-adjusted",
    unnamed: Collection[float] = (),
    reported: Collection[Split] = (),
    others: pd.DatetimeIndex | None = None,
) -> Comparison:
    """What the provider did to the stored bars.

    Fetched are final, sifted bars: those stored too, and any before, between and after, with their
    splits. Splits of days without a sound row are ``reported`` where they are new on stored bars:
    one that was stored before is in the stored prices already, and explains no difference.
    ``need`` is the fewest bars in common that a verdict may rest on; ``unnamed`` are ratios by
    which the provider has recently restated the stored bars without a reported split. An as-traded
    series is never restated, and its splits come with a jump. Stored bars that are ``others``, from
    another provider, say nothing of what this one did to its own: where they differ, they are
    corrected. Where too few are its own, they count all the same.

    ``same`` is equal within rounding. ``corrected``: at most half of the bars differ in price, in
    no common ratio, or only volumes, dividends or splits do; or those that differ fit their
    neighbours now, and did not before. ``restated``: prices moved by one ratio, or by one that
    steps at ex-dates of reported splits, and by their ratio. ``suspicious`` is anything else, and
    a split whose earlier prices did not move with it.

    Only stored against fetched counts: a price that halves in both is a fall. Where a split is
    new and later than all that is stored, while what is stored came back unchanged, the jump
    across its ex-date shows whether the provider has restated (it had, before it named the
    split) or not (it will). Where there is no jump and no recent restatement, the split may be
    announced a day early: it is waited for until prices have been traded past it. A split of less
    than 5:4 hides in an ordinary day's move, so it is then taken for not restated: the alarm can be
    overruled, a splice cannot be seen.
    """
    stored, fetched = observed(stored), observed(fetched)
    rows, common = rows_in_common(index_micros(stored.index), index_micros(fetched.index))
    stamps = index_micros(fetched.index)[common]
    if len(stamps) < max(need, 1):
        return Comparison("insufficient", f"{_bars(len(stamps))} in common, {need} needed")
    splits = tuple(sorted((*reported, *splits_in(fetched))))
    was, now = numbers_of(stored)[as_slice(rows)], numbers_of(fetched)[as_slice(common)]
    pair = _Pair(stamps, was, now, ~equal_prices(was[:, _PRICES], now[:, _PRICES]))
    both = pd.DatetimeIndex(fetched.index[common])
    is_own = _are_own(both, others, max(need, 1))
    own = pair[is_own]
    scale = find_scale(own.stamps, own.stored, own.fetched, splits) if own.unlike.any() else None
    if scale is not None and basis == "as-traded" and scale.inside.all():
        reason = f"all {_bars(len(own.stamps))} moved by one ratio, {scale.ratio[0]:.6g}, as if "
        reason += "restated by a split, but these prices are stored as traded"
        return pair.verdict("suspicious", reason)
    if scale is not None and not _is_sound(scale, basis):
        scale = None
    if basis == "split-adjusted":
        known = stored if is_own.all() else stored[~stored.index.isin(both[~is_own])]
        alarm, at = _alarm(known, fetched, own.stamps, scale, unnamed)
        if alarm:
            is_pending = fetched.index[-1] - at < PENDING
            return replace(pair.verdict("suspicious", alarm), is_pending=is_pending)
    if scale is not None:
        return _restated(own, scale)
    differs: Flags = np.asarray(pair.unlike.any(axis=1))
    has_new = bool(fetched.index[-1] > both[-1])
    if not differs.any():
        return _judged(pair, splits, differs, is_own, has_new=has_new)
    jumping = find_outliers(stored, fetched, both, differs, basis)
    sound = np.ones(len(stamps), dtype=bool)
    for run in jumping.fetched:
        sound[run] = False
    judged = _judged(pair[sound], splits, jumping.stored[sound], is_own[sound], has_new=has_new)
    return replace(judged, outliers=tuple(fetched.loc[both[run]] for run in jumping.fetched))


def unrestated_splits(bars: Bars) -> tuple[tuple[datetime, float], ...]:
    """Splits across whose ex-date the prices jump by about their ratio, with that ratio.

    On a split-adjusted basis that is a history of two bases: the provider names the split and
    has not restated the bars before it. Splits of less than 5:4 are not judged.
    """
    real = observed(bars)
    return tuple(
        (as_instant(at), ratio) for at, ratio in splits_in(real) if jumps_at_split(real, at, ratio)
    )


def _are_own(stamps: pd.DatetimeIndex, others: pd.DatetimeIndex | None, need: int) -> Flags:
    """Which bars in common are the provider's own; all of them if too few are."""
    own = np.ones(len(stamps), dtype=bool)
    if others is not None and len(others):
        own = ~np.asarray(stamps.isin(others))
    return own if own.sum() >= need else np.ones(len(stamps), dtype=bool)


def _is_sound(scale: Scale, basis: Basis) -> bool:
    common = len(scale.ratio)
    allowed = max(int(_CORRECTED_SHARE * common), int(bool(scale.splits) and common >= _SHORT))
    return basis == "split-adjusted" and int((~scale.inside).sum()) <= allowed


def _alarm(
    stored: Bars,
    fetched: Bars,
    stamps: Instants,
    scale: Scale | None,
    unnamed: Collection[float],
) -> tuple[str, pd.Timestamp]:
    """Why a split looks as if the bars before it were not restated, and its day; empty if none."""
    explained = {at for at, _ in scale.splits} if scale is not None else set()
    for at, ratio in splits_in(fetched):
        kept = stored.loc[stored.index == at, "split"].to_numpy()
        is_held = np.isclose(kept, ratio, rtol=_SPLIT_ROUNDING, atol=0).any()
        # Stored before, and with a bar before it to compare.
        if at in explained or (is_held and stamps[0] < to_micros(at)):
            continue
        name = f"the split {ratio:g}:1 of {at:%Y-%m-%d}"
        if jumps_at_split(fetched, at, ratio):
            return f"{name} is reported, but the bars before it are not restated", at
        unmoved = scale is None or scale.ratio[-1] == 1
        if at <= stored.index[-1] or not unmoved:
            continue
        is_known = np.isclose([*unnamed], ratio, rtol=_RESTATED, atol=0).any()
        is_early = fetched.index[-1] - at < _EARLY and not is_known
        if is_early or not is_detectable(ratio):
            return f"{name} is reported, but the stored bars did not move with it", at
    return "", fetched.index[-1]


def _restated(pair: _Pair, scale: Scale) -> Comparison:
    named = tuple((as_instant(at), ratio) for at, ratio in scale.splits)
    first = float(scale.ratio[0])
    because = ", ".join(f"{ratio:g}:1 on {at:%Y-%m-%d}" for at, ratio in named)
    reason = f"stored prices are {first:.6g} times those fetched"
    reason += f": split {because}" if named else "; the provider reports no split"
    old = pair.stored.copy()
    old[:, _VOLUME] = pair.fetched[:, _VOLUME]
    old[:, _CASH] /= scale.ratio[:, np.newaxis]
    beyond = np.zeros_like(pair.unlike)
    outside = ~scale.inside
    beyond[outside] = ~equal_prices(old[outside, _PRICES], pair.fetched[outside, _PRICES])
    revisions = pair.revisions(old, beyond)
    return Comparison("restated", reason, revisions, Restatement(first, named))


def _judged(
    pair: _Pair, splits: tuple[Split, ...], improved: Flags, is_own: Flags, *, has_new: bool
) -> Comparison:
    """Verdict on bars that share no ratio; those that are improved raise no doubt.

    Nor do those that are not the provider's own. Where it ``has_new`` bars, they are after these.
    """
    whole, pair = pair, pair[is_own]
    differ: Flags = np.asarray(pair.unlike.any(axis=1)) & ~improved[is_own]
    count, common = int(differ.sum()), len(differ)
    if 2 * count > common:
        reason = f"{count} of {_bars(common)} differ in price, by no ratio that a split explains"
        reason += f" ({_days(pair.stamps[differ])})"
        return pair.verdict("suspicious", reason)
    was, now = pair.stored[differ, _PRICES], pair.fetched[differ, _PRICES]
    is_newest = bool(count and differ[-1]) and has_new and _leaves_others(pair)
    if count and moved_together(was, now, splits, is_oldest=bool(differ[0]), is_newest=is_newest):
        reason = f"{count} of {_bars(common)} moved by one ratio ({_days(pair.stamps[differ])}), "
        return pair.verdict("suspicious", reason + "the others did not move")
    found, common = whole.verdict("corrected", ""), len(is_own)
    changed = len({each.stamp for each in found.revisions})
    if not changed:
        return Comparison("same", f"{_bars(common)} are equal")
    columns = ", ".join(dict.fromkeys(each.column for each in found.revisions))
    return replace(found, reason=f"{changed} of {_bars(common)}: {columns}")


def _leaves_others(pair: _Pair) -> bool:
    """Whether the newest bar is farther from the one before it as fetched than as stored."""
    if len(pair.stamps) == 1:
        return True
    middles = [
        np.median(np.log(each[-2:, _PRICES]), axis=1) for each in (pair.stored, pair.fetched)
    ]
    stored, fetched = (abs(float(each[1] - middles[0][0])) for each in middles)
    return fetched > stored


def _days(stamps: Instants) -> str:
    first, last = (f"{from_micros(at):%Y-%m-%d}" for at in stamps[[0, -1]])
    return first if first == last else f"{first} to {last}"


def _bars(count: int) -> str:
    return f"{count} bar" if count == 1 else f"{count} bars"
