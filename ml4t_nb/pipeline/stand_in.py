"""New bars from a provider that stands in for a dataset's own, once the two agree on the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, as_instant, as_stamps, observed
from ml4t_nb.core.basis import TELLING
from ml4t_nb.core.currencies import factor_between
from ml4t_nb.core.gapfill import reconcile_gaps
from ml4t_nb.core.joins import UNITS, JoinFault
from ml4t_nb.core.sources import sources_after
from ml4t_nb.core.taking import Taking, Wanted, taking_of
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import RangeRefused, Suspicious
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.pipeline.commit import require_as_found
from ml4t_nb.pipeline.compare import OtherBars, other_bars
from ml4t_nb.pipeline.context import DatasetRun, RunContext, require_as_of_not_earlier
from ml4t_nb.pipeline.joining import (
    bar_name,
    reach_around,
    require_one_basis,
    require_one_currency,
)
from ml4t_nb.pipeline.record import announce, announce_commit, publish
from ml4t_nb.pipeline.rejudge import judged_around
from ml4t_nb.pipeline.requests import require_served
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import not_found_error
from ml4t_nb.storage.transaction import Transaction

__all__ = ["run_stand_in"]

_TOLERANCE = 1e-3


def run_stand_in(context: RunContext, dataset: DatasetId, name: str, why: str) -> UpdateResult:
    """Store what ``name`` has after the last stored bar; stored bars stay as they are, to the bit.

    Where no newer bar is due, as on a day without a session, it is not asked, and the dataset
    stays as it is. Raises ProviderError if it fails too or has nothing newer, and Suspicious if
    what it has cannot be joined: then nothing is stored. What the own provider failed to answer
    stays open in the log of requests, and so is asked for again.

    Parameters
    ----------
    why
        What became of the dataset's own provider, for the history.
    """
    began = perf_counter()
    found = context.store.snapshot(dataset).manifest
    other = context.provider(name)
    require_served(other, dataset)
    config = replace(found.config, session_overrides=context.session_overrides)
    run = DatasetRun.of(context, "update", dataset, config, other, found=found)
    run.require_not_earlier()
    if _newer(run, found).empty:
        with context.store.transaction(dataset) as tx:
            return announce(run, _nothing_due(tx, run, why))
    assert found.last is not None
    span = Span(found.last - reach_around(dataset.frequency), run.final_before)
    got = other_bars(run, span)
    with context.store.transaction(dataset) as tx:
        return announce(run, _commit(tx, run, got, span, why, began=began))


def _newer(run: DatasetRun, state: Manifest) -> pd.DatetimeIndex:
    """Stamps expected after the last stored bar."""
    last = state.last
    if last is None or last + TICK >= run.final_before:
        return as_stamps([])
    return run.calendar.stamps(Span(last + TICK, run.final_before), run.dataset.frequency)


def _nothing_due(tx: Transaction, run: DatasetRun, why: str) -> UpdateResult:
    """The dataset as it is, with a record, or the failed run before would be its last one.

    RangeRefused, if only the one that was to stand in is later than the dataset's own provider.
    """
    state, name = _state(tx, run), run.provider.name
    own = replace(run, provider=run.context.provider(state.config.provider))
    if len(_newer(own, state)):
        raise RangeRefused(f"no newer bar is due from {name} yet", provider=name)
    note = f"{why}; no newer bar is due"
    record = UpdateRecord(run.as_of, run.verb, state.config.provider, "unchanged", notes=(note,))
    return publish(tx, state, record)


def _state(tx: Transaction, run: DatasetRun) -> Manifest:
    """What is stored now, if it is what the run was planned for."""
    state = tx.manifest
    require_as_found(state, run)
    if state is None:
        raise not_found_error(run.dataset)
    require_as_of_not_earlier(state, run.as_of)
    return state


def _commit(
    tx: Transaction, run: DatasetRun, got: OtherBars, span: Span, why: str, *, began: float
) -> UpdateResult:
    """Join the new bars to what is stored now."""
    state, name = _state(tx, run), run.provider.name
    if _newer(run, state).empty:
        return _nothing_due(tx, run, why)
    before = tx.bars()
    require_one_currency(state, got, name)
    require_one_basis(state, before)
    taking = _taking(run, state, before, got)
    stamps, taken = pd.DatetimeIndex(taking.bars.index), taking.chosen.stamps
    reconciled = reconcile_gaps(
        taking.bars, grid=run.grid, known=state.gaps, fill_by=None, is_whole=True
    )
    findings, opened = judged_around(
        run.context,
        state,
        taking.bars,
        taken,
        extra=(*reconciled.findings, *_findings_of(run, taken, got)),
        as_of=run.as_of,
        number=tx.number,
    )
    own = state.config.provider
    after = replace(
        state,
        config=replace(state.config, session_overrides=run.config.session_overrides),
        gaps=reconciled.gaps,
        findings=findings,
        carried=taking.carried,
        updated=max(run.as_of, state.updated or run.as_of),
        prior=None,
        sources=sources_after(
            state.sources, stamps, np.asarray(stamps.isin(taken)), provider=name, own=own
        ),
    )
    record = UpdateRecord(
        at=run.as_of,
        verb=run.verb,
        provider=name,
        outcome="changed",
        added=len(taken),
        seconds=perf_counter() - began,
        verdict="same",
        spans=(span,),
        notes=(
            f"{why}; {name}, which agrees with the stored bars, stands in",
            *_unit_notes(state, taking, name, got.currency),
            *got.notes,
        ),
    )
    tx.put(reconciled.bars)
    announce_commit(run, tx.number, record)
    return publish(tx, after, record, opened)


def _findings_of(run: DatasetRun, taken: pd.DatetimeIndex, got: OtherBars) -> Iterator[Finding]:
    """What the other provider found itself in the bars that are taken."""
    off = run.context.rules.of_dataset(run.dataset).off
    for each in got.findings:
        if each.is_hard or each.stamp is None or each.rule in off:
            continue
        of = pd.Timestamp(each.stamp), pd.Timestamp(each.end or each.stamp)
        inside = taken[(taken >= of[0]) & (taken <= of[1])]
        if len(inside):
            first, last = as_instant(inside[0]), as_instant(inside[-1])
            yield replace(each, stamp=first, end=None if first == last else last)


def _taking(run: DatasetRun, state: Manifest, before: Bars, got: OtherBars) -> Taking:
    """The stored bars with the new ones.

    Raises Suspicious unless the two agree on the bars before, and nothing among the new ones may be
    a split or a dividend: those come with the bars of the dataset's own provider alone.
    """
    name = run.provider.name
    nothing = as_stamps([])
    taking = taking_of(
        Wanted({"missing": _newer(run, state)}, nothing),
        before,
        got.bars,
        carried=state.carried,
        grid=run.grid,
        tolerance=_TOLERANCE,
    )
    if isinstance(taking, JoinFault):
        raise _refused(f"the bar of {bar_name(taking.stamp, state)} {taking.reason}")
    if taking.chosen.stamps.empty:
        raise RangeRefused(f"{name} has no newer bar", provider=name)
    if len(taking.events):
        day = bar_name(taking.events[0], state)
        raise _refused(f"{name} names a split or a dividend of {day}, which is not taken from it")
    if jump := _jump(state, before, taking):
        stamp, ratio = jump
        moved = f"moved by {ratio - 1:+.1%} from the bar before it, as by a split"
        raise _refused(f"the bar of {bar_name(stamp, state)} {moved}")
    if basis := _other_basis(state, taking, got.currency):
        stamp, scale = basis
        against = f"its prices before that are {scale:.4g} times those stored"
        raise _refused(f"the bar of {bar_name(stamp, state)} is on another basis: {against}")
    return taking


def _other_basis(
    state: Manifest, taking: Taking, currency: str
) -> tuple[pd.Timestamp, float] | None:
    """The first new bar whose scale is none of units, and that scale.

    A history adjusted for a dividend or a split that is not named is on one scale up to its day,
    and new bars have bars in common before them only: nothing shows where the scale ends.
    """
    allowed: tuple[float, ...] = UNITS
    if state.config.currency and currency:
        allowed = (factor_between(state.config.currency, currency) or 1.0,)
    found = np.flatnonzero(~np.isin(taking.scale, allowed))
    if not len(found):
        return None
    return taking.chosen.stamps[found[0]], float(taking.scale[found[0]])


def _unit_notes(state: Manifest, taking: Taking, name: str, currency: str) -> Iterator[str]:
    """What new bars are divided by, where only the bars before them say that it is a unit."""
    if state.config.currency and currency:
        return
    for scale in np.unique(taking.scale[taking.scale != 1]).tolist():
        yield (
            f"prices of {name} are divided by {scale:g}, as its earlier ones show, for another "
            "unit; a split of that ratio that it does not name would look the same"
        )


def _jump(state: Manifest, before: Bars, taking: Taking) -> tuple[pd.Timestamp, float] | None:
    """The first new bar that opens so far from the close before it that it may be a split."""
    new = len(taking.bars) - len(observed(before))
    tail = adjusted(taking.bars.iloc[-new - 1 :], "splits", basis=state.config.basis)
    ratio = tail["open"].to_numpy()[1:] / tail["close"].to_numpy()[:-1]
    found = np.flatnonzero(np.maximum(ratio, 1 / ratio) >= TELLING)
    return (tail.index[found[0] + 1], float(ratio[found[0]])) if len(found) else None


def _refused(what: str) -> Suspicious:
    return Suspicious(what, hint="nothing was joined; the next run asks again")
