"""Loading: a dataset that is new, or one that is to reach further.

What a provider serves in short pieces is committed every few of them: an interruption loses little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import get_args

from ml4t_nb.core.request_spans import overlapping_stored, spans_to_fetch, split_span
from ml4t_nb.errors import DatasetNotFound, OptionError, RangeRefused
from ml4t_nb.events import RetryScheduled
from ml4t_nb.interruption import waiting
from ml4t_nb.model import AssetClass, DatasetId, Span
from ml4t_nb.pipeline.commit import fetch_and_commit
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.life import require_before_end
from ml4t_nb.pipeline.requests import LoadRequest, require_served, resolve_config
from ml4t_nb.providers import Instrument, Provider
from ml4t_nb.providers.retry import identify
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store

__all__ = ["run_load"]

# Pieces that are committed together.
_PIECES = 8


def run_load(context: RunContext, request: LoadRequest) -> UpdateResult:
    """Load a dataset, or extend it; what is stored is compared, never doubled.

    A provider's error is raised only where nothing was stored before; else the result has it.
    """
    provider = context.provider(request.provider)
    guess = DatasetId(request.asset_class or "equities", request.frequency, request.symbol)
    allowed = get_args(AssetClass) if request.asset_class is None else (request.asset_class,)
    stored = [
        each
        for each in allowed
        if _snapshot(context.store, replace(guess, asset_class=each)) is not None
    ]
    # What is stored has been identified already: one request less.
    known = Instrument(stored[0]) if len(stored) == 1 else _identify(context, provider, guess)
    if known.asset_class not in (None, *allowed):
        raise OptionError(
            f"{request.provider} lists {request.symbol} under {known.asset_class}, "
            f"not {request.asset_class}",
            hint=f"leave out -a, or use -a {known.asset_class}",
        )
    dataset = replace(guess, asset_class=known.asset_class or guess.asset_class)
    require_served(provider, dataset)
    snapshot = _snapshot(context.store, dataset)
    found = snapshot.manifest if snapshot else None
    held = found.config if found else None
    config = resolve_config(request, dataset, provider, known.calendar, held)
    config = replace(config, session_overrides=context.session_overrides)
    run = DatasetRun.of(context, "load", dataset, config, provider, found=found, zone=request.zone)
    run.require_not_earlier()
    return _load(run, request)


def _load(run: DatasetRun, request: LoadRequest) -> UpdateResult:
    frequency, oldest = run.dataset.frequency, run.oldest_served
    end = require_before_end(run.found, request.start, request.end)
    given = run.calendar.span(request.start, end, frequency)
    if request.start is not None and given.start > run.as_of:
        raise OptionError(
            f"--start {request.start} is after the as-of, {run.as_of:%Y-%m-%d}",
            hint="choose an earlier start",
        )
    wanted = Span(given.start, max(min(given.end, run.final_before), given.start))

    def load(span: Span, ahead: tuple[Span, ...] = ()) -> UpdateResult:
        seen = _snapshot(run.context.store, run.dataset)
        if seen is not None and len(held := seen.observed_stamps()):
            span = overlapping_stored(span, held)
        return fetch_and_commit(replace(run, ahead=ahead), span, seen=seen)

    longest = run.longest_request
    if longest is None:
        return load(wanted)
    if request.start is None and oldest is None:
        raise OptionError(
            f"{run.provider.name} serves {frequency} bars at most {longest.days} days at a time",
            hint="set the first date with --start",
        )
    if oldest is not None:
        wanted = Span(max(wanted.start, oldest), max(wanted.end, oldest))
    spans = spans_to_fetch(run.found.fetch_log if run.found else (), wanted)
    first = run.found.first if run.found else None
    batches = _split_into_batches(spans, longest, first)
    pieces = [split_span(each, longest) for each in batches]
    ahead = {each: tuple(chain(*pieces[at:])) for at, each in enumerate(batches, start=1)}
    return _load_in_batches(batches, lambda batch: load(batch, ahead[batch]))


def _identify(context: RunContext, provider: Provider, guess: DatasetId) -> Instrument:
    """What the provider knows of the symbol of ``guess``, whose class is not known yet."""

    def retried(attempt: int, wait_s: float, reason: str) -> None:
        context.observe(RetryScheduled(guess, attempt, wait_s, reason))

    context.pause(0)
    with waiting():
        return identify(provider, guess.symbol, on_retry=retried, sleep=context.pause)


def _snapshot(store: Store, dataset: DatasetId) -> Snapshot | None:
    try:
        return store.snapshot(dataset)
    except DatasetNotFound:
        return None


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


def _load_in_batches(spans: Sequence[Span], load: Callable[[Span], UpdateResult]) -> UpdateResult:
    """Load each span with its own commit; one result for all of them.

    Ends at the first that fails: what is beyond would not meet what is stored.
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
