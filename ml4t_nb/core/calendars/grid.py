"""Intraday bars and weeks of sessions, by arithmetic on whole arrays."""

from __future__ import annotations

import numpy as np

from ml4t_nb.core.timestamps import Instants, Sessions, week_start

__all__ = ["bars_of", "final_bound", "last_bar", "week_starts"]

_NEAR = 2  # sessions either side of an instant that hold the bars around it


def week_starts(days: Instants) -> Instants:
    """Mondays of the weeks that have a day among ``days``, each once, increasing."""
    weeks = week_start(days)
    first = np.ones(len(weeks), dtype=bool)
    first[1:] = weeks[1:] != weeks[:-1]
    return weeks[first]


def bars_of(known: Sessions, length: int) -> Instants:
    """Stamps of all intraday bars of the sessions.

    Anchored where trading begins, in the morning and after lunch; the last bar before trading
    stops may be short.
    """
    starts, ends = _stretches(known)
    counts = -((starts - ends) // length)
    before = np.cumsum(counts) - counts
    stamps = np.arange(counts.sum(), dtype=np.int64)
    stamps *= length
    stamps += np.repeat(starts - before * length, counts)
    return stamps


def last_bar(known: Sessions, row: int, length: int) -> int:
    """Stamp of the last intraday bar of one session."""
    return int(bars_of(known.pick(slice(row, row + 1)), length)[-1])


def final_bound(known: Sessions, settled: int, length: int) -> int:
    """Exclusive bound of the intraday stamps whose bars ended at ``settled`` or before."""
    row = int(np.searchsorted(known.closes, settled, side="right"))
    near = known.pick(slice(max(row - _NEAR, 0), row + _NEAR))
    stamps = bars_of(near, length)
    stops = np.sort(_stretches(near)[1])
    ends = np.minimum(stamps + length, stops[np.searchsorted(stops, stamps, side="right")])
    done = int(np.searchsorted(ends, settled, side="right"))
    bound = settled - length + 1
    if done < len(stamps):
        # A stamp shortly before one on the grid is that bar, not one of its own.
        bound = min(bound, int(stamps[done]) - length // 2)
    if done and (done == len(stamps) or stamps[done] > ends[done - 1]):
        # Trading stopped there: a short bar is over although its length is not.
        bound = max(bound, int(ends[done - 1]))
    return bound


def _stretches(known: Sessions) -> tuple[Instants, Instants]:
    """Where trading begins and stops; without a lunch break the second interval is empty."""
    starts = np.ravel(np.column_stack([known.opens, known.break_ends]))
    ends = np.ravel(np.column_stack([known.break_starts, known.closes]))
    return starts, ends
