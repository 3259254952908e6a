"""Removing a dataset, or a range of it, damaged chunks too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import prod

import numpy as np
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.actions import carry_dividends
from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, as_instant, concat, observed, splits_in
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gapfill import ExpectedGrid, reconcile_gaps
from ml4t_nb.core.request_spans import without
from ml4t_nb.core.sources import sources_after
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import ChunkCorrupt, Ml4tError, OptionError, StoreOutdated
from ml4t_nb.model import Basis, DatasetId, NextStep, Span
from ml4t_nb.pipeline.context import (
    date_of,
    fetch_step,
    instant_of,
    require_as_of_not_earlier,
)
from ml4t_nb.pipeline.record import publish
from ml4t_nb.providers import Limits
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.answer_files import AnswerFiles
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.transaction import Transaction

__all__ = ["run_remove"]


def run_remove(
    store: Store,
    dataset: DatasetId,
    start: date | None,
    end: date | None,
    as_of: datetime | date,
    *,
    limits: Callable[[str], Limits],
) -> int | None:
    """Remove bars from ``start`` to ``end``, both inclusive; without both, the whole dataset.

    Bars taken out of the middle leave a gap, and bars are filled again from what is left. The next
    bar after them bears what their dividends take off the prices before. What is left is on the
    split basis of its last bar. Damaged chunks go too, if all their bars do. A split is not taken
    out of the middle: it would no longer be known how prices before it were traded.

    ``limits`` are those of a provider by its name: a date as the as-of counts its delay.

    Returns the number of bars removed, filled ones too, and of damaged chunks as many as they once
    had; None if it is not known, since the manifest is damaged.
    """
    with store.transaction(dataset) as tx:
        if start is None and end is None:
            rows = _rows(tx)
            tx.remove(_removed_at(tx, as_of, limits))
            return rows
        state = tx.manifest
        if state is None:
            return 0
        dates = calendar(state.config.calendar, state.config.session_overrides)
        at = as_of
        if not isinstance(at, datetime):
            at = _closing(at, dates, state, limits)
        require_as_of_not_earlier(state, at)
        removed = _remove_bars(tx, state, dates, dates.span(start, end, dataset.frequency), at)
        AnswerFiles(store.home, dataset).drop()
        return removed


def _rows(tx: Transaction) -> int | None:
    try:
        return None if tx.manifest is None else tx.manifest.rows
    except StoreOutdated as error:
        return error.summary.rows
    except ChunkCorrupt:
        return None


def _removed_at(
    tx: Transaction, as_of: datetime | date, limits: Callable[[str], Limits]
) -> datetime:
    """The instant of the removal of the whole dataset, whose manifest may be damaged."""
    if isinstance(as_of, datetime):
        return as_of
    with suppress(Ml4tError):
        if state := tx.manifest:
            dates = calendar(state.config.calendar, state.config.session_overrides)
            return _closing(as_of, dates, state, limits)
    return datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)


def _closing(
    day: date, dates: Calendar, state: Manifest, limits: Callable[[str], Limits]
) -> datetime:
    """The instant that ``day`` means as an as-of."""
    try:
        return dates.closing(day, limits(state.config.provider).delay_of(state.dataset))
    except Ml4tError:
        # Bars can be removed although no provider serves them any more.
        return instant_of(day, state, dates)


def _remove_bars(
    tx: Transaction, state: Manifest, dates: Calendar, span: Span, at: datetime
) -> int:
    held, damaged = _readable(tx, state.chunks)
    inside = (held.index >= pd.Timestamp(span.start)) & (held.index < pd.Timestamp(span.end))
    left = observed(held[~inside])
    if damaged:
        _require_removable(damaged, state, dates, span, left)
    if left.empty:
        tx.remove(at)
        return state.rows
    lost = sum(chunk.rows for chunk in damaged)
    removed = int(inside.sum()) + lost
    left, carried = carry_dividends(left, observed(held), state.carried, state.config.basis)
    left = _without_splits(left, held[inside], state.config.basis)
    grid = ExpectedGrid.of(state.dataset, state.config, dates)
    reconciled = reconcile_gaps(left, grid=grid, known=state.gaps, fill_by=None, is_whole=True)
    tx.put(reconciled.bars)
    unread = f", {lost} of them in damaged files" if damaged else ""
    record = UpdateRecord(
        at=at,
        verb="remove",
        provider=state.config.provider,
        outcome="changed",
        notes=(f"removed {removed} bars{unread}",),
    )
    after = replace(
        state,
        gaps=reconciled.gaps,
        findings=tuple(f for f in state.findings if f.stamp is None or f.stamp not in span),
        verified=None,
        fetch_log=tuple(without(state.fetch_log, span)),
        carried=carried,
        sources=sources_after(
            state.sources,
            pd.DatetimeIndex(left.index),
            np.zeros(len(left), dtype=bool),
            provider=state.config.provider,
            own=state.config.provider,
        ),
        prior=None,
    )
    publish(tx, after, record, logs_removed=False)
    return removed


def _without_splits(left: Bars, gone: Bars, basis: Basis) -> Bars:
    """``left`` on the basis of its last bar, once the splits of ``gone`` are not there any more."""
    splits = [(at, ratio) for at, ratio in splits_in(gone) if at > left.index[0]]
    for at, ratio in splits:
        if at < left.index[-1]:
            raise OptionError(
                f"the split {ratio:g}:1 of {at:%Y-%m-%d} would be lost between the remaining bars",
                hint="leave out --start or --end, to remove all bars before or after it too",
            )
    if not splits or basis == "as-traded":
        return left
    return undo_splits(left, prod(ratio for _, ratio in splits))


def _readable(
    tx: Transaction, chunks: Sequence[Chunk]
) -> tuple[Bars, Mapping[Chunk, ChunkCorrupt]]:
    """Bars of all chunks that can be read; why the others cannot, in order of time."""
    parts, damaged = [], {}
    for chunk in chunks:
        try:
            parts.append(tx.bars(Span(chunk.first, chunk.last + TICK)))
        except ChunkCorrupt as error:
            damaged[chunk] = error
    return concat(parts), damaged


def _require_removable(
    damaged: Mapping[Chunk, ChunkCorrupt], state: Manifest, dates: Calendar, span: Span, left: Bars
) -> None:
    """Raise unless the damaged chunks may be removed with the bars in ``span``; ``left`` stay.

    The splits in them are unknown. Without one of its splits, a bar before it can be brought to
    the basis of the last bar no more: neither the stored prices, where they are split-adjusted,
    nor, where they are as traded, a view of them beside bars after it.
    """
    first, last = min(each.first for each in damaged), max(each.last for each in damaged)
    ends = tuple(date_of(each, dates, state.dataset.frequency) for each in (first, last))
    words, step = _removal_of(first, last, ends, state)
    hint = (f"restore it from a backup, or {words}: ", step)
    if first < span.start or span.end <= last:
        error = next(iter(damaged.values()))
        raise ChunkCorrupt(error.message, hint=hint) from error
    if left.empty or first < as_instant(left.index[0]):
        return
    if state.config.basis == "split-adjusted" or last < as_instant(left.index[-1]):
        raise OptionError(
            f"the bars from {ends[0]} to {ends[1]} cannot be read: a split among them would be "
            "lost, and prices before them would be wrong",
            hint=hint,
        )


def _removal_of(
    first: datetime, last: datetime, ends: Sequence[date], state: Manifest
) -> tuple[str, NextStep]:
    """The removal of the fewest bars that rids the dataset of those from first to last."""
    dataset = state.dataset
    has_before, has_after = first != state.first, last != state.last
    if not has_after and (state.config.basis == "split-adjusted" or not has_before):
        step = fetch_step("reload", dataset, state.config, state.first)
        return "fetch everything again", step
    if has_before and has_after:
        return f"remove all bars up to {ends[1]}", NextStep("remove", dataset, end=ends[1])
    start, end = ends
    step = NextStep("remove", dataset, start=start, end=end)
    return f"remove all bars from {start} to {end}", step
