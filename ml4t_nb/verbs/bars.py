"""Bars as a frame, and the files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import AssetClass, BarsFrequency, Column, DatasetId, Frequency, OnError
from ml4t_nb.options import PathName, as_folder, as_symbols
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.session_reads import noter
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.look_ahead import LookAhead
from ml4t_nb.verbs.parameters import (
    Adjust,
    BarsFreq,
    Class,
    Columns,
    Derive,
    End,
    Filled,
    Freq,
    Home,
    KnownOn,
    OneOrMore,
    PinName,
    Provenance,
    Require,
    Start,
    Version,
)
from ml4t_nb.verbs.past import as_known
from ml4t_nb.verbs.select import days, select, select_sources

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["bars", "files", "snapshot_of"]


@served("read")
@verb
def bars(
    ws: Workspace,
    /,
    symbol: OneOrMore,
    *,
    asset_class: Class = None,
    frequency: BarsFreq = None,
    derive: Derive = False,
    start: Start = None,
    end: End = None,
    adjust: Adjust = "splits",
    filled: Filled = True,
    provenance: Provenance = False,
    require: Require = None,
    columns: Columns = None,
    wide: bool = False,
    errors: OnError = "raise",
    known_on: KnownOn = None,
    version: Version = None,
    pin: PinName = None,
    home: Home = None,
) -> pd.DataFrame:
    """Bars of one symbol, or of several in one frame.

    Of a ``frequency`` that is not stored they are derived: adjusted first, then made by the
    exchange's sessions, each from all its parts. A period is given if any of its dates is in the
    range, and is never cut by it.

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
        one, the Monday of a weekly one, the first day of a longer one. Columns ``open``, ``high``,
        ``low``, ``close``, ``volume``, ``dividend`` (cash per share), ``split`` (1 if none) and
        ``filled``; derived ones have ``complete``, which is False if the period is not over, or if
        a part is missing or was made by filling; with ``provenance`` also ``provider``.

        Of a list of symbols, the index is ``symbol`` and ``timestamp``, the symbols in the order
        given. With ``wide`` the columns are the symbols where ``columns`` names one, otherwise
        (column, symbol); a row is a stamp that one of them has, or that its calendar expects
        between the first and the last of them.

        ``frame.attrs["ml4t_nb"]`` says which ``datasets`` these are, in which ``versions`` with
        which ``checksums``, the as-of of the newest (``as_of``), their ``frequency``, which one
        they are derived from (``derived_from``), how many of these are not complete
        (``incomplete``), how they are adjusted (``adjust``), whether with ``filled`` bars, and
        which symbols were ``skipped``, each with the reason. `cite` puts it in words.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    ChunkCorrupt
        If a file is damaged: never half of the bars.
    ArchiveMissing
        If some are archived on a disk that is missing; later ones can be read.
    BarsDoubtful
        If the bars are not as ``require`` says: none is returned.
    OptionError
        If the symbols cannot stand in one frame: their frequencies differ, or with ``wide`` their
        calendars.

    Examples
    --------
    >>> ml4t_nb.bars("AAPL", start="2024-01-01")                      # one symbol
    >>> ml4t_nb.bars("AAPL", frequency="monthly")                     # derived from days
    >>> ml4t_nb.bars(["AAPL", "MSFT"], adjust="all")                  # one below the other
    >>> ml4t_nb.bars(["AAPL", "MSFT"], columns="close", wide=True)    # closes side by side
    """
    ws = as_known(ws.at(home), known_on, version, pin)
    chosen = None if columns is None else cast("tuple[Column, ...]", columns)
    range_ = days(start, end)
    request = BarsRequest(*range_, adjust, filled, provenance, require, chosen, frequency)
    if isinstance(symbol, str) and not wide:
        from ml4t_nb.reading.one import read_bars

        snapshot = _source_of(ws, symbol, asset_class, frequency, derive=derive)
        _note_later(ws, [snapshot])
        return read_bars(snapshot, request.made_from([snapshot.manifest.dataset]))
    from ml4t_nb.reading.many import read_many

    meant = [*select_sources(ws, as_symbols(symbol), asset_class, frequency, derive=derive)]
    frame = read_many(ws.store, meant, request, wide=wide, errors=errors)
    _note_later(ws, _readable(ws, meant))
    return frame


@verb
def files(
    ws: Workspace,
    /,
    symbol: str,
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    known_on: KnownOn = None,
    version: Version = None,
    pin: PinName = None,
    to: PathName | None = None,
    home: Home = None,
) -> tuple[Path, ...]:
    """Parquet files of one dataset's current snapshot, or of a past version, oldest first.

    A glob over the data folder gives the same rows while no writer runs; these are exact at any
    time.

    Parameters
    ----------
    symbol
        The symbol.
    to
        A folder, in which the files are written: a past version may lie in none of its own. It is
        made if it is not there, and may hold no other Parquet file.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    StoreError
        If the version does not lie in files of its own, and none are to be written.
    """
    ws = as_known(ws.at(home), known_on, version, pin)
    snapshot = snapshot_of(ws, symbol, asset_class, frequency)
    _note_later(ws, [snapshot])
    _note_files(snapshot)
    if to is None:
        return snapshot.files()
    from ml4t_nb.verbs.version_files import written_files

    return written_files(snapshot, as_folder(to, option="--to"), ws.settings.home)


def _note_files(snapshot: Snapshot) -> None:
    """Note what is in the files: bars on the basis on which they are stored."""
    if note := noter():
        from ml4t_nb.reading.origin import Origin

        manifest = snapshot.manifest
        note(Origin.of(BarsRequest(), [manifest], manifest.dataset.frequency))


def _note_later(ws: Workspace, snapshots: Iterable[Snapshot]) -> None:
    """Say which bars are later than the as-of of the settings."""
    ahead = LookAhead(ws)
    if ahead.moment is not None:
        for each in snapshots:
            ahead.take(each.manifest)
        ahead.told()


def _readable(
    ws: Workspace, meant: Iterable[tuple[str, DatasetId | Ml4tError]]
) -> Iterator[Snapshot]:
    for _, each in meant:
        if isinstance(each, DatasetId):
            with suppress(Ml4tError):  # it was skipped
                yield ws.store.snapshot(each)


def _source_of(
    ws: Workspace,
    symbol: str,
    asset_class: AssetClass | None,
    frequency: BarsFrequency | None,
    *,
    derive: bool,
) -> Snapshot:
    """The current snapshot of the one dataset that bars of the frequency are read or made from."""
    ((_, found),) = select_sources(ws, (symbol,), asset_class, frequency, derive=derive)
    if isinstance(found, Ml4tError):
        raise found
    return ws.store.snapshot(found)


def snapshot_of(
    ws: Workspace, symbol: str, asset_class: AssetClass | None, frequency: Frequency | None
) -> Snapshot:
    """The current snapshot of the one selected dataset."""
    (dataset,) = select(ws, as_symbols(symbol), asset_class, frequency)
    return ws.store.snapshot(dataset)
