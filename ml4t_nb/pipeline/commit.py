"""What a run writes: judged bars, gaps, findings and one record, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from ml4t_nb.core.actions import AlignedActions, align_actions
from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, as_instant, observed
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.fetch_log import with_attempts
from ml4t_nb.core.gapfill import ExpectedGrid, count_empty_answers, reconcile_gaps
from ml4t_nb.core.merge import Merged, MergePolicy, NeedsHistory, merge
from ml4t_nb.core.overlap import compare
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.validation import with_known_volumes
from ml4t_nb.errors import DatasetNotFound, Ml4tError, Overtaken, RangeRefused
from ml4t_nb.model import CarriedAction, DatasetConfig, DatasetId, Gap, NextStep, Span
from ml4t_nb.pipeline.basis_check import on_basis, told_once
from ml4t_nb.pipeline.fetch import Desk, Haul
from ml4t_nb.pipeline.missed_splits import missed_splits
from ml4t_nb.pipeline.record import (
    Entry,
    acceptance_of,
    asked_for,
    findings_of,
    note_of,
    record_of,
    result_of,
    with_failure,
    with_fills,
)
from ml4t_nb.pipeline.rewrite_window import Region, region_of
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.transaction import Transaction

__all__ = ["Further", "enter", "enter_failure", "expected_grid"]

# Runs that a split may be named late by.
_RECENT = 10


@dataclass(frozen=True, slots=True)
class Further:
    """The haul does not suffice to judge: ``span`` is needed."""

    span: Span


def enter(
    tx: Transaction, entry: Entry, desk: Desk, got: Haul, *, wanted: Span, began: float
) -> Further | UpdateResult:
    """Judge a haul against what is stored now, and commit it with its record.

    Parameters
    ----------
    wanted
        The span the haul was made for; the provider may have served less.

    Raises
    ------
    DatasetNotFound
        If the dataset to update was removed meanwhile.
    ProviderError
        If the whole history is needed and the haul broke off.
    RangeRefused
        If there is nothing stored and nothing to store.
    Overtaken
        If the dataset was set up otherwise, or its first bars were removed, since the run began;
        else, like Suspicious, as `core.join.place` says.
    """
    state = tx.manifest
    if state is None and entry.verb != "load":
        raise DatasetNotFound(
            f"{entry.dataset} was removed meanwhile",
            hint=("run load first: ", NextStep("load", entry.dataset)),
        )
    if state is not None:
        _require_as_found(state, entry)
    everything = _everything(state, wanted)
    is_whole = everything == wanted
    if is_whole and state is not None and got.missed is not None:
        raise got.missed
    rebased = on_basis(tx, entry, got, is_whole=is_whole)
    if rebased is None:
        return Further(everything)
    entry = rebased
    region = region_of(tx, entry.config, got, is_whole=is_whole)
    got = told_once(tx, region, got)
    stored = observed(region.bars)
    final, told = with_known_volumes(stored, got.final, got.findings)
    got = replace(got, final=final, findings=told)
    aligned = _arranged(state, entry.config, desk, got, stored)
    merged = _placed(state, entry, desk, aligned, is_whole=is_whole)
    if isinstance(merged, NeedsHistory):
        if got.missed is not None:
            raise got.missed
        return Further(everything)
    reconciled = reconcile_gaps(
        merged.bars,
        grid=expected_grid(entry.dataset, entry.config, desk.calendar),
        known=() if state is None else state.gaps,
        fill_by=entry.fill,
        is_whole=region.start is None,
        answered=lambda gaps: _with_failures(
            count_empty_answers(gaps, got.asked, as_of=desk.as_of, dates=desk.calendar), got
        ),
    )
    gaps = reconciled.gaps
    missed = missed_splits(tx, entry, desk, region, got, bars=merged.bars)
    got = replace(got, findings=(*got.findings, *merged.findings, *missed))
    findings = findings_of(state, region, reconciled, got)
    record = replace(
        with_fills(record_of(entry, desk, got, merged), region, reconciled),
        gaps_open=sum(gap.is_pending for gap in gaps),
        seconds=perf_counter() - began,
    )
    tx.put(reconciled.bars, region.span(reconciled.bars))
    before = state or Manifest.empty(entry.dataset, entry.config)
    after = replace(
        before,
        config=entry.config,
        gaps=gaps,
        findings=findings,
        updated=max(desk.as_of, before.updated or desk.as_of),
        verified=desk.as_of if is_whole or state is None else state.verified,
        fetch_log=with_attempts(before.fetch_log, asked_for(desk, got, wanted)),
        carried=(*_carried_before(state, region), *aligned.carried),
    )
    manifest = tx.commit(after, record)
    known = set(before.findings)
    return result_of(manifest, [each for each in findings if each not in known])


def _require_as_found(state: Manifest, entry: Entry) -> None:
    """Nothing, if what the run was planned by still holds.

    A dataset that was removed and loaded anew may be on another basis, or on another calendar;
    and bars that were removed before the first one are not to come back with an update.
    """
    found = entry.found
    planned = (entry.config, *([found.config] if found else []))
    # Closures come with each run's environment, and are judged anew by whoever commits.
    if replace(state.config, session_overrides=()) not in (
        replace(each, session_overrides=()) for each in planned
    ):
        raise Overtaken(f"{entry.dataset} was set up otherwise meanwhile", hint="run it again")
    if entry.verb == "load" or found is None or found.first is None:
        return
    if state.first is None or state.first > found.first:
        raise Overtaken(f"bars of {entry.dataset} were removed meanwhile", hint="run it again")


def _everything(state: Manifest | None, wanted: Span) -> Span:
    """What is wanted and all there is now, in one span."""
    if state is None or state.first is None or state.last is None:
        return wanted
    return Span(min(wanted.start, state.first), max(wanted.end, state.last + TICK))


def expected_grid(dataset: DatasetId, config: DatasetConfig, dates: Calendar) -> ExpectedGrid:
    """Where a dataset's bars are expected."""
    return ExpectedGrid(dates, dataset.frequency, config.tolerance, config.basis)


