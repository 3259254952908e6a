"""Changing one's mind about gaps: ask again, fill otherwise, take a fill back, close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeAlias

from ml4t_nb.core.bars import observed
from ml4t_nb.core.calendars.calendar import calendar
from ml4t_nb.core.gapfill import reconcile_gaps
from ml4t_nb.core.request_spans import merge_spans, overlapping_stored
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import DatasetId, FillMethod, Gap, Span
from ml4t_nb.pipeline.commit import expected_grid
from ml4t_nb.pipeline.record import Entry, result_of
from ml4t_nb.pipeline.run import Run, bring, held_stamps, not_backwards, told
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.snapshot import not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = ["Close", "Mend", "Mending", "Refetch", "Refill", "Reopen", "Unfill", "run_mend"]


@dataclass(frozen=True, slots=True)
class Refetch:
    """Ask the provider again, for confirmed gaps too."""


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
    """Take back a closure, a confirmation or the wish to leave a gap open."""


Mending: TypeAlias = Refetch | Refill | Unfill | Close | Reopen


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do about the gaps of a dataset that meet ``span``."""

    dataset: DatasetId
    span: Span
    mending: Mending


def run_mend(run: Run, order: Mend) -> UpdateResult:
    """Do it, in one commit; no observed bar changes but by what a provider answers.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    Overtaken
        If the dataset is as of a later instant.
    """
    if isinstance(order.mending, Refetch):
        return _refetched(run, order)
    snapshot = run.store.snapshot(order.dataset)
    config = snapshot.manifest.config
    dates = calendar(config.calendar, config.session_overrides)
    desk = run.desk(
        run.provider(config.provider), order.dataset, dates, updated=snapshot.manifest.updated
    )
    not_backwards(order.dataset, desk.as_of, snapshot.manifest.updated)
    began = perf_counter()
    change = _changer(order.mending)
    with run.store.transaction(order.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(order.dataset)
        gaps = tuple(change(gap) if _meets(gap, order.span) else gap for gap in state.gaps)
        result = _resettled(run, tx, gaps, began=began)
    return told(run, result)


def _refetched(run: Run, order: Mend) -> UpdateResult:
    snapshot = run.store.snapshot(order.dataset)
    manifest = snapshot.manifest
    config = manifest.config
    provider = run.provider(config.provider)
    dates = calendar(config.calendar, config.session_overrides)
    desk = run.desk(provider, order.dataset, dates, zone=config.zone, updated=manifest.updated)
    not_backwards(order.dataset, desk.as_of, manifest.updated)
    wanted = [
        Span(gap.start, gap.end + TICK)
        for gap in manifest.gaps
        if gap.state != "closed" and _meets(gap, order.span)
    ]
    if not wanted:
        pending = sum(gap.is_pending for gap in manifest.gaps)
        nothing = UpdateRecord(desk.as_of, "gaps", config.provider, "unchanged", gaps_open=pending)
        return replace(result_of(manifest, ()), record=nothing)
    held = held_stamps(snapshot)
    at_once = order.dataset.frequency not in provider.limits.max_span
    spans = merge_spans((overlapping_stored(span, held) for span in wanted), at_once=at_once)
    # The latest span comes first: bars after its end are not asked for.
    return bring(run, desk, Entry("gaps", order.dataset, config, manifest), spans[-1], spans[:-1])


def _resettled(run: Run, tx: Transaction, gaps: tuple[Gap, ...], *, began: float) -> UpdateResult:
    """Make the fills that ``gaps`` say, and commit."""
    state = tx.manifest
    assert state is not None
    config = state.config
    dates = calendar(config.calendar, config.session_overrides)
    desk = run.desk(run.provider(config.provider), state.dataset, dates, updated=state.updated)
    before = tx.bars()
    reconciled = reconcile_gaps(
        observed(before),
        grid=expected_grid(state.dataset, config, dates),
        known=gaps,
        fill_by=None,
        is_whole=True,
    )
    tx.put(reconciled.bars)
    has, had = (set(bars.index[bars["filled"].to_numpy()]) for bars in (reconciled.bars, before))
    record = UpdateRecord(
        at=desk.as_of,
        verb="gaps",
        provider=config.provider,
        outcome="unchanged" if reconciled.gaps == state.gaps else "changed",
        filled=len(has - had),
        gaps_open=sum(gap.is_pending for gap in reconciled.gaps),
        seconds=perf_counter() - began,
    )
    return result_of(tx.commit(replace(state, gaps=reconciled.gaps), record), ())


def _changer(mending: Mending) -> Callable[[Gap], Gap]:
    match mending:
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
