"""On which basis prices are, by their own evidence: whether they move across their splits."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, Numbers, Split, observed, splits_in
from ml4t_nb.model import Basis

__all__ = [
    "TELLING",
    "SplitEvidence",
    "as_words",
    "contradiction",
    "is_detectable",
    "is_same_split",
    "jumps_at_split",
    "split_evidence",
    "without_repeats",
]

# Below this ratio a jump is not evidence: stocks move by a tenth on their own.
TELLING = 1.25

# The move across an ex-date as a share of the split's own, both as logarithms: 0 where prices were
# restated, 1 where they are as traded. Between the two the day's own move decides, and so nothing.
_LEVEL = (-0.6, 0.4)
_JUMP = (0.6, 1.6)
_MIDWAY = 0.5

# A split reported on another day than prices show it is looked for among so many bars on either
# side; the move must be the split's, but for so much of it.
_NEAR = 5
_LIKE = 0.2
_DOUBLING = 1.5

# No share splits twice by one ratio in a week. One split reported twice, announced and executed,
# does.
_WEEK = timedelta(days=7)
_NAMED = 1e-3


@dataclass(frozen=True, slots=True)
class SplitEvidence:
    """What prices say at each of their splits: they move by it, or had been restated before.

    Some move on another day near by, which is given with the split. Splits below 5:4, on the
    first bar, or lost in the day's own move show nothing.
    """

    jumping: tuple[Split, ...] = ()
    restated: tuple[Split, ...] = ()
    misdated: tuple[tuple[pd.Timestamp, Split], ...] = ()
    unclear: tuple[Split, ...] = ()

    @property
    def basis(self) -> Basis | None:
        """The basis they show; None if they show none, or both."""
        if bool(self.jumping) == bool(self.restated) or self.misdated:
            return None
        return "as-traded" if self.jumping else "split-adjusted"

    @property
    def is_contradictory(self) -> bool:
        """Whether no basis fits all splits."""
        return bool(self.misdated) or bool(self.jumping and self.restated)


@dataclass(frozen=True, slots=True)
class _Moves:
    """Moves of prices from bar to bar; no median reaches across ``edges``, the rows of splits."""

    closes: Numbers
    opens: Numbers
    edges: tuple[int, ...] = ()

    def do_jump(self, place: int, ratio: float) -> bool | None:
        """Whether prices jump at ``place``; None if that cannot be determined."""
        if place == 0 or not is_detectable(ratio):
            return None
        shares = self.shares(place, ratio)
        for_jump = sum(_JUMP[0] < share < _JUMP[1] for share in shares)
        for_level = sum(_LEVEL[0] < share < _LEVEL[1] for share in shares)
        return None if for_jump == for_level else for_jump > for_level

    def jump_beside(self, place: int, ratio: float) -> int | None:
        """Where near ``place`` prices move overnight, and stay, by just the ratio, if anywhere."""
        if abs(np.log(ratio)) < np.log(_DOUBLING):
            return None
        alone = replace(self, edges=())
        for day in range(max(place - _NEAR, 1), min(place + _NEAR + 1, len(self.closes))):
            if day not in self.edges and all(
                abs(share - 1) < _LIKE for share in alone.shares(day, ratio)
            ):
                return day
        return None

    def shares(self, place: int, ratio: float) -> list[float]:
        """Three measures of the move across a place: one bad price spoils two of them at most."""
        closes, before = self.closes, self.closes[place - 1]
        first = max([place - 3, 0, *(edge for edge in self.edges if edge < place)])
        last = min([place + 3, len(closes), *(edge for edge in self.edges if edge > place)])
        pairs = (
            (before, self.opens[place]),
            (before, closes[place]),
            (float(np.median(closes[first:place])), float(np.median(closes[place:last]))),
        )
        return [float(np.log(before / after) / np.log(ratio)) for before, after in pairs]


def split_evidence(bars: Bars) -> SplitEvidence:
    """What the prices of sound bars say at the splits they name; filled ones are passed over."""
    real = observed(bars)
    splits = splits_in(real)
    if not splits:
        return SplitEvidence()
    places = tuple(int(real.index.searchsorted(at)) for at, _ in splits)
    moves = _Moves(real["close"].to_numpy(), real["open"].to_numpy(), places)
    jumping, restated, unclear = [], [], []
    misdated: list[tuple[pd.Timestamp, Split]] = []
    for split, place in zip(splits, places, strict=True):
        does_jump = moves.do_jump(place, split[1])
        if does_jump is None:
            unclear.append(split)
        elif does_jump:
            jumping.append(split)
        elif (day := moves.jump_beside(place, split[1])) is not None:
            misdated.append((real.index[day], split))
        else:
            restated.append(split)
    return SplitEvidence(tuple(jumping), tuple(restated), tuple(misdated), tuple(unclear))


def contradiction(bars: Bars, basis: Basis, known: Collection[Split]) -> str:
    """Which splits other than the known ones the prices contradict on that basis; empty if none."""
    found = split_evidence(bars)
    if basis == "as-traded":
        for day, split in found.misdated:
            if split not in known:
                named = as_words((split,))
                return f"the split {named} is reported, but prices show it on {day:%Y-%m-%d}"
    against = found.jumping if basis == "split-adjusted" else found.restated
    splits = as_words(tuple(split for split in against if split not in known))
    if not splits:
        return ""
    if basis == "split-adjusted":
        return f"the split {splits} is reported, but the bars before are not restated"
    return f"prices are declared as traded, but do not move at the split {splits}"


def jumps_at_split(bars: Bars, at: pd.Timestamp, ratio: float) -> bool:
    """Whether prices move across ``at`` rather by the split's ratio than not.

    Never for a split of less than 5:4. Where the evidence is divided, the nearer one counts.
    """
    place = int(bars.index.searchsorted(at))
    if place in (0, len(bars)) or not is_detectable(ratio):
        return False
    moves = _Moves(bars["close"].to_numpy(), bars["open"].to_numpy())
    does_jump = moves.do_jump(place, ratio)
    if does_jump is not None:
        return does_jump
    # The median of the four passes over one bad tick.
    after = float(np.median(bars[list(PRICES)].iloc[place].to_numpy()))
    return bool(np.log(moves.closes[place - 1] / after) / np.log(ratio) > _MIDWAY)


def is_detectable(ratio: float) -> bool:
    """Whether a split is large enough for its jump to be distinguished from a day's move."""
    return bool(abs(np.log(ratio)) >= np.log(TELLING))


