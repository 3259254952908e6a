"""Bars written to files of one's own: one each, or all in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from ml4t_nb.errors import DatasetNotFound, OptionError
from ml4t_nb.model import Column, DatasetId, FileFormat, OnError
from ml4t_nb.options import PathName
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.records import Skipped
from ml4t_nb.reports import ExportReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.export_files import Target, exported, write_bars
from ml4t_nb.verbs.look_ahead import LookAhead
from ml4t_nb.verbs.parameters import (
    Adjust,
    AsOfRefusing,
    BarsFreq,
    Class,
    Columns,
    Derive,
    End,
    Filled,
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
from ml4t_nb.verbs.select import days, required, select_sources

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.reading.symbol_bars import SymbolBars
    from ml4t_nb.workspace import Workspace

__all__ = ["export"]


@verb
def export(
    ws: Workspace,
    /,
    symbol: OneOrMore = (),
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
    out: PathName | None = None,
    format_: FileFormat | None = None,
    known_on: KnownOn = None,
    version: Version = None,
    pin: PinName = None,
    as_of: AsOfRefusing = None,
    home: Home = None,
) -> ExportReport:
    """Write bars to one file or to one for each symbol, or as CSV to standard output.

    Parameters
    ----------
    wide
        The symbols side by side, a row for each stamp: of one column, in one file.
    errors
        Of several symbols, raise the first error and write nothing, or skip those that cannot be
        read.
    out
        A file that ends in .csv, .parquet, .json or .arrow, where several symbols are told apart by
        the column symbol; or a folder, for a file of each symbol: one that exists, or a name
        without an extension.
    format_
        Of the files in a folder; Parquet if it is left out.

    Returns
    -------
    ExportReport
        What was exported; the bars too, if they were not written to a file.
    """
    from ml4t_nb.reading.many import read_each

    ws = as_known(ws.at(home), known_on, version, pin)
    ahead = LookAhead(ws, as_of)
    symbols = required(symbol, "export")
    chosen = None if columns is None else cast("tuple[Column, ...]", columns)
    meant = [*select_sources(ws, symbols, asset_class, frequency, derive=derive)]
    range_ = days(start, end)
    request = BarsRequest(*range_, adjust, filled, provenance, require, chosen, frequency)
    request = request.made_from(each for _, each in meant if isinstance(each, DatasetId))
    target = None if out is None else _target(Path(out), format_, wide=wide)
    _require_possible(request, target, format_, wide=wide)
    skipped: dict[str, str] | None = {} if errors == "skip" else None
    parts = _not_ahead(read_each(ws.store, meant, request, skipped), ahead)
    is_one = len(symbols) == 1
    bars = None
    if target is None or is_one:
        held = [*parts]
        parts = iter(held)
        bars = _together(held, request, is_one=is_one)
    if target is None:
        found = tuple(map(exported, parts))
    else:
        found = write_bars(parts, request, target, is_one=is_one)
    left_out = tuple(Skipped(*each) for each in (skipped or {}).items())
    if not found:
        reasons = "; ".join(dict.fromkeys(each.reason for each in left_out))
        raise DatasetNotFound(f"none of the symbols can be exported: {reasons}")
    written = None if target is None else target.path
    return ExportReport(found, bars, written, left_out, ahead.told(), adjust, filled)


def _not_ahead(parts: Iterable[SymbolBars], ahead: LookAhead) -> Iterator[SymbolBars]:
    """The parts; none that is later than the as-of given."""
    for each in parts:
        ahead.take(each.manifest)
        yield each


def _target(out: Path, kind: FileFormat | None, *, wide: bool) -> Target:
    if out.is_dir() or not (out.suffix or out.exists()):
        return Target(out, kind or "parquet", is_folder=True)
    known = {f".{each}": each for each in get_args(FileFormat)}
    if out.suffix not in known:
        raise OptionError(
            f"--out {out.name!r} has an unknown file extension", hint=f"use {', '.join(known)}"
        )
    return Target(out, known[out.suffix], is_wide=wide)


def _require_possible(
    request: BarsRequest, target: Target | None, kind: FileFormat | None, *, wide: bool
) -> None:
    """OptionError where an option has no place in what is to be written."""
    if kind is not None and not (target and target.is_folder):
        raise OptionError(
            "--format says which files a folder gets",
            hint="write --out FOLDER; the format of a single file is its extension",
        )
    if wide and (
        target is None or target.is_folder or target.kind == "json" or len(request.names) > 1
    ):
        raise OptionError(
            "--wide writes one column to one file, .csv, .parquet or .arrow",
            hint="add --columns close --out closes.parquet",
        )


def _together(parts: Sequence[SymbolBars], request: BarsRequest, *, is_one: bool) -> pd.DataFrame:
    from ml4t_nb.reading.batch import batch_of
    from ml4t_nb.reading.many import stacked

    if is_one and parts:
        return parts[0].bars
    return stacked(batch_of(parts, request.names), request.names)
