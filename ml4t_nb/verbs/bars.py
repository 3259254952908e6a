"""Bars as a frame, and the files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from ml4t_nb.model import AssetClass, Column, Frequency, OnError
from ml4t_nb.options import as_symbols
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import (
    Adjust,
    Class,
    Columns,
    End,
    Filled,
    Freq,
    Home,
    OneOrMore,
    Provenance,
    Require,
    Start,
)
from ml4t_nb.verbs.select import days, select, select_each

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["bars", "files", "snapshot_of"]


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


def snapshot_of(
    ws: Workspace, symbol: str, asset_class: AssetClass | None, frequency: Frequency | None
) -> Snapshot:
    """The current snapshot of the one selected dataset."""
    (dataset,) = select(ws, as_symbols(symbol), asset_class, frequency)
    return ws.store.snapshot(dataset)
