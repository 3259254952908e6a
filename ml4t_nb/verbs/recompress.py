"""The verb that stores datasets with another codec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Compression
from ml4t_nb.options import as_symbols, one_of
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.runs import run_batch, works_of
from ml4t_nb.verbs.select import select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["recompress"]


@served("job")
@verb
def recompress(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    compression: Compression | None = None,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Store datasets with another codec, without asking their providers.

    All files are written anew, and their bars compared to the last bit before the old files go.
    Past versions are read as before.

    Parameters
    ----------
    compression
        The codec.
    """
    from ml4t_nb.pipeline import RewriteRequest, run_rewrite

    ws = ws.at(home)
    if compression is None:
        raise OptionError("recompress needs --compression", hint="such as --compression zstd")
    wanted = one_of(compression, Compression, what="codec")
    moment = ws.resolve_as_of(as_of)
    ws.require_home()
    chosen = select(ws, as_symbols(symbol), asset_class, frequency)
    works = works_of(
        run_rewrite,
        {each: RewriteRequest("recompress", each, compression=wanted) for each in chosen},
    )
    return run_batch(ws, "recompress", works, moment, workers=2)
