"""Which spans a run must ask for, how they are cut, and the log of what was asked for before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.timestamps import TICK, Instants, from_micros, to_micros
from ml4t_nb.model import FetchAttempt, Frequency, Span, bar_length

__all__ = [
    "JOIN",
    "day_after",
    "failed_spans",
    "free_lookback",
    "merge_spans",
    "overlapping_stored",
    "reach_back",
    "span_through",
    "spans_to_fetch",
    "split_span",
    "unanswered",
    "with_attempts",
    "without",
]

JOIN = 3
"""Bars that two pieces must have in common before they are placed side by side."""

_FREE_LOOKBACK = timedelta(days=40)


def reach_back(held: Instants, *, lookback: timedelta) -> datetime:
    """``lookback`` before the last of some stamps, or earlier if fewer than three are in between.

    ``held`` are observed stamps, increasing, at least one; those of the last few weeks are enough.
    """
    third = held[-min(JOIN, len(held))]
    return min(from_micros(held[-1]) - lookback, from_micros(third))


def free_lookback(held: Instants, *, end: datetime, longest: timedelta | None) -> timedelta:
    """How far before the last stamp a run can look back at the cost of no further request.

    Forty days at the most: late bars come within days, and late revisions within weeks. ``held``
    is as for `reach_back`; the last request ends at ``end``, and none may be longer than
    ``longest``.
    """
    if longest is None:
        return _FREE_LOOKBACK
    last = from_micros(held[-1])
    needed = end - reach_back(held, lookback=timedelta(0))
    requests = -(-needed // longest)
    return min(max(requests * longest - (end - last), timedelta(0)), _FREE_LOOKBACK)


def overlapping_stored(span: Span, held: Instants) -> Span:
    """``span`` with three held bars on either side that has any, so that each join is compared.

    A span that is apart from what is held is extended until it meets it.
    """
    ends = [to_micros(span.start), to_micros(span.end)]
    first, after = np.searchsorted(held, ends).tolist()
    left = from_micros(held[max(min(first, len(held)) - JOIN, 0)])
    right = from_micros(held[min(after + JOIN, len(held)) - 1]) + TICK
    return Span(min(left, span.start), max(right, span.end))


def span_through(first: datetime, last: datetime) -> Span:
    """From one stamp to another, both included: in whole seconds, as some providers are asked."""
    return Span(first, last + timedelta(seconds=1))


def merge_spans(spans: Iterable[Span], *, at_once: bool) -> tuple[Span, ...]:
    """Spans in order, overlapping ones made one; ``at_once`` makes one of them all."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span):
        if merged and (at_once or span.start <= merged[-1].end):
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def day_after(until: datetime, dates: Calendar, frequency: Frequency) -> datetime:
    """Stamp of the first day that has no bar before ``until``."""
    is_intraday = bar_length(frequency) is not None
    day = (until.astimezone(dates.zone) if is_intraday else until).date()
    own = dates.span(day, day, frequency)
    if not is_intraday:
        return own.start if own.start >= until else own.end
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight if own.start >= until else midnight + timedelta(days=1)


def split_span(span: Span, longest: timedelta | None) -> tuple[Span, ...]:
    """``span`` in consecutive pieces no longer than ``longest``."""
    if longest is None or span.end - span.start <= longest:
        return (span,)
    count = -((span.start - span.end) // longest)
    starts = [span.start + number * longest for number in range(count)]
    return tuple(map(Span, starts, [*starts[1:], span.end]))


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
    meeting = [each for each in fetch_log if wanted.meets(each.span)]
    if all(each.outcome != "failed" for each in meeting):
        return (wanted,)
    return unanswered(meeting, wanted)


def unanswered(fetch_log: Iterable[FetchAttempt], wanted: Span) -> tuple[Span, ...]:
    """What of ``wanted`` no provider has answered yet."""
    left = [wanted] if wanted else []
    for each in fetch_log:
        if each.outcome != "failed":
            left = [part for span in left for part in _without(span, each.span)]
    return tuple(left)


def without(entries: Iterable[FetchAttempt], span: Span) -> list[FetchAttempt]:
    """The log without what it says of ``span``."""
    return [replace(each, span=part) for each in entries for part in _without(each.span, span)]


def _without(span: Span, taken: Span) -> list[Span]:
    """What is left of ``span`` before and after ``taken``."""
    before = Span(span.start, min(span.end, taken.start))
    after = Span(max(span.start, taken.end), span.end)
    return [part for part in (before, after) if part]


def _counted(entries: Iterable[FetchAttempt], new: FetchAttempt) -> FetchAttempt:
    """``new``, one attempt more than the failures it repeats."""
    if new.outcome != "failed":
        return new
    failures = (each for each in entries if each.outcome == "failed")
    before = (each.attempts for each in failures if each.span.meets(new.span))
    return replace(new, attempts=max(before, default=0) + 1)


def _coalesced(entries: Iterable[FetchAttempt]) -> tuple[FetchAttempt, ...]:
    merged: list[FetchAttempt] = []
    for each in entries:
        last = merged[-1] if merged else each
        is_alike = last.outcome == each.outcome == "bars" and last.provider == each.provider
        if merged and is_alike and last.span.end == each.span.start:
            span = Span(last.span.start, each.span.end)
            merged[-1] = replace(last, span=span, at=min(last.at, each.at))
        else:
            merged.append(each)
    return tuple(merged)
