"""What a run writes: judged bars, gaps, findings and one record, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pandas as pd

from ml4t_nb.core.actions import AlignedActions, align_actions
from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, as_instant, observed
from ml4t_nb.core.gapfill import count_empty_answers, reconcile_gaps
from ml4t_nb.core.merge import Merged, MergePolicy, NeedsHistory, merge
from ml4t_nb.core.overlap import compare
from ml4t_nb.core.request_spans import with_attempts
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.validation import with_known_volumes
from ml4t_nb.errors import DatasetNotFound, Ml4tError, Overtaken, RangeRefused
from ml4t_nb.model import CarriedAction, Gap, NextStep, Span
from ml4t_nb.pipeline.checks import drop_repeated_splits, find_missed_splits, with_basis
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.pipeline.record import (
    RewriteWindow,
    attempts_of,
    findings_of,
    publish,
    record_of,
    rewrite_window,
    with_failure,
)
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.transaction import Transaction

__all__ = ["commit_failure", "commit_fetch"]

# Runs that a split may be named late by.
_RECENT = 10


def commit_fetch(
    tx: Transaction, run: DatasetRun, got: FetchResult, *, wanted: Span, began: float
) -> UpdateResult | Span:
    """Judge fetched bars against what is stored now, and commit them with the run's record.

    Parameters
    ----------
    wanted
        The span that was to be fetched; the provider may have served less.

    Returns
    -------
    UpdateResult | Span
        The span to fetch, with nothing committed, if more bars are needed to judge.

    Raises
    ------
    DatasetNotFound
        If the dataset to update was removed meanwhile.
    ProviderError
        If the whole history is needed and the fetch broke off.
    RangeRefused
        If there is nothing stored and nothing to store.
    Overtaken
        If the dataset was configured otherwise, or its first bars were removed, since the run
        began; else, like Suspicious, as `core.merge.merge` says.
    """
    state = tx.manifest
    if state is None and run.verb != "load":
        raise DatasetNotFound(
            f"{run.dataset} was removed meanwhile",
            hint=("run load first: ", NextStep("load", run.dataset)),
        )
    if state is not None:
        _require_as_found(state, run)
    everything = _everything(state, wanted)
    is_whole = everything == wanted
    if is_whole and state is not None and got.error is not None:
        raise got.error
    rebased = with_basis(tx, run, got, is_whole=is_whole)
    if rebased is None:
        return everything
    run = rebased
    window = rewrite_window(tx, run.config, got, is_whole=is_whole)
    got = drop_repeated_splits(tx, window, got)
    stored = observed(window.bars)
    final, findings = with_known_volumes(stored, got.final, got.findings)
    got = replace(got, final=final, findings=findings)
    aligned = _aligned(state, run, got, stored)
    merged = _merged(state, run, aligned, is_whole=is_whole)
    if isinstance(merged, NeedsHistory):
        if got.error is not None:
            raise got.error
        return everything
    reconciled = reconcile_gaps(
        merged.bars,
        grid=run.grid,
        known=() if state is None else state.gaps,
        fill_by=run.fill,
        is_whole=window.start is None,
        answered=lambda gaps: _with_failures(
            count_empty_answers(gaps, got.answered, as_of=run.as_of, dates=run.calendar), got
        ),
    )
    missed = find_missed_splits(tx, run, window, got, bars=merged.bars)
    got = replace(got, findings=(*got.findings, *merged.findings, *missed))
    findings = findings_of(state, window, reconciled, got)
    seconds = perf_counter() - began
    record = record_of(run, got, merged, window, reconciled, seconds=seconds)
    tx.put(reconciled.bars, window.span(reconciled.bars))
    before = state or Manifest.empty(run.dataset, run.config)
    after = replace(
        before,
        config=run.config,
        gaps=reconciled.gaps,
        findings=findings,
        updated=max(run.as_of, before.updated or run.as_of),
        verified=run.as_of if is_whole or state is None else state.verified,
        fetch_log=with_attempts(before.fetch_log, attempts_of(run, got, wanted)),
        carried=(*_carried_before(state, window), *aligned.carried),
    )
    known = set(before.findings)
    return publish(tx, after, record, [each for each in findings if each not in known])


def _require_as_found(state: Manifest, run: DatasetRun) -> None:
    """Raise Overtaken unless what the run was planned by still holds.

    A dataset that was removed and loaded again may be on another basis, or on another calendar;
    and bars that were removed before the first one are not to come back with an update.
    """
    found = run.found
    planned = (run.config, *([found.config] if found else []))
    # Closures come with each run's environment, and are judged again on commit.
    if replace(state.config, session_overrides=()) not in (
        replace(each, session_overrides=()) for each in planned
    ):
        raise Overtaken(f"{run.dataset} was reconfigured meanwhile", hint="run it again")
    if run.verb == "load" or found is None or found.first is None:
        return
    if state.first is None or state.first > found.first:
        raise Overtaken(f"bars of {run.dataset} were removed meanwhile", hint="run it again")


def _everything(state: Manifest | None, wanted: Span) -> Span:
    """What is wanted and all there is now, in one span."""
    if state is None or state.first is None or state.last is None:
        return wanted
    return Span(min(wanted.start, state.first), max(wanted.end, state.last + TICK))


def commit_failure(
    tx: Transaction, run: DatasetRun, error: Ml4tError, *, wanted: Span, began: float
) -> UpdateResult:
    """Keep a failed run in the history; the bars stay as they are."""
    state = tx.manifest
    if state is None:
        raise error
    record = UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=run.provider.name,
        outcome="failed",
        seconds=perf_counter() - began,
        error=error.note,
    )
    after = replace(state, fetch_log=with_failure(state, run, error, wanted))
    return publish(tx, after, record)


def _merged(
    state: Manifest | None, run: DatasetRun, aligned: AlignedActions, *, is_whole: bool
) -> Merged | NeedsHistory:
    policy = MergePolicy(
        dataset=run.dataset,
        basis=run.config.basis,
        is_whole=is_whole,
        accept=run.accept,
        is_overtaken=_is_overtaken(state, run),
        unnamed=_unnamed(state),
        provider=run.provider.name,
        acceptance=run.acceptance,
        reported=tuple(
            (pd.Timestamp(each.stamp), each.new)
            for each in aligned.revisions
            if each.column == "split" and each.new != 1
        ),
    )
    merged = merge(aligned.stored, aligned.fetched, policy)
    if isinstance(merged, NeedsHistory):
        return merged
    if merged.bars.empty:
        raise RangeRefused(
            f"{run.provider.name} has no finished bars of {run.dataset} there",
            provider=run.provider.name,
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


def _is_overtaken(state: Manifest | None, run: DatasetRun) -> bool:
    return state is not None and state.updated is not None and state.updated > run.as_of


def _aligned(
    state: Manifest | None, run: DatasetRun, got: FetchResult, stored: Bars
) -> AlignedActions:
    """Both sides with each split and dividend on its bar, on the basis of the last bar to be.

    A provider may announce a split before it restates the bars before it. What agrees with the
    stored bars as it is has not been restated.
    """

    def aligned(fetched: Bars, rejected: Bars) -> AlignedActions:
        return align_actions(
            stored,
            fetched,
            rejected,
            asked=got.answered,
            carried=() if state is None else state.carried,
            basis=run.config.basis,
            is_overtaken=_is_overtaken(state, run),
        )

    as_fetched = aligned(got.final, got.rejected)
    if run.config.basis == "as-traded":
        return as_fetched
    ratio = got.later_ratio(as_instant(stored.index[-1]) if len(stored) else None)
    if ratio == 1:
        return as_fetched
    if len(stored) and compare(
        as_fetched.stored, as_fetched.fetched, basis=run.config.basis
    ).verdict in ("same", "corrected"):
        return as_fetched
    rejected = got.rejected.assign(dividend=got.rejected["dividend"] * ratio)
    return aligned(undo_splits(got.final, ratio), rejected)


def _unnamed(state: Manifest | None) -> tuple[float, ...]:
    """Ratios of the last restatements that no split explained."""
    moved = [each.restatement for each in state.history[-_RECENT:]] if state else []
    return tuple(each.ratio for each in moved if each is not None and not each.splits)


def _carried_before(state: Manifest | None, window: RewriteWindow) -> tuple[CarriedAction, ...]:
    """What is carried by bars that the run may not change."""
    if state is None or window.start is None:
        return ()
    return tuple(each for each in state.carried if each.bar < window.start)


def _with_failures(gaps: tuple[Gap, ...], got: FetchResult) -> tuple[Gap, ...]:
    def judged(gap: Gap) -> Gap:
        for span, error in got.failed:
            if gap.state == "open" and gap.start in span and gap.end in span:
                return replace(gap, state="failed", error=error.message)
        return gap

    return tuple(judged(gap) for gap in gaps) if got.failed else gaps
