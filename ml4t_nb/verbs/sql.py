"""Bars of many datasets at once: SQL over the store, and scans of what is larger than memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ml4t_nb.errors import DatasetNotFound, OptionError, StoreError
from ml4t_nb.model import DatasetId, Frequency
from ml4t_nb.options import PathName, as_folder
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reports import SqlReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.look_ahead import LookAhead
from ml4t_nb.verbs.parameters import (
    Adjust,
    AsOfRefusing,
    ClassFilter,
    End,
    Home,
    KnownOn,
    PinName,
    Selection,
    Start,
)
from ml4t_nb.verbs.past import as_known
from ml4t_nb.verbs.select import days, select
from ml4t_nb.verbs.table_files import write_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from ml4t_nb.workspace import Workspace

__all__ = ["ScanEngine", "connect", "scan", "sql", "sql_names"]

ScanEngine: TypeAlias = Literal["polars", "arrow"]
"""What a scan is given as: a LazyFrame of Polars, or a dataset of pyarrow."""

_SUFFIXES = (".csv", ".parquet", ".json")


@verb
def sql(
    ws: Workspace,
    /,
    query: str | None = None,
    *,
    limit: int = 40,
    out: PathName | None = None,
    known_on: KnownOn = None,
    pin: PinName = None,
    as_of: AsOfRefusing = None,
    home: Home = None,
) -> SqlReport:
    """Answer a SELECT over the views of the store: bars_daily, bars_daily_all, datasets, gaps, ...

    Parameters
    ----------
    query
        One SELECT. There are bars_daily (as bars gives them), bars_daily_raw and bars_daily_all
        (as with --adjust), the same for each stored frequency, and datasets, gaps, findings, runs.
    limit
        Rows to show, 0 for all. A file, JSON and Python get all rows.
    out
        A file that ends in .csv, .parquet or .json, to be written with all rows.

    Raises
    ------
    MissingExtra
        If DuckDB is not installed.
    OptionError
        If it is not one SELECT, or cannot be carried out.
    ChunkCorrupt
        If a file that it needs is damaged.
    ArchiveMissing
        If one is archived on a disk that is missing.
    """
    ws = ws.at(home)
    ws.require_home()
    ws = as_known(ws, known_on, None, pin)
    ahead = LookAhead(ws, as_of)
    if limit < 0:
        raise OptionError(f"--limit {limit} is negative", hint="0 or more, such as 40")
    file = None if out is None else as_folder(out, option="--out")
    if file is not None and file.suffix not in _SUFFIXES:
        raise OptionError(
            f"--out {file.name!r} has an unknown file extension",
            hint=f"use {', '.join(_SUFFIXES)}",
        )
    from ml4t_nb.reading.sql import answer, require_package
    from ml4t_nb.reading.store_views import store_views

    require_package("duckdb")
    words = query or ""
    views = store_views(ws.store, seen=lambda each: ahead.take(each.manifest))
    table = answer(views, words)
    if file is not None:
        write_table(file, table)
    return SqlReport(words, table, limit, file, ahead.told())


@verb
def connect(
    ws: Workspace,
    /,
    *,
    known_on: KnownOn = None,
    pin: PinName = None,
    home: Home = None,
) -> DuckDBPyConnection:
    """DuckDB in memory with the views of the store, each dataset as it is now.

    It is the reader's own: it takes tables of theirs, and frames by ``register``. It reads no other
    file and writes none; it sees no variable of Python by its name; its settings are final, and
    instants are shown in UTC. It shows the store as it is now, for as long as the files last that
    are replaced meanwhile: after an hour, what needs one is an error. Connect again to see what
    came since. With ``known_on`` or a ``pin`` it shows the whole store as it was.

    Raises
    ------
    MissingExtra
        If DuckDB is not installed.
    """
    from ml4t_nb.reading.sql import locked_connection
    from ml4t_nb.reading.store_views import store_views

    ws = ws.at(home)
    ws.require_home()
    ws = as_known(ws, known_on, None, pin)
    _note_later(ws, None)
    return locked_connection(store_views(ws.store, at_once=True))


@verb
def scan(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: Frequency = "daily",
    start: Start = None,
    end: End = None,
    adjust: Adjust = "splits",
    engine: ScanEngine = "polars",
    known_on: KnownOn = None,
    pin: PinName = None,
    home: Home = None,
) -> Any:  # noqa: ANN401  # by engine
    """Bars of many datasets, read as they are computed with: they may be larger than memory.

    Parameters
    ----------
    frequency
        Bars of this frequency.
    engine
        ``polars`` for a LazyFrame, ``arrow`` for a dataset of pyarrow.

    Returns
    -------
    polars.LazyFrame or pyarrow.dataset.Dataset
        Bars as `bars` gives them, in columns; first ``symbol`` and ``timestamp``, last
        ``asset_class`` and ``frequency``. Filters and columns that are asked for are those that
        are read. Each dataset is as it is when it is read first. Bars of one are in order.

    Raises
    ------
    DatasetNotFound
        If a symbol is not stored.
    MissingExtra
        If Polars is not installed.
    """
    from ml4t_nb.reading.bars_dataset import BarsDataset
    from ml4t_nb.reading.sql import require_package

    if engine == "polars":
        require_package("polars")
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    ws = as_known(ws, known_on, None, pin)
    only = select(ws, symbol, asset_class, frequency) if symbol or asset_class else None
    _note_later(ws, only, frequency)
    request = BarsRequest(*days(start, end), adjust)
    dataset = BarsDataset(ws.store.state(), frequency, request, only)
    if engine == "arrow":
        return dataset
    import polars as pl

    return pl.scan_pyarrow_dataset(dataset)


def _note_later(
    ws: Workspace, only: Sequence[DatasetId] | None, frequency: Frequency | None = None
) -> None:
    """Say what of the store is later than the as-of of the settings: the reader may read all."""
    ahead = LookAhead(ws)
    if ahead.moment is not None:
        if ws.choose is not None:
            for each in ws.store.datasets() if only is None else only:
                if frequency in (None, each.frequency):
                    with suppress(StoreError, DatasetNotFound):  # who reads it is told
                        ahead.take(ws.store.snapshot(each).manifest)
        else:
            rows = ws.store.summaries(only)
            ahead.take_rows(e for e in rows if frequency in (None, e.dataset.frequency))
        ahead.told()


def sql_names(ws: Workspace) -> tuple[str, ...]:
    """Views and columns that a query may name."""
    from ml4t_nb.reading.store_views import view_names

    views = view_names(ws.store)
    return tuple(dict.fromkeys([*views, *(column for names in views.values() for column in names)]))
