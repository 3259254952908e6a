"""A file as columns under its own names: where its header is, and of which dialect it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.errors import BarsInvalid
from ml4t_nb.providers.files.dialects import DIALECTS, Dialect, recognise
from ml4t_nb.providers.files.names import REQUIRED, columns_of, stacked_names
from ml4t_nb.providers.files.numbers import is_number
from ml4t_nb.providers.files.problems import MAX_ROWS, SPOILT, Problems, require_width
from ml4t_nb.providers.files.text import TextRows, read_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CellValues", "Sheet", "parquet_sheet", "text_sheet"]

CellValues: TypeAlias = Sequence[str] | npt.NDArray[np.float64] | pd.DatetimeIndex

_PAIR = re.compile(r"\('([^']+)', '[^']*'\)")
_PREAMBLE = 10
_NAMES_SHOWN = 12
_COLUMNS = "name its columns Date, Open, High, Low, Close and Volume"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a file that bars are made of, as they stand.

    Parameters
    ----------
    names
        The file's own, by ours; of the stamp perhaps two, a date and a time of day.
    columns
        By ours, as many as there are names.
    places
        Line of each row in a text file, number of the row in a Parquet file.
    """

    dialect: Dialect
    names: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[CellValues, ...]]
    places: Sequence[int]
    problems: Problems


@dataclass(frozen=True, slots=True)
class _Head:
    """Names of columns, where the rows below them begin, and the symbol they name."""

    names: list[str]
    dialect: Dialect
    start: int
    symbol: str = ""


def text_sheet(path: Path) -> Sheet:
    """The sheet in a text file.

    Raises
    ------
    BarsInvalid
        If it is not a table of prices.
    OSError
        If it cannot be opened.
    """
    rows = read_text(path)
    head = _head(path, rows)
    found = columns_of(path, head.names, head.dialect)
    problems = Problems(path, "line")
    body, places = _body(rows, head, problems)
    columns: list[CellValues] = list(zip(*body, strict=True)) if body else [()] * len(head.names)
    named = {ours: tuple(columns[at] for at in places) for ours, places in found.items()}
    names = {ours: tuple(head.names[at] for at in places) for ours, places in found.items()}
    if head.symbol:
        named["symbol"], names["symbol"] = ([head.symbol] * len(body),), ("Ticker",)
    return Sheet(head.dialect, names, named, places, problems)


def _head(path: Path, rows: TextRows) -> _Head:
    """The header, below what stands before it; or that of a dialect that has none."""
    require_width(path, rows.cells[0])
    stacked = stacked_names(path, rows.cells)
    if stacked is not None:
        names, start, symbol = stacked
        return _Head(names, recognise(names, ""), start, symbol)
    for at, row in enumerate(rows.cells[:_PREAMBLE]):
        dialect = recognise(row, rows.line(at))
        require_width(path, row)
        if set(REQUIRED) <= set(columns_of(path, row, dialect, is_guess=True)):
            return _Head(row, dialect, at + 1)
        if sum(map(bool, row)) > 2:  # noqa: PLR2004  # a title, or a name and its value
            break
    first = rows.cells[0]
    bare = next((each for each in DIALECTS if each.is_begun(first)), None)
    if bare is None:
        raise _no_header(path, first)
    if bare.refusal:
        raise BarsInvalid(
            f"{path.name} cannot be read: {bare.refusal}",
            hint="write its stamps with their date, as 2024-01-31T14:30+00:00, below a header row",
        )
    return _Head(list(bare.positions), bare, 0)


def _no_header(path: Path, row: Sequence[str]) -> BarsInvalid:
    found = columns_of(path, row, recognise(row, ""))
    missing = [name for name in REQUIRED if name not in found]
    if not found and sum(is_number(cell) for cell in row) >= len(REQUIRED) - 1:
        return BarsInvalid(
            f"{path.name} has no header row, and its first row matches no known "
            f"format: {', '.join(row[:_NAMES_SHOWN])}",
            hint="add a header row, such as Date,Open,High,Low,Close,Volume",
        )
    more = ", ..." if len(row) > _NAMES_SHOWN else ""
    return BarsInvalid(
        f"{path.name} has no column for the {', '.join(missing)}, "
        f"but {', '.join(row[:_NAMES_SHOWN])}{more}",
        hint=_COLUMNS,
    )


