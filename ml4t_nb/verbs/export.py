"""The verb that writes bars to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Adjustment, NextStep
from ml4t_nb.options import Day, Moment, PathName, Short, Symbols, as_folder, as_symbols
from ml4t_nb.reports import ExportReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.bars import snapshot_of, view
from ml4t_nb.verbs.formats import csv_of, json_of, write_whole
from ml4t_nb.verbs.select import EXAMPLE, Class, Freq, days

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.workspace import Workspace

__all__ = ["export"]


_SUFFIXES = (".csv", ".parquet", ".json")


@verb
def export(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Day | None = None,
    end: Day | None = None,
    adjust: Adjustment = "splits",
    filled: bool = True,
    out: PathName | None = None,
    as_of: Moment | None = None,
    home: PathName | None = None,
) -> ExportReport:
    """Write one dataset's bars to a file, or as CSV to standard output.

    Parameters
    ----------
    symbol
        The symbol; exactly one.
    asset_class
        Its class, where the symbol is stored under several.
    frequency
        Its frequency, where the symbol is stored at several.
    start
        First date, inclusive.
    end
        Last date, inclusive.
    adjust
        Prices as traded (raw), on the split basis of the last stored bar (splits), or with
        dividends reinvested too (all).
    filled
        Keep the bars that were made by gap filling.
    out
        A file that ends in .csv, .parquet or .json.
    as_of
        Accepted by every verb; what is stored does not depend on it.
    home
        Folder of the store.
    """
    ws = ws.at(home)
    ws.moment(as_of)
    names = as_symbols(symbol)
    if len(names) != 1:
        raise OptionError("export takes exactly one symbol", hint=NextStep("export", EXAMPLE))
    file = None if out is None else as_folder(out, option="--out")
    if file is not None and file.suffix not in _SUFFIXES:
        raise OptionError(
            f"--out {file.name!r} has no known ending", hint=f"end it in {', '.join(_SUFFIXES)}"
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
