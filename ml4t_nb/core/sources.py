"""Which provider each stored bar is from, as spans of those not from the dataset's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import Flags, as_stamps
from ml4t_nb.core.timestamps import TICK, from_micros, index_micros, to_micros
from ml4t_nb.model import Span
from ml4t_nb.records import Source

__all__ = ["source_of", "sources_after", "stood_in", "switched"]


def source_of(
    stamps: pd.DatetimeIndex, sources: Sequence[Source], own: str
) -> npt.NDArray[np.object_]:
    """The provider of each bar by name; ``own`` is that of the dataset."""
    names = np.array([*(each.provider for each in sources), own], dtype=object)
    starts = np.array([to_micros(each.span.start) for each in sources], dtype=np.int64)
    # Row -1, before the first span, is the last of these.
    ends = np.array([*(to_micros(each.span.end) for each in sources), np.iinfo(np.int64).min])
    at = index_micros(stamps)
    rows = np.searchsorted(starts, at, side="right") - 1
    return names[np.where(at < ends[rows], rows, -1)]


def stood_in(
    stamps: pd.DatetimeIndex, sources: Sequence[Source], own: str, *, first: datetime | None
) -> pd.DatetimeIndex:
    """Bars of those that stood in for the dataset's ``own`` provider.

    Who has the ``first`` bar did not: the dataset was his before another one became its own.
    """
    if not sources or first is None:
        return stamps[:0]
    names = source_of(stamps, sources, own)
    (begun,) = source_of(as_stamps([first]), sources, own)
    is_other: Flags = (names != own) & (names != begun)
    return stamps[is_other]


def sources_after(
    sources: Sequence[Source],
    stamps: pd.DatetimeIndex,
    taken: Flags,
    *,
    provider: str,
    own: str,
    start: datetime | None = None,
) -> tuple[Source, ...]:
    """Sources once the ``taken`` ones among some bars are from ``provider``.

    ``stamps`` are those of all observed bars from ``start`` on, or of the whole dataset: a span
    ends with a bar that exists.
    """
    if not sources and (provider == own or not taken.any()):
        return ()
    names = source_of(stamps, sources, own)
    names[taken] = provider
    found = [
        replace(each, span=Span(each.span.start, min(each.span.end, start)))
        for each in sources
        if start is not None and each.span.start < start
    ]
    edges = np.flatnonzero(names[1:] != names[:-1]) + 1
    firsts = np.append(0, edges)[: len(names)]
    lasts = np.append(edges, len(names))[: len(firsts)] - 1
    at = index_micros(stamps)
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        if names[first] != own:
            span = Span(from_micros(at[first]), from_micros(at[last]) + TICK)
            found.append(Source(span, names[first]))
    return _coalesced(found)


def switched(sources: Sequence[Source], whole: Span, *, old: str, new: str) -> tuple[Source, ...]:
    """Sources once ``new`` is the dataset's own provider, of which ``whole`` holds all bars.

    What was from the ``old`` one still is, and is not the dataset's own any more. A span of it may
    hold no bar, since of the bars nothing is known here but the first and the last.
    """
    found, done = [], whole.start
    for each in sources:
        found += [Source(Span(done, each.span.start), old), each]
        done = each.span.end
    found.append(Source(Span(done, max(done, whole.end)), old))
    return _coalesced(each for each in found if each.span and each.provider != new)


def _coalesced(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Spans of one provider that follow each other made one."""
    merged: list[Source] = []
    for each in sources:
        last = merged[-1] if merged else None
        is_one = last and last.provider == each.provider and last.span.end == each.span.start
        if last and is_one:
            merged[-1] = Source(Span(last.span.start, each.span.end), each.provider)
        else:
            merged.append(each)
    return tuple(merged)
