"""The files of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.bars import snapshot_of
from ml4t_nb.verbs.parameters import Class, Freq, Home

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["files"]


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
