"""A load in many pieces, committed every few of them: an interruption loses little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd

from ml4t_nb.core.bars import as_instant
from ml4t_nb.core.request_spans import split_span
from ml4t_nb.errors import RangeRefused
from ml4t_nb.model import Span
from ml4t_nb.records import UpdateResult

__all__ = ["in_strides", "strides"]

_PIECES = 8


def strides(wanted: Sequence[Span], longest: timedelta, held: pd.DatetimeIndex) -> tuple[Span, ...]:
    """Spans to load one after the other, each of a few pieces, so that each meets what is stored.

    What lies after the first held bar comes oldest first, and then what lies before it, newest
    first.
    """
    parts = [part for span in wanted for part in split_span(span, longest * _PIECES)]
    if not len(held):
        return tuple(parts)
    first = as_instant(held[0])
    after = [part for part in parts if part.end > first]
    before = [part for part in parts if part.end <= first]
    return (*after, *reversed(before))


def in_strides(spans: Sequence[Span], load: Callable[[Span], UpdateResult]) -> UpdateResult:
    """Load each span with its own commit; one result for all of them.

    Ends at the first that fails: what lies beyond would not meet what is stored.

    Raises
    ------
    RangeRefused
        If none of the spans has a bar.
    """
    done: list[UpdateResult] = []
    for span in spans:
        try:
            done.append(load(span))
        except RangeRefused:
            # The listing may begin later than the load.
            if span is spans[-1] and not done:
                raise
            continue
        if done[-1].record.outcome in ("failed", "partial"):
            break
    return _summed(done)


def _summed(done: Sequence[UpdateResult]) -> UpdateResult:
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
