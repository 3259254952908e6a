"""A symbol that is listed under another name: its history goes on under that one.

The new name's dataset takes in what the old one has besides, and is committed; then the old one is
removed. What is killed in between leaves both as they can be read, and the same rename ends it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.adjust import adjusted, inexact_weeks
from ml4t_nb.core.bars import Bars, as_instant, observed
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gapfill import ExpectedGrid, reconcile_gaps
from ml4t_nb.core.renamed import JoinedNames, join_names
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.errors import DatasetNotFound, OptionError, Suspicious
from ml4t_nb.finding import Decision
from ml4t_nb.model import Adjustment, DatasetId, Hint, NextStep
from ml4t_nb.options import load_arguments
from ml4t_nb.pipeline.carry_over import CarryOver
from ml4t_nb.pipeline.context import (
    RunContext,
    date_of,
    instant_of,
    last_date_of,
    require_as_of_not_earlier,
)
from ml4t_nb.pipeline.record import publish, result_of
from ml4t_nb.records import FormerName, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = ["RenameRequest", "run_rename"]

_OVERLAP = 5
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RenameRequest:
    """That what is stored as ``old`` is listed as ``new``; both are of one class and frequency.

    ``on`` is the last date under the old name, None for that of its last bar, and ``at`` the wall
    clock.
    """

    old: DatasetId
    new: DatasetId
    at: datetime
    on: date | None = None


def run_rename(context: RunContext, request: RenameRequest) -> UpdateResult:
    """Commit the joined history under the new name, then remove the old name's dataset."""
    _require_stored(context, request)
    with ExitStack() as stack:
        # Always in this order: a rename the other way waits, rather than both for each other.
        transactions = {
            each: stack.enter_context(context.store.transaction(each))
            for each in sorted((request.old, request.new))
        }
        gone = transactions[request.old]
        rename = _Rename.of(context, request, gone, transactions[request.new])
        result = rename.commit()
        gone.remove(rename.as_of, renamed_to=request.new.symbol)
    return result


def _require_stored(context: RunContext, request: RenameRequest) -> None:
    """Raise DatasetNotFound, with the load that is needed, unless the new name has a dataset."""
    try:
        context.store.snapshot(request.new)
    except DatasetNotFound as error:
        old = context.store.snapshot(request.old)
        bars = observed(old.bars())
        if len(bars):
            step = _overlap_step(old.manifest, bars, request.new)
            error.advice = ("load it with the last bars of the old name: ", step)
        raise


def _overlap_step(old: Manifest, bars: Bars, new: DatasetId) -> NextStep:
    """The load of the new name that reaches back over the last bars of the old one."""
    config = old.config
    first = as_instant(bars.index[-min(_OVERLAP, len(bars))])
    source = load_arguments(new, config.provider, config.calendar, first, config.zone)
    return NextStep("load", new, source=source)


