"""The views of a store that SQL sees, by name; what one shows is found when it is scanned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Literal, get_args

from ml4t_nb.model import Adjustment, DatasetId, Frequency
from ml4t_nb.reading.bars_dataset import BarsDataset
from ml4t_nb.reading.lazy_dataset import LazyDataset
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reading.store_tables import (
    TABLES,
    StoreTable,
    TableName,
    dataset_rows,
    summary_rows,
)
from ml4t_nb.records import Summary
from ml4t_nb.session_reads import Noter, noter
from ml4t_nb.storage.manifest import summarize
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.store_state import StoreState, stored_frequencies

__all__ = ["store_views", "view_names"]

_Listed = Literal["gaps", "findings", "runs"]


def view_names(store: Store) -> dict[str, tuple[str, ...]]:
    """The views of that store with their columns."""
    return {name: tuple(view.schema.names) for name, view in store_views(store).items()}


def store_views(
    store: Store, *, at_once: bool = False, seen: Callable[[Snapshot], None] | None = None
) -> dict[str, LazyDataset]:
    """The views by name: of each stored frequency three of its bars, and four of the store.

    Each dataset is as it is when a view shows it first; or ``at_once``, as it is now. What is
    ``seen`` is called with each whose bars are read, before they are.
    """
    state = store.state(at_once=at_once)
    frequencies = stored_frequencies(state)
    views: dict[str, LazyDataset] = {}
    for frequency in frequencies:
        for adjust in ("splits", *(each for each in get_args(Adjustment) if each != "splits")):
            name = f"bars_{frequency}" + ("" if adjust == "splits" else f"_{adjust}")
            views[name] = BarsDataset(state, frequency, BarsRequest(adjust=adjust), seen=seen)
    rows = partial(_summary_rows, store, state)
    views["datasets"] = StoreTable(TABLES["datasets"], partial(_noted, "datasets", noter(), rows))
    for table in get_args(_Listed):
        listed = partial(_rows, table, state)
        views[table] = StoreTable(TABLES[table], partial(_noted, table, noter(), listed))
    return views


def _noted(
    table: TableName, note: Noter | None, rows: Callable[[], Iterable[Sequence[object]]]
) -> Iterable[Sequence[object]]:
    """The rows; a session is told that they were read, since no citation can name them."""
    if note is not None:
        note(f"the table {table} of sql")
    return rows()


def _rows(table: _Listed, state: StoreState) -> Iterator[Sequence[object]]:
    return dataset_rows(table, _snapshots(state, _datasets(state)))


def _datasets(state: StoreState) -> Iterable[DatasetId]:
    return chain.from_iterable(map(state.datasets, get_args(Frequency)))


def _snapshots(state: StoreState, datasets: Iterable[DatasetId]) -> Iterator[Snapshot]:
    return (found for each in datasets if (found := state.snapshot(each)))


def _summary_rows(store: Store, state: StoreState) -> Iterator[Sequence[object]]:
    """Datasets as the catalogue knows them; those committed since, as their manifest does."""
    now = {each.dataset: each for each in store.summaries()}
    return summary_rows(_as_of_state(now, state))


def _as_of_state(now: dict[DatasetId, Summary], state: StoreState) -> Iterator[Summary]:
    if not state.is_fixed:
        yield from now.values()
        return
    for each in sorted(_datasets(state)):
        if state.is_current(each):
            yield from (now[each],) if each in now else ()
        elif found := state.snapshot(each):
            yield summarize(found.manifest)
