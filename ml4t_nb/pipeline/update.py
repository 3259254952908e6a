"""Updating: what is new, what was revised, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ml4t_nb.core.gapfill import is_to_fill, is_to_request
from ml4t_nb.core.request_spans import (
    JOIN,
    failed_spans,
    free_lookback,
    merge_spans,
    overlapping_stored,
    reach_back,
)
from ml4t_nb.core.timestamps import TICK, Instants
from ml4t_nb.errors import Overtaken
from ml4t_nb.model import Span
from ml4t_nb.pipeline.commit import fetch_and_commit
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.life import skipped
from ml4t_nb.pipeline.record import publish
from ml4t_nb.pipeline.requests import UpdateRequest, require_served, with_provider
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["run_update"]

_VERIFIED_EVERY = timedelta(days=30)
_NEAR = timedelta(days=60)


def run_update(context: RunContext, request: UpdateRequest) -> UpdateResult:
    """Fetch what is new since the last stored bar, look back, and close the gaps.

    Of a symbol that has ended, nothing is requested.
    """
    dataset = request.dataset
    snapshot = context.store.snapshot(dataset)
    if done := skipped(context, snapshot.manifest, is_named=request.is_named):
        return done
    held = snapshot.manifest.config
    provider = context.provider(request.provider or held.provider)
    require_served(provider, dataset)
    switched = with_provider(held, provider, dataset)
    config = switched if request.switch else held
    run = DatasetRun.of(
        context,
        "update",
        dataset,
        replace(config, session_overrides=context.session_overrides),
        provider,
        found=snapshot.manifest,
        fill=request.fill,
        accept=request.accept,
    )
    if request.reset_as_of and _reset_as_of(run):
        snapshot = context.store.snapshot(dataset)
        run = replace(run, found=snapshot.manifest)
    run.require_not_earlier()
    return _update(run, snapshot, request.lookback)


def _update(run: DatasetRun, snapshot: Snapshot, lookback: timedelta | None) -> UpdateResult:
    manifest, bound = snapshot.manifest, run.final_before
    if manifest.first is None or manifest.last is None:
        start = run.calendar.span(None, None, run.dataset.frequency).start
        return fetch_and_commit(run, Span(start, bound))
    # What is before the first bar was not loaded, or was removed: looking back ends there.
    recent = _recent_stamps(snapshot)
    longest = run.longest_request
    if lookback is None:
        lookback = free_lookback(recent, end=run.as_of + TICK, longest=longest)
    back = max(reach_back(recent, lookback=lookback), manifest.first)
    main = Span(back, max(bound, manifest.last + TICK))
    if run.accept:
        # What is accepted is accepted whole: what contradicts may be before any look back.
        main = Span(manifest.first, main.end)
    others = _missing_before(run, main.start, snapshot)
    if longest is not None:
        return fetch_and_commit(run, main, merge_spans(others, at_once=False), seen=snapshot)
    since = main.start
    if manifest.verified is None or run.as_of - manifest.verified >= _VERIFIED_EVERY:
        main = Span(manifest.first, main.end)
    (at_once,) = merge_spans((main, *others), at_once=True)
    return fetch_and_commit(run, at_once, since=since, seen=snapshot)


def _missing_before(run: DatasetRun, start: datetime, snapshot: Snapshot) -> tuple[Span, ...]:
    """Gaps and unanswered spans to ask for again, with the bars around them.

    None if gaps are only to be found, and none that ends before what the provider serves: those
    would be asked for in vain at every update. Those that loads have confirmed, since loads fill
    nothing, are asked for once more to be filled.
    """
    fill, oldest = run.fill, run.oldest_served
    if fill is None:
        return ()
    manifest = snapshot.manifest
    gaps = (gap.span for gap in manifest.gaps if is_to_request(gap) or is_to_fill(gap, fill))
    spans = [
        span
        for span in (*gaps, *failed_spans(manifest.fetch_log))
        if span.start < start and (oldest is None or span.end > oldest)
    ]
    if not spans:
        return ()
    if run.longest_request is None:
        # One request reaches from the first of them to the end.
        (whole,) = merge_spans(spans, at_once=True)
        return (overlapping_stored(whole, _last_stamps(snapshot, whole.start)),)
    held = snapshot.observed_stamps()
    return tuple(overlapping_stored(span, held) for span in spans)


def _recent_stamps(snapshot: Snapshot) -> Instants:
    """Observed stamps of the last weeks, or all if those are few."""
    last = snapshot.manifest.last
    assert last is not None
    return _last_stamps(snapshot, last + TICK)


def _last_stamps(snapshot: Snapshot, end: datetime) -> Instants:
    """Observed stamps of some weeks before ``end``, or all if those are few."""
    near = snapshot.observed_stamps(Span(end - _NEAR, end))
    return near if len(near) >= JOIN else snapshot.observed_stamps()


def _reset_as_of(run: DatasetRun) -> bool:
    """Take the dataset's as-of back to the run's, with all its bars; False if it is not later.

    For where a wrong clock or ``--as-of`` was ahead. The next run compares the whole history, since
    it is not known what was stored too early. Overtaken, if that is a bar not final as of then.
    """
    dataset, as_of, bound = run.dataset, run.as_of, run.final_before
    with run.context.store.transaction(dataset) as tx:
        state = tx.manifest
        if state is None or state.updated is None or state.updated <= as_of:
            return False
        if state.last is not None and state.last >= bound:
            raise Overtaken(
                f"{dataset} holds a bar of {state.last:%Y-%m-%d %H:%M} UTC, which is not finished "
                f"as of {as_of:%Y-%m-%d %H:%M} UTC",
                hint="run it again once it is: stored bars are not removed",
            )
        record = UpdateRecord(
            at=as_of,
            verb="update",
            provider=state.config.provider,
            outcome="changed",
            notes=(f"as-of reset from {state.updated:%Y-%m-%d %H:%M} UTC",),
        )
        # Of the time to come, what was asked for has no answer yet.
        asked = (
            (each, replace(each.span, end=min(each.span.end, bound))) for each in state.fetch_log
        )
        after = replace(
            state,
            gaps=tuple(
                replace(gap, asked=min(gap.asked, as_of)) if gap.asked else gap
                for gap in state.gaps
            ),
            updated=as_of,
            verified=None,
            fetch_log=tuple(
                replace(each, span=span, at=min(each.at, as_of)) for each, span in asked if span
            ),
        )
        publish(tx, after, record)
        return True
