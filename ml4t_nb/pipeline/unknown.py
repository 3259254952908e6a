"""A symbol that its provider does not know any more: failed at first, then proposed to end.

A run in which most symbols of a provider are unknown says more of the provider than of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.errors import StoreError, SymbolUnknown
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.pipeline.context import RunContext, date_of
from ml4t_nb.pipeline.record import publish
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest

__all__ = ["is_proposed", "with_proposals"]

# Sessions with a run that found the symbol unknown: of one symbol among others, and of most.
_ENOUGH = 3
_ENOUGH_OF_MOST = 10


def is_proposed(state: Manifest, history: Sequence[UpdateRecord]) -> bool:
    """Whether it was proposed to end the symbol, and its provider has not replied since.

    Whatever a person decided about it: it was reported, and is not reported again.
    """
    own = state.config.provider
    replies = (run.at for run in reversed(history) if run.spans and run.provider == own)
    last = next(replies, None)
    return any(
        each.rule == "unknown symbol"
        and each.state != "corrected"
        and (each.decision is None or each.decision.by != "rename")  # that was another symbol
        and each.seen is not None
        and (last is None or each.seen > last)
        for each in state.findings
    )


def with_proposals(
    context: RunContext, results: Sequence[UpdateResult]
) -> tuple[UpdateResult, ...]:
    """Results of an update, each with the finding that proposes to end its symbol, if it is due.

    That is in the third session with a run that found it unknown; in the tenth, if most datasets
    that were requested from the provider in this run are unknown.
    """
    unknown = Counter(each.record.provider for each in results if _is_unknown(each))
    served = Counter(each.record.provider for each in results if each.record.spans)

    def judged(result: UpdateResult) -> UpdateResult:
        name = result.record.provider
        if not _is_unknown(result) or not result.version:
            return result
        is_single = unknown[name] == 1 or unknown[name] <= served[name]
        needed = _ENOUGH if is_single else _ENOUGH_OF_MOST
        try:
            found = _propose(context, result.dataset, result.record, needed)
        except StoreError:
            return result  # the run said why it failed, and the next one proposes it
        return result if found is None else replace(result, findings=(*result.findings, found))

    return tuple(map(judged, results))


def _is_unknown(result: UpdateResult) -> bool:
    error = result.record.error
    return error is not None and error.type == SymbolUnknown.__name__


def _propose(
    context: RunContext, dataset: DatasetId, run: UpdateRecord, needed: int
) -> Finding | None:
    """Commit the finding that the symbol may have ended; None if it is not due."""
    with context.store.transaction(dataset) as tx:
        state, history = tx.manifest, tx.readable_history()
        if state is None or state.last is None or state.ended or is_proposed(state, history):
            return None
        if run.provider != state.config.provider:
            return None
        dates = calendar(state.config.calendar, context.session_overrides)
        sessions = _sessions_unknown(state, history, dates)
        if sessions < needed:
            return None
        last = date_of(state.last, dates, dataset.frequency)
        finding = Finding(
            stamp=None,  # it puts no bar in doubt
            rule="unknown symbol",
            detail=f"{run.provider} has not known the symbol in {sessions} sessions, and its last "
            f"bar is of {last}: was it delisted, or is it listed under another name?",
            step=NextStep("end", dataset, end=last),
            evidence=(("sessions", float(sessions)),),
            seen=run.at,
            opened=tx.number,
        )
        findings = (finding, *state.findings)
        note = "proposed to end it: from now on, a run that finds it unknown has not failed"
        record = UpdateRecord(run.at, "update", run.provider, "unchanged", notes=(note,))
        publish(tx, replace(state, findings=findings), record, (finding,))
    return finding


def _sessions_unknown(state: Manifest, history: Sequence[UpdateRecord], dates: Calendar) -> int:
    """Sessions with a run that found the symbol unknown, since bars were last received.

    Several runs between two closes count once.
    """
    found = set()
    for record in reversed(history):
        if record.provider != state.config.provider:
            continue
        if record.spans:
            break
        if record.error is not None and record.error.type == SymbolUnknown.__name__:
            found.add(dates.closed_by(record.at))
    return len(found)
