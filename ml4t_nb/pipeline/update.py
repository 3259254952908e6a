"""Updating: what is new, what was revised, and what is missing."""

from __future__ import annotations

from dataclasses import replace

from ml4t_nb.errors import Overtaken
from ml4t_nb.pipeline.commit import fetch_and_commit
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.life import skipped
from ml4t_nb.pipeline.orders import order_of_update
from ml4t_nb.pipeline.record import publish, result_of
from ml4t_nb.pipeline.requests import UpdateRequest, require_served, with_provider
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest

__all__ = ["begin_update", "run_update", "with_as_of_reset"]


def run_update(context: RunContext, request: UpdateRequest) -> UpdateResult:
    """Fetch what is new since the last stored bar, look back, and close the gaps.

    Of a symbol that has ended, or of which nothing is due, nothing is requested.
    """
    snapshot = context.store.snapshot(request.dataset)
    if done := skipped(context, snapshot.manifest, is_named=request.is_named):
        return done
    run = begin_update(context, request, snapshot.manifest)
    if request.reset_as_of and _reset_as_of(run):
        snapshot = context.store.snapshot(request.dataset)
        run = replace(run, found=snapshot.manifest)
    run.require_not_earlier()
    order = order_of_update(run, snapshot, request.lookback, is_named=request.is_named)
    if order is None:
        return _quiet(run, snapshot.manifest)
    return fetch_and_commit(run, order, seen=snapshot)


def begin_update(context: RunContext, request: UpdateRequest, found: Manifest) -> DatasetRun:
    """The run that a request means for what was ``found``; OptionError if it cannot be."""
    dataset, held = request.dataset, found.config
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
        found=found,
        fill=request.fill,
        accept=request.accept,
    )
    return replace(run, is_due=request.is_due).keeping_answers()


def _quiet(run: DatasetRun, manifest: Manifest) -> UpdateResult:
    """The result of an update that asks for nothing, since nothing is due; nothing is recorded."""
    record = UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=run.provider.name,
        outcome="unchanged",
        gaps_open=sum(gap.is_pending for gap in manifest.gaps),
    )
    return replace(result_of(manifest), record=record)


def _reset_as_of(run: DatasetRun) -> bool:
    """Take the dataset's as-of back to the run's, with all its bars; False if it is not later."""
    with run.context.store.transaction(run.dataset) as tx:
        state = tx.manifest
        after = None if state is None else with_as_of_reset(run, state)
        if state is None or after is None:
            return False
        record = UpdateRecord(
            at=run.as_of,
            verb="update",
            provider=state.config.provider,
            outcome="changed",
            notes=(f"as-of reset from {state.updated:%Y-%m-%d %H:%M} UTC",),
            delay=run.delay if run.provider.name == state.config.provider else None,
        )
        publish(tx, after, record)
        return True


def with_as_of_reset(run: DatasetRun, state: Manifest) -> Manifest | None:
    """``state`` with the run's as-of, where its own is later; else None.

    For where a wrong clock or ``--as-of`` was ahead. The next run compares the whole history, since
    it is not known what was stored too early. Overtaken, if that is a bar not final as of then.
    """
    as_of, bound = run.as_of, run.final_before
    if state.updated is None or state.updated <= as_of:
        return None
    if state.last is not None and state.last >= bound:
        raise Overtaken(
            f"{run.dataset} holds a bar of {state.last:%Y-%m-%d %H:%M} UTC, which is not finished "
            f"as of {as_of:%Y-%m-%d %H:%M} UTC",
            hint="run it again once it is: stored bars are not removed",
        )
    # Of the time to come, what was asked for has no answer yet.
    asked = ((each, replace(each.span, end=min(each.span.end, bound))) for each in state.fetch_log)
    return replace(
        state,
        gaps=tuple(
            replace(gap, asked=min(gap.asked, as_of)) if gap.asked else gap for gap in state.gaps
        ),
        updated=as_of,
        verified=None,
        fetch_log=tuple(
            replace(each, span=span, at=min(each.at, as_of)) for each, span in asked if span
        ),
    )
