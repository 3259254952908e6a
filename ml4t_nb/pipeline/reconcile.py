"""Bars taken from another provider than the dataset's own, as a person decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from time import perf_counter

import numpy as np
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import NUMBERS, Bars, as_instant, numbers_of, observed
from ml4t_nb.core.gapfill import ExpectedGrid, reconcile_gaps
from ml4t_nb.core.joins import JoinFault
from ml4t_nb.core.sources import sources_after
from ml4t_nb.core.taking import Taking, Wanted, taking_of, wanted_of
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import OptionError, RangeRefused, Suspicious
from ml4t_nb.finding import Decision, Refusal
from ml4t_nb.model import DatasetId, NextStep, Span, TakenKind
from ml4t_nb.pipeline.compare import OtherBars, fetch_other
from ml4t_nb.pipeline.context import RunContext, instant_of, require_as_of_not_earlier
from ml4t_nb.pipeline.decided import findings_with
from ml4t_nb.pipeline.joining import (
    bar_name,
    reach_around,
    require_one_basis,
    require_one_currency,
)
from ml4t_nb.pipeline.record import publish, result_of
from ml4t_nb.records import Revision, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = ["ReconcileRequest", "run_reconcile"]

_LOGGED_REVISIONS = 100
_NAMED = 3
_WORDS: dict[TakenKind, str] = {
    "missing": "missing",
    "rejected": "rejected",
    "suspect": "suspect",
    "different": "differing",
}


@dataclass(frozen=True, slots=True)
class ReconcileRequest:
    """What to take from whom: ``at`` is the wall clock, and a range's dates are inclusive."""

    dataset: DatasetId
    provider: str
    kinds: tuple[TakenKind, ...]
    at: datetime
    tolerance: float
    start: date | None = None
    end: date | None = None


def run_reconcile(context: RunContext, request: ReconcileRequest) -> UpdateResult:
    """Fetch the other provider's bars, and take what is asked for in one commit.

    Bars are fetched without the lock, and what is taken is judged under it, by what is stored then.
    """
    began = perf_counter()
    snapshot = context.store.snapshot(request.dataset)
    found = snapshot.manifest
    name = context.provider(request.provider).name
    if name == found.config.provider:
        raise OptionError(
            f"{name} is the provider of {found.dataset} itself",
            hint=(
                "name another one, or request its bars again: ",
                NextStep("update", found.dataset),
            ),
        )
    _require_not_later(context, found)
    bars = snapshot.bars()
    wanted = _wanted(request, found, bars)
    if wanted.stamps.empty:
        return _nothing(context, found, name, _asked(request))
    other = fetch_other(context, found, request.provider, _around(wanted, found))
    with context.store.transaction(request.dataset) as tx:
        return _commit(tx, context, replace(request, provider=name), other, began=began)


def _commit(
    tx: Transaction,
    context: RunContext,
    request: ReconcileRequest,
    other: OtherBars,
    *,
    began: float,
) -> UpdateResult:
    """Take what is stored now for what was asked for."""
    state, name = tx.manifest, request.provider
    if state is None:
        raise not_found_error(request.dataset)
    at, before = _require_not_later(context, state), tx.bars()
    require_one_currency(state, other, name)
    require_one_basis(state, before)
    grid = _grid(state)
    wanted = _wanted(request, state, before)
    taking = taking_of(
        wanted,
        before,
        other.bars,
        carried=state.carried,
        grid=grid,
        tolerance=request.tolerance,
    )
    if isinstance(taking, JoinFault):
        raise _refused(state, name, taking, other.bars, before)
    taken = taking.chosen.stamps
    notes = (*_notes(taking, wanted, name, state), *other.notes)
    if taken.empty:
        return _nothing(context, state, name, *notes)
    reconciled = reconcile_gaps(
        taking.bars, grid=grid, known=state.gaps, fill_by=None, is_whole=True
    )
    decision = Decision(request.at, "reconcile", f"taken from {name}", tx.number)
    findings, opened = findings_with(context, taking, state, decision, at)
    revisions = tuple(_revisions(observed(before), taking.bars, taken))
    replaced = {each.stamp for each in revisions}
    has, had = (set(part.index[part["filled"].to_numpy()]) for part in (reconciled.bars, before))
    stamps = pd.DatetimeIndex(taking.bars.index)
    after = replace(
        state,
        gaps=reconciled.gaps,
        findings=findings,
        carried=taking.carried,
        refusals=(*state.refusals, *([Refusal(tx.number)] if replaced else [])),
        prior=None,
        sources=sources_after(
            state.sources,
            stamps,
            np.asarray(stamps.isin(taken)),
            provider=name,
            own=state.config.provider,
        ),
    )
    record = UpdateRecord(
        at=at,
        verb="reconcile",
        provider=name,
        outcome="changed",
        added=len(taken) - len(replaced),
        revised=len(replaced),
        filled=len(has - had),
        seconds=perf_counter() - began,
        revisions=revisions[:_LOGGED_REVISIONS],
        notes=notes,
    )
    tx.put(reconciled.bars)
    return publish(tx, after, record, opened, logs_added=True)


