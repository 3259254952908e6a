"""What a run changes: the end of a dataset, and its record, findings and fetch attempts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, observed, within
from ml4t_nb.core.gapfill import Reconciled
from ml4t_nb.core.merge import Merged
from ml4t_nb.core.request_spans import with_attempts
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import Ml4tError, ProviderError
from ml4t_nb.model import DatasetConfig, FetchAttempt, Finding, Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.records import Outcome, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.transaction import Transaction

__all__ = [
    "RewriteWindow",
    "attempts_of",
    "findings_of",
    "publish",
    "record_of",
    "result_of",
    "rewrite_window",
    "with_failure",
]

_SHOWN_HISTORY = 10
_LOGGED_REVISIONS = 100


@dataclass(frozen=True, slots=True)
class RewriteWindow:
    """The end of a dataset that a run may change, from an observed bar the run did not ask for.

    Parameters
    ----------
    start
        None if it is the whole dataset.
    """

    start: datetime | None
    bars: Bars

    def span(self, bars: Bars) -> Span | None:
        """Where ``bars`` take the place of its own; None for the whole dataset."""
        if self.start is None:
            return None
        ends = [part.index[-1] for part in (self.bars, bars) if len(part)]
        return Span(self.start, as_instant(max(ends)) + TICK)


def rewrite_window(
    tx: Transaction, config: DatasetConfig, got: FetchResult, *, is_whole: bool
) -> RewriteWindow:
    """What a fetch may change, of the dataset as it is under the lock."""
    state = tx.manifest
    start = min(span.start for span in got.answered)
    if (
        is_whole
        or state is None
        or state.first is None
        or start <= state.first
        or _changes_gaps(config, state.config)
    ):
        return RewriteWindow(None, tx.bars())
    for reach in (timedelta(days=10), timedelta(days=100), start - state.first):
        before = observed(tx.bars(Span(start - reach, start)))
        if len(before):
            break
    floor = as_instant(before.index[-1])
    return RewriteWindow(floor, tx.bars(Span(floor, state.last + TICK if state.last else start)))


def _changes_gaps(config: DatasetConfig, before: DatasetConfig) -> bool:
    """Whether another calendar, closure or tolerance finds other gaps in the same bars."""
    return (config.calendar, config.session_overrides, config.tolerance) != (
        before.calendar,
        before.session_overrides,
        before.tolerance,
    )


def record_of(
    run: DatasetRun,
    got: FetchResult,
    merged: Merged,
    window: RewriteWindow,
    reconciled: Reconciled,
    *,
    seconds: float,
) -> UpdateRecord:
    """The record of a run that is about to be committed."""
    errors = [got.error] if got.error else [error for _, error in got.failed]
    had, has = (part.bars.index[part.bars["filled"].to_numpy()] for part in (window, reconciled))
    is_changed = merged.added or merged.revised or not had.equals(has)
    outcome: Outcome = "changed" if is_changed else "unchanged"
    return UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=run.provider.name,
        outcome="partial" if errors else outcome,
        added=merged.added,
        revised=merged.revised,
        filled=len(has.difference(had)),
        seconds=seconds,
        verdict=merged.verdict,
        restatement=merged.restatement,
        spans=got.answered,
        revisions=merged.revisions[:_LOGGED_REVISIONS],
        notes=(*got.notes, *merged.notes),
        error=errors[0].note if errors else None,
    )


def findings_of(
    state: Manifest | None, window: RewriteWindow, reconciled: Reconciled, got: FetchResult
) -> tuple[Finding, ...]:
    """All findings there are now: bars judged again lose those they had."""
    held = observed(reconciled.bars).index
    before = () if state is None else state.findings

    def stands(finding: Finding) -> bool:
        if finding.stamp is None:
            return True
        if finding.is_hard:
            return pd.Timestamp(finding.stamp) not in held
        # Whether the window's first bar jumped, only the bar before it shows.
        is_edge = finding.stamp == window.start and finding.rule == "jump"
        return is_edge or (window.start is not None and finding.stamp < window.start)

    new = (f for f in got.findings if stands(f) or (not f.is_hard and f.stamp in held))
    kept = (*(f for f in before if stands(f)), *new)
    return tuple(dict.fromkeys((*kept, *reconciled.findings)))


def attempts_of(run: DatasetRun, got: FetchResult, wanted: Span) -> Iterator[FetchAttempt]:
    """Ledger entries of a fetch; of the running session nothing is answered yet."""
    name = run.provider.name
    for each in got.answered:
        span = Span(each.start, min(each.end, wanted.end))
        if span:
            some = len(within(got.final, span))
            yield FetchAttempt(span, run.as_of, name, "bars" if some else "empty")
    failed = list(got.failed)
    if got.error is not None:
        failed.append((Span(got.answered[0].end, wanted.end), got.error))
    for span, error in failed:
        if span:
            yield FetchAttempt(span, run.as_of, name, "failed", error=error.message)


def with_failure(
    state: Manifest, run: DatasetRun, error: Ml4tError, wanted: Span
) -> tuple[FetchAttempt, ...]:
    """The fetch log after a provider's error; a rejection by this package is not one."""
    if not isinstance(error, ProviderError) or not wanted:
        return state.fetch_log
    entry = FetchAttempt(wanted, run.as_of, run.provider.name, "failed", error=error.message)
    return with_attempts(state.fetch_log, [entry])


def publish(
    tx: Transaction, after: Manifest, record: UpdateRecord, findings: Iterable[Finding] = ()
) -> UpdateResult:
    """Commit, with the number of gaps left pending in the record; the run's result."""
    pending = sum(gap.is_pending for gap in after.gaps)
    return result_of(tx.commit(after, replace(record, gaps_open=pending)), findings)


def result_of(manifest: Manifest, findings: Iterable[Finding] = ()) -> UpdateResult:
    """The last run's result, as its manifest states it."""
    return UpdateResult(
        dataset=manifest.dataset,
        record=manifest.history[-1],
        rows=manifest.rows,
        first=manifest.first,
        last=manifest.last,
        gaps=manifest.gaps,
        findings=tuple(findings),
        version=manifest.sequence,
        history=manifest.history[-_SHOWN_HISTORY:],
    )
