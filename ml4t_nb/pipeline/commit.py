"""What all runs share: fetch and judge, again if that does not suffice, and commit.

Bars are fetched without the lock and judged under it, against what is stored *then*. If the
judgement needs more bars, the lock is let go, more are fetched, and all is judged again. That
ends: what is asked for next holds all that was stored at the judgement, and that always suffices,
unless other writers go on extending the dataset meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pandas as pd

from ml4t_nb.core.actions import AlignedActions, align_actions
from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, as_instant, concat, observed
from ml4t_nb.core.gapfill import Reconciled, count_empty_answers, reconcile_gaps
from ml4t_nb.core.merge import Merged, MergePolicy, merge
from ml4t_nb.core.overlap import compare_overlap
from ml4t_nb.core.recent_runs import last_runs
from ml4t_nb.core.request_spans import with_attempts
from ml4t_nb.core.sources import stood_in
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.validation import with_known_volumes
from ml4t_nb.errors import (
    BarsInvalid,
    DatasetNotFound,
    Overtaken,
    ProviderError,
    RangeRefused,
    Suspicious,
)
from ml4t_nb.model import Gap, NextStep, Span
from ml4t_nb.pipeline.checks import (
    Rewrite,
    find_missed_splits,
    with_basis,
    without_repeated_splits,
)
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.currency import currency_change, currency_findings, with_currency
from ml4t_nb.pipeline.failed import commit_failure
from ml4t_nb.pipeline.fetch import FetchResult, fetch_order
from ml4t_nb.pipeline.judge import findings_after
from ml4t_nb.pipeline.manifest_after import manifest_after
from ml4t_nb.pipeline.pieces import Order
from ml4t_nb.pipeline.record import announce, announce_commit, attempts_of, publish, record_of
from ml4t_nb.pipeline.refusals import without_refused
from ml4t_nb.pipeline.repeated import judged_since
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.transaction import Transaction

__all__ = ["fetch_and_commit", "require_as_found"]

# Runs that a split may be named late by.
_RECENT = 10


def fetch_and_commit(
    run: DatasetRun, order: Order, *, seen: Snapshot | None = None
) -> UpdateResult:
    """Fetch what is ordered and commit it, or keep the failure in the history.

    What was ``seen`` of the dataset is not read again.
    """
    began = perf_counter()
    store, asked, reading = run.context.store, order, run
    try:
        while True:
            got = fetch_order(reading, asked)
            if got.zone is not None:
                # As it was read once, so always: a setting that changes later would move the bars.
                reading = replace(reading, config=replace(reading.config, zone=got.zone))
            with store.transaction(run.dataset, seen) as tx:
                done = _commit_fetch(tx, reading, got, asked, began=began)
            if isinstance(done, UpdateResult):
                if run.kept is not None:
                    run.kept.drop(run.ahead if done.record.error is None else ())
                return announce(run, done)
            asked = Order(done)
    except (ProviderError, BarsInvalid, Suspicious) as error:
        if run.kept is not None and not isinstance(error, ProviderError):
            run.kept.drop()  # what was refused is to be asked for again
        return commit_failure(run, error, order.wanted, began=began)


def _commit_fetch(
    tx: Transaction,
    run: DatasetRun,
    got: FetchResult,
    order: Order,
    *,
    began: float,
) -> UpdateResult | Span:
    """Judge fetched bars against what is stored now, and commit them with the run's record.

    Returns the span to fetch, with nothing committed, if more bars are needed to judge; raises
    ProviderError if the whole history is needed and the fetch broke off.
    """
    require_as_found(tx.manifest, run)
    before = tx.manifest or Manifest.empty(run.dataset, run.config)
    wanted = everything = order.wanted
    if before.first is not None and before.last is not None:
        everything = Span(min(wanted.start, before.first), max(wanted.end, before.last + TICK))
    is_whole = everything == wanted
    if is_whole and tx.manifest is not None and got.error is not None:
        raise got.error
    if not is_whole:
        got = judged_since(got, run, before, order.since)
    rewrite = with_basis(Rewrite.of(tx, run, got, before, is_whole=is_whole))
    if rewrite is None:
        return everything
    rewrite = without_repeated_splits(with_currency(rewrite))
    run, got = rewrite.run, rewrite.got
    final, soft = with_known_volumes(rewrite.stored, got.final, got.findings)
    got = replace(got, final=final, findings=soft)
    rewrite = without_refused(replace(rewrite, got=got))
    got = rewrite.got
    aligned, pending = _aligned(rewrite)
    merged = _merged(rewrite, aligned)
    if merged is None:
        if got.error is not None:
            raise got.error
        return everything
    reconciled, real = _reconciled(rewrite, merged), observed(merged.bars)
    missed = find_missed_splits(rewrite, real)
    news = (*got.findings, *merged.findings, *missed, *currency_findings(rewrite, merged))
    findings, opened = findings_after(rewrite, real, reconciled.findings, news, pending=pending)
    record = record_of(rewrite, merged, reconciled, seconds=perf_counter() - began)
    rewrite.put(reconciled.bars)
    after = replace(
        manifest_after(rewrite, aligned, merged, reconciled),
        findings=findings,
        fetch_log=with_attempts(before.fetch_log, attempts_of(run, got, wanted)),
    )
    is_replaced = after.prior is not None and after.prior.version == tx.number
    kept_out = [rows for rows in (got.kept_out, merged.kept_out) if rows is not None]
    rejected = concat(kept_out) if kept_out else None
    announce_commit(run, tx.number, record)
    return publish(
        tx,
        after,
        record,
        opened,
        rejected=rejected,
        logs_added=is_replaced,
        repeats=run.is_due and not opened and rejected is None,
    )


def require_as_found(state: Manifest | None, run: DatasetRun) -> None:
    """Raise DatasetNotFound or Overtaken unless what the run was planned by still holds.

    A dataset that was removed and loaded again may be on another basis, or on another calendar;
    and bars that were removed before the first one are not to come back with an update.
    """
    found = run.found
    if state is None:
        if run.verb == "load":
            return
        raise DatasetNotFound(
            f"{run.dataset} was removed meanwhile",
            hint=("run load first: ", NextStep("load", run.dataset)),
        )
    planned = (run.config, *([found.config] if found else []))
    # Closures come with each run's environment, and are judged again on commit; and a run plans
    # nothing by the currency.
    if replace(state.config, session_overrides=(), currency="") not in (
        replace(each, session_overrides=(), currency="") for each in planned
    ):
        raise Overtaken(f"{run.dataset} was reconfigured meanwhile", hint="run it again")
    if run.verb == "load" or found is None or found.first is None:
        return
    if state.first is None or state.first > found.first:
        raise Overtaken(f"bars of {run.dataset} were removed meanwhile", hint="run it again")


def _aligned(rewrite: Rewrite) -> tuple[AlignedActions, float]:
    """Both sides with each split and dividend on its bar, on the basis of the last bar to be.

    With them the ratio of splits that have restated the answer already, and are not stored yet.

    A provider may announce a split before it restates the bars before it. What agrees with the
    stored bars as it is has not been restated.
    """
    stored, got, basis = rewrite.stored, rewrite.got, rewrite.run.config.basis

    def aligned(fetched: Bars, rejected: Bars) -> AlignedActions:
        return align_actions(
            stored,
            fetched,
            rejected,
            asked=got.judged,
            carried=rewrite.before.carried,
            basis=basis,
            is_overtaken=rewrite.is_overtaken,
        )

    as_fetched = aligned(got.final, got.rejected)
    if basis == "as-traded":
        return as_fetched, 1.0
    ratio = got.later_ratio(as_instant(stored.index[-1]) if len(stored) else None)
    if ratio == 1:
        return as_fetched, 1.0
    if len(stored):
        found = compare_overlap(
            as_fetched.stored, as_fetched.fetched, basis=basis, others=_stood_in(rewrite)
        )
        if found.verdict in ("same", "corrected"):
            return as_fetched, 1.0
    rejected = got.rejected.assign(dividend=got.rejected["dividend"] * ratio)
    return aligned(undo_splits(got.final, ratio), rejected), ratio


def _stood_in(rewrite: Rewrite) -> pd.DatetimeIndex | None:
    """Stored bars of who stood in for the provider that is asked, once that answers again."""
    before, own = rewrite.before, rewrite.before.config.provider
    if not before.sources or not own == rewrite.run.provider.name == rewrite.run.config.provider:
        return None
    stamps = pd.DatetimeIndex(rewrite.stored.index)
    return stood_in(stamps, before.sources, own, first=before.first)


def _merged(rewrite: Rewrite, aligned: AlignedActions) -> Merged | None:
    run, name = rewrite.run, rewrite.run.provider.name
    recent = [each.restatement for each in last_runs(rewrite.before.recent, _RECENT)]
    policy = MergePolicy(
        dataset=run.dataset,
        basis=run.config.basis,
        is_whole=rewrite.is_whole,
        accept=run.accept,
        is_overtaken=rewrite.is_overtaken,
        unnamed=tuple(each.ratio for each in recent if each is not None and not each.splits),
        provider=name,
        acceptance=run.acceptance,
        requoted=currency_change(rewrite),
        others=_stood_in(rewrite),
        reported=tuple(
            (pd.Timestamp(each.stamp), each.new)
            for each in aligned.revisions
            if each.column == "split" and each.new != 1
        ),
    )
    merged = merge(aligned.stored, aligned.fetched, policy)
    if merged is None:
        return None
    if merged.bars.empty:
        raise RangeRefused(
            f"{name} has no completed bars for {run.dataset} in that range",
            provider=name,
            hint="choose another --start and --end",
        )
    if not aligned.revisions or merged.verdict not in ("same", "corrected"):
        return merged
    revisions = (*merged.revisions, *aligned.revisions)
    revised = len({each.stamp for each in revisions})
    return replace(merged, verdict="corrected", revised=revised, revisions=revisions)


def _reconciled(rewrite: Rewrite, merged: Merged) -> Reconciled:
    """Bars with gaps and fills, where each gap knows what the provider has answered to it."""
    run, got = rewrite.run, rewrite.got

    def failed(gap: Gap) -> Gap:
        for span, error in got.failed:
            if gap.state == "open" and span.covers(gap.span):
                return replace(gap, state="failed", error=error.message)
        return gap

    def answered(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
        asked_at = got.asked_at or run.as_of
        counted = count_empty_answers(gaps, got.answered, as_of=asked_at, dates=run.calendar)
        return tuple(map(failed, counted))

    def accepted(gap: Gap) -> Gap:
        # What the provider has instead of the rejected bars is taken.
        return Gap(gap.start, gap.end, gap.missing) if gap.state == "rejected" else gap

    return reconcile_gaps(
        merged.bars,
        grid=run.grid,
        known=tuple(map(accepted, rewrite.before.gaps)) if run.accept else rewrite.before.gaps,
        fill_by=run.fill,
        is_whole=rewrite.start is None,
        answered=answered,
        rejected=rewrite.taken_out,
    )
