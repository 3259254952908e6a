"""What a run writes: judged bars, gaps, findings and one record, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, observed, within
from ml4t_nb.core.calendars import Calendar
from ml4t_nb.core.join import Placed, Terms, Wider, place
from ml4t_nb.core.ledger import enter_all
from ml4t_nb.core.overlap import compare
from ml4t_nb.core.plan import TICK
from ml4t_nb.core.settle import Fill, Grid, Stretch, asked, settle
from ml4t_nb.errors import DatasetNotFound, Ml4tError, ProviderError, RangeRefused
from ml4t_nb.model import Asked, DatasetId, Finding, Gap, Setup, Span
from ml4t_nb.pipeline.fetch import Desk, Haul
from ml4t_nb.records import ErrorNote, UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Transaction

__all__ = ["Entry", "Further", "enter", "enter_failure", "grid_of", "note_of", "result_of"]

_SHOWN_HISTORY = 10
_LOGGED_REVISIONS = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """What a run means to write, whatever the provider answers."""

    verb: str
    dataset: DatasetId
    setup: Setup
    fill: Fill | None = None
    accept: bool = False


@dataclass(frozen=True, slots=True)
class Further:
    """The haul does not suffice to judge: ``span`` is needed."""

    span: Span


@dataclass(frozen=True, slots=True)
class _Region:
    """The end of a dataset that a run may change, from an observed bar the run did not ask for.

    Parameters
    ----------
    start
        None if it is the whole dataset.
    """

    start: datetime | None
    bars: Bars

    def span(self, bars: Bars) -> Span | None:
        """Where ``bars`` take the place of the region's own; None for the whole dataset."""
        if self.start is None:
            return None
        ends = [part.index[-1] for part in (self.bars, bars) if len(part)]
        return Span(self.start, as_instant(max(ends)) + TICK)


def enter(
    tx: Transaction, entry: Entry, desk: Desk, got: Haul, *, wanted: Span, began: float
) -> Further | UpdateResult:
    """Judge a haul against what is stored now, and commit it with its record.

    Parameters
    ----------
    wanted
        The span the haul was made for; the provider may have served less.

    Raises
    ------
    DatasetNotFound
        If the dataset to update was removed meanwhile.
    ProviderError
        If the whole history is needed and the haul broke off.
    RangeRefused
        If there is nothing stored and nothing to store.
    Suspicious, Overtaken
        As `core.join.place` says.
    """
    state = tx.manifest
    if state is None and entry.verb != "load":
        raise DatasetNotFound(f"{entry.dataset} was removed meanwhile", hint="run load first")
    everything = _everything(state, wanted)
    is_whole = everything == wanted
    if is_whole and state is not None and got.missed is not None:
        raise got.missed
    region = _region(tx, entry.setup, got, is_whole=is_whole)
    placed = _placed(tx, entry, desk, got, observed(region.bars), is_whole=is_whole)
    if isinstance(placed, Wider):
        if got.missed is not None:
            raise got.missed
        return Further(everything)
    stretch = settle(
        placed.bars,
        grid=grid_of(entry.dataset, entry.setup, desk.calendar),
        known=() if state is None else state.gaps,
        fill_by=entry.fill,
        is_whole=region.start is None,
    )
    gaps = _with_failures(asked(stretch.gaps, got.asked, as_of=desk.as_of), got)
    findings = _findings(state, region, stretch, got)
    record = replace(
        _with_fills(_record(entry, desk, got, placed), region, stretch),
        gaps_open=sum(gap.is_pending for gap in gaps),
        seconds=perf_counter() - began,
    )
    tx.put(stretch.bars, region.span(stretch.bars))
    manifest = tx.commit(
        setup=entry.setup,
        gaps=gaps,
        findings=findings,
        record=record,
        updated=desk.as_of if state is None else max(desk.as_of, state.updated or desk.as_of),
        verified=desk.as_of if is_whole or state is None else state.verified,
        ledger=enter_all(() if state is None else state.ledger, _asked_for(desk, got, wanted)),
    )
    before = set() if state is None else set(state.findings)
    return result_of(manifest, [finding for finding in findings if finding not in before])


