"""What a person decides about findings: their bars are right, or they are taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.actions import carry_dividends
from ml4t_nb.core.bars import Bars, Flags, observed, splits_in
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gapfill import ExpectedGrid, reconcile_gaps
from ml4t_nb.core.sources import sources_after
from ml4t_nb.errors import OptionError
from ml4t_nb.finding import Decision, Finding, Refusal, Rule, Ruling
from ml4t_nb.model import CarriedAction, DatasetId, NextStep, Span
from ml4t_nb.pipeline.context import RunContext, date_of, instant_of
from ml4t_nb.pipeline.record import publish
from ml4t_nb.pipeline.rejudge import judged_around
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = ["DecisionRequest", "run_decision", "to_decide"]

_NAMED = 3

# The dividend itself is doubtful, and so no other bar is to bear it.
_OF_DIVIDENDS: frozenset[Rule] = frozenset({"large dividend", "repeated dividend", "dividend unit"})


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What is decided about which open findings of a dataset, and why.

    ``at`` is the wall clock; without a ``span`` all findings are meant, those without a stamp too.
    """

    dataset: DatasetId
    ruling: Ruling
    reason: str
    at: datetime
    span: Span | None = None
    rule: Rule | None = None
    notes: bool = False


def to_decide(findings: Sequence[Finding], request: DecisionRequest) -> tuple[Finding, ...]:
    """The open findings that are meant; OptionError, that says why, if there is none."""
    meant = [
        each
        for each in findings
        if request.rule in (None, each.rule)
        and (request.span is None or each.meets(request.span))
        and (request.notes or request.rule == each.rule or each.severity != "note")
    ]
    if waiting := tuple(each for each in meant if each.is_open):
        return waiting
    step = NextStep("review", request.dataset)
    if not meant:
        raise OptionError(
            f"{request.dataset} has no such finding, so nothing was decided",
            hint=("these are to be decided: ", step),
        )
    closed = meant[-1]
    made = closed.decision
    by = f" by run {made.version}" if made is not None and made.version else ""
    undo = NextStep(
        "undo", request.dataset, version=closed.decision.version if closed.decision else 0
    )
    raise OptionError(
        f"the finding {closed.rule!r} of {request.dataset} is {closed.state} already{by}, "
        "so nothing was decided",
        hint=("to take that back: ", undo) if undo.version else ("these are to be decided: ", step),
    )


