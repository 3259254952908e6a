"""The verb that writes bars to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ml4t_nb.errors import OptionError
from ml4t_nb.model import NextStep
from ml4t_nb.options import PathName, as_folder, as_symbols
from ml4t_nb.reports import ExportReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.bars import snapshot_of, view
from ml4t_nb.verbs.formats import csv_of, json_of, write_whole
from ml4t_nb.verbs.parameters import (
    Adjust,
    AsOfUnused,
    Class,
    End,
    Filled,
    Freq,
    Home,
    OneSymbol,
    Start,
)
from ml4t_nb.verbs.select import EXAMPLE, days

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.workspace import Workspace

__all__ = ["export"]


_SUFFIXES = (".csv", ".parquet", ".json")


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
    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    names = as_symbols(symbol)
    if len(names) != 1:
        raise OptionError("export takes exactly one symbol", hint=NextStep("export", EXAMPLE))
    file = None if out is None else as_folder(out, option="--out")
    if file is not None and file.suffix not in _SUFFIXES:
        raise OptionError(
            f"--out {file.name!r} has an unknown file extension",
            hint=f"use {', '.join(_SUFFIXES)}",
        )
    snapshot = snapshot_of(ws, names[0], asset_class, frequency)
    seen = view(snapshot, days(start, end), adjust, filled=filled)
    if file is not None:
        _write(seen, file)
    manifest = snapshot.manifest
    return ExportReport(manifest.dataset, seen, file, manifest.config.provider)


def _write(seen: pd.DataFrame, out: Path) -> None:
    def write(file: BinaryIO) -> None:
        if out.suffix == ".parquet":
            seen.to_parquet(file)
        else:
            text = csv_of(seen) if out.suffix == ".csv" else json_of(seen)
            file.write(text.encode("utf-8"))

    write_whole(out, write)