def _everything(state: Manifest | None, wanted: Span) -> Span:
    """What is wanted and all there is now, in one span."""
    if state is None or state.first is None or state.last is None:
        return wanted
    return Span(min(wanted.start, state.first), max(wanted.end, state.last + TICK))


def grid_of(dataset: DatasetId, setup: Setup, dates: Calendar) -> Grid:
    """Where a dataset's bars are expected."""
    return Grid(dates, dataset.frequency, setup.tolerance, setup.basis)


def enter_failure(
    tx: Transaction, entry: Entry, desk: Desk, error: Ml4tError, *, wanted: Span, began: float
) -> UpdateResult:
    """Keep a failed run in the history; the bars stay as they are."""
    state = tx.manifest
    if state is None:
        raise error
    record = UpdateRecord(
        at=desk.as_of,
        verb=entry.verb,
        provider=desk.provider.name,
        outcome="failed",
        gaps_open=sum(gap.is_pending for gap in state.gaps),
        seconds=perf_counter() - began,
        error=note_of(error),
    )
    manifest = tx.commit(
        setup=state.setup,
        gaps=state.gaps,
        findings=state.findings,
        record=record,
        updated=state.updated,
        verified=state.verified,
        ledger=_with_failure(state, desk, error, wanted),
    )
    return result_of(manifest, ())


def _asked_for(desk: Desk, got: Haul, wanted: Span) -> Iterator[Asked]:
    """Ledger entries of a haul; of the running session nothing is answered yet."""
    name = desk.provider.name
    for asked_span in got.asked:
        span = Span(asked_span.start, min(asked_span.end, wanted.end))
        if span:
            some = len(within(got.final, span))
            yield Asked(span, desk.as_of, name, "bars" if some else "empty")
    failed = list(got.failed)
    if got.missed is not None:
        failed.append((Span(got.asked[0].end, wanted.end), got.missed))
    for span, error in failed:
        if span:
            yield Asked(span, desk.as_of, name, "failed", error=error.message)


def _with_failure(state: Manifest, desk: Desk, error: Ml4tError, wanted: Span) -> tuple[Asked, ...]:
    """The ledger after a run in which the provider erred; a refusal of ours is no such error."""
    if not isinstance(error, ProviderError) or not wanted:
        return state.ledger
    entry = Asked(wanted, desk.as_of, desk.provider.name, "failed", error=error.message)
    return enter_all(state.ledger, [entry])


def result_of(manifest: Manifest, findings: Iterable[Finding]) -> UpdateResult:
    """The last run's result, as its manifest tells it."""
    return UpdateResult(
        dataset=manifest.dataset,
        record=manifest.history[-1],
        rows=manifest.rows,
        first=manifest.first,
        last=manifest.last,
        gaps=manifest.gaps,
        findings=tuple(findings),
        version=manifest.sequence,
        history=manifest.history[-_SHOWN_HISTORY:],
    )


def note_of(error: Ml4tError) -> ErrorNote:
    """An error as a history keeps it."""
    return ErrorNote(type(error).__name__, error.message, error.hint)


def _region(tx: Transaction, setup: Setup, got: Haul, *, is_whole: bool) -> _Region:
    state = tx.manifest
    start = min(span.start for span in got.asked)
    if (
        is_whole
        or state is None
        or state.first is None
        or start <= state.first
        or _judges_anew(setup, state.setup)
    ):
        return _Region(None, tx.bars())
    for reach in (timedelta(days=10), timedelta(days=100), start - state.first):
        before = observed(tx.bars(Span(start - reach, start)))
        if len(before):
            break
    floor = as_instant(before.index[-1])
    return _Region(floor, tx.bars(Span(floor, state.last + TICK if state.last else start)))


