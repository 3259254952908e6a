"""Loading: a dataset that is new, or one that is to reach further.

What a provider serves in short pieces is committed every few of them; answers that an interruption
keeps from being committed are kept for the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from time import perf_counter
from typing import get_args

import numpy as np

from ml4t_nb.core.bars import observed
from ml4t_nb.core.request_spans import JOIN, span_through
from ml4t_nb.core.timestamps import from_micros
from ml4t_nb.errors import DatasetNotFound, OptionError, ProviderError, RangeRefused
from ml4t_nb.events import RequestDelayed, RetryScheduled
from ml4t_nb.interruption import waiting
from ml4t_nb.model import AssetClass, DatasetId, Span
from ml4t_nb.pipeline.commit import fetch_and_commit
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.failed import commit_failure
from ml4t_nb.pipeline.orders import batches_of_load, expected_orders, first_stored
from ml4t_nb.pipeline.pieces import Order, pieces_in_turn, request_pieces
from ml4t_nb.pipeline.record import summed
from ml4t_nb.pipeline.requests import LoadRequest, require_served, resolve_config
from ml4t_nb.pipeline.restated import check_of, is_restated_since
from ml4t_nb.providers import IdentifiesByBars, Instrument, Provider, Request
from ml4t_nb.providers.retry import identify
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store

__all__ = ["LoadTarget", "orders_of_load", "run_load"]


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """Which dataset a load means, as far as that is known before the provider is asked.

    ``guess`` is its name, with the class that the request names, else that of shares; ``stored``
    are the datasets that the symbol may be already.
    """

    context: RunContext
    request: LoadRequest
    provider: Provider
    guess: DatasetId
    stored: tuple[DatasetId, ...]

    @classmethod
    def of(cls, context: RunContext, request: LoadRequest) -> LoadTarget:
        """That of a request."""
        provider = context.provider(request.provider)
        guess = DatasetId(request.asset_class or "equities", request.frequency, request.symbol)
        named = [replace(guess, asset_class=each) for each in _classes(request)]
        stored = tuple(each for each in named if _snapshot(context.store, each) is not None)
        return cls(context, request, provider, guess, stored)

    @property
    def is_known(self) -> bool:
        """Whether it is stored, so that nobody need be asked what the symbol is."""
        return len(self.stored) == 1

    def run(self, known: Instrument, provider: Provider) -> DatasetRun:
        """The run on the dataset that the symbol is, which asks ``provider``."""
        context, request = self.context, self.request
        if known.asset_class not in (None, *_classes(request)):
            raise OptionError(
                f"{request.provider} lists {request.symbol} under {known.asset_class}, "
                f"not {request.asset_class}",
                hint=f"leave out -a, or use -a {known.asset_class}",
            )
        dataset = replace(self.guess, asset_class=known.asset_class or self.guess.asset_class)
        require_served(provider, dataset)
        snapshot = _snapshot(context.store, dataset)
        found = snapshot.manifest if snapshot else None
        held = found.config if found else None
        config = resolve_config(request, dataset, provider, known.calendar, held)
        config = replace(config, session_overrides=context.session_overrides)
        run = DatasetRun.of(
            context, "load", dataset, config, provider, found=found, zone=request.zone
        )
        run.require_not_earlier()
        return run.keeping_answers()

    @property
    def expected(self) -> DatasetRun:
        """The run on the dataset as it is stored, or as it is guessed."""
        known = Instrument(self.stored[0].asset_class) if self.is_known else Instrument()
        return self.run(known, self.provider)


def run_load(context: RunContext, request: LoadRequest) -> UpdateResult:
    """Load a dataset, or extend it; what is stored is compared, never doubled.

    A provider's error is raised only where nothing was stored before; else the result has it.
    """
    target = LoadTarget.of(context, request)
    if target.is_known:
        return _load(target.expected, request)
    return _load(target.run(*_identified(target)), request)


def _load(run: DatasetRun, request: LoadRequest) -> UpdateResult:
    began = perf_counter()
    batches = batches_of_load(run, request)
    try:
        if _is_restated_since(run, batches):
            batches = batches_of_load(run, request, is_whole=True)
    except ProviderError as error:
        return commit_failure(run, error, batches[0], began=began)
    _, orders = orders_of_load(run, batches)
    pieces = [each.certain for each in pieces_in_turn(run, orders)]
    ahead = {each: tuple(chain(*pieces[at + 1 :])) for at, each in enumerate(batches)}

    def load(batch: Span, refused: Sequence[Span]) -> UpdateResult:
        seen, (order,) = orders_of_load(run, [batch])
        first = None if seen is None else seen.manifest.first
        is_before = first is None or batch.end <= first
        asking = replace(
            run,
            ahead=ahead[batch],
            is_followed=batch != batches[-1],
            refused=tuple(refused) if is_before else None,
        )
        return fetch_and_commit(asking, order, seen=seen)

    return _load_in_batches(batches, load)


def _is_restated_since(run: DatasetRun, batches: Sequence[Span]) -> bool:
    """Whether a load may not go on after what is stored: some of it may be restated since."""
    seen = _snapshot(run.context.store, run.dataset)
    span = None if seen is None else first_stored(run, batches, seen.observed_stamps())
    if seen is None or span is None:
        return False
    held = seen.observed_stamps()[-JOIN:]
    last = span_through(from_micros(held[0]), from_micros(held[-1]))
    has_moved, is_same = is_restated_since(
        run, observed(seen.bars(span)), observed(seen.bars(last))
    )
    if run.kept is not None:
        # If not, they are asked for themselves before they are used.
        run.kept.is_confirmed = is_same
    return has_moved


def orders_of_load(
    run: DatasetRun, batches: Sequence[Span]
) -> tuple[Snapshot | None, tuple[Order, ...]]:
    """What is stored now, and the orders of the batches that are to meet it."""
    seen = _snapshot(run.context.store, run.dataset)
    held = np.empty(0, dtype=np.int64) if seen is None else seen.observed_stamps()
    return seen, expected_orders(run, batches, held)


def _identified(target: LoadTarget) -> tuple[Instrument, Provider]:
    """What the provider knows of the symbol, whose class is not known yet, and whom to ask on."""
    context, guess = target.context, target.guess

    def retried(attempt: int, wait_s: float, reason: str) -> None:
        context.observe(RetryScheduled(guess, attempt, wait_s, reason))

    first: Request | None = None
    if isinstance(target.provider, IdentifiesByBars):
        run = target.expected
        pieces = request_pieces(run, Order(batches_of_load(run, target.request)[0]))
        span = check_of(run, pieces) or (*pieces.certain, *pieces.spans[0])[0]
        first = Request(run.dataset, span, run.as_of, run.calendar, run.zone)
    context.pause(0)
    with waiting():
        return identify(
            target.provider,
            guess.symbol,
            first,
            home=context.store.home,
            on_retry=retried,
            on_wait=lambda *wait: context.observe(RequestDelayed(guess, *wait)),
            sleep=context.pause,
        )


def _classes(request: LoadRequest) -> tuple[AssetClass, ...]:
    """Asset classes that the symbol may be of."""
    return get_args(AssetClass) if request.asset_class is None else (request.asset_class,)


def _snapshot(store: Store, dataset: DatasetId) -> Snapshot | None:
    try:
        return store.snapshot(dataset)
    except DatasetNotFound:
        return None


def _load_in_batches(
    spans: Sequence[Span], load: Callable[[Span, Sequence[Span]], UpdateResult]
) -> UpdateResult:
    """Load each span with its own commit; one result for all of them.

    Ends at the first that fails: what is beyond would not meet what is stored. The first that is
    stored has those that were refused before: they are not to be asked for at every sync.
    """
    done: list[UpdateResult] = []
    refused: list[Span] = []
    for span in spans:
        try:
            done.append(load(span, refused))
        except RangeRefused:
            refused.append(span)
            # The listing may begin later than the load.
            if span is spans[-1] and not done:
                raise
            continue
        if done[-1].record.outcome in ("failed", "partial"):
            break
    return summed(done)