def _body(rows: TextRows, head: _Head, problems: Problems) -> tuple[list[list[str]], list[int]]:
    """Rows below the header, each as wide as it, and their lines."""
    width = len(head.names)
    ends_empty = width > 1 and not head.names[-1]
    body: list[list[str]] = []
    places: list[int] = []
    last = len(rows.cells) - 1
    for at in range(head.start, len(rows.cells)):
        row = rows.cells[at]
        if row == head.names or (at == last and head.dialect.is_footer(row)):
            continue
        if len(row) == width + 1 and not row[-1]:
            row = row[:-1]
        elif len(row) == width - 1 and ends_empty:
            row = [*row, ""]
        if len(row) != width:
            what = f"{len(row)} values for {width} columns"
            is_cut = at == last and rows.is_cut and _begins_as(row, body[-1:], width)
            hint = "is the file still being written?" if is_cut else ""
            problems.add(rows.lines[at], what, hint)
            continue
        body.append(row)
        places.append(rows.lines[at])
    return body, places


def _begins_as(row: Sequence[str], before: Sequence[list[str]], width: int) -> bool:
    """Whether a last, short row is the beginning of one, and no remark below the table."""
    shape, whole = (re.sub(r"\d", "9", each[0]) for each in (row, *before, row)[:2])
    return len(row) < width and whole.startswith(shape)


def parquet_sheet(path: Path) -> Sheet:
    """The sheet in a Parquet file, of which only the columns that matter are read.

    Raises
    ------
    BarsInvalid
        If it is none, or larger than what is read.
    OSError
        If it cannot be opened.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    try:
        # pyarrow raises an OSError for a damaged page too, and only a disk error is retried.
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        names = [_single(name) for name in file.schema_arrow.names]
        _require_size(path, file.metadata.num_rows, names)
        dialect = recognise(names, "")
        found = columns_of(path, names, dialect)
        if any(name not in found for name in REQUIRED):
            raise _no_header(path, names)
        wanted = sorted({at for places in found.values() for at in places})
        theirs = [file.schema_arrow.names[at] for at in wanted]
        # By name: it reads "Open.x" along with "Open".
        table = file.read(columns=theirs)
        columns = {at: _plain(table[name]) for at, name in zip(wanted, theirs, strict=True)}
    except BarsInvalid:
        raise
    except (pa.ArrowException, ValueError, OSError) as error:
        is_whole = content[:4] == content[-4:] == b"PAR1"
        raise BarsInvalid(
            f"{path.name} cannot be read as Parquet: {error}",
            hint="it is damaged; replace it with an intact file" if is_whole else SPOILT,
        ) from error
    return Sheet(
        dialect,
        {ours: tuple(names[at] for at in places) for ours, places in found.items()},
        {ours: tuple(columns[at] for at in places) for ours, places in found.items()},
        range(1, table.num_rows + 1),
        Problems(path, "row"),
    )


def _require_size(path: Path, rows: int, names: Sequence[str]) -> None:
    """Raise BarsInvalid if the file's own description is of more than is read."""
    require_width(path, names)
    if rows > MAX_ROWS:
        raise BarsInvalid(
            f"{path.name} has {rows:,} rows; at most {MAX_ROWS:,} are read",
            hint="split it, one file per symbol",
        )


def _single(name: str) -> str:
    """A column's name; of yfinance's, which pandas writes as tuples, that of the price."""
    if name.startswith("__index_level_"):
        return ""
    pair = _PAIR.fullmatch(name)
    return pair[1] if pair else name


def _plain(column: pa.ChunkedArray) -> CellValues:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pd.DatetimeIndex(column.to_pandas())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
        return values
    # Integers too: they may count seconds since 1970, which a float would blur.
    return ["" if value is None else str(value) for value in column.to_pylist()]
