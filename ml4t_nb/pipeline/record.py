"""What a run records: what came of each request, and one line of the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, Flags, within
from ml4t_nb.core.gapfill import Reconciled
from ml4t_nb.core.merge import Merged
from ml4t_nb.core.timestamps import Instants, index_micros
from ml4t_nb.errors import ProviderError, RangeRefused
from ml4t_nb.events import Committed, GapsFound
from ml4t_nb.finding import Finding
from ml4t_nb.model import FetchAttempt, Span
from ml4t_nb.pipeline.checks import Rewrite
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.records import Outcome, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.row_log import CarriedRows
from ml4t_nb.storage.transaction import Transaction

__all__ = [
    "announce",
    "announce_commit",
    "attempts_of",
    "failure_of",
    "publish",
    "record_of",
    "result_of",
    "summed",
]

_SHOWN_HISTORY = 10
_LOGGED_REVISIONS = 100


def record_of(
    rewrite: Rewrite, merged: Merged, reconciled: Reconciled, *, seconds: float
) -> UpdateRecord:
    """The record of a run that is about to be committed."""
    run, got = rewrite.run, rewrite.got
    errors = [got.error] if got.error else [error for _, error in got.failed]
    had, has = (_filled_stamps(part.bars) for part in (rewrite, reconciled))
    is_changed = merged.added or merged.revised or not np.array_equal(had, has)
    outcome: Outcome = "changed" if is_changed else "unchanged"
    return UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=run.provider.name,
        outcome="partial" if errors else outcome,
        added=merged.added,
        revised=merged.revised,
        filled=len(np.setdiff1d(has, had)),
        seconds=seconds,
        verdict=merged.verdict,
        restatement=merged.restatement,
        spans=got.answered,
        revisions=merged.revisions[:_LOGGED_REVISIONS],
        notes=(*got.notes, *merged.notes),
        error=errors[0].note if errors else None,
        delay=run.delay,
    )


def _filled_stamps(bars: Bars) -> Instants:
    made: Flags = bars["filled"].to_numpy()
    return index_micros(bars.index)[made]


def attempts_of(run: DatasetRun, got: FetchResult, wanted: Span) -> Iterator[FetchAttempt]:
    """Entries of the fetch log; of the running session nothing is answered yet."""
    name, asked_at = run.provider.name, got.asked_at or run.as_of
    for each in run.refused or ():
        yield FetchAttempt(each, run.as_of, name, "empty")
    for each in got.answered:
        span = Span(each.start, min(each.end, wanted.end))
        if span:
            some = len(within(got.final, span))
            yield FetchAttempt(span, asked_at, name, "bars" if some else "empty")
    failed = list(got.failed)
    if got.error is not None:
        failed.append((Span(got.answered[0].end, wanted.end), got.error))
    for span, error in failed:
        if span:
            yield FetchAttempt(span, run.as_of, name, "failed", error=error.message)


def failure_of(
    run: DatasetRun, state: Manifest, error: ProviderError, wanted: Span
) -> FetchAttempt:
    """Entry of the fetch log of a run that failed.

    What a load is refused before the first stored bar is answered, and all before it: the listing
    begins later. It is not to be asked for again and again.
    """
    name, first = run.provider.name, state.first
    is_refused = run.verb == "load" and isinstance(error, RangeRefused)
    if is_refused and first is not None and wanted.start < first:
        start = min([wanted.start, *(each.start for each in run.ahead)])
        return FetchAttempt(Span(start, first), run.as_of, name, "empty")
    return FetchAttempt(wanted, run.as_of, name, "failed", error=error.message)


def publish(
    tx: Transaction,
    after: Manifest,
    record: UpdateRecord,
    findings: Iterable[Finding] = (),
    *,
    rejected: pd.DataFrame | None = None,
    carried: CarriedRows | None = None,
    logs_added: bool = False,
    logs_removed: bool = True,
    repeats: bool = False,
) -> UpdateResult:
    """Commit, with the number of gaps left pending in the record; the run's result.

    What is logged besides is said as to `Transaction.commit`. A record that ``repeats`` the last
    one, where that brought nothing new either, takes its place.
    """
    record = replace(record, gaps_open=sum(gap.is_pending for gap in after.gaps))
    last = tx.manifest.recent[-1:] if tx.manifest and repeats else ()
    for before in last:
        if _is_repeated(before, record, after, tx.number):
            record = record.repeating(before)
    manifest = tx.commit(
        after,
        record,
        rejected=rejected,
        carried=carried,
        logs_added=logs_added,
        logs_removed=logs_removed,
    )
    return result_of(manifest, findings)


def _is_repeated(before: UpdateRecord, record: UpdateRecord, after: Manifest, number: int) -> bool:
    """Whether two runs, the later one of commit ``number``, differ in nothing but when they were.

    What was found keeps the record of the run that found it.
    """
    alike = replace(
        before,
        at=record.at,
        seconds=record.seconds,
        spans=record.spans,
        version=record.version,
        repeated=None,
    )
    is_next = before.version == number - 1 and before.at <= record.at
    is_vain = record.outcome == "unchanged" and before.spans and record.spans
    has_found = any(each.opened == before.version for each in after.findings)
    return bool(alike == record and is_next and is_vain and not has_found)


def result_of(manifest: Manifest, findings: Iterable[Finding] = ()) -> UpdateResult:
    """The last run's result, as its manifest states it."""
    return UpdateResult(
        dataset=manifest.dataset,
        record=manifest.recent[-1],
        rows=manifest.rows,
        first=manifest.first,
        last=manifest.last,
        gaps=manifest.gaps,
        findings=tuple(findings),
        version=manifest.sequence,
        history=manifest.recent[-_SHOWN_HISTORY:],
    )


