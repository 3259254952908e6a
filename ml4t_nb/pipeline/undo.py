"""A run taken back: a correction, a restatement, a decision, bars of another provider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import (
    Bars,
    as_stamps,
    observed,
)
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gapfill import ExpectedGrid, Reconciled, reconcile_gaps
from ml4t_nb.core.revert import (
    LoggedChange,
    carried_again,
    changed_since,
    holds_filled,
    logged_change,
    providers_of,
    reverted_bars,
    value_differences,
)
from ml4t_nb.core.sources import sources_after
from ml4t_nb.errors import OptionError
from ml4t_nb.finding import Finding, Refusal
from ml4t_nb.model import DatasetId, FillMethod, Gap, NextStep
from ml4t_nb.pipeline.context import RunContext, date_of, instant_of
from ml4t_nb.pipeline.record import publish
from ml4t_nb.pipeline.rejudge import judged_around
from ml4t_nb.pipeline.undoable import has_replaced_all, run_to_undo
from ml4t_nb.records import Source, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = ["UndoRequest", "run_undo"]

_LOGGED_REVISIONS = 100
_DECISIONS = ("review", "reconcile")


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Which run to take back: that of a commit's number, or the last one that can be."""

    dataset: DatasetId
    version: int | None = None


def run_undo(context: RunContext, request: UndoRequest) -> UpdateResult:
    """Put back what a run replaced or took out, bit for bit, and take out what it put in.

    The as-of of the last run stays, and any as-of may undo. Values of a provider that are taken
    out are refused: its next equal answer does not bring them back. What a decision had taken out
    is not refused any more.
    """
    with context.store.transaction(request.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(request.dataset)
        history = tx.history()
        undone = run_to_undo(state, history, request.version)
        dates = calendar(state.config.calendar, context.session_overrides)
        record = UpdateRecord(
            at=instant_of(context.as_of, state, dates),
            verb="undo",
            provider=state.config.provider,
            outcome="changed",
            undid=undone.version,
        )
        work = _Undo(context, tx, state, history, undone, record, dates)
        return work.of_whole() if has_replaced_all(undone) else work.of_rows()


@dataclass(frozen=True, slots=True)
class _Undo:
    """An undo under the lock: ``undone`` is the run that is taken back, ``record`` its own."""

    context: RunContext
    tx: Transaction
    state: Manifest
    history: tuple[UpdateRecord, ...]
    undone: UpdateRecord
    record: UpdateRecord
    dates: Calendar

    def of_whole(self) -> UpdateResult:
        """Bars, gaps, sources and configuration as they were before; its basis is refused."""
        state, tx = self.state, self.tx
        prior, held = state.prior, tx.bars()
        logged = tx.revised_rows()
        if prior is None or prior.version != self.undone.version:
            raise self._two_bases()
        change = logged_change(logged, prior.version)
        self._require_unchanged(held, logged)
        added = held[held.index.isin(pd.DatetimeIndex(list(prior.added)))]
        before = reverted_bars(held, replace(change, added=added))
        tx.put(before)
        after = replace(
            state,
            config=prior.config,
            gaps=prior.gaps,
            carried=prior.carried,
            sources=prior.sources,
        )
        return self._commit(after, held, before, ())

    def of_rows(self) -> UpdateResult:
        """The rows that it replaced or took out, without those that it added."""
        state, tx, version = self.state, self.tx, self.undone.version
        logged = tx.revised_rows()
        change = logged_change(logged, version)
        if change.old.empty and change.added.empty:
            return self._of_findings()
        held = tx.bars()
        self._require_unchanged(held, logged)
        real = observed(reverted_bars(held, change))
        reconciled = self._reconciled(real, change, logged)
        tx.put(reconciled.bars)
        after = replace(
            state,
            gaps=reconciled.gaps,
            carried=carried_again(state.carried, observed(held), real),
            sources=self._sources(pd.DatetimeIndex(real.index), logged),
        )
        return self._commit(after, held, reconciled.bars, reconciled.findings)

    def _of_findings(self) -> UpdateResult:
        """A decision that took no bar out."""
        state = self.state
        if self.undone.verb not in _DECISIONS:
            raise OptionError(
                f"the rows of run {self.undone.version} of {state.dataset} are not kept any more",
                hint=("the runs there are: ", NextStep("history", state.dataset)),
            )
        return publish(self.tx, self._decided(state), self._record_of_undo())

    def _commit(
        self, after: Manifest, held: Bars, bars: Bars, extra: tuple[Finding, ...]
    ) -> UpdateResult:
        """Publish bars that were put, with what is refused and doubtful from now on."""
        tx, real = self.tx, observed(bars)
        changed, revisions = value_differences(observed(held), real)
        after = self._decided(replace(after, prior=None))
        if self.undone.verb not in _DECISIONS:
            after = replace(after, refusals=(*after.refusals, Refusal(tx.number)))
        findings, opened = judged_around(
            self.context,
            after,
            real,
            changed,
            extra=extra,
            as_of=self.record.at,
            number=tx.number,
        )
        record = replace(
            self._record_of_undo(),
            added=len(real.index.difference(held.index)),
            revised=len({each.stamp for each in revisions}),
            revisions=revisions[:_LOGGED_REVISIONS],
        )
        return publish(tx, replace(after, findings=findings), record, opened, logs_added=True)

    def _decided(self, after: Manifest) -> Manifest:
        """The manifest whose findings are open again, and whose rows are not refused any more."""
        version = self.undone.version
        return replace(
            after,
            findings=tuple(
                replace(each, state="open", decision=None)
                if each.decision is not None and each.decision.version == version
                else each
                for each in after.findings
            ),
            refusals=tuple(each for each in after.refusals if each.version != version),
        )

    def _record_of_undo(self) -> UpdateRecord:
        undone = self.undone
        day = f"{undone.at.astimezone(self.dates.zone):%Y-%m-%d}"
        what = "" if not undone.notes else f": {undone.notes[0]}"
        if undone.restatement is not None:
            what = f", which had restated the history by {undone.restatement.ratio:.6g}"
        elif has_replaced_all(undone):
            what = ", which had replaced the history"
        notes: tuple[str, ...] = (f"took back run {undone.version}, {undone.verb} of {day}{what}",)
        if undone.verb not in _DECISIONS:
            notes += ("what it had taken is not taken again while the provider's values are equal",)
        return replace(self.record, notes=notes)

    def _require_unchanged(self, held: Bars, logged: pd.DataFrame) -> None:
        """Raise OptionError if a later run restated the dataset, or changed one of the bars."""
        state, version = self.state, self.undone.version
        undone = {each.undid for each in self.history}
        for each in self.history:
            is_later = each.version > version and each.version not in undone
            if is_later and has_replaced_all(each):
                raise OptionError(
                    f"run {each.version} has replaced all of {state.dataset} since run {version}, "
                    "whose values may be on another basis",
                    hint=("undo that first: ", self._step(each.version)),
                )
        self._require_not_cut(logged)
        since = changed_since(held, logged, version)
        if since is None:
            return
        stamp, by = since
        day = date_of(stamp, self.dates, state.dataset.frequency)
        who = f"run {by} has" if by else "a later run has"
        hint = ("undo that first: ", self._step(by)) if by else NextStep("history", state.dataset)
        raise OptionError(f"{who} changed the bar of {day} again since run {version}", hint=hint)

    def _require_not_cut(self, logged: pd.DataFrame) -> None:
        """Raise OptionError if bars would come back where a person has removed bars since."""
        state, version = self.state, self.undone.version
        own = logged[(logged["version"] == version) & ~logged["filled"]]
        removals = [e.version for e in self.history if e.verb == "remove" and e.version > version]
        if removals and (own["change"] == "removed").any():
            raise OptionError(
                f"run {removals[0]} has removed bars of {state.dataset} since run {version}",
                hint=("to fetch them again: ", NextStep("load", state.dataset)),
            )

    def _two_bases(self) -> OptionError:
        dataset, version = self.state.dataset, self.undone.version
        return OptionError(
            f"bars of {dataset} were added, changed or removed since run {version} replaced its "
            "history: to undo it would leave two bases",
            hint=("to take the provider's history as it is now: ", NextStep("accept", dataset)),
        )

    def _step(self, version: int) -> NextStep:
        return NextStep("undo", self.state.dataset, version=version)

    def _reconciled(self, real: Bars, change: LoggedChange, logged: pd.DataFrame) -> Reconciled:
        """Gaps and fills of the observed bars, with the fills that the run took out."""
        grid = ExpectedGrid.of(self.state.dataset, self.state.config, self.dates)
        numbers = [e.version for e in self.state.refusals if e.version != self.undone.version]
        is_out = logged["version"].isin(numbers) & (logged["change"] == "removed")
        out = logged.loc[is_out & ~logged["filled"], "timestamp"].drop_duplicates()
        rejected = as_stamps(out.sort_values())

        def made(known: tuple[Gap, ...]) -> Reconciled:
            return reconcile_gaps(
                real, grid=grid, known=known, fill_by=None, is_whole=True, rejected=rejected
            )

        now = made(self.state.gaps)
        lost = change.old[change.old["filled"].to_numpy()]
        for gap in now.gaps if len(lost) else ():
            stamps = lost.index[(lost.index >= gap.start) & (lost.index <= gap.end)]
            if not len(stamps) or holds_filled(now.bars, lost.loc[stamps]):
                continue
            for method in get_args(FillMethod):
                filled = replace(gap, state="open", filled_by=method)
                tried = made(tuple(filled if each == gap else each for each in now.gaps))
                if holds_filled(tried.bars, lost.loc[stamps]):
                    now = tried
                    break
        return now

    def _sources(self, stamps: pd.DatetimeIndex, logged: pd.DataFrame) -> tuple[Source, ...]:
        """Sources once the rows that are back are of whom they were."""
        own, sources = self.state.config.provider, self.state.sources
        nothing = np.zeros(len(stamps), dtype=bool)
        sources = sources_after(sources, stamps, nothing, provider=own, own=own)
        for name, back in providers_of(logged, self.undone.version).items():
            taken = np.asarray(stamps.isin(back))
            sources = sources_after(sources, stamps, taken, provider=name, own=own)
        return sources
