"""Loading: a dataset that is new, or one that is to reach further."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pandas as pd

from ml4t_nb.core.calendars.calendar import calendar
from ml4t_nb.core.fetch_log import spans_to_fetch
from ml4t_nb.core.request_spans import overlapping_stored
from ml4t_nb.errors import DatasetNotFound, OptionError
from ml4t_nb.model import AssetClass, DatasetId, Span
from ml4t_nb.pipeline.fetch import identified
from ml4t_nb.pipeline.load_batches import in_strides, strides
from ml4t_nb.pipeline.plan_request import final_bound, oldest_served
from ml4t_nb.pipeline.record import Entry
from ml4t_nb.pipeline.requests import Load, class_of, require_served, settled
from ml4t_nb.pipeline.run import Run, bring, held_stamps, not_backwards
from ml4t_nb.providers import Instrument
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store

__all__ = ["run_load"]


def run_load(run: Run, order: Load) -> UpdateResult:
    """Load a dataset, or extend it; what is stored is compared, never doubled.

    Raises
    ------
    OptionError
        If the order contradicts the dataset or the provider, or starts in the future.
    Overtaken
        If the dataset is as of a later instant.
    ProviderError, Suspicious
        If nothing was stored before and nothing can be stored now; else it is in the result.
    """
    provider = run.provider(order.provider)
    guess = DatasetId(order.asset_class or "equities", order.frequency, order.symbol)
    stored = _stored_classes(run.store, order)
    # What is stored has been identified already: one request less.
    known = (
        Instrument(stored[0])
        if len(stored) == 1
        else identified(provider, guess, run.observe, run.pause)
    )
    dataset = DatasetId(class_of(order, known.asset_class), order.frequency, order.symbol)
    require_served(provider, dataset)
    snapshot = _snapshot(run.store, dataset)
    found = None if snapshot is None else snapshot.manifest
    config = settled(order, dataset, provider, known.calendar, found.config if found else None)
    config = replace(config, session_overrides=run.session_overrides)
    dates = calendar(config.calendar, config.session_overrides)
    updated = None if found is None else found.updated
    desk = run.desk(provider, dataset, dates, zone=order.zone or config.zone, updated=updated)
    not_backwards(dataset, desk.as_of, updated)
    given = dates.span(order.start, order.end, dataset.frequency)
    if order.start is not None and given.start > desk.as_of:
        raise OptionError(
            f"--start {order.start} lies in the future of {desk.as_of:%Y-%m-%d}",
            hint="choose an earlier start",
        )
    bound = final_bound(desk, dataset)
    wanted = Span(given.start, max(min(given.end, bound), given.start))
    entry = Entry("load", dataset, config, found)

    def load(span: Span) -> UpdateResult:
        held = _held_now(run.store, dataset)
        return bring(run, desk, entry, overlapping_stored(span, held) if len(held) else span)

    longest = provider.limits.max_span.get(dataset.frequency)
    if longest is None:
        return load(wanted)
    oldest = oldest_served(desk, dataset)
    if order.start is None and oldest is None:
        raise OptionError(
            f"{provider.name} serves {dataset.frequency} bars in pieces of {longest.days} days",
            hint="say from when on with --start",
        )
    if oldest is not None:
        wanted = Span(max(wanted.start, oldest), max(wanted.end, oldest))
    fetch_log = () if snapshot is None else snapshot.manifest.fetch_log
    held = _held_now(run.store, dataset)
    return in_strides(strides(spans_to_fetch(fetch_log, wanted), longest, held), load)


def _stored_classes(store: Store, order: Load) -> tuple[AssetClass, ...]:
    """Asset classes, of those the order allows, that the symbol is stored under."""
    allowed = get_args(AssetClass) if order.asset_class is None else (order.asset_class,)
    return tuple(
        each
        for each in allowed
        if _snapshot(store, DatasetId(each, order.frequency, order.symbol)) is not None
    )


def _held_now(store: Store, dataset: DatasetId) -> pd.DatetimeIndex:
    snapshot = _snapshot(store, dataset)
    return pd.DatetimeIndex([]) if snapshot is None else held_stamps(snapshot)


def _snapshot(store: Store, dataset: DatasetId) -> Snapshot | None:
    try:
        return store.snapshot(dataset)
    except DatasetNotFound:
        return None
