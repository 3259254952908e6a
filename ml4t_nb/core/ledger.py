"""The coverage ledger: which spans were asked for, when, from whom, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ml4t_nb.model import Asked, Span

__all__ = ["enter_all", "forgotten", "unresolved"]


def enter_all(ledger: Iterable[Asked], news: Iterable[Asked]) -> tuple[Asked, ...]:
    """The ledger with ``news`` laid over it: sorted, no two entries overlapping.

    Each stretch of time keeps its last answer; a failure stands only where there was none yet,
    and one that follows a failure counts on. Neighbours with the same answer from the same
    provider become one entry, which keeps the earlier instant, so that an entry never claims to
    be fresher than its oldest part.
    """
    entries = list(ledger)
    for new in news:
        fresh = [_counted(entries, new)]
        if new.outcome == "failed":
            for answered in (each for each in entries if each.outcome != "failed"):
                fresh = forgotten(fresh, answered.span)
        for each in fresh:
            entries = [*forgotten(entries, each.span), each]
    return _coalesced(sorted(entries, key=lambda each: each.span))


def unresolved(ledger: Iterable[Asked]) -> tuple[Span, ...]:
    """Spans that were asked for and never answered."""
    return tuple(each.span for each in ledger if each.outcome == "failed")


def forgotten(entries: Iterable[Asked], span: Span) -> list[Asked]:
    """The ledger without what it says of ``span``."""
    parts = (
        replace(each, span=part)
        for each in entries
        for part in (
            Span(each.span.start, min(each.span.end, span.start)),
            Span(max(each.span.start, span.end), each.span.end),
        )
        if part
    )
    return list(parts)


def _counted(entries: Iterable[Asked], new: Asked) -> Asked:
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


def _coalesced(entries: Iterable[Asked]) -> tuple[Asked, ...]:
    merged: list[Asked] = []
    for each in entries:
        last = merged[-1] if merged else None
        if last is not None and last.span.end == each.span.start and _alike(last, each):
            span = Span(last.span.start, each.span.end)
            merged[-1] = replace(last, span=span, at=min(last.at, each.at))
        else:
            merged.append(each)
    return tuple(merged)


def _alike(one: Asked, other: Asked) -> bool:
    return one.outcome == other.outcome == "bars" and one.provider == other.provider