def run_decision(context: RunContext, request: DecisionRequest) -> UpdateResult:
    """Decide about findings; the as-of of the last run stays, and any as-of may decide.

    Bars that are rejected are taken out, and become gaps: the bars around them are judged again,
    and the next bar bears what their dividends take off the prices before.
    """
    with context.store.transaction(request.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(request.dataset)
        dates = calendar(state.config.calendar, context.session_overrides)
        chosen = to_decide(state.findings, request)
        decision = Decision(request.at, "review", request.reason, tx.number)
        made = {each: replace(each, state=request.ruling, decision=decision) for each in chosen}
        decided = replace(state, findings=tuple(made.get(each, each) for each in state.findings))
        record = UpdateRecord(
            at=instant_of(context.as_of, state, dates),
            verb="review",
            provider=state.config.provider,
            outcome="changed",
            notes=(_words(request, chosen, dates),),
        )
        if request.ruling == "accepted":
            return publish(tx, decided, record)
        return _rejected(tx, context, decided, record, decision, chosen=chosen, dates=dates)


def _rejected(
    tx: Transaction,
    context: RunContext,
    state: Manifest,
    record: UpdateRecord,
    decision: Decision,
    *,
    chosen: Sequence[Finding],
    dates: Calendar,
) -> UpdateResult:
    """Take the bars of the chosen findings out, and commit."""
    real = observed(tx.bars())
    stamps = pd.DatetimeIndex(real.index)
    # What is hard is not stored, and of what was kept the provider's rows are the bad ones.
    soft = [each for each in chosen if each.stamp and not each.is_hard and each.rule != "kept"]
    out = _within(stamps, map(_span_of, soft))
    if not out.any():
        return publish(tx, state, record)
    unpaid = _within(stamps, (_span_of(each) for each in soft if each.rule in _OF_DIVIDENDS))
    left, carried = _left(real, out, state, unpaid)
    gone = pd.DatetimeIndex(real.index[out])
    grid = ExpectedGrid.of(state.dataset, state.config, dates)
    reconciled = reconcile_gaps(
        left, grid=grid, known=state.gaps, fill_by=None, is_whole=True, rejected=gone
    )
    tx.put(reconciled.bars)
    bars = pd.DatetimeIndex(left.index)
    number, own = tx.number, state.config.provider
    out_of_it = tuple(
        replace(each, state="rejected", decision=decision)
        if each.is_open and not each.is_hard and _is_gone(each, bars, gone)
        else each
        for each in state.findings
    )
    findings, opened = judged_around(
        context,
        replace(state, findings=out_of_it),
        left,
        gone,
        extra=reconciled.findings,
        as_of=record.at,
        number=number,
    )
    after = replace(
        state,
        gaps=reconciled.gaps,
        findings=findings,
        carried=carried,
        refusals=(*state.refusals, Refusal(number)),
        sources=sources_after(
            state.sources, bars, np.zeros(len(left), dtype=bool), provider=own, own=own
        ),
        prior=None,
    )
    note = f"took out {len(gone)} bar{'s' if len(gone) > 1 else ''}"
    record = replace(record, notes=(*record.notes, note))
    return publish(tx, after, record, opened, logs_added=True)


def _left(
    real: Bars, out: Flags, state: Manifest, unpaid: Flags
) -> tuple[Bars, tuple[CarriedAction, ...]]:
    """The bars that stay, with the dividends of those that do not, and what they carry.

    The dividends of ``unpaid`` bars go with them.
    """
    left = real[~out]
    if left.empty:
        raise OptionError(
            f"all bars of {state.dataset} would be taken out",
            hint="reject fewer, by --rule or dates; remove takes a whole dataset out",
        )
    for at, ratio in splits_in(real[out]):
        if at > left.index[0]:
            raise OptionError(
                f"the split {ratio:g}:1 of {at:%Y-%m-%d} would be lost between the remaining bars",
                hint="reject bars beside it, and take that one from another provider",
            )
    whole = real.assign(dividend=real["dividend"].mask(unpaid, 0.0)) if unpaid.any() else real
    return carry_dividends(left, whole, state.carried, state.config.basis)


def _within(stamps: pd.DatetimeIndex, spans: Iterable[tuple[datetime, datetime]]) -> Flags:
    inside = np.zeros(len(stamps), dtype=bool)
    for first, last in spans:
        inside |= np.asarray((stamps >= pd.Timestamp(first)) & (stamps <= pd.Timestamp(last)))
    return inside


def _span_of(finding: Finding) -> tuple[datetime, datetime]:
    assert finding.stamp is not None
    return finding.stamp, finding.end or finding.stamp


def _is_gone(finding: Finding, bars: pd.DatetimeIndex, gone: pd.DatetimeIndex) -> bool:
    """Whether all bars of a finding are among those ``gone``, and none is left."""
    if finding.stamp is None:
        return False
    spans = [_span_of(finding)]
    return bool(_within(gone, spans).any()) and not _within(bars, spans).any()


def _words(request: DecisionRequest, chosen: Sequence[Finding], dates: Calendar) -> str:
    """What was decided about what, in one line."""
    frequency = request.dataset.frequency
    of = []
    for each in chosen[:_NAMED]:
        first, last = (each.stamp, each.end or each.stamp)
        days = [date_of(stamp, dates, frequency) for stamp in (first, last) if stamp]
        when = " … ".join(f"{day}" for day in dict.fromkeys(days))
        of.append(f"{each.rule} of {when}" if when else each.rule)
    more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    return f"{request.ruling} {', '.join(of)}{more}: {request.reason}"
