"""What a user does about gaps: fetch again, fill otherwise, take a fill back, close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeAlias

from ml4t_nb.core.bars import observed
from ml4t_nb.core.gapfill import reconcile_gaps
from ml4t_nb.core.request_spans import merge_spans, overlapping_stored
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import DatasetId, FillMethod, Gap, Span
from ml4t_nb.pipeline.context import DatasetRun, RunContext, observed_index
from ml4t_nb.pipeline.record import publish, result_of
from ml4t_nb.pipeline.run import fetch_and_commit, notify
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot, not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = [
    "Close",
    "GapAction",
    "GapRequest",
    "Refetch",
    "Refill",
    "Reopen",
    "Unfill",
    "run_gap_action",
]


@dataclass(frozen=True, slots=True)
class Refetch:
    """Request the bars again, for confirmed gaps too."""


@dataclass(frozen=True, slots=True)
class Refill:
    """Fill by another method: what is filled, and what is short enough to be."""

    method: FillMethod


@dataclass(frozen=True, slots=True)
class Unfill:
    """Take fills back; no update fills those gaps again."""


@dataclass(frozen=True, slots=True)
class Close:
    """Declare that there was no session, for the reason given."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """Reset a closure, a confirmation or the choice to leave a gap open."""


GapAction: TypeAlias = Refetch | Refill | Unfill | Close | Reopen


@dataclass(frozen=True, slots=True)
class GapRequest:
    """What to do about the gaps of a dataset that meet ``span``."""

    dataset: DatasetId
    span: Span
    action: GapAction


def run_gap_action(context: RunContext, request: GapRequest) -> UpdateResult:
    """Do it, in one commit; no observed bar changes but by what a provider answers.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    Overtaken
        If the dataset is as of a later instant.
    """
    snapshot = context.store.snapshot(request.dataset)
    run = _run_on(context, snapshot.manifest)
    run.require_not_earlier()
    if isinstance(request.action, Refetch):
        return _refetch(run, snapshot, request.span)
    began = perf_counter()
    change = _changer(request.action)
    with context.store.transaction(request.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(request.dataset)
        gaps = tuple(change(gap) if _meets(gap, request.span) else gap for gap in state.gaps)
        result = _commit_gaps(tx, _run_on(context, state), state, gaps, began=began)
    return notify(run, result)


def _run_on(context: RunContext, manifest: Manifest) -> DatasetRun:
    return context.dataset_run("gaps", manifest.dataset, manifest.config, manifest)


def _refetch(run: DatasetRun, snapshot: Snapshot, span: Span) -> UpdateResult:
    manifest = snapshot.manifest
    wanted = [
        Span(gap.start, gap.end + TICK)
        for gap in manifest.gaps
        if gap.state != "closed" and _meets(gap, span)
    ]
    if not wanted:
        pending = sum(gap.is_pending for gap in manifest.gaps)
        name = manifest.config.provider
        nothing = UpdateRecord(run.as_of, "gaps", name, "unchanged", gaps_open=pending)
        return replace(result_of(manifest), record=nothing)
    held = observed_index(snapshot)
    spans = merge_spans(
        (overlapping_stored(each, held) for each in wanted), at_once=run.longest_request is None
    )
    # The latest span comes first: bars after its end are not asked for.
    return fetch_and_commit(run, spans[-1], spans[:-1])


def _commit_gaps(
    tx: Transaction, run: DatasetRun, state: Manifest, gaps: tuple[Gap, ...], *, began: float
) -> UpdateResult:
    """Make the fills that ``gaps`` say, and commit."""
    before = tx.bars()
    reconciled = reconcile_gaps(
        observed(before), grid=run.grid, known=gaps, fill_by=None, is_whole=True
    )
    tx.put(reconciled.bars)
    has, had = (set(bars.index[bars["filled"].to_numpy()]) for bars in (reconciled.bars, before))
    record = UpdateRecord(
        at=run.as_of,
        verb="gaps",
        provider=state.config.provider,
        outcome="unchanged" if reconciled.gaps == state.gaps else "changed",
        filled=len(has - had),
        seconds=perf_counter() - began,
    )
    return publish(tx, replace(state, gaps=reconciled.gaps), record)


def _changer(action: GapAction) -> Callable[[Gap], Gap]:
    match action:
        case Refill(method):
            return lambda gap: _refilled(gap, method)
        case Unfill():
            return lambda gap: replace(gap, filled_by=None, is_left_open=True)
        case Close(reason):
            return lambda gap: replace(gap, state="closed", reason=reason, filled_by=None)
        case _:
            return _reopened


def _refilled(gap: Gap, method: FillMethod) -> Gap:
    return replace(gap, filled_by=method, is_left_open=False) if gap.is_refillable else gap


def _reopened(gap: Gap) -> Gap:
    return replace(
        gap, state="open", attempts=0, asked=None, error=None, reason="", is_left_open=False
    )


def _meets(gap: Gap, span: Span) -> bool:
    return gap.start < span.end and gap.end >= span.start
