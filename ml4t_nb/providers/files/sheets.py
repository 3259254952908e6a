"""A file as columns by our names, each cell as it stands; and how a Parquet file is read so."""

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
from ml4t_nb.providers.files.dialects import Dialect, bare, recognise
from ml4t_nb.providers.files.numbers import is_number
from ml4t_nb.providers.files.problems import SPOILT, Problems, require_rows, require_width

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["REQUIRED", "CellValues", "Sheet", "columns_of", "no_header", "parquet_sheet"]

CellValues: TypeAlias = Sequence[str] | npt.NDArray[np.float64] | pd.DatetimeIndex
_Places: TypeAlias = Mapping[str, tuple[int, ...]]
"""Of columns in a file, by our names; of the stamp perhaps two, a date and a time of day."""

REQUIRED = ("stamp", "open", "high", "low", "close")
_COMMON: Mapping[str, tuple[str, ...]] = {
    "stamp": ("date", "datetime", "timestamp", "time", "t", "index", ""),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "closelast"),
    "volume": ("volume", "vol", "v"),
    "dividend": ("dividend", "dividends", "dividendamount"),
    "gain": ("capitalgain", "capitalgains"),
    "split": ("split", "splits", "stocksplit", "stocksplits", "splitratio", "splitcoefficient"),
    "symbol": ("symbol", "ticker"),
    "filled": ("filled",),
}
_DAY_AND_TIME = (("date", "time"), ("dtyyyymmdd", "time"))
_PAIR = re.compile(r"\('([^']+)', '[^']*'\)")
_NAMES_SHOWN = 12
_COLUMNS = "name its columns Date, Open, High, Low, Close and Volume"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a file that bars are made of: the file's own names, and cells, by ours."""

    dialect: Dialect
    names: Mapping[str, str]
    columns: Mapping[str, tuple[CellValues, ...]]
    problems: Problems

    @classmethod
    def of(
        cls,
        dialect: Dialect,
        found: _Places,
        names: Sequence[str],
        columns: Mapping[int, CellValues] | Sequence[CellValues],
        problems: Problems,
    ) -> Sheet:
        """Of the columns of a file those that were found."""
        return cls(
            dialect,
            {ours: names[places[0]] for ours, places in found.items()},
            {ours: tuple(columns[at] for at in places) for ours, places in found.items()},
            problems,
        )


def columns_of(
    path: Path, header: Sequence[str], dialect: Dialect, *, is_guess: bool = False
) -> _Places:
    """Where our columns are; two of one meaning are refused, unless the header is a guess."""
    bares = [bare(name) for name in header]
    found: dict[str, tuple[int, ...]] = {}
    for ours, common in _COMMON.items():
        places = _places(bares, dialect.names.get(ours, common))
        if ours == "stamp" and len(places) > 1:
            # An index without a name that pandas wrote beside the dates is a mere number.
            places = tuple(at for at in places if bares[at] not in ("", "index"))
            places = tuple(sorted(places, key=lambda at: bares[at] == "time"))
            if tuple(bares[at] for at in places) in _DAY_AND_TIME:
                found[ours] = places
                continue
        if ours == "volume" and all("(" in header[at] for at in places):
            # In the currency itself, then in dollars.
            places = places[:1]
        if len(places) > 1 and not is_guess:
            names = [header[at] for at in places]
            is_repeated = len(set(names)) < len(names)
            which = repr(names[0]) if is_repeated else f"for the {ours}: {', '.join(names)}"
            raise BarsInvalid(f"{path.name} has two columns {which}", hint="keep one")
        if places:
            found[ours] = places
    return found


def _places(bares: Sequence[str], theirs: Sequence[str]) -> tuple[int, ...]:
    """Where columns of these names are; of a name that ends in a star, the first that begins so."""
    begins = tuple(name[:-1] for name in theirs if name.endswith("*"))
    first = [at for at, name in enumerate(bares) if name.startswith(begins)][:1]
    return (*(at for at, name in enumerate(bares) if name in theirs), *first)


def no_header(path: Path, row: Sequence[str]) -> BarsInvalid:
    """The error for a first row that names no columns, or not all that bars have."""
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


def parquet_sheet(path: Path) -> Sheet:
    """The sheet in a Parquet file, of which only the columns that matter are read.

    An OSError if it cannot be opened.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    try:
        # pyarrow raises an OSError for a damaged page too, and only a disk error is retried.
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        names = [_single(name) for name in file.schema_arrow.names]
        require_width(path, names)
        require_rows(path, file.metadata.num_rows, "row")
        dialect = recognise(names, "")
        found = columns_of(path, names, dialect)
        if any(name not in found for name in REQUIRED):
            raise no_header(path, names)
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
    return Sheet.of(
        dialect, found, names, columns, Problems(path, "row", range(1, table.num_rows + 1))
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
