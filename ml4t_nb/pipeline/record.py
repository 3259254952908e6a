"""What a run leaves behind beside the bars: its record, its findings, its fetch attempts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from ml4t_nb.core.bars import observed, within
from ml4t_nb.core.fetch_log import with_attempts
from ml4t_nb.core.gapfill import Reconciled
from ml4t_nb.core.merge import Merged
from ml4t_nb.errors import Ml4tError, ProviderError
from ml4t_nb.model import FetchAttempt, Finding, Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.pipeline.rewrite_window import RewriteWindow
from ml4t_nb.records import ErrorNote, Outcome, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest

__all__ = [
    "attempts_of",
    "findings_of",
    "note_of",
    "record_of",
    "result_of",
    "with_failure",
    "with_fills",
]

_SHOWN_HISTORY = 10
_LOGGED_REVISIONS = 100


def record_of(run: DatasetRun, got: FetchResult, merged: Merged) -> UpdateRecord:
    """The record of a run that is about to be committed."""
    errors = [got.error] if got.error else [error for _, error in got.failed]
    outcome: Outcome = "changed" if merged.added + merged.revised else "unchanged"
    return UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=run.provider.name,
        outcome="partial" if errors else outcome,
        added=merged.added,
        revised=merged.revised,
        verdict=merged.verdict,
        restatement=merged.restatement,
        spans=got.answered,
        revisions=merged.revisions[:_LOGGED_REVISIONS],
        notes=(*got.notes, *merged.notes),
        error=note_of(errors[0]) if errors else None,
    )


def with_fills(record: UpdateRecord, window: RewriteWindow, reconciled: Reconciled) -> UpdateRecord:
    """``record`` with the fills that are there now and were not before."""
    had = window.bars.index[window.bars["filled"].to_numpy()]
    has = reconciled.bars.index[reconciled.bars["filled"].to_numpy()]
    moved = not had.equals(has) and record.outcome == "unchanged"
    return replace(
        record,
        filled=len(has.difference(had)),
        outcome="changed" if moved else record.outcome,
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

    told = (f for f in got.findings if stands(f) or (not f.is_hard and f.stamp in held))
    kept = (*(f for f in before if stands(f)), *told)
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


def result_of(manifest: Manifest, findings: Iterable[Finding]) -> UpdateResult:
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


def note_of(error: Ml4tError) -> ErrorNote:
    """An error as a history keeps it."""
    return ErrorNote(type(error).__name__, error.message, error.advice)
