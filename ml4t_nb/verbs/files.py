"""The files of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.model import AssetClass, Frequency
from ml4t_nb.options import PathName
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.bars import snapshot_of

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["files"]


@verb
def files(
    ws: Workspace,
    /,
    symbol: str,
    *,
    asset_class: AssetClass | None = None,
    frequency: Frequency | None = None,
    home: PathName | None = None,
) -> tuple[Path, ...]:
    """Parquet files of one dataset's present snapshot, oldest first.

    A glob over the data folder gives the same rows while no writer runs; these are exact at any
    time.

    Parameters
    ----------
    symbol
        The symbol.
    asset_class
        Its class, where the symbol is stored under several.
    frequency
        Its frequency, where the symbol is stored at several.
    home
        Folder of the store.

    Raises
    ------
    DatasetNotFound
        If nothing is stored.
    """
    return snapshot_of(ws.at(home), symbol, asset_class, frequency).files()
