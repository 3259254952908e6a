"""The verbs that change how datasets are stored, without asking their providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Chunking, Compression
from ml4t_nb.options import as_symbols, one_of
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.runs import run_batch, works_of
from ml4t_nb.verbs.select import select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["rechunk", "recompress"]


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
    if compression is None:
        raise OptionError("recompress needs --compression", hint="such as --compression zstd")
    wanted = one_of(compression, Compression, what="codec")
    selection = symbol, asset_class, frequency
    return _rewritten(ws.at(home), "recompress", selection, as_of, compression=wanted)


@served("job")
@verb
def rechunk(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    chunk: Chunking | None = None,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Store datasets in files of another period, without asking their providers.

    All files are written anew, and their bars compared to the last bit before the old files go.
    Past versions are read as before.

    Parameters
    ----------
    chunk
        Calendar period of a file. auto: yearly for daily and weekly bars, weekly for minutes,
        monthly for other intraday ones, and small closed periods share a file.
    """
    if chunk is None:
        raise OptionError("rechunk needs --chunk", hint="such as --chunk monthly")
    wanted = one_of(chunk, Chunking, what="period")
    selection = symbol, asset_class, frequency
    return _rewritten(ws.at(home), "rechunk", selection, as_of, chunk=wanted)


def _rewritten(
    ws: Workspace,
    verb: str,
    selection: tuple[Selection, ClassFilter, FreqFilter],
    as_of: AsOf,
    *,
    compression: Compression | None = None,
    chunk: Chunking | None = None,
) -> RunReport:
    from ml4t_nb.pipeline import RewriteRequest, run_rewrite

    moment = ws.resolve_as_of(as_of)
    ws.require_home()
    symbol, asset_class, frequency = selection
    chosen = select(ws, as_symbols(symbol), asset_class, frequency)
    requests = {each: RewriteRequest(verb, each, compression, chunk) for each in chosen}
    return run_batch(ws, verb, works_of(run_rewrite, requests), moment, workers=2)
