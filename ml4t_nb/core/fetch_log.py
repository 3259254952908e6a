"""The fetch log: which spans were asked for, when, from whom, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ml4t_nb.model import FetchAttempt, Span

__all__ = ["failed_spans", "spans_to_fetch", "with_attempts", "without"]


def with_attempts(
    fetch_log: Iterable[FetchAttempt], news: Iterable[FetchAttempt]
) -> tuple[FetchAttempt, ...]:
    """The log with ``news`` merged into it: sorted, no two entries overlapping.

    Each time interval keeps its last answer; a failure is kept only where there was no answer yet,
    and one that follows a failure counts on. Neighbours with the same answer from the same
    provider become one entry, which keeps the earlier instant, so that an entry never claims to
    be fresher than its oldest part.
    """
    entries = list(fetch_log)
    for new in news:
        fresh = [_counted(entries, new)]
        if new.outcome == "failed":
            for answered in (each for each in entries if each.outcome != "failed"):
                fresh = without(fresh, answered.span)
        for each in fresh:
            entries = [*without(entries, each.span), each]
    return _coalesced(sorted(entries, key=lambda each: each.span))


def failed_spans(fetch_log: Iterable[FetchAttempt]) -> tuple[Span, ...]:
    """Spans that were asked for and never answered."""
    return tuple(each.span for each in fetch_log if each.outcome == "failed")


def spans_to_fetch(fetch_log: Iterable[FetchAttempt], wanted: Span) -> tuple[Span, ...]:
    """What to ask for, so that all of ``wanted`` is answered: only the rest after a failure in it.

    Where nothing in it failed, that is the whole of it, to see what has changed.
    """
    meeting = [
        each for each in fetch_log if each.span.start < wanted.end and wanted.start < each.span.end
    ]
    if all(each.outcome != "failed" for each in meeting):
        return (wanted,)
    left = [wanted]
    for each in meeting:
        if each.outcome != "failed":
            left = [part for span in left for part in _without(span, each.span)]
    return tuple(left)


def without(entries: Iterable[FetchAttempt], span: Span) -> list[FetchAttempt]:
    """The log without what it says of ``span``."""
    parts = (replace(each, span=part) for each in entries for part in _without(each.span, span))
    return list(parts)


def _without(span: Span, taken: Span) -> list[Span]:
    """What is left of ``span`` before and after ``taken``."""
    before = Span(span.start, min(span.end, taken.start))
    after = Span(max(span.start, taken.end), span.end)
    return [part for part in (before, after) if part]


def _counted(entries: Iterable[FetchAttempt], new: FetchAttempt) -> FetchAttempt:
    """``new``, one attempt more than the failures it repeats."""
    if new.outcome != "failed":
        return new
    before = [
        each.attempts
        for each in entries
        if each.outcome == "failed"
        and each.span.start < new.span.end
        and new.span.start < each.span.end
    ]
    return replace(new, attempts=max(before, default=0) + 1)


def _coalesced(entries: Iterable[FetchAttempt]) -> tuple[FetchAttempt, ...]:
    merged: list[FetchAttempt] = []
    for each in entries:
        last = merged[-1] if merged else None
        if last is not None and last.span.end == each.span.start and _alike(last, each):
            span = Span(last.span.start, each.span.end)
            merged[-1] = replace(last, span=span, at=min(last.at, each.at))
        else:
            merged.append(each)
    return tuple(merged)


def _alike(one: FetchAttempt, other: FetchAttempt) -> bool:
    return one.outcome == other.outcome == "bars" and one.provider == other.provider
