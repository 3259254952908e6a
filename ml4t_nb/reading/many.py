"""Bars of many datasets in one frame, each of one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import NUMBERS, STAMPS
from ml4t_nb.core.timestamps import Instants, index_micros
from ml4t_nb.errors import Ml4tError, OptionError, StoreError
from ml4t_nb.model import Column, DatasetId, OnError
from ml4t_nb.reading.one import read_bars
from ml4t_nb.reading.origin import Origin, described
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reading.symbol_bars import SymbolBars, column_of, symbols_index
from ml4t_nb.reading.wide import widened
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
    parts = [*read_each(store, meant, request, skipped)]
    frame = widened(parts, request.names) if wide else stacked(parts, request.names)
    datasets = [part.dataset for part in parts]
    frequency = datasets[0].frequency if datasets else None
    return described(frame, Origin.of(request, datasets, frequency, skipped=skipped))


def read_each(
    store: Store,
    meant: Iterable[tuple[str, DatasetId | Ml4tError]],
    request: BarsRequest,
    skipped: dict[str, str] | None = None,
) -> Iterator[SymbolBars]:
    """Bars of each dataset once, in the order given; of one frequency, else OptionError.

    An error is raised, and names its dataset; or noted by its symbol in ``skipped``.
    """
    datasets: dict[DatasetId, str] = {}
    for symbol, each in meant:
        if isinstance(each, DatasetId):
            datasets.setdefault(each, symbol)
        elif skipped is None:
            raise each
        else:
            skipped[symbol] = each.message
    _require_one_frequency([*datasets])
    for dataset, symbol in datasets.items():
        try:
            yield _read(store, dataset, request)
        except Ml4tError as error:
            if str(dataset) not in error.message:
                error.message = f"{dataset}: {error.message}"
            if skipped is None:
                raise
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
            return SymbolBars(snapshot.manifest, read_bars(snapshot, request))
        except StoreError:
            if store.snapshot(dataset).manifest.sequence == snapshot.manifest.sequence:
                raise
    raise StoreError(f"{dataset} is written faster than it can be read", hint="read it again")


def stacked(parts: Sequence[SymbolBars], names: Sequence[Column]) -> pd.DataFrame:
    """One below the other, by symbol and stamp."""
    stamps = [index_micros(pd.DatetimeIndex(part.bars.index)) for part in parts]
    index = _index([part.dataset.symbol for part in parts], stamps)
    columns = {name: _joined([column_of(part, name) for part in parts], name) for name in names}
    return pd.DataFrame(columns, index=index, copy=False)


def _index(symbols: Sequence[str], stamps: Sequence[Instants]) -> pd.MultiIndex:
    whole = np.concatenate([*stamps, np.empty(0, np.int64)])
    codes, found = pd.factorize(whole, sort=True)
    rows = [len(each) for each in stamps]
    levels: list[Any] = [symbols_index(symbols), pd.DatetimeIndex(found, dtype=STAMPS)]
    lines: list[Any] = [np.repeat(np.arange(len(symbols)), rows), codes]
    return pd.MultiIndex(
        levels=levels,
        codes=lines,
        names=["symbol", "timestamp"],
        verify_integrity=False,
    )


def _joined(parts: Sequence[npt.NDArray[np.generic]], name: Column) -> npt.NDArray[np.generic]:
    """The column of all; of none, an empty one of its type."""
    kind = np.float64 if name in NUMBERS else object if name == "provider" else np.bool_
    return np.concatenate([*parts, np.empty(0, kind)])
