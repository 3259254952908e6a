"""What a user does about gaps: fetch again, fill otherwise, take a fill back, close.

Each is one commit; no observed bar changes but by what a provider answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TypeAlias

from ml4t_nb.core.bars import observed
from ml4t_nb.core.gapfill import reconcile_gaps
from ml4t_nb.model import DatasetId, FillMethod, Gap, Span
from ml4t_nb.pipeline.commit import fetch_and_commit
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.orders import order_of_refetch
from ml4t_nb.pipeline.record import announce, publish, result_of
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot, not_found_error

__all__ = ["GapAction", "begin_gap_action", "close", "refetch", "refill", "reopen", "unfill"]

GapAction: TypeAlias = Callable[[RunContext, DatasetId, Span], UpdateResult]
"""Does something about the gaps of a dataset that meet a span."""


def refetch(context: RunContext, dataset: DatasetId, span: Span) -> UpdateResult:
    """Request the bars again, for confirmed gaps too."""
    run, snapshot = begin_gap_action(context, dataset)
    order = order_of_refetch(run, snapshot, span)
    if order is not None:
        # Whoever asks again wants what the provider has now.
        return fetch_and_commit(run.keeping_answers(is_anew=True), order)
    manifest = snapshot.manifest
    pending = sum(gap.is_pending for gap in manifest.gaps)
    name = manifest.config.provider
    nothing = UpdateRecord(run.as_of, "gaps", name, "unchanged", gaps_open=pending)
    return replace(result_of(manifest), record=nothing)


def refill(method: FillMethod) -> GapAction:
    """Fill by another method: what is filled, and what is short enough to be."""
    return _changing(
        lambda gap: replace(gap, filled_by=method, is_left_open=False) if gap.is_refillable else gap
    )


def unfill() -> GapAction:
    """Take fills back; no update fills those gaps again."""
    return _changing(partial(replace, filled_by=None, is_left_open=True))


def close(reason: str) -> GapAction:
    """Declare that there was no session, for the reason given."""
    return _changing(partial(replace, state="closed", reason=reason, filled_by=None))


def reopen() -> GapAction:
    """Reset a closure, a confirmation or the choice to leave a gap open; no rejection of bars."""
    return _changing(
        lambda gap: (
            gap
            if gap.state == "rejected"
            else Gap(gap.start, gap.end, gap.missing, filled_by=gap.filled_by)
        )
    )


def _changing(change: Callable[[Gap], Gap]) -> GapAction:
    """The action that changes each gap, and makes the fills that the gaps say then."""

    def act(context: RunContext, dataset: DatasetId, span: Span) -> UpdateResult:
        began = perf_counter()
        begin_gap_action(context, dataset)
        with context.store.transaction(dataset) as tx:
            state = tx.manifest
            if state is None:
                raise not_found_error(dataset)
            # On the calendar of now: another may have been named since the action began.
            run, before = _run_on(context, state), tx.bars()
            reconciled = reconcile_gaps(
                observed(before),
                grid=run.grid,
                known=tuple(change(gap) if span.meets(gap.span) else gap for gap in state.gaps),
                fill_by=None,
                is_whole=True,
            )
            tx.put(reconciled.bars)
            has, had = (
                set(bars.index[bars["filled"].to_numpy()]) for bars in (reconciled.bars, before)
            )
            record = UpdateRecord(
                at=run.as_of,
                verb="gaps",
                provider=state.config.provider,
                outcome="unchanged" if reconciled.gaps == state.gaps else "changed",
                filled=len(has - had),
                seconds=perf_counter() - began,
                delay=run.delay,
            )
            # A restatement is undone to the gaps before it, and never past what a person did.
            prior = state.prior if reconciled.gaps == state.gaps else None
            result = publish(tx, replace(state, gaps=reconciled.gaps, prior=prior), record)
        return announce(run, result)

    return act


def begin_gap_action(context: RunContext, dataset: DatasetId) -> tuple[DatasetRun, Snapshot]:
    """The run of an action, and what is stored as it begins."""
    snapshot = context.store.snapshot(dataset)
    run = _run_on(context, snapshot.manifest)
    run.require_not_earlier()
    return run, snapshot


def _run_on(context: RunContext, found: Manifest) -> DatasetRun:
    provider = context.provider(found.config.provider)
    return DatasetRun.of(context, "gaps", found.dataset, found.config, provider, found=found)
