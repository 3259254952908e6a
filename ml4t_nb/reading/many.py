"""Bars of many datasets in one frame, each of one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import STAMPS
from ml4t_nb.errors import Ml4tError, OptionError, StoreError
from ml4t_nb.model import Column, DatasetId, OnError
from ml4t_nb.reading.axis import joined_axis, rows_on
from ml4t_nb.reading.batch import BarsBatch, BatchReader, batch_of, framed_batch, is_in_arrays
from ml4t_nb.reading.one import read_bars
from ml4t_nb.reading.origin import Origin, described
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reading.symbol_bars import SymbolBars, symbols_index
from ml4t_nb.reading.wide import widened
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store

__all__ = ["read_each", "read_many", "stacked"]

_TRIES = 10


def read_many(
    store: Store,
    meant: Iterable[tuple[str, DatasetId | Ml4tError]],
    request: BarsRequest,
    *,
    wide: bool = False,
    errors: OnError = "raise",
) -> pd.DataFrame:
    """What symbols mean in one frame, one below the other or side by side.

    The first error is raised, and names its dataset; or what cannot be read is left out.
    """
    skipped: dict[str, str] | None = {} if errors == "skip" else None
    meant = [*meant]
    request = request.made_from(each for _, each in meant if isinstance(each, DatasetId))
    batch = _batch(store, _chosen(meant, request, skipped), request, skipped)
    datasets = [manifest.dataset for manifest in batch.manifests]
    frequency = request.frequency or (datasets[0].frequency if datasets else None)
    names = request.names
    frame = widened(batch, names, frequency or "daily") if wide else stacked(batch, names)
    sources = dict.fromkeys(each.frequency for each in datasets if each.frequency != frequency)
    derived_from = ", ".join(sources) or None
    origin = Origin.of(
        request,
        batch.manifests,
        frequency,
        derived_from=derived_from,
        incomplete=batch.incomplete,
        skipped=skipped,
    )
    return described(frame, origin)


def read_each(
    store: Store,
    meant: Iterable[tuple[str, DatasetId | Ml4tError]],
    request: BarsRequest,
    skipped: dict[str, str] | None = None,
) -> Iterator[SymbolBars]:
    """Bars of each dataset once, in the order given; if none is asked for, of one frequency.

    An error is raised, and names its dataset; or noted by its symbol in ``skipped``.
    """
    for dataset, symbol in _chosen(meant, request, skipped).items():
        try:
            yield _read(store, dataset, request)
        except Ml4tError as error:
            _note(error, dataset, symbol, skipped)


def _chosen(
    meant: Iterable[tuple[str, DatasetId | Ml4tError]],
    request: BarsRequest,
    skipped: dict[str, str] | None,
) -> dict[DatasetId, str]:
    """Datasets, each with the symbol it was asked by; of one frequency, if none is asked for."""
    datasets: dict[DatasetId, str] = {}
    for symbol, each in meant:
        if isinstance(each, DatasetId):
            datasets.setdefault(each, symbol)
        elif skipped is None:
            raise each
        else:
            skipped[symbol] = each.message
    if request.frequency is None:
        _require_one_frequency([*datasets])
    return datasets


def _note(
    error: Ml4tError, dataset: DatasetId, symbol: str, skipped: dict[str, str] | None
) -> None:
    """Raise the error, which names its dataset then, or note it in ``skipped``."""
    if str(dataset) not in error.message:
        error.message = f"{dataset}: {error.message}"
    if skipped is None:
        raise error
    skipped[symbol] = error.message


def _require_one_frequency(datasets: Sequence[DatasetId]) -> None:
    first: dict[str, DatasetId] = {}
    for each in datasets:
        first.setdefault(each.frequency, each)
    if len(first) > 1:
        named = ", ".join(f"{each.symbol} {frequency}" for frequency, each in first.items())
        raise OptionError(
            f"the symbols are not stored at one frequency: {named}",
            hint="choose one with -f, or read them one by one",
        )


def _read(store: Store, dataset: DatasetId, request: BarsRequest) -> SymbolBars:
    """The bars of its newest commit: of a later one, where its files went meanwhile."""
    for _ in range(_TRIES):
        snapshot = store.snapshot(dataset)
        try:
            bars = read_bars(snapshot, request)
            return SymbolBars(snapshot.manifest, bars, request.frequency or dataset.frequency)
        except StoreError:
            if store.snapshot(dataset).manifest.sequence == snapshot.manifest.sequence:
                raise
    raise StoreError(f"{dataset} is written faster than it can be read", hint="read it again")


def _batch(
    store: Store,
    datasets: Mapping[DatasetId, str],
    request: BarsRequest,
    skipped: dict[str, str] | None,
) -> BarsBatch:
    """Bars of the newest commits: again, where the files of one went meanwhile."""
    for _ in range(_TRIES):
        noted: dict[str, str] | None = None if skipped is None else {}
        batch = _tried(store, datasets, request, noted)
        if batch is not None:
            if skipped is not None and noted is not None:
                skipped.update(noted)
            return batch
    raise StoreError("the datasets are written faster than they can be read", hint="read again")


def _tried(
    store: Store,
    datasets: Mapping[DatasetId, str],
    request: BarsRequest,
    skipped: dict[str, str] | None,
) -> BarsBatch | None:
    """The same at once; None if the snapshot of one is out of date."""
    snapshots: dict[DatasetId, Snapshot] = {}
    for dataset, symbol in datasets.items():
        try:
            snapshot = store.snapshot(dataset)
            snapshot.require_sizes(snapshot.manifest.chunks)
            snapshots[dataset] = snapshot
        except Ml4tError as error:
            _note(error, dataset, symbol, skipped)
    if not all(is_in_arrays(each, request) for each in snapshots.values()):
        meant = ((datasets[each], each) for each in snapshots)
        return batch_of(read_each(store, meant, request, skipped), request.names)
    reader = BatchReader([*snapshots.values()], request)
    for dataset, snapshot in snapshots.items():
        try:
            reader.take(snapshot)
        except Ml4tError as error:
            if isinstance(error, StoreError) and _is_overtaken(snapshot):
                return None
            _note(error, dataset, datasets[dataset], skipped)
    return reader.batch()


def _is_overtaken(snapshot: Snapshot) -> bool:
    return not snapshot.is_past and snapshot.folder.sequence() != snapshot.manifest.sequence


def stacked(batch: BarsBatch, names: Sequence[Column]) -> pd.DataFrame:
    """One below the other, by symbol and stamp."""
    return framed_batch(batch, _index(batch), names)


def _index(batch: BarsBatch) -> pd.MultiIndex:
    stamps = batch.stamps_of_each
    axis = joined_axis(stamps)
    kind = np.min_scalar_type(-len(axis) - 1)
    codes = np.empty(len(batch.stamps), kind)
    for part, each in zip(batch.parts(codes), stamps, strict=True):
        rows = rows_on(axis, each)
        part[:] = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
    number = len(batch.manifests)
    of_each = np.arange(number, dtype=np.min_scalar_type(-number - 1))
    symbols = symbols_index([manifest.dataset.symbol for manifest in batch.manifests])
    levels: list[Any] = [symbols, pd.DatetimeIndex(axis, dtype=STAMPS)]
    lines: list[Any] = [np.repeat(of_each, np.diff(batch.ends)), codes]
    return pd.MultiIndex(
        levels=levels, codes=lines, names=["symbol", "timestamp"], verify_integrity=False
    )