def announce(run: DatasetRun, result: UpdateResult) -> UpdateResult:
    """The same result, after the observer was notified of its commit."""
    record, observe = result.record, run.context.observe
    run.context.on_commit(result, _is_last(run, record))
    observe(
        Committed(result.dataset, record.added, record.revised, record.filled, record.restatement)
    )
    if waiting := tuple(gap for gap in result.gaps if gap.is_pending):
        observe(GapsFound(result.dataset, waiting))
    return result


def announce_commit(run: DatasetRun, number: int, record: UpdateRecord) -> None:
    """Say that a commit is about to be made: who makes it may not live to say what it did."""
    run.context.on_committing(number, record, _is_last(run, record))


def _is_last(run: DatasetRun, record: UpdateRecord) -> bool:
    """Whether nothing of the work is left after the commit with that record."""
    # Where bars are lacking, another provider may be asked for them.
    return not run.is_followed and record.error is None and bool(record.spans)


def summed(done: Sequence[UpdateResult]) -> UpdateResult:
    """One result for what several commits did to the same dataset, in their order."""
    last = done[-1]
    records = [each.record for each in done]
    outcomes = {record.outcome for record in records}
    worst = last.record.outcome
    moved = [record.restatement for record in records if record.restatement is not None]
    record = replace(
        last.record,
        outcome="changed" if worst == "unchanged" and "changed" in outcomes else worst,
        added=sum(record.added for record in records),
        revised=sum(record.revised for record in records),
        filled=sum(record.filled for record in records),
        verdict="restated" if moved else last.record.verdict,
        restatement=moved[-1] if moved else None,
        seconds=sum(record.seconds for record in records),
        chunks_written=sum(record.chunks_written for record in records),
        spans=tuple(span for record in records for span in record.spans),
        notes=tuple(dict.fromkeys(note for record in records for note in record.notes)),
    )
    findings = tuple(dict.fromkeys(finding for each in done for finding in each.findings))
    return replace(last, record=record, findings=findings)