def enter_failure(
    tx: Transaction, entry: Entry, desk: Desk, error: Ml4tError, *, wanted: Span, began: float
) -> UpdateResult:
    """Keep a failed run in the history; the bars stay as they are."""
    state = tx.manifest
    if state is None:
        raise error
    record = UpdateRecord(
        at=desk.as_of,
        verb=entry.verb,
        provider=desk.provider.name,
        outcome="failed",
        gaps_open=sum(gap.is_pending for gap in state.gaps),
        seconds=perf_counter() - began,
        error=note_of(error),
    )
    after = replace(state, fetch_log=with_failure(state, desk, error, wanted))
    return result_of(tx.commit(after, record), ())


def _placed(
    state: Manifest | None, entry: Entry, desk: Desk, aligned: AlignedActions, *, is_whole: bool
) -> Merged | NeedsHistory:
    policy = MergePolicy(
        dataset=entry.dataset,
        basis=entry.config.basis,
        is_whole=is_whole,
        accept=entry.accept,
        is_overtaken=_is_overtaken(state, desk),
        unnamed=_unnamed(state),
        provider=desk.provider.name,
        acceptance=acceptance_of(entry, desk),
    )
    merged = merge(aligned.stored, aligned.fetched, policy)
    if isinstance(merged, NeedsHistory):
        return merged
    if merged.bars.empty:
        raise RangeRefused(
            f"{desk.provider.name} has no finished bars of {entry.dataset} there",
            provider=desk.provider.name,
            hint="choose another --start and --end",
        )
    if not aligned.revisions or merged.verdict not in ("same", "corrected"):
        return merged
    revisions = (*merged.revisions, *aligned.revisions)
    return replace(
        merged,
        verdict="corrected",
        revised=len({each.stamp for each in revisions}),
        revisions=revisions,
    )


def _is_overtaken(state: Manifest | None, desk: Desk) -> bool:
    return state is not None and state.updated is not None and state.updated > desk.as_of


def _arranged(
    state: Manifest | None, config: DatasetConfig, desk: Desk, got: Haul, stored: Bars
) -> AlignedActions:
    """Both sides with each split and dividend on its bar, on the basis of the last bar to be.

    A provider may announce a split before it restates the bars before it. What agrees with the
    stored bars as it is has not been restated.
    """

    def aligned(fetched: Bars, told: Bars) -> AlignedActions:
        return align_actions(
            stored,
            fetched,
            told,
            asked=got.asked,
            carried=() if state is None else state.carried,
            basis=config.basis,
            is_overtaken=_is_overtaken(state, desk),
        )

    as_fetched = aligned(got.final, got.told)
    if config.basis == "as-traded":
        return as_fetched
    ratio = got.later_ratio(as_instant(stored.index[-1]) if len(stored) else None)
    if ratio == 1:
        return as_fetched
    if len(stored) and compare(
        as_fetched.stored, as_fetched.fetched, basis=config.basis
    ).verdict in ("same", "corrected"):
        return as_fetched
    told = got.told.assign(dividend=got.told["dividend"] * ratio)
    return aligned(undo_splits(got.final, ratio), told)


def _unnamed(state: Manifest | None) -> tuple[float, ...]:
    """Ratios of the last restatements that no split explained."""
    moved = [each.restatement for each in state.history[-_RECENT:]] if state else []
    return tuple(each.ratio for each in moved if each is not None and not each.splits)


def _carried_before(state: Manifest | None, region: Region) -> tuple[CarriedAction, ...]:
    """What is carried by bars that the run may not change."""
    if state is None or region.start is None:
        return ()
    return tuple(each for each in state.carried if each.bar < region.start)


def _with_failures(gaps: tuple[Gap, ...], got: Haul) -> tuple[Gap, ...]:
    def judged(gap: Gap) -> Gap:
        for span, error in got.failed:
            if gap.state == "open" and gap.start in span and gap.end in span:
                return replace(gap, state="failed", error=error.message)
        return gap

    return tuple(judged(gap) for gap in gaps) if got.failed else gaps