def without_repeats(bars: Bars, known: Bars) -> tuple[Bars, tuple[tuple[Split, Split], ...]]:
    """``bars`` without splits reported twice, and which of them were: the kept and the left out.

    The same ratio twice within a week is one split. Kept is the one that prices jump at, if only
    one does; else the one that the ``known``, stored bars show or have; else the first. Splits
    known before ``bars`` count, too, of which the last rows may lack prices.
    """
    if not splits_in(bars):
        return bars, ()
    with np.errstate(all="ignore"):
        left_out = tuple(_repeats(bars, known))
    if not left_out:
        return bars, ()
    ratios = bars["split"].to_numpy(copy=True)
    ratios[bars.index.isin([gone[0] for _, gone in left_out])] = 1.0
    return bars.assign(split=ratios), left_out


def _repeats(bars: Bars, known: Bars) -> Iterator[tuple[Split, Split]]:
    before = [split for split in splits_in(known) if split[0] < bars.index[0]]
    kept: list[Split] = list(before)
    for split in splits_in(bars):
        twin = next((each for each in kept if is_same_split(each, split)), None)
        shown = [] if twin is None else [jumps_at_split(bars, *each) for each in (twin, split)]
        if twin is None or all(shown):
            kept.append(split)
            continue
        is_later = shown[1] or (not shown[0] and _is_later(bars, known, twin, split))
        if is_later and twin not in before:
            kept[kept.index(twin)] = split
            yield split, twin
        else:
            yield twin, split


def as_words(splits: tuple[Split, ...]) -> str:
    """Splits with their ex-dates."""
    return ", ".join(
        f"{ratio:g}:1 of {at:%Y-%m-%d}" if ratio >= 1 else f"1:{1 / ratio:g} of {at:%Y-%m-%d}"
        for at, ratio in splits
    )


def is_same_split(one: Split, other: Split) -> bool:
    """Whether two are one split reported twice: of one ratio, within a week."""
    is_near = abs(other[0] - one[0]) <= _WEEK
    return is_near and abs(other[1] / one[1] - 1) <= _NAMED


def _is_later(bars: Bars, known: Bars, one: Split, other: Split) -> bool:
    """Whether what is stored shows that the split took effect on the later of the two days."""
    common = bars.index.intersection(known.index)
    common = common[(common >= one[0]) & (common < other[0])]
    if len(common):
        # A bar between them was stored as it was traded, or as it is quoted now.
        was = known.loc[common, "close"].to_numpy() / bars.loc[common, "close"].to_numpy()
        return bool(np.log(float(np.median(was))) / np.log(one[1]) > _MIDWAY)
    is_held = [
        np.isclose(known.loc[known.index == at, "split"], ratio, rtol=_NAMED, atol=0).any()
        for at, ratio in (one, other)
    ]
    return bool(is_held[1] and not is_held[0])
