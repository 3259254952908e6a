"""On which basis prices are, by their own evidence: whether they move across their splits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, observed
from ml4t_nb.core.restatement import Split, splits_in
from ml4t_nb.model import Basis

__all__ = [
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
_TELLING = 1.25

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
    """What prices say at each of their splits.

    Parameters
    ----------
    jumping
        Splits that prices move by: as traded.
    restated
        Splits that prices do not move by: restated before.
    misdated
        Splits that prices do not move by, but on another day near by: that day, and the split.
    unclear
        Splits that tell nothing: below 5:4, on the first bar, or lost in the day's own move.
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


def split_evidence(bars: Bars) -> SplitEvidence:
    """What the prices of sound bars say at the splits they name; filled ones are passed over."""
    real = observed(bars)
    splits = splits_in(real)
    if not splits:
        return SplitEvidence()
    closes, opens = real["close"].to_numpy(), real["open"].to_numpy()
    places = [int(real.index.searchsorted(at)) for at, _ in splits]
    jumping, restated, unclear = [], [], []
    misdated: list[tuple[pd.Timestamp, Split]] = []
    for split, place in zip(splits, places, strict=True):
        does_jump = _jumps_at(closes, opens, place, split[1], others=places)
        if does_jump is None:
            unclear.append(split)
        elif does_jump:
            jumping.append(split)
        elif (day := _elsewhere(closes, opens, place, split[1], others=places)) is not None:
            misdated.append((real.index[day], split))
        else:
            restated.append(split)
    return SplitEvidence(tuple(jumping), tuple(restated), tuple(misdated), tuple(unclear))


def contradiction(bars: Bars, basis: Basis, known: Collection[Split]) -> str:
    """Which splits other than the known ones the prices contradict on that basis; empty if none."""
    found = split_evidence(bars)
    if basis == "split-adjusted":
        jumping = tuple(split for split in found.jumping if split not in known)
        return (
            f"the split {as_words(jumping)} is reported, but the bars before are not restated"
            if jumping
            else ""
        )
    for day, split in found.misdated:
        if split not in known:
            named = as_words((split,))
            return f"the split {named} is reported, but prices show it on {day:%Y-%m-%d}"
    restated = tuple(split for split in found.restated if split not in known)
    return (
        f"prices are declared as traded, but do not move at the split {as_words(restated)}"
        if restated
        else ""
    )


def jumps_at_split(bars: Bars, at: pd.Timestamp, ratio: float) -> bool:
    """Whether prices move across ``at`` rather by the split's ratio than not.

    Never for a split of less than 5:4. Where the evidence is divided, the nearer one counts.
    """
    place = int(bars.index.searchsorted(at))
    if place in (0, len(bars)) or not is_detectable(ratio):
        return False
    closes, opens = bars["close"].to_numpy(), bars["open"].to_numpy()
    does_jump = _jumps_at(closes, opens, place, ratio, others=[])
    if does_jump is not None:
        return does_jump
    # The median of the four passes over one bad tick.
    after = float(np.median(bars[list(PRICES)].iloc[place].to_numpy()))
    return bool(np.log(closes[place - 1] / after) / np.log(ratio) > _MIDWAY)


def is_detectable(ratio: float) -> bool:
    """Whether a split is large enough for its jump to be distinguished from a day's move."""
    return bool(abs(np.log(ratio)) >= np.log(_TELLING))


def without_repeats(bars: Bars, known: Bars) -> tuple[Bars, tuple[tuple[Split, Split], ...]]:
    """``bars`` without splits reported twice, and which of them were: the kept and the left out.

    The same ratio twice within a week is one split. Kept is the one that prices jump at, if only
    one does; else the one that ``known`` shows or has; else the first.

    Parameters
    ----------
    bars
        Sound bars and, after them, rows that may lack prices.
    known
        Bars that are stored: of those before ``bars`` the splits count, too.
    """
    if not splits_in(bars):
        return bars, ()
    with np.errstate(all="ignore"):
        left_out = _repeats(bars, known)
    if not left_out:
        return bars, ()
    ratios = bars["split"].to_numpy(copy=True)
    ratios[bars.index.isin([gone[0] for _, gone in left_out])] = 1.0
    return bars.assign(split=ratios), left_out


def _repeats(bars: Bars, known: Bars) -> tuple[tuple[Split, Split], ...]:
    before = [split for split in splits_in(known) if split[0] < bars.index[0]]
    kept: list[Split] = list(before)
    left_out: list[tuple[Split, Split]] = []
    for split in splits_in(bars):
        twin = next((each for each in kept if is_same_split(each, split)), None)
        if twin is None:
            kept.append(split)
            continue
        shown = [jumps_at_split(bars, *each) for each in (twin, split)]
        if all(shown):
            kept.append(split)
            continue
        is_later = shown[1] or (not shown[0] and _is_later(bars, known, twin, split))
        if is_later and twin not in before:
            kept[kept.index(twin)] = split
            left_out.append((split, twin))
        else:
            left_out.append((twin, split))
    return tuple(left_out)


def as_words(splits: tuple[Split, ...]) -> str:
    """Splits with their ex-dates."""
    return ", ".join(f"{_ratio(ratio)} of {at:%Y-%m-%d}" for at, ratio in splits)


def _ratio(ratio: float) -> str:
    return f"{ratio:g}:1" if ratio >= 1 else f"1:{1 / ratio:g}"


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
    return _holds(known, other) and not _holds(known, one)


def _holds(bars: Bars, split: Split) -> bool:
    found = bars.loc[bars.index == split[0], "split"].to_numpy()
    return bool(np.isclose(found, split[1], rtol=_NAMED, atol=0).any())


def _jumps_at(
    closes: np.ndarray, opens: np.ndarray, place: int, ratio: float, *, others: list[int]
) -> bool | None:
    """Whether prices jump at ``place``; None if that cannot be determined."""
    if place == 0 or not is_detectable(ratio):
        return None
    shares = _shares(closes, opens, place, ratio, others=others)
    for_jump = sum(_JUMP[0] < share < _JUMP[1] for share in shares)
    for_level = sum(_LEVEL[0] < share < _LEVEL[1] for share in shares)
    return None if for_jump == for_level else for_jump > for_level


def _shares(
    closes: np.ndarray, opens: np.ndarray, place: int, ratio: float, *, others: list[int]
) -> list[float]:
    """Three measures of the move across ``place``: one bad price spoils two of them at most."""
    first = max([place - 3, 0, *(other for other in others if other < place)])
    last = min([place + 3, len(closes), *(other for other in others if other > place)])
    pairs = (
        (closes[place - 1], opens[place]),
        (closes[place - 1], closes[place]),
        (float(np.median(closes[first:place])), float(np.median(closes[place:last]))),
    )
    return [float(np.log(before / after) / np.log(ratio)) for before, after in pairs]


def _elsewhere(
    closes: np.ndarray, opens: np.ndarray, place: int, ratio: float, *, others: list[int]
) -> int | None:
    """Where near ``place`` prices move overnight, and stay, by just the ratio; None if nowhere."""
    if abs(np.log(ratio)) < np.log(_DOUBLING):
        return None
    for day in range(max(place - _NEAR, 1), min(place + _NEAR + 1, len(closes))):
        if day in others:
            continue
        shares = _shares(closes, opens, day, ratio, others=[])
        if all(abs(share - 1) < _LIKE for share in shares):
            return day
    return None
