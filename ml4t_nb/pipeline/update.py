"""Updating: what is new, what was revised, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from ml4t_nb.core.bars import observed
from ml4t_nb.core.calendars.calendar import calendar
from ml4t_nb.core.fetch_log import failed_spans
from ml4t_nb.core.gapfill import Fill, is_to_fill
from ml4t_nb.core.request_spans import (
    JOIN,
    free_lookback,
    merge_spans,
    overlapping_stored,
    reach_back,
)
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import Span
from ml4t_nb.pipeline.plan_request import final_bound, oldest_served
from ml4t_nb.pipeline.record import Entry
from ml4t_nb.pipeline.requests import Update, require_served, with_provider
from ml4t_nb.pipeline.reset import reset_as_of
from ml4t_nb.pipeline.run import Run, bring, held_stamps, not_backwards
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["run_update"]

_VERIFIED_EVERY = timedelta(days=30)
_NEAR = timedelta(days=60)


def run_update(run: Run, order: Update) -> UpdateResult:
    """Fetch what is new since the last stored bar, look back, and close the gaps.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    OptionError
        If the provider does not serve the dataset, or on another basis.
    Overtaken
        If the dataset is as of a later instant.
    """
    dataset = order.dataset
    snapshot = run.store.snapshot(dataset)
    manifest = snapshot.manifest
    provider = run.provider(order.provider or manifest.config.provider)
    require_served(provider, dataset)
    config = with_provider(
        replace(manifest.config, session_overrides=run.session_overrides), provider, dataset
    )
    if not order.switch:
        config = replace(config, provider=manifest.config.provider)
    dates = calendar(config.calendar, config.session_overrides)
    desk = run.desk(provider, dataset, dates, zone=config.zone, updated=manifest.updated)
    bound = final_bound(desk, dataset)
    if order.reset_as_of and reset_as_of(run.store, dataset, desk.as_of, bound):
        snapshot = run.store.snapshot(dataset)
        manifest = snapshot.manifest
    not_backwards(dataset, desk.as_of, manifest.updated)
    entry = Entry("update", dataset, config, manifest, order.fill, order.accept)
    if manifest.first is None or manifest.last is None:
        start = desk.calendar.span(None, None, dataset.frequency).start
        return bring(run, desk, entry, Span(start, bound))
    # What lies before the first bar was not loaded, or was removed: looking back ends there.
    tail = _tail(snapshot)
    lookback = order.lookback
    if lookback is None:
        longest = provider.limits.max_span.get(dataset.frequency)
        lookback = free_lookback(tail, end=desk.as_of + TICK, longest=longest)
    back = max(reach_back(tail, lookback=lookback), manifest.first)
    main = Span(back, max(bound, manifest.last + TICK))
    oldest = oldest_served(desk, dataset)
    if order.accept:
        # What is accepted is accepted whole: what contradicts may lie before any look back.
        main = Span(manifest.first, main.end)
    others = () if order.fill is None else _missing_before(main.start, oldest, snapshot, order.fill)
    if dataset.frequency in provider.limits.max_span:
        return bring(run, desk, entry, main, merge_spans(others, at_once=False))
    if manifest.verified is None or desk.as_of - manifest.verified >= _VERIFIED_EVERY:
        main = Span(manifest.first, main.end)
    (at_once,) = merge_spans((main, *others), at_once=True)
    return bring(run, desk, entry, at_once)


def _missing_before(
    start: datetime, oldest: datetime | None, snapshot: Snapshot, fill: Fill
) -> tuple[Span, ...]:
    """Gaps and failed spans to ask for again, with the bars around them.

    None that ends before ``oldest``: those would be asked for in vain at every update.

    Those that loads have confirmed, since loads fill nothing, are asked for once more to be filled.
    """
    manifest = snapshot.manifest
    gaps = (
        Span(gap.start, gap.end + TICK)
        for gap in manifest.gaps
        if gap.state in ("open", "failed") or is_to_fill(gap, fill)
    )
    spans = [
        span
        for span in (*gaps, *failed_spans(manifest.fetch_log))
        if span.start < start and (oldest is None or span.end > oldest)
    ]
    held = held_stamps(snapshot) if spans else pd.DatetimeIndex([])
    return tuple(overlapping_stored(span, held) for span in spans)


def _tail(snapshot: Snapshot) -> pd.DatetimeIndex:
    """Observed stamps of the last weeks, or all if those are few."""
    last = snapshot.manifest.last
    assert last is not None
    near = observed(snapshot.bars(Span(last - _NEAR, last + TICK)))
    return pd.DatetimeIndex(near.index) if len(near) >= JOIN else held_stamps(snapshot)
