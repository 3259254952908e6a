"""Bars of a dataset as a frame or a file of one's own, and the files that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from ml4t_nb.errors import OptionError
from ml4t_nb.model import AssetClass, Column, Frequency, OnError
from ml4t_nb.options import PathName, as_folder, as_symbols
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reports import ExportReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.formats import csv_of, json_of, write_whole
from ml4t_nb.verbs.parameters import (
    Adjust,
    AsOfUnused,
    Class,
    Columns,
    End,
    Filled,
    Freq,
    Home,
    OneOrMore,
    OneSymbol,
    Provenance,
    Require,
    Start,
)
from ml4t_nb.verbs.select import days, required, select, select_each

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["bars", "export", "files", "snapshot_of"]

_SUFFIXES = (".csv", ".parquet", ".json")


@verb
def bars(
    ws: Workspace,
    /,
    symbol: OneOrMore,
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    adjust: Adjust = "splits",
    filled: Filled = True,
    provenance: Provenance = False,
    require: Require = None,
    columns: Columns = None,
    wide: bool = False,
    errors: OnError = "raise",
    home: Home = None,
) -> pd.DataFrame:
    """Bars of one symbol, or of several in one frame.

    Parameters
    ----------
    symbol
        The symbol, or a list: the frame of a list has the symbols in its index too.
    wide
        The symbols side by side, a row for each stamp. A bar that a symbol does not have is NaN,
        never a value of another day.
    errors
        Of several symbols, raise the first error, or skip those that cannot be read.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``timestamp`` (UTC): the instant an intraday bar opens, the date of a daily
        one, the Monday of a weekly one. Columns ``open``, ``high``, ``low``, ``close``,
        ``volume``, ``dividend`` (cash per share), ``split`` (1 if none) and ``filled``; with
        ``provenance`` also ``provider``.

        Of a list of symbols, the index is ``symbol`` and ``timestamp``, the symbols in the order
        given. With ``wide`` the columns are the symbols where ``columns`` names one, otherwise
        (column, symbol); a row is a stamp that one of them has, or that its calendar expects
        between the first and the last of them.

        ``frame.attrs["ml4t_nb"]`` says which ``datasets`` these are, their ``frequency`` and how
        they are adjusted (``adjust``), and which symbols were ``skipped``, each with the reason.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    ChunkCorrupt
        If a file is damaged: never half of the bars.
    BarsDoubtful
        If the bars are not as ``require`` says: none is returned.
    OptionError
        If the symbols cannot stand in one frame: their frequencies differ, or with ``wide`` their
        calendars.

    Examples
    --------
    >>> ml4t_nb.bars("AAPL", start="2024-01-01")                      # one symbol
    >>> ml4t_nb.bars(["AAPL", "MSFT"], adjust="all")                  # one below the other
    >>> ml4t_nb.bars(["AAPL", "MSFT"], columns="close", wide=True)    # closes side by side
    """
    ws = ws.at(home)
    chosen = None if columns is None else cast("tuple[Column, ...]", columns)
    request = BarsRequest(*days(start, end), adjust, filled, provenance, require, chosen)
    if isinstance(symbol, str) and not wide:
        from ml4t_nb.reading.one import read_bars

        return read_bars(snapshot_of(ws, symbol, asset_class, frequency), request)
    from ml4t_nb.reading.many import read_many

    meant = select_each(ws, as_symbols(symbol), asset_class, frequency)
    return read_many(ws.store, meant, request, wide=wide, errors=errors)


@verb
def files(
    ws: Workspace,
    /,
    symbol: str,
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    home: Home = None,
) -> tuple[Path, ...]:
    """Parquet files of one dataset's current snapshot, oldest first.

    A glob over the data folder gives the same rows while no writer runs; these are exact at any
    time.

    Parameters
    ----------
    symbol
        The symbol.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    """
    return snapshot_of(ws.at(home), symbol, asset_class, frequency).files()


@verb
def export(
    ws: Workspace,
    /,
    symbol: OneSymbol = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    adjust: Adjust = "splits",
    filled: Filled = True,
    provenance: Provenance = False,
    require: Require = None,
    out: PathName | None = None,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> ExportReport:
    """Write one dataset's bars to a file, or as CSV to standard output.

    Parameters
    ----------
    out
        A file that ends in .csv, .parquet or .json.
    """
    from ml4t_nb.reading.one import read_bars

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    (name,) = required(symbol, "export", one=True)
    file = None if out is None else as_folder(out, option="--out")
    if file is not None and file.suffix not in _SUFFIXES:
        raise OptionError(
            f"--out {file.name!r} has an unknown file extension",
            hint=f"use {', '.join(_SUFFIXES)}",
        )
    snapshot = snapshot_of(ws, name, asset_class, frequency)
    request = BarsRequest(*days(start, end), adjust, filled, provenance, require)
    seen = read_bars(snapshot, request)
    if file is not None:
        config = snapshot.manifest.config
        origin = {"provider": config.provider, "adjust": adjust, "currency": config.currency}
        write_whole(file, lambda opened: _write(seen, opened, file.suffix, origin))
    manifest = snapshot.manifest
    config = manifest.config
    return ExportReport(manifest.dataset, seen, file, config.provider, config.currency)


def _write(seen: pd.DataFrame, file: BinaryIO, suffix: str, origin: Mapping[str, str]) -> None:
    """Bars as a file; what they are is in the metadata of a Parquet one, beside pandas' own."""
    if suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(seen)
        words = {f"ml4t_nb.{name}": value for name, value in origin.items() if value}
        known = table.schema.metadata or {}
        pq.write_table(table.replace_schema_metadata({**known, **words}), file)
    else:
        text = csv_of(seen) if suffix == ".csv" else json_of(seen)
        file.write(text.encode("utf-8"))


def snapshot_of(
    ws: Workspace, symbol: str, asset_class: AssetClass | None, frequency: Frequency | None
) -> Snapshot:
    """The current snapshot of the one selected dataset."""
    (dataset,) = select(ws, as_symbols(symbol), asset_class, frequency)
    return ws.store.snapshot(dataset)
