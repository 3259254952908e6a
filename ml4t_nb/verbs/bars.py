"""Bars of a dataset as a frame, and the files that hold them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Adjustment, AssetClass, Frequency
from ml4t_nb.options import as_symbols
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import Adjust, Class, End, Filled, Freq, Home, Start
from ml4t_nb.verbs.select import days, select

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["bars", "files", "snapshot_of", "view"]


@verb
def bars(
    ws: Workspace,
    /,
    symbol: str,
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    adjust: Adjust = "splits",
    filled: Filled = True,
    home: Home = None,
) -> pd.DataFrame:
    """Bars of one dataset.

    Parameters
    ----------
    symbol
        The symbol.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``timestamp`` (UTC): the instant an intraday bar opens, the date of a daily
        one, the Monday of a weekly one. Columns ``open``, ``high``, ``low``, ``close``,
        ``volume``, ``dividend`` (cash per share), ``split`` (1 if none) and ``filled``.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    ChunkCorrupt
        If a file is damaged: never half of the bars.
    """
    snapshot = snapshot_of(ws.at(home), symbol, asset_class, frequency)
    return view(snapshot, days(start, end), adjust, filled=filled)


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
    (dataset,) = select(ws.store.datasets(), as_symbols(symbol), asset_class, frequency)
    return ws.store.snapshot(dataset)


def view(
    snapshot: Snapshot, range_: tuple[date | None, date | None], adjust: Adjustment, *, filled: bool
) -> pd.DataFrame:
    """Bars from the first to the last date, both inclusive, adjusted."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import observed, within

    manifest = snapshot.manifest
    span = calendar(manifest.config.calendar).span(*range_, manifest.dataset.frequency)
    if adjust == "splits" and manifest.config.basis == "split-adjusted":
        seen = snapshot.bars(None if range_ == (None, None) else span)
    else:
        # A view depends on the splits and dividends of later bars, so it is cut afterwards.
        seen = within(_adjusted(snapshot, adjust), span)
    return seen if filled else observed(seen)


def _adjusted(snapshot: Snapshot, adjust: Adjustment) -> pd.DataFrame:
    """The whole series, adjusted.

    Raises
    ------
    OptionError
        If weekly bars cannot be: a split or dividend in mid-week needs the days around it.
    """
    from ml4t_nb.core.adjust import adjusted, inexact_weeks

    config, dataset = snapshot.manifest.config, snapshot.manifest.dataset
    whole = snapshot.bars()
    if dataset.frequency == "weekly" and (
        weeks := inexact_weeks(whole, adjust, basis=config.basis)
    ):
        raise OptionError(
            f"the week of {weeks[-1]:%Y-%m-%d} cannot be shown as {adjust!r}: "
            "its split or dividend fell between days",
            hint=f"load daily bars of {dataset.symbol} and adjust those",
        )
    return adjusted(whole, adjust, basis=config.basis)
