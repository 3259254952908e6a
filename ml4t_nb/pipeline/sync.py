"""One dataset of a universe: loaded if it is missing, else updated, as the universe declares it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml4t_nb.batch import ProviderDown
from ml4t_nb.calendars import calendar
from ml4t_nb.core.request_spans import unanswered
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import (
    OUTAGES,
    BarsInvalid,
    OptionError,
    ProviderError,
    ProviderUnavailable,
    SettingsInvalid,
    Suspicious,
    SymbolUnknown,
)
from ml4t_nb.events import FellBack
from ml4t_nb.model import DatasetId, LoadArguments, NextStep, Span
from ml4t_nb.pipeline.context import DatasetRun, RunContext, date_of
from ml4t_nb.pipeline.load import run_load
from ml4t_nb.pipeline.record import result_of
from ml4t_nb.pipeline.requests import LoadRequest, UpdateRequest
from ml4t_nb.pipeline.stand_in import run_stand_in
from ml4t_nb.pipeline.unknown import is_proposed
from ml4t_nb.pipeline.update import run_update
from ml4t_nb.records import ErrorNote, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.universes import Universe

__all__ = ["SyncRequest", "part_of_sync", "run_sync"]

# What another provider may help against: one that contradicts the stored bars has not failed.
_FAILURES = (*OUTAGES, SymbolUnknown.__name__)
_REFUSALS = (ProviderError, BarsInvalid, Suspicious, OptionError)


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What a universe declares of one dataset.

    Parameters
    ----------
    load
        How it is loaded, if it is not stored.
    update
        How it is updated, if it is.
    fallback
        Whom to ask then where its own provider fails, one after the other.
    extends
        Whether a stored dataset is to become what is declared: what was never asked for is loaded.
        Off shortly after that failed, so that it goes on being updated as it is.
    """

    universe: Universe
    load: LoadRequest
    update: UpdateRequest | None = None
    fallback: tuple[str, ...] = ()
    extends: bool = True


def run_sync(context: RunContext, request: SyncRequest) -> UpdateResult:
    """Load what is missing of the dataset, or update it.

    A declared start that is earlier than what was ever asked for is loaded, as is what is missing
    up to a declared end; once that is there, nothing is requested any more.

    A stored dataset is updated even if that load fails, or if it is from another provider, or on
    another calendar, than declared: the record has that error, and ``updated`` what was done.
    """
    try:
        part = part_of_sync(context, request)
    except SettingsInvalid as error:
        return _updated_despite(context, request, error.note)
    if isinstance(part, LoadRequest):
        return (
            run_load(context, part) if request.update is None else _extended(context, request, part)
        )
    found = context.store.snapshot(part.dataset).manifest
    if isinstance(part, DatasetRun):
        return _as_it_is(part, found)
    own = found.config.provider
    if part.provider is not None and context.provider(part.provider).name != own:
        return run_update(context, part)
    return _updated(context, request, part, found)


def part_of_sync(
    context: RunContext, request: SyncRequest
) -> LoadRequest | UpdateRequest | DatasetRun:
    """What is to be done: a load, an update, or nothing, which is a run without a request.

    Raises SettingsInvalid if it is stored from another provider, or on another calendar, than
    declared, and is to become what is declared.
    """
    update = request.update
    if update is None:
        return request.load
    found = context.store.snapshot(update.dataset).manifest
    own = found.config.provider
    if update.provider is None:
        if request.extends:
            _require_as_declared(context, request.universe, found)
    elif context.provider(update.provider).name != own:
        # A load would make it the dataset's own.
        return update
    provider = context.provider(own)
    run = DatasetRun.of(context, "load", found.dataset, found.config, provider, found=found)
    load = _until_it_ended(replace(request.load, symbol=update.dataset.symbol, provider=own), found)
    if request.extends and (missing := _missing(run, load, found)):
        return missing
    return run if _is_over(run, load) else update


def _extended(context: RunContext, request: SyncRequest, load: LoadRequest) -> UpdateResult:
    """A stored dataset with what is declared besides; updated as it is, if that cannot be had."""
    try:
        done = run_load(context, load)
    except _REFUSALS as refused:
        return _updated_despite(context, request, refused.note)
    record = done.record
    # In several parts, it begins with the bars that an update would ask for.
    if record.error is None or record.outcome != "failed" or record.has_changed:
        return done
    return _updated_despite(context, request, record.error)


def _updated_despite(context: RunContext, request: SyncRequest, error: ErrorNote) -> UpdateResult:
    """A stored dataset updated as it is, with the error of what is declared besides.

    An update that fails itself is told first: it is what the bars of today need.
    """
    done = run_sync(context, replace(request, extends=False))
    own = done.record
    if own.error is not None:
        record = replace(own, notes=(error.message, *own.notes))
    else:
        record = replace(own, outcome="partial" if own.has_changed else "failed", error=error)
    return replace(done, record=record, updated=own)


