"""One dataset from snapshot to commit: `run_load` and `run_update`.

Bars are fetched without the lock and judged under it, against what is stored *then*. If the
judgement needs more bars, the lock is let go, more are fetched, and all is judged again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import get_args

import pandas as pd

from ml4t_nb.core.bars import observed
from ml4t_nb.core.calendars import Calendar, calendar
from ml4t_nb.core.ledger import unanswered, unresolved
from ml4t_nb.core.plan import JOIN, TICK, around, joined, reach_back
from ml4t_nb.errors import (
    BarsInvalid,
    DatasetNotFound,
    OptionError,
    Overtaken,
    ProviderError,
    Suspicious,
)
from ml4t_nb.events import Committed, Event, GapsFound
from ml4t_nb.model import AssetClass, Closure, DatasetId, Span
from ml4t_nb.pipeline.commit import enter, enter_failure
from ml4t_nb.pipeline.fetch import Desk, identified
from ml4t_nb.pipeline.journal import Entry
from ml4t_nb.pipeline.orders import Load, Update, class_of, require_served, settled, with_provider
from ml4t_nb.pipeline.reach import ask_for, final_bound, oldest_served
from ml4t_nb.pipeline.strides import in_strides, strides
from ml4t_nb.providers import Instrument, Provider
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store

__all__ = ["Run", "bring", "held_stamps", "not_backwards", "run_load", "run_update", "told"]

_VERIFIED_EVERY = timedelta(days=30)
_NEAR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run works with.

    Parameters
    ----------
    as_of
        An instant, or a date: after that session's close and the provider's delay.
    closures
        Days on which the user knows better than the calendars.
    observe
        Told what happens; may be called in any thread.
    pause
        Sleeps so many seconds, and raises KeyboardInterrupt if the run is to end.
    """

    store: Store
    provider: Callable[[str], Provider]
    as_of: datetime | date
    closures: tuple[Closure, ...]
    observe: Callable[[Event], None]
    pause: Callable[[float], None]

    def desk(self, provider: Provider, dataset: DatasetId, dates: Calendar) -> Desk:
        """The desk to ask ``provider`` from, on the dataset's calendar."""
        as_of = self.as_of
        if not isinstance(as_of, datetime):
            as_of = dates.closing(as_of, provider.limits.delay_of(dataset))
        return Desk(provider, as_of, dates, self.observe, self.pause)


def run_load(run: Run, order: Load) -> UpdateResult:
    """Load a dataset, or extend it; what is stored is compared, never doubled.

    Raises
    ------
    OptionError
        If the order contradicts the dataset or the provider, or starts in the future.
    Overtaken
        If the dataset is as of a later instant.
    ProviderError, Suspicious
        If nothing was stored before and nothing can be stored now; else it is in the result.
    """
    provider = run.provider(order.provider)
    guess = DatasetId(order.asset_class or "equities", order.frequency, order.symbol)
    stored = _stored_classes(run.store, order)
    # What is stored has been identified already: one request less.
    known = (
        Instrument(stored[0])
        if len(stored) == 1
        else identified(provider, guess, run.observe, run.pause)
    )
    dataset = DatasetId(class_of(order, known.asset_class), order.frequency, order.symbol)
    require_served(provider, dataset)
    snapshot = _snapshot(run.store, dataset)
    found = None if snapshot is None else snapshot.manifest
    setup = settled(order, dataset, provider, known.calendar, found.setup if found else None)
    setup = replace(setup, closures=run.closures)
    dates = calendar(setup.calendar, setup.closures)
    desk = run.desk(provider, dataset, dates)
    not_backwards(dataset, desk.as_of, None if snapshot is None else snapshot.manifest.updated)
    given = dates.span(order.start, order.end, dataset.frequency)
    if order.start is not None and given.start > desk.as_of:
        raise OptionError(
            f"--start {order.start} lies in the future of {desk.as_of:%Y-%m-%d}",
            hint="choose an earlier start",
        )
    bound = final_bound(desk, dataset)
    wanted = Span(given.start, max(min(given.end, bound), given.start))
    entry = Entry("load", dataset, setup, found)

    def load(span: Span) -> UpdateResult:
        held = _held_now(run.store, dataset)
        return bring(run, desk, entry, around(span, held) if len(held) else span)

    longest = provider.limits.max_span.get(dataset.frequency)
    if longest is None:
        return load(wanted)
    oldest = oldest_served(desk, dataset)
    if order.start is None and oldest is None:
        raise OptionError(
            f"{provider.name} serves {dataset.frequency} bars in pieces of {longest.days} days",
            hint="say from when on with --start",
        )
    if oldest is not None:
        wanted = Span(max(wanted.start, oldest), max(wanted.end, oldest))
    ledger = () if snapshot is None else snapshot.manifest.ledger
    held = _held_now(run.store, dataset)
    return in_strides(strides(unanswered(ledger, wanted), longest, held), load)