@dataclass(frozen=True, slots=True)
class _Rename:
    """Both datasets under their locks; ``bars`` of each are observed, on the new one's basis."""

    request: RenameRequest
    gone: Transaction
    tx: Transaction
    dates: Calendar
    as_of: datetime
    old: Manifest
    new: Manifest
    old_bars: Bars
    new_bars: Bars

    @classmethod
    def of(
        cls, context: RunContext, request: RenameRequest, gone: Transaction, tx: Transaction
    ) -> _Rename:
        """The datasets as they are; OptionError if they cannot be one series by what they say."""
        old, new = gone.manifest, tx.manifest
        if old is None or new is None:
            raise not_found_error(request.old if old is None else request.new)
        dates = calendar(new.config.calendar, context.session_overrides)
        as_of = max(instant_of(context.as_of, each, dates) for each in (old, new))
        for each in (old, new):
            require_as_of_not_earlier(each, as_of)
        currencies = (old.config.currency, new.config.currency)
        if all(currencies) and currencies[0] != currencies[1]:
            raise OptionError(
                f"{request.old} is in {currencies[0]} and {request.new} in {currencies[1]}: "
                "prices in two currencies are not one history",
                hint="keep both",
            )
        bars = observed(gone.bars())
        if bars.empty:
            raise OptionError(
                f"no bars of {request.old} are left", hint=NextStep("remove", request.old)
            )
        return cls(
            request,
            gone,
            tx,
            dates,
            as_of,
            old,
            new,
            _on_basis_of(bars, old, new),
            observed(tx.bars()),
        )

    def commit(self) -> UpdateResult:
        """Publish the joined history; nothing is written if an interrupted rename has done so."""
        joined = self._joined()
        taken, until = joined.taken, self._until(joined.taken)
        name = FormerName(self.request.old.symbol, until)
        others = (each for each in self.new.former_names if each.symbol != name.symbol)
        names = (*self.old.former_names, name, *others)
        state = self.new
        decision = Decision(
            self.request.at, "rename", f"listed as {state.dataset.symbol}", self.tx.number
        )
        over = CarryOver(self.old, state, as_instant(self.new_bars.index[0]))
        grid = ExpectedGrid.of(state.dataset, state.config, self.dates)
        reconciled = reconcile_gaps(
            joined.bars, grid=grid, known=over.gaps(), fill_by=None, is_whole=True
        )
        record = self._record(joined, until)
        is_again = name.symbol in (each.symbol for each in state.former_names)
        if is_again and not len(taken):
            return replace(result_of(state), record=record)
        self.tx.put(reconciled.bars)
        after = replace(
            state,
            gaps=reconciled.gaps,
            findings=over.findings(decision),
            verified=None if len(taken) else state.verified,
            fetch_log=over.fetch_log(),
            carried=(*(e for e in self.old.carried if e.bar in taken), *state.carried),
            sources=over.sources(pd.DatetimeIndex(joined.bars.index), taken),
            refusals=state.refusals if is_again else over.refusals(joined),
            prior=None,
            former_names=tuple(sorted(names, key=lambda each: each.until)),
        )
        logged = None if is_again else over.logged(self.gone)
        return publish(self.tx, after, record, carried=logged)

    def _record(self, joined: JoinedNames, until: date) -> UpdateRecord:
        count = len(joined.taken)
        scale = f", their prices divided by {joined.ratio:.6g}" if joined.ratio != 1 else ""
        note = f"{self.old.dataset.symbol} until {until}: {_bars(count)} taken over{scale}"
        return UpdateRecord(
            at=self.as_of,
            verb="rename",
            provider=self.new.config.provider,
            outcome="changed",
            added=count,
            notes=(note,),
        )

    def _joined(self) -> JoinedNames:
        """The joined bars; an error if the bars in common do not show one share."""
        old, new, dataset = self.old_bars, self.new_bars, self.new.dataset
        common = len(old.index.intersection(new.index))
        if common < JOIN:
            raise OptionError(
                f"{self.old.dataset} and {dataset} have {_bars(common)} in common, and {JOIN} are "
                "needed to see that they are one share",
                hint=("load those first: ", _overlap_step(self.old, old, dataset)),
            )
        try:
            joined = join_names(old, new, basis=self.new.config.basis, dataset=dataset)
        except Suspicious as error:
            raise self._refused(error.message) from error
        if isinstance(joined, str):
            raise self._refused(joined)
        return joined

    def _refused(self, reason: str) -> Suspicious:
        hint: Hint = (
            "nothing was changed; look at both: ",
            NextStep("plot", self.old.dataset),
            ", ",
            NextStep("plot", self.new.dataset),
        )
        what = f"the bars of {self.new.dataset} contradict those of {self.old.dataset}"
        return Suspicious(f"{what}: {reason}", hint=hint)

    def _until(self, taken: pd.DatetimeIndex) -> date:
        """The last date under the old name; OptionError if it leaves bars of that out."""
        old, frequency = self.old.dataset, self.old.dataset.frequency
        today = self.as_of.astimezone(self.dates.zone).date()
        ends = (as_instant(self.old_bars.index[at]) for at in (0, -1))
        first = date_of(next(ends), self.dates, frequency)
        last = last_date_of(next(ends), self.dates, frequency, today)
        until = self.request.on or last
        if not first <= until <= today:
            raise OptionError(
                f"--on {until} is not from {first}, the first bar of {old}, to the as-of, {today}",
                hint=f"the last bar under the old name is of {last}",
            )
        end = self.dates.span(until, until, frequency).end
        later = taken[taken >= pd.Timestamp(end)]
        if len(later):
            day = date_of(as_instant(later[0]), self.dates, frequency)
            raise OptionError(
                f"{old} has {_bars(len(later))} after {until} that {self.new.dataset} lacks",
                hint=("choose a later --on, or remove them: ", NextStep("remove", old, start=day)),
            )
        return until


def _on_basis_of(bars: Bars, old: Manifest, new: Manifest) -> Bars:
    """The old name's bars as the new one's are quoted: adjusted for their own splits, or not."""
    basis = new.config.basis
    if old.config.basis == basis:
        return bars
    how: Adjustment = "splits" if basis == "split-adjusted" else "raw"
    weeks = inexact_weeks(bars, how, basis=old.config.basis)
    if old.dataset.frequency == "weekly" and weeks:
        raise OptionError(
            f"{old.dataset} holds {old.config.basis} prices and {new.dataset} {basis} ones, and "
            f"the split in the week of {weeks[-1]:%Y-%m-%d} fell between days",
            hint="rename daily bars, and load weekly ones again",
        )
    return adjusted(bars, how, basis=old.config.basis)


def _bars(count: int) -> str:
    return f"{count:,} bar" + ("" if count == 1 else "s")