def _missing(run: DatasetRun, load: LoadRequest, found: Manifest) -> LoadRequest | None:
    """What of a stored dataset is declared and was never asked for; None if it all was."""
    if found.ended is not None and load.start is not None and load.start > found.ended.on:
        return None
    if found.first is None or found.last is None:
        return load
    declared = run.calendar.span(load.start, load.end, run.dataset.frequency)
    if load.start is not None and _is_unasked(run, Span(declared.start, found.first)):
        return load
    if (
        found.ended is None
        and _is_over(run, load)
        and _is_unasked(run, Span(found.last + TICK, declared.end))
    ):
        return replace(load, start=date_of(found.last, run.calendar, run.dataset.frequency))
    return None


def _until_it_ended(load: LoadRequest, found: Manifest) -> LoadRequest:
    """What is declared, without what is after the symbol's end: there are no bars."""
    if found.ended is None or load.end is None:
        return load
    return replace(load, end=min(load.end, found.ended.on))


def _is_over(run: DatasetRun, load: LoadRequest) -> bool:
    """Whether all bars up to the declared end are final."""
    span = run.calendar.span(None, load.end, run.dataset.frequency)
    return load.end is not None and span.end <= run.final_before


def _require_as_declared(context: RunContext, universe: Universe, found: Manifest) -> None:
    """Raise SettingsInvalid unless the dataset is from the provider, and on the calendar, declared.

    To change either is a decision, and `load` carries it out.
    """
    dataset, held = found.dataset, found.config

    def load(provider: str, on: str = "") -> tuple[str, NextStep]:
        step = NextStep("load", dataset, source=LoadArguments(provider, on))
        return "change that line, or the dataset: ", step

    declared = universe.provider and context.provider(universe.provider).name
    if declared and declared != held.provider:
        message = f"{dataset} is stored from {held.provider}, not from {declared}"
        raise universe.error("provider", message, load(declared))
    on = universe.calendar and calendar(universe.calendar).name
    if on and on != held.calendar:
        message = f"{dataset} is stored on the calendar {held.calendar}, not {on}"
        raise universe.error("calendar", message, load(held.provider, on))


def _is_unasked(run: DatasetRun, span: Span) -> bool:
    """Whether bars are expected there that the provider may have and was never asked for."""
    log = run.found.fetch_log if run.found else ()
    oldest = run.oldest_served or span.start
    left = unanswered(log, Span(max(span.start, oldest), span.end))
    frequency = run.dataset.frequency
    return any(len(run.calendar.known_stamps(each, frequency)) for each in left)


def _as_it_is(run: DatasetRun, found: Manifest) -> UpdateResult:
    """The result of a run that asks for nothing, and leaves no record.

    All was loaded that is declared: no newer bar is wanted.
    """
    record = UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=found.config.provider,
        outcome="unchanged",
        gaps_open=sum(gap.is_pending for gap in found.gaps),
    )
    return replace(result_of(found), record=record)


def _updated(
    context: RunContext, request: SyncRequest, update: UpdateRequest, found: Manifest
) -> UpdateResult:
    """The dataset updated from its own provider, or with new bars of one that stands in for it."""
    if not request.fallback:
        return run_update(context, update)
    own, failed = found.config.provider, None
    try:
        failed = run_update(context, update)
        error = _failure(context, failed, found)
        if error is None:
            return failed
    except ProviderDown:
        error = _down(own)
    done = _stood_in(context, request, update.dataset, own, error)
    if isinstance(done, UpdateResult):
        return done
    message = "; ".join((error.message, *done))
    if failed is None:
        raise ProviderUnavailable(message, provider=own, hint=error.hint)
    if failed.record.error is None:
        return replace(failed, record=replace(failed.record, notes=(message,)))
    note = replace(error, message=message)
    return replace(failed, record=replace(failed.record, error=note))


def _failure(context: RunContext, result: UpdateResult, found: Manifest) -> ErrorNote | None:
    """Why an update got nothing that another provider may have; None if there is no such reason.

    A symbol that its provider does not know fails no run any more once it is proposed to end it.
    """
    record = result.record
    if record.outcome == "failed":
        return record.error if record.error and record.error.type in _FAILURES else None
    if record.spans or result.version == found.sequence:
        return None
    after = context.store.snapshot(result.dataset)
    if after.manifest.ended or not is_proposed(after.manifest, after.readable_history()[0]):
        return None
    return ErrorNote(SymbolUnknown.__name__, f"{record.provider} does not know the symbol")


def _stood_in(
    context: RunContext, request: SyncRequest, dataset: DatasetId, own: str, error: ErrorNote
) -> UpdateResult | list[str]:
    """The result of the first that can stand in for ``own``; or why each of them cannot."""
    reasons: list[str] = []
    asked, ended = own, error
    for name in request.fallback:
        context.observe(FellBack(dataset, asked, ended, name))
        asked = context.provider(name).name
        try:
            return run_stand_in(context, dataset, name, error.message)
        except ProviderDown:
            ended = _down(name)
            reasons.append(f"{ended.message}, too")
        except _REFUSALS as refused:
            ended = refused.note
            reasons.append(f"{name} cannot stand in: {refused.message}")
    context.observe(FellBack(dataset, asked, ended))
    return reasons


def _down(name: str) -> ErrorNote:
    return ErrorNote(ProviderUnavailable.__name__, f"{name} is down")