def _grid(state: Manifest) -> ExpectedGrid:
    # As it was at the last run: whether a day was closed is not decided here.
    dates = calendar(state.config.calendar, state.config.session_overrides)
    return ExpectedGrid.of(state.dataset, state.config, dates)


def _wanted(request: ReconcileRequest, state: Manifest, bars: Bars) -> Wanted:
    grid = _grid(state)
    span = grid.calendar.span(request.start, request.end, state.dataset.frequency)
    return wanted_of(request.kinds, bars, state.gaps, state.findings, grid=grid, span=span)


def _around(wanted: Wanted, found: Manifest) -> Span:
    """From some bars before the first that is wanted to some after the last, of those stored."""
    reach, stamps = reach_around(found.dataset.frequency), wanted.stamps
    first, last = as_instant(stamps[0]), as_instant(stamps[-1])
    held = (found.first or first, found.last or last)
    return Span(max(first - reach, held[0]), min(last + reach, held[1]) + TICK)


def _require_not_later(context: RunContext, found: Manifest) -> datetime:
    """The run's as-of; Overtaken if the dataset was updated as of a later instant."""
    at = instant_of(context.as_of, found, _grid(found).calendar)
    require_as_of_not_earlier(found, at)
    return at


def _nothing(context: RunContext, state: Manifest, name: str, *notes: str) -> UpdateResult:
    """The result of a run that changes nothing, and leaves no record."""
    pending = sum(gap.is_pending for gap in state.gaps)
    at = _require_not_later(context, state)
    record = UpdateRecord(at, "reconcile", name, "unchanged", gaps_open=pending, notes=notes)
    return replace(result_of(state), record=record)


def _refused(
    state: Manifest, name: str, fault: JoinFault, other: Bars, stored: Bars
) -> Suspicious | RangeRefused:
    dataset = state.dataset
    if not observed(stored).index.isin(other.index).any():
        return RangeRefused(
            f"{name} and {dataset} have no bar in common there",
            provider=name,
            hint="nothing was changed; choose another provider, or another --start and --end",
        )
    return Suspicious(
        f"the bar of {bar_name(fault.stamp, state)} {fault.reason}, so that it cannot be taken "
        f"from {name}",
        hint=(
            "nothing was changed; leave it out with --start and --end: `",
            NextStep("compare", dataset, provider=name),
            "` shows both",
        ),
    )


def _revisions(before: Bars, after: Bars, taken: pd.DatetimeIndex) -> Iterator[Revision]:
    """Values that were replaced."""
    stamps = taken[taken.isin(before.index)]
    old, new = numbers_of(before.loc[stamps]), numbers_of(after.loc[stamps])
    for row, column in np.argwhere(old != new).tolist():
        values = float(old[row, column]), float(new[row, column])
        yield Revision(as_instant(stamps[row]), NUMBERS[column], *values)


def _notes(taking: Taking, wanted: Wanted, name: str, state: Manifest) -> Iterator[str]:
    """What was taken, and what was not."""
    parts, counted = [], taking.chosen.volumes
    for kind, stamps in taking.chosen.bars.items():
        number = len(stamps.difference(counted))
        counted = counted.union(stamps)
        if number:
            parts.append(f"{number} {_WORDS[kind]} bar{'s' * (number > 1)}")
    if number := len(taking.chosen.volumes):
        parts.append(f"{number} volume{'s' * (number > 1)}")
    if parts:
        yield f"taken from {name}: {', '.join(parts)}"
    else:
        yield f"nothing was taken from {name}"
    if len(taking.agreed):
        yield f"{name} has the same: {_list(taking.agreed, state)}"
    sought = [each for kind, each in wanted.bars.items() if kind != "different"]
    lacking = wanted.volumes
    for each in sought:
        lacking = lacking.union(each)
    lacking = lacking.difference(taking.chosen.stamps).difference(taking.agreed)
    if len(lacking):
        yield f"{name} has nothing for {_list(lacking, state)}"
    if len(taking.events):
        yield (
            f"splits and dividends that {name} names are not taken: {_list(taking.events, state)}"
        )


def _list(stamps: pd.DatetimeIndex, state: Manifest) -> str:
    named = ", ".join(bar_name(each, state) for each in stamps[:_NAMED])
    return named if len(stamps) <= _NAMED else f"{named} and {len(stamps) - _NAMED} more"


def _asked(request: ReconcileRequest) -> str:
    kinds = ("without volume" if each == "volume" else each for each in request.kinds)
    return f"no bar in that range is {' or '.join(kinds)}"