def run_update(run: Run, order: Update) -> UpdateResult:
    """Fetch what is new since the last stored bar, look back, and close the gaps.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    OptionError
        If the provider does not serve the dataset, or on another basis.
    Overtaken
        If the dataset is as of a later instant.
    """
    dataset = order.dataset
    snapshot = run.store.snapshot(dataset)
    manifest = snapshot.manifest
    provider = run.provider(order.provider or manifest.setup.provider)
    require_served(provider, dataset)
    setup = with_provider(replace(manifest.setup, closures=run.closures), provider, dataset)
    desk = run.desk(provider, dataset, calendar(setup.calendar, setup.closures))
    not_backwards(dataset, desk.as_of, manifest.updated)
    bound = final_bound(desk, dataset)
    entry = Entry("update", dataset, setup, manifest, order.fill, order.accept)
    if manifest.first is None or manifest.last is None:
        start = desk.calendar.span(None, None, dataset.frequency).start
        return bring(run, desk, entry, Span(start, bound))
    # What lies before the first bar was not loaded, or was removed: looking back ends there.
    back = max(reach_back(_tail(snapshot), lookback=order.lookback), manifest.first)
    main = Span(back, max(bound, manifest.last + TICK))
    others = () if order.fill is None else _missing_before(main.start, snapshot)
    if dataset.frequency in provider.limits.max_span:
        return bring(run, desk, entry, main, joined(others, at_once=False))
    if manifest.verified is None or desk.as_of - manifest.verified >= _VERIFIED_EVERY:
        main = Span(manifest.first, main.end)
    (at_once,) = joined((main, *others), at_once=True)
    return bring(run, desk, entry, at_once)


def bring(
    run: Run, desk: Desk, entry: Entry, wanted: Span, others: tuple[Span, ...] = ()
) -> UpdateResult:
    """Fetch what is wanted and commit it, or keep the failure in the history.

    Parameters
    ----------
    wanted
        The latest span, up to which bars are to be stored.
    others
        Spans before it that are asked for, too; one that fails does not stop the run.
    """
    began = perf_counter()
    try:
        return _entered(run, desk, entry, wanted, others, began=began)
    except (ProviderError, BarsInvalid, Suspicious) as error:
        with run.store.transaction(entry.dataset) as tx:
            return enter_failure(tx, entry, desk, error, wanted=wanted, began=began)


def _entered(
    run: Run,
    desk: Desk,
    entry: Entry,
    wanted: Span,
    others: tuple[Span, ...],
    *,
    began: float,
) -> UpdateResult:
    """Fetch, judge, and fetch more where that does not suffice.

    It ends: what is asked for next holds all that was stored at the judgement, and that always
    suffices, unless other writers go on extending the dataset meanwhile.
    """
    while True:
        got = ask_for(desk, entry, wanted, others)
        with run.store.transaction(entry.dataset) as tx:
            entered = enter(tx, entry, desk, got, wanted=wanted, began=began)
        if isinstance(entered, UpdateResult):
            return told(run, entered)
        wanted, others = entered.span, ()


def told(run: Run, result: UpdateResult) -> UpdateResult:
    """The same result, after who watches was told of its commit."""
    record = result.record
    run.observe(
        Committed(result.dataset, record.added, record.revised, record.filled, record.restatement)
    )
    if waiting := tuple(gap for gap in result.gaps if gap.is_pending):
        run.observe(GapsFound(result.dataset, waiting))
    return result


def _snapshot(store: Store, dataset: DatasetId) -> Snapshot | None:
    try:
        return store.snapshot(dataset)
    except DatasetNotFound:
        return None


def not_backwards(dataset: DatasetId, as_of: datetime, updated: datetime | None) -> None:
    """Nothing, if the dataset was not updated as of a later instant.

    Raises
    ------
    Overtaken
        If it was.
    """
    if updated is not None and as_of < updated:
        raise Overtaken(
            f"{dataset} was updated as of {updated:%Y-%m-%d %H:%M} UTC, "
            f"later than {as_of:%Y-%m-%d %H:%M} UTC",
            hint="an as-of never runs backwards: choose a later one, or another --home",
        )


def _missing_before(start: datetime, snapshot: Snapshot) -> tuple[Span, ...]:
    """Gaps and unanswered pieces to ask for again, with the bars around them."""
    manifest = snapshot.manifest
    gaps = (Span(g.start, g.end + TICK) for g in manifest.gaps if g.state in ("open", "failed"))
    spans = [span for span in (*gaps, *unresolved(manifest.ledger)) if span.start < start]
    held = held_stamps(snapshot) if spans else pd.DatetimeIndex([])
    return tuple(around(span, held) for span in spans)


def _stored_classes(store: Store, order: Load) -> tuple[AssetClass, ...]:
    """Asset classes, of those the order allows, that the symbol is stored under."""
    allowed = get_args(AssetClass) if order.asset_class is None else (order.asset_class,)
    return tuple(
        each
        for each in allowed
        if _snapshot(store, DatasetId(each, order.frequency, order.symbol)) is not None
    )


def _held_now(store: Store, dataset: DatasetId) -> pd.DatetimeIndex:
    snapshot = _snapshot(store, dataset)
    return pd.DatetimeIndex([]) if snapshot is None else held_stamps(snapshot)


def held_stamps(snapshot: Snapshot) -> pd.DatetimeIndex:
    """Stamps of all observed bars."""
    return pd.DatetimeIndex(observed(snapshot.bars()).index)


def _tail(snapshot: Snapshot) -> pd.DatetimeIndex:
    """Observed stamps of the last weeks, or all if those are few."""
    last = snapshot.manifest.last
    assert last is not None
    near = observed(snapshot.bars(Span(last - _NEAR, last + TICK)))
    return pd.DatetimeIndex(near.index) if len(near) >= JOIN else held_stamps(snapshot)
