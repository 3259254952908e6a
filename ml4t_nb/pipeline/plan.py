"""What a run would ask for and change, by the functions that the run itself goes by.

Nothing is asked and nothing written. A symbol that is not stored and that a provider would have to
be asked about is taken for what it is most likely to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from ml4t_nb.core.due import first_loss
from ml4t_nb.core.timestamps import TICK, Instants, from_micros, index_micros, to_micros
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.gap_actions import begin_gap_action
from ml4t_nb.pipeline.life import skipped
from ml4t_nb.pipeline.load import LoadTarget, orders_of_load
from ml4t_nb.pipeline.orders import batches_of_load, first_stored, order_of_refetch, order_of_update
from ml4t_nb.pipeline.pieces import Order, Pieces, pieces_in_turn, request_pieces
from ml4t_nb.pipeline.requests import LoadRequest, UpdateRequest
from ml4t_nb.pipeline.restated import check_of
from ml4t_nb.pipeline.sync import SyncRequest, part_of_sync
from ml4t_nb.pipeline.update import begin_update, with_as_of_reset
from ml4t_nb.plans import DatasetPlan, PlannedRequest, PossibleReason, PossibleRequests
from ml4t_nb.providers.retry import most_attempts
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["plan_load", "plan_refetch", "plan_sync", "plan_update"]

# Of a dataset that is not stored yet: what a bar of one that is takes.
_BYTES_A_BAR = 32


def plan_load(context: RunContext, request: LoadRequest) -> DatasetPlan:
    """What a load would ask for."""
    target = LoadTarget.of(context, request)
    is_counted = target.provider.limits.requests_per_minute is not None
    if target.is_known or is_counted:
        run = target.expected
    else:
        run = target.run(target.provider.instrument(request.symbol), target.provider)
    batches = batches_of_load(run, request)
    seen, orders = orders_of_load(run, batches)
    first = None if seen is None else first_stored(run, batches, seen.observed_stamps())
    if run.kept is not None:
        run.kept.is_confirmed = first is not None
    plan = _plan(run, seen, orders)
    if first is not None:
        check = PlannedRequest(first, run.dataset.frequency)
        _, anew = orders_of_load(run, batches_of_load(run, request, is_whole=True))
        cut = pieces_in_turn(run, anew)
        # And one each for the last stored bars, and the first of the answers that are at hand.
        again = sum(len(each.certain) + len(each.kept) for each in cut) + 2
        others = (each for each in plan.possible if each.reason != "restated")
        possible = (PossibleRequests("restated", again), *others)
        plan = replace(plan, requests=(check, *plan.requests), possible=possible)
    if target.is_known or not is_counted or (request.asset_class and request.calendar):
        return plan
    note = (
        f"{run.dataset.asset_class} on {run.calendar.name} are assumed: the first answer of "
        f"{run.provider.name} says what {request.symbol} is"
    )
    possible = (PossibleRequests("identify", 1), *plan.possible)
    return replace(plan, possible=possible, notes=(note, *plan.notes))


def plan_update(context: RunContext, request: UpdateRequest) -> DatasetPlan:
    """What an update would ask for."""
    snapshot = context.store.snapshot(request.dataset)
    found = snapshot.manifest
    if done := skipped(context, found, is_named=True):
        return DatasetPlan(request.dataset, found.config.provider, notes=done.record.notes)
    run = begin_update(context, request, found)
    if request.reset_as_of:
        run = replace(run, found=with_as_of_reset(run, found) or found)
    run.require_not_earlier()
    order = order_of_update(run, snapshot, request.lookback, is_named=request.is_named)
    return _plan(run, snapshot, () if order is None else (order,))


def plan_refetch(context: RunContext, dataset: DatasetId, span: Span) -> DatasetPlan:
    """What would be asked for again about the gaps that meet ``span``."""
    run, snapshot = begin_gap_action(context, dataset)
    order = order_of_refetch(run, snapshot, span)
    return _plan(run, snapshot, () if order is None else (order,))


def plan_sync(context: RunContext, request: SyncRequest) -> DatasetPlan:
    """What would be asked for to have what a universe declares of one dataset."""
    part = part_of_sync(context, request)
    if isinstance(part, DatasetRun):
        return DatasetPlan(part.dataset, part.provider.name, notes=("all of it is stored",))
    if isinstance(part, LoadRequest):
        return plan_load(context, part)
    return plan_update(context, part)


def _plan(run: DatasetRun, seen: Snapshot | None, orders: Sequence[Order]) -> DatasetPlan:
    pieces = pieces_in_turn(run, orders)
    requests = tuple(chain.from_iterable(_requests(run, each) for each in pieces))
    kept = sum(len(each.kept) for each in pieces)
    if not requests:
        return DatasetPlan(run.dataset, run.provider.name, notes=("nothing is due",))
    held = np.empty(0, dtype=np.int64) if seen is None else seen.observed_stamps()
    asked = _asked(run, orders, pieces)
    new = np.setdiff1d(asked, held)
    found = run.found
    rows = found.rows if found else 0
    a_bar = found.bytes / rows if found and rows else _BYTES_A_BAR
    reach = run.provider.limits.max_age.get(run.dataset.frequency)
    missing = [Span(from_micros(int(new[0])), from_micros(int(new[-1])) + TICK)] if len(new) else []
    lost = first_loss(tuple(missing), run.as_of, reach) if reach else None
    return DatasetPlan(
        run.dataset,
        run.provider.name,
        requests=requests,
        possible=tuple(_possible(run, orders, pieces, len(requests))),
        bars=len(new),
        bytes=round(len(new) * a_bar),
        at_stake=rows if run.config.basis == "split-adjusted" else 0,
        compared=len(np.intersect1d(_within(held, pieces), held)),
        vanishing=None if lost is None else lost.first,
        lost_from=None if lost is None else lost.lost_from,
        notes=(f"{kept} answers of a run that broke off are at hand",) if kept else (),
    )


def _requests(run: DatasetRun, pieces: Pieces) -> list[PlannedRequest]:
    check = check_of(run, pieces)
    spans = pieces.own if check is None else (check, *pieces.own)
    own = [PlannedRequest(each, run.dataset.frequency) for each in spans]
    later = pieces.later if pieces.is_adjusted else ()
    return own + [PlannedRequest(each, pieces.coarse) for each in later]


def _asked(run: DatasetRun, orders: Sequence[Order], pieces: Sequence[Pieces]) -> Instants:
    """Stamps of the final bars that the calendar expects in the answers."""
    bound = to_micros(run.final_before)
    found = [np.empty(0, dtype=np.int64)]
    for order, cut in zip(orders, pieces, strict=True):
        until = min(bound, to_micros(order.wanted.end))
        for parts in cut.spans:
            span = Span(parts[0].start, parts[-1].end)
            stamps = index_micros(run.calendar.known_stamps(span, run.dataset.frequency))
            found.append(stamps[stamps < until])
    return np.unique(np.concatenate(found))


def _within(held: Instants, pieces: Sequence[Pieces]) -> Instants:
    """The held stamps that are asked for."""
    inside = np.zeros(len(held), dtype=bool)
    for cut in pieces:
        for parts in cut.spans:
            inside |= (held >= to_micros(parts[0].start)) & (held < to_micros(parts[-1].end))
    return held[inside]


def _possible(
    run: DatasetRun, orders: Sequence[Order], pieces: Sequence[Pieces], certain: int
) -> list[PossibleRequests]:
    """Requests that the answers may make necessary, each kind that can be."""
    counts: dict[PossibleReason, int] = {"restated": 0, "whole": 0, "jump": 0, "splits": 0}
    found = run.found
    start, end = (found.first, found.last) if found else (None, None)
    for order, cut in zip(orders, pieces, strict=True):
        wanted = order.wanted
        if start is not None and end is not None:
            everything = Span(min(wanted.start, start), max(wanted.end, end + TICK))
            if everything != wanted:
                counts["whole"] += len(request_pieces(run, Order(everything)).certain)
        counts["restated"] += len(cut.kept)
        counts["jump"] += len(cut.certain) + len(cut.kept) > 1
        counts["splits"] += 0 if cut.is_adjusted else len(cut.later)
        start, end = min(start or wanted.start, wanted.start), max(end or wanted.end, wanted.end)
    known = [PossibleRequests(reason, count) for reason, count in counts.items() if count]
    again = most_attempts(run.provider) - 1
    most = certain + sum(counts.values())
    return [*known, PossibleRequests("retry", most * again)] if again else known
