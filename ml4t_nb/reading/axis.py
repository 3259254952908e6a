"""Stamps of many series on one axis: every stamp once, in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml4t_nb.core.timestamps import Instants

__all__ = ["joined_axis", "rows_on"]


def joined_axis(parts: Sequence[Instants]) -> Instants:
    """Stamps that one of the parts has; each part increases."""
    axis = max(parts, key=len, default=np.empty(0, np.int64))
    # Most series follow the same sessions: few have a stamp that the longest one has not.
    others = [each[~_are_in(axis, each)] for each in parts]
    further = np.concatenate([np.empty(0, np.int64), *others])
    return np.union1d(axis, further) if len(further) else axis


def rows_on(axis: Instants, stamps: Instants) -> slice | npt.NDArray[np.intp]:
    """Where the stamps, which are all on the axis, stand: mostly one after the other."""
    return _run(axis, stamps) or np.searchsorted(axis, stamps)


def _run(axis: Instants, stamps: Instants) -> slice | None:
    start = int(np.searchsorted(axis, stamps[0])) if len(stamps) else 0
    run = slice(start, start + len(stamps))
    return run if np.array_equal(axis[run], stamps) else None


def _are_in(axis: Instants, stamps: Instants) -> npt.NDArray[np.bool_]:
    if _run(axis, stamps):
        return np.ones(len(stamps), np.bool_)
    found: npt.NDArray[np.bool_] = np.zeros(len(stamps), np.bool_)
    if len(axis):
        found[:] = axis[np.minimum(np.searchsorted(axis, stamps), len(axis) - 1)] == stamps
    return found
