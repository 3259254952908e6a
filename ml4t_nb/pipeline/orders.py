"""What a run asks for: an order for each commit.

Nothing here asks or writes. A plan is made by these functions, and a run does what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from ml4t_nb.core.due import ASKED_EVERY
from ml4t_nb.core.gapfill import is_to_fill, is_to_request
from ml4t_nb.core.request_spans import (
    JOIN,
    failed_spans,
    free_lookback,
    merge_spans,
    overlapping_stored,
    reach_back,
    span_through,
    spans_to_fetch,
    split_span,
    unanswered,
)
from ml4t_nb.core.timestamps import TICK, Instants, from_micros, index_micros, to_micros
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.life import require_before_end
from ml4t_nb.pipeline.pieces import Order
from ml4t_nb.pipeline.requests import LoadRequest
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot

__all__ = [
    "batches_of_load",
    "expected_orders",
    "first_stored",
    "order_of_refetch",
    "order_of_update",
]

# Pieces that are committed together.
_PIECES = 8
_VERIFIED_EVERY = timedelta(days=30)
_NEAR = timedelta(days=60)


def batches_of_load(
    run: DatasetRun, request: LoadRequest, *, is_whole: bool = False
) -> tuple[Span, ...]:
    """The spans that a load asks for, a commit each: whole, or a few pieces of it one by one.

    It goes on where one broke off, unless it is to be ``is_whole``: then all from the first stored
    bar on is one commit, so that what was answered is kept however often it breaks off. Raises
    OptionError for a start that cannot be.
    """
    wanted, longest = _wanted(run, request), run.longest_request
    if longest is None:
        return (wanted,)
    log, first = (run.found.fetch_log, run.found.first) if run.found else ((), None)
    last = run.found.last if run.found else None
    if is_whole and first is not None and last is not None:
        before = unanswered(log, Span(wanted.start, max(wanted.start, first)))
        whole = Span(first, max(wanted.end, last + TICK))
        return (whole, *_split_into_batches(before, longest, first))
    spans = spans_to_fetch(log, wanted)
    if run.kept is not None and run.kept.is_resuming:
        # What is stored was asked for by the load that broke off.
        spans = unanswered(log, wanted) or spans
    return _split_into_batches(spans, longest, first)


def expected_orders(run: DatasetRun, batches: Sequence[Span], held: Instants) -> tuple[Order, ...]:
    """The order of each batch, so that it meets the bars stored by then.

    Those are at first the ``held`` stamps, observed and increasing, and then all bars too that the
    calendar expects in the batches before.
    """
    orders: list[Order] = []
    for batch in batches:
        if orders:
            held = np.union1d(held, _ends(run, orders[-1].wanted))
        orders.append(Order(overlapping_stored(batch, held) if len(held) else batch))
    return tuple(orders)


def first_stored(run: DatasetRun, batches: Sequence[Span], held: Instants) -> Span | None:
    """The first stored bars, of a load that goes on after what was answered before; else None.

    What was restated since has moved them, and perhaps none of those that the load meets.
    """
    log = () if run.found is None or run.longest_request is None else run.found.fetch_log
    ends = [each.span.end for each in log if each.outcome != "failed"]
    oldest = run.oldest_served
    first = (held if oldest is None else held[held >= to_micros(oldest)])[:JOIN]
    if batches[0].start not in ends or not len(first):
        return None
    return span_through(from_micros(first[0]), from_micros(first[-1]))


def _ends(run: DatasetRun, span: Span) -> Instants:
    """The first and last stamps that final bars should have in a span: what the next one meets."""
    stamps = index_micros(run.calendar.known_stamps(span, run.dataset.frequency))
    stamps = stamps[stamps < to_micros(run.final_before)]
    return np.concatenate([stamps[:JOIN], stamps[-JOIN:]])


def order_of_update(
    run: DatasetRun, snapshot: Snapshot, lookback: timedelta | None, *, is_named: bool
) -> Order | None:
    """What an update asks for; None if nothing is due, and the user has not named the symbol."""
    manifest, bound = run.found or snapshot.manifest, run.final_before
    if manifest.first is None or manifest.last is None:
        return Order(Span(run.calendar.span(None, None, run.dataset.frequency).start, bound))
    if not is_named and lookback is None and _is_quiet(run, manifest):
        return None
    # What is before the first bar was not loaded, or was removed: looking back ends there.
    recent = _recent_stamps(snapshot)
    longest = run.longest_request
    if lookback is None:
        lookback = free_lookback(recent, end=run.as_of + TICK, longest=longest)
    back = max(reach_back(recent, lookback=lookback), manifest.first)
    main = Span(back, max(bound, manifest.last + TICK))
    if run.accept:
        # What is accepted is accepted whole: what contradicts may be before any look back.
        main = Span(manifest.first, main.end)
    others = _missing_before(run, main.start, snapshot)
    # While the archive's disk is missing, new bars are had without it; the rest waits for it.
    out_of_reach = snapshot.unreadable_until
    if out_of_reach is not None:
        others = tuple(each for each in others if each.start > out_of_reach)
    if longest is not None:
        return Order(main, merge_spans(others, at_once=False))
    since = main.start
    is_checked = manifest.verified and run.as_of - manifest.verified < _VERIFIED_EVERY
    if not is_checked and out_of_reach is None:
        main = Span(manifest.first, main.end)
    # What is before the first bar may fail each time: it keeps no new bars from being had.
    early = tuple(each for each in others if each.start < manifest.first)
    (at_once,) = merge_spans((main, *(each for each in others if each not in early)), at_once=True)
    return Order(at_once, early, since)


def order_of_refetch(run: DatasetRun, snapshot: Snapshot, span: Span) -> Order | None:
    """What is asked for again about the gaps that meet ``span``; None if there are none."""
    gaps = snapshot.manifest.gaps
    wanted = [gap.span for gap in gaps if gap.state != "closed" and span.meets(gap.span)]
    if not wanted:
        return None
    held = snapshot.observed_stamps()
    spans = merge_spans(
        (overlapping_stored(each, held) for each in wanted), at_once=run.longest_request is None
    )
    # The latest span comes first: bars after its end are not asked for.
    return Order(spans[-1], spans[:-1])


def _is_quiet(run: DatasetRun, manifest: Manifest) -> bool:
    """Whether the provider would be asked for nothing that is missing.

    Only where requests are counted: others may be asked at will, and a file may be another one by
    now. What was stored last must have been a whole answer of the provider, with the bar that was
    final last, and not long ago; what is revised later is seen when the next bar is due.
    """
    last, limits, updated = manifest.last, run.provider.limits, manifest.updated
    if limits.requests_per_minute is None or run.accept or last is None:
        return False
    if updated is None or run.as_of - updated >= ASKED_EVERY:
        return False
    newest = manifest.recent[-1] if manifest.recent else None
    # Without spans it was not answered: it has only reset the as-of.
    if newest is None or newest.verb not in ("load", "update") or not newest.spans:
        return False
    if newest.error is not None:
        return False
    is_own = newest.provider == run.provider.name and run.config == manifest.config
    delay = limits.delay_of(run.dataset)
    found = run.calendar.next_final(last, run.dataset.frequency, delay)
    if not is_own or found is None or found[1] <= run.as_of:
        return False
    fill = run.fill
    is_wanting = any(is_to_request(g) or (fill and is_to_fill(g, fill)) for g in manifest.gaps)
    return fill is None or not (is_wanting or failed_spans(manifest.fetch_log))


def _wanted(run: DatasetRun, request: LoadRequest) -> Span:
    """The stamps that a load asks for: final, and as far back as the provider serves pieces."""
    frequency, oldest = run.dataset.frequency, run.oldest_served
    end = require_before_end(run.found, request.start, request.end)
    given = run.calendar.span(request.start, end, frequency)
    if request.start is not None and given.start > run.as_of:
        raise OptionError(
            f"--start {request.start} is after the as-of, {run.as_of:%Y-%m-%d}",
            hint="choose an earlier start",
        )
    wanted = Span(given.start, max(min(given.end, run.final_before), given.start))
    longest = run.longest_request
    if longest is None:
        return wanted
    if request.start is None and oldest is None:
        raise OptionError(
            f"{run.provider.name} serves {frequency} bars at most {longest.days} days at a time",
            hint="set the first date with --start",
        )
    if oldest is None:
        return wanted
    return Span(max(wanted.start, oldest), max(wanted.end, oldest))


def _split_into_batches(
    wanted: Sequence[Span], longest: timedelta, first: datetime | None
) -> tuple[Span, ...]:
    """Spans to load one after the other, each of a few pieces, so that each meets what is stored.

    What is after the ``first`` stored bar comes oldest first, then what is before it, newest first.
    """
    parts = [part for span in wanted for part in split_span(span, longest * _PIECES)]
    if first is None:
        return tuple(parts)
    after = [part for part in parts if part.end > first]
    before = [part for part in parts if part.end <= first]
    return (*after, *reversed(before))


def _missing_before(run: DatasetRun, start: datetime, snapshot: Snapshot) -> tuple[Span, ...]:
    """Gaps and unanswered spans to ask for again, with the bars around them.

    None if gaps are only to be found, and none that ends before what the provider serves: those
    would be asked for in vain at every update. Those that loads have confirmed, since loads fill
    nothing, are asked for once more to be filled.
    """
    fill, oldest = run.fill, run.oldest_served
    if fill is None:
        return ()
    manifest = snapshot.manifest
    gaps = (gap.span for gap in manifest.gaps if is_to_request(gap) or is_to_fill(gap, fill))
    spans = [
        span
        for span in (*gaps, *failed_spans(manifest.fetch_log))
        if span.start < start and (oldest is None or span.end > oldest)
    ]
    if not spans:
        return ()
    if run.longest_request is None:
        # One request reaches from the first of them to the end, and one to the first bar.
        first = manifest.first or start
        early = [span for span in spans if span.end <= first]
        later = [span for span in spans if span.end > first]
        spans = [*merge_spans(early, at_once=True), *merge_spans(later, at_once=True)]
        return tuple(overlapping_stored(span, _last_stamps(snapshot, span.start)) for span in spans)
    held = snapshot.observed_stamps()
    return tuple(overlapping_stored(span, held) for span in spans)


def _recent_stamps(snapshot: Snapshot) -> Instants:
    """Observed stamps of the last weeks, or all if those are few."""
    last = snapshot.manifest.last
    assert last is not None
    return _last_stamps(snapshot, last + TICK)


def _last_stamps(snapshot: Snapshot, end: datetime) -> Instants:
    """Observed stamps of some weeks before ``end``, or all if those are few."""
    near = snapshot.observed_stamps(Span(end - _NEAR, end))
    return near if len(near) >= JOIN else snapshot.observed_stamps()
