"""The end of a symbol: declared by a person, proposed where its provider does not know it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.request_spans import without
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import OptionError
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import DatasetId, NextStep, Span
from ml4t_nb.pipeline.context import RunContext, date_of, instant_of, last_date_of
from ml4t_nb.pipeline.record import publish, result_of
from ml4t_nb.records import Ended, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import not_found_error

__all__ = ["EndRequest", "require_before_end", "run_end", "skipped"]

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EndRequest:
    """That a symbol is not traded any more, or that it is nevertheless.

    ``on`` is its last date, None for that of the last stored bar, and ``at`` the wall clock.
    """

    dataset: DatasetId
    at: datetime
    on: date | None = None
    reason: str = ""
    reopen: bool = False


def run_end(context: RunContext, request: EndRequest) -> UpdateResult:
    """Declare the end, or take it back; the bars, and the as-of of the last run, stay."""
    with context.store.transaction(request.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(request.dataset)
        dates = calendar(state.config.calendar, context.session_overrides)
        at = instant_of(context.as_of, state, dates)
        after, note = (
            _reopened(state) if request.reopen else _ended(state, tx.number, request, dates, at)
        )
        record = UpdateRecord(at, "end", state.config.provider, "changed", notes=(note,))
        return publish(tx, after, record)


def _ended(
    state: Manifest, number: int, request: EndRequest, dates: Calendar, at: datetime
) -> tuple[Manifest, str]:
    """What the declaration leaves as that commit, and a sentence that says it."""
    dataset, held = state.dataset, state.last
    if held is None:
        step = NextStep("remove", dataset)
        raise OptionError(f"no bars of {dataset} are left: it has no end", hint=step)
    last, today = date_of(held, dates, dataset.frequency), at.astimezone(dates.zone).date()
    on = request.on or last_date_of(held, dates, dataset.frequency, today)
    if on < last:
        raise OptionError(
            f"{dataset} has a bar of {last}, after its end on {on}",
            hint=("choose a later --on, or remove the bars after it: ", _cut_off(dataset, on)),
        )
    if on > today:
        raise OptionError(
            f"{dataset} cannot have ended on {on}, after the as-of, {today}",
            hint="choose a date that is not to come, or a later as-of",
        )
    ended = Ended(on, request.at, request.reason)
    decision = Decision(request.at, "end", request.reason or f"ended on {on}", number)
    after = replace(
        state,
        ended=ended,
        findings=tuple(_decided(each, decision) for each in state.findings),
        # What was asked for after the last bar is not going to be answered.
        fetch_log=tuple(without(state.fetch_log, Span(held + TICK, _EVER))),
    )
    return after, _words(ended)


def _reopened(state: Manifest) -> tuple[Manifest, str]:
    if state.ended is None:
        step = NextStep("end", state.dataset)
        raise OptionError(f"{state.dataset} has not ended, so nothing was done", hint=step)
    findings = tuple(
        replace(each, state="open", decision=None)
        if each.decision is not None and each.decision.by == "end"
        else each
        for each in state.findings
    )
    return replace(state, ended=None, findings=findings), f"reopened: {_words(state.ended)}"


def skipped(context: RunContext, found: Manifest, *, is_named: bool) -> UpdateResult | None:
    """The result of an update that asks for nothing, since the symbol has ended; None if not."""
    if found.ended is None:
        return None
    dates = calendar(found.config.calendar, context.session_overrides)
    note = f"{_words(found.ended)}, so nothing is requested; `end --reopen` takes that back"
    record = UpdateRecord(
        at=instant_of(context.as_of, found, dates),
        verb="update",
        provider=found.config.provider,
        outcome="unchanged",
        gaps_open=sum(gap.is_pending for gap in found.gaps),
        notes=(note,) if is_named else (),
    )
    return replace(result_of(found), record=record)


def require_before_end(found: Manifest | None, start: date | None, end: date | None) -> date | None:
    """The last date to load: ``end``, but none after the symbol's; OptionError if it is."""
    if found is None or found.ended is None:
        return end
    on = found.ended.on
    if any(day is not None and day > on for day in (start, end)):
        raise OptionError(
            f"{found.dataset} {_words(found.ended)}: there are no bars after that",
            hint=("if it is traded: ", NextStep("reopen", found.dataset)),
        )
    return on if end is None else end


def _decided(finding: Finding, decision: Decision) -> Finding:
    if finding.rule != "unknown symbol" or not finding.is_open:
        return finding
    return replace(finding, state="accepted", decision=decision)


def _words(ended: Ended) -> str:
    return f"ended on {ended.on}" + (f" ({ended.reason})" if ended.reason else "")


def _cut_off(dataset: DatasetId, on: date) -> NextStep:
    return NextStep("remove", dataset, start=on + timedelta(days=1))