def _judges_anew(setup: Setup, before: Setup) -> bool:
    """Whether another calendar, closure or tolerance finds other gaps in the same bars."""
    return (setup.calendar, setup.closures, setup.tolerance) != (
        before.calendar,
        before.closures,
        before.tolerance,
    )


def _placed(
    tx: Transaction, entry: Entry, desk: Desk, got: Haul, stored: Bars, *, is_whole: bool
) -> Placed | Wider:
    state = tx.manifest
    later = state is not None and state.updated is not None and state.updated > desk.as_of
    terms = Terms(
        basis=entry.setup.basis, is_whole=is_whole, accept=entry.accept, is_overtaken=later
    )
    placed = place(stored, _on_stored_basis(stored, got, entry.setup), terms)
    if isinstance(placed, Placed) and placed.bars.empty:
        raise RangeRefused(
            f"{desk.provider.name} has no finished bars of {entry.dataset} there",
            provider=desk.provider.name,
            hint="choose another --start and --end",
        )
    return placed


def _on_stored_basis(stored: Bars, got: Haul, setup: Setup) -> Bars:
    """Final bars on the basis of the last bar there will be.

    A provider may announce a split before it restates the bars before it. What agrees with the
    stored bars as it is has not been restated.
    """
    if setup.basis == "as-traded":
        return got.final
    last = as_instant(stored.index[-1]) if len(stored) else None
    if got.later_ratio(last) == 1:
        return got.final
    if len(stored) and compare(stored, got.final, basis=setup.basis).verdict in (
        "same",
        "corrected",
    ):
        return got.final
    return got.on_basis_of(last)


def _with_failures(gaps: tuple[Gap, ...], got: Haul) -> tuple[Gap, ...]:
    def judged(gap: Gap) -> Gap:
        for span, error in got.failed:
            if gap.state == "open" and gap.start in span and gap.end in span:
                return replace(gap, state="failed", error=error.message)
        return gap

    return tuple(judged(gap) for gap in gaps) if got.failed else gaps


def _findings(
    state: Manifest | None, region: _Region, stretch: Stretch, got: Haul
) -> tuple[Finding, ...]:
    """All findings there are now: a stretch judged anew loses those it had."""
    held = set(observed(stretch.bars).index)
    before = () if state is None else state.findings

    def stands(finding: Finding) -> bool:
        if finding.stamp is None:
            return True
        if finding.is_hard:
            return pd.Timestamp(finding.stamp) not in held
        # Whether the region's first bar jumped, only the bar before it tells.
        is_edge = finding.stamp == region.start and finding.rule == "jump"
        return is_edge or (region.start is not None and finding.stamp < region.start)

    kept = (*(f for f in before if stands(f)), *(f for f in got.findings if stands(f)))
    return tuple(dict.fromkeys((*kept, *stretch.findings)))


def _record(entry: Entry, desk: Desk, got: Haul, placed: Placed) -> UpdateRecord:
    errors = [got.missed] if got.missed else [error for _, error in got.failed]
    return UpdateRecord(
        at=desk.as_of,
        verb=entry.verb,
        provider=desk.provider.name,
        outcome="partial"
        if errors
        else "changed"
        if placed.added + placed.revised
        else "unchanged",
        added=placed.added,
        revised=placed.revised,
        verdict=placed.verdict,
        restatement=placed.restatement,
        spans=got.asked,
        revisions=placed.revisions[:_LOGGED_REVISIONS],
        notes=(*got.notes, *placed.notes),
        error=note_of(errors[0]) if errors else None,
    )


def _with_fills(record: UpdateRecord, region: _Region, stretch: Stretch) -> UpdateRecord:
    had = region.bars.index[region.bars["filled"].to_numpy()]
    has = stretch.bars.index[stretch.bars["filled"].to_numpy()]
    moved = not had.equals(has) and record.outcome == "unchanged"
    return replace(
        record,
        filled=len(has.difference(had)),
        outcome="changed" if moved else record.outcome,
    )
