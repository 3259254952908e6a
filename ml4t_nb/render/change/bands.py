"""Where two versions differ, as bands behind their lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml4t_nb.render.change.frame import FLOOR, TOP, ChangeFrame
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.markup import element
from ml4t_nb.render.review.drawing import box_at, ink, words_at

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from markupsafe import Markup

    Flags = npt.NDArray[np.bool_]

__all__ = ["bands"]

_MOST = 200
_WITH_WORDS = 12  # per cent
_NARROWEST = 0.4  # per cent of the width: a bar among thousands is seen, too


def bands(frame: ChangeFrame) -> Iterator[Markup]:
    """One for each stretch of bars that differ; of a restated history, of those that did not move.

    A run's picture has none: what one run changed stands close together.
    """
    change = frame.change
    if change.versions is None:
        return
    differs = change.any_changed & ~(change.moved & change.keeps)
    for first, last in _stretches(differs):
        left, right = frame.x(first - 0.5), frame.x(last + 0.5)
        wide = max(right - left, _NARROWEST)
        left = min(max((left + right - wide) / 2, 0), 100 - wide)
        drawn = box_at(left, wide, TOP, FLOOR, ink("closedbg"))
        yield element("g", drawn, class_="ml4t-change-band")
        if wide > _WITH_WORDS:
            words = _words(change, slice(first, last + 1))
            yield words_at(left, FLOOR - 6, words, dx=4)


def _words(change: RunChange, rows: slice) -> str:
    """``73 added``, of bars that differ in several ways how many do."""
    kinds = {"changed": change.changed, "added": change.added, "taken out": change.removed}
    counts = {name: int(flags[rows].sum()) for name, flags in kinds.items()}
    named = [f"{number:,} {name}" for name, number in counts.items() if number]
    return ", ".join(named)


def _stretches(differs: Flags) -> Iterator[tuple[int, int]]:
    """First and last row of each stretch; those that a picture cannot part are one."""
    import numpy as np

    rows = np.flatnonzero(differs)
    if not len(rows):
        return
    breaks = np.flatnonzero(np.diff(rows) > max(len(differs) // _MOST, 1))
    firsts, lasts = rows[np.r_[0, breaks + 1]], rows[np.r_[breaks, len(rows) - 1]]
    yield from zip(firsts.tolist(), lasts.tolist(), strict=True)
