"""A CSV or Parquet file as columns with known names, each value with its place in the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.errors import BarsInvalid
from ml4t_nb.providers.files.timestamps import Unreadable, Written, as_written, from_texts

__all__ = ["SUFFIXES", "Table", "read_table"]

SUFFIXES = (".csv", ".parquet")

# Names as they are left without case, digits, spaces and signs.
_STAMPS = ("date", "datetime", "timestamp", "time", "t", "index", "")
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "closelast"),
    "volume": ("volume", "vol", "v"),
    "dividend": ("dividend", "dividends", "dividendamount"),
    "gain": ("capitalgain", "capitalgains"),
    "split": ("split", "splits", "stocksplit", "stocksplits", "splitratio", "splitcoefficient"),
}
_TEXTS = {"symbol": ("symbol", "ticker"), "filled": ("filled",)}
_DELIMITERS = ",;\t|"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
_PLAIN = r"^-?[0-9]{1,15}(?:\.[0-9]{1,20})?$"
_NOTHING = ("", "nan", "null")
_SPOILT = "is it damaged, or still being written? put a whole file in its place"

_Column = Sequence[str] | npt.NDArray[np.float64] | pd.DatetimeIndex


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file that bars are made of.

    Parameters
    ----------
    columns
        By our names; ``gain`` and ``symbol`` besides those of bars.
    places
        Line of each row in a CSV file, number of the row in a Parquet file.
    """

    path: Path
    stamps: Written
    numbers: Mapping[str, npt.NDArray[np.float64]]
    texts: Mapping[str, Sequence[str]]
    places: Sequence[int]

    def wrong(self, row: int, what: str, *, hint: str = "") -> BarsInvalid:
        """The error for what a row says."""
        return _wrong(self.path, self.places, row, what, hint=hint)


def read_table(path: Path) -> Table:
    """The table in ``path``.

    Raises
    ------
    BarsInvalid
        If it cannot be read, lacks a column, or holds what is no number or date.
    OSError
        If the file cannot be opened.
    """
    columns, places = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    named = _named(path, list(columns))
    missing = [name for name in ("stamp", "open", "high", "low", "close") if name not in named]
    if missing:
        raise BarsInvalid(
            f"{path.name} has no column for the {missing[0]}, but {', '.join(columns)}",
            hint="name its columns Date, Open, High, Low, Close and Volume",
        )
    try:
        stamps = _stamps([columns[name] for name in named["stamp"]])
    except Unreadable as error:
        hint = "write dates as 2024-01-31, and instants as 2024-01-31T14:30+00:00"
        raise _wrong(path, places, error.place, str(error), hint=hint) from error
    numbers = {
        name: _floats(path, places, named[name][0], columns[named[name][0]])
        for name in _NUMBERS
        if name in named
    }
    texts = {name: _words(columns[named[name][0]]) for name in _TEXTS if name in named}
    return Table(path, stamps, numbers, texts, places)


def _wrong(path: Path, places: Sequence[int], row: int, what: str, *, hint: str) -> BarsInvalid:
    unit = "row" if path.suffix.lower() == ".parquet" else "line"
    return BarsInvalid(f"{path.name}, {unit} {places[row]}: {what}", hint=hint)


def _csv(path: Path) -> tuple[dict[str, _Column], Sequence[int]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BarsInvalid(f"{path.name} is no UTF-8 text: {error}", hint=_SPOILT) from error
    first = next((line for line in text.splitlines() if not _is_remark(line)), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    places: list[int] = []
    try:
        for row in reader:
            if row and not (len(row) == 1 and _is_remark(row[0])):
                rows.append([cell.strip() for cell in row])
                places.append(reader.line_num)
    except csv.Error as error:
        raise BarsInvalid(f"{path.name}, line {reader.line_num}: {error}", hint=_SPOILT) from error
    if not rows:
        raise BarsInvalid(
            f"{path.name} is empty",
            hint="it needs a line of column names; is it still being written?",
        )
    header, *body = rows
    _unique(path, header)
    width = len(header)
    for row, place in zip(body, places[1:], strict=True):
        if len(row) != width:
            raise BarsInvalid(
                f"{path.name}, line {place}: {len(row)} values for {width} columns",
                hint="is the file still being written?",
            )
    columns = list(zip(*body, strict=True)) if body else [()] * len(header)
    return dict(zip(header, columns, strict=True)), places[1:]


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _unique(path: Path, header: Sequence[str]) -> None:
    for name in header:
        if header.count(name) > 1:
            raise BarsInvalid(f"{path.name} has two columns {name!r}")


def _parquet(path: Path) -> tuple[dict[str, _Column], Sequence[int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    try:
        # pyarrow raises an OSError for a damaged page too, and only a disk is worth asking again.
        table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
        frame = table.to_pandas()
    except (pa.ArrowException, ValueError, OSError) as error:
        raise BarsInvalid(f"{path.name} is no Parquet file: {error}", hint=_SPOILT) from error
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    _unique(path, [str(name) for name in frame.columns])
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    return columns, range(1, len(frame) + 1)


def _plain(column: pd.Series) -> _Column:
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return pd.DatetimeIndex(column)
    if column.dtype.kind == "f":
        return column.to_numpy(dtype="float64")
    # Integers too: they may count seconds since 1970, which a float would blur.
    return ["" if pd.isna(value) else str(value) for value in column]


def _named(path: Path, header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The file's columns by our names; of the stamp perhaps two, a date and a time of day."""
    named: dict[str, tuple[str, ...]] = {}
    bare = {name: re.sub(r"[^a-z]", "", name.lower()) for name in header}
    for ours, theirs in {"stamp": _STAMPS, **_NUMBERS, **_TEXTS}.items():
        found = tuple(name for name in header if bare[name] in theirs)
        if ours == "stamp" and len(found) > 1:
            # An index without a name that pandas wrote beside the dates is a mere number.
            found = tuple(name for name in found if bare[name] not in ("", "index"))
            if sorted(bare[name] for name in found) == ["date", "time"]:
                named[ours] = tuple(sorted(found, key=bare.__getitem__))
                continue
        if len(found) > 1:
            raise BarsInvalid(f"{path.name} has two columns for the {ours}: {', '.join(found)}")
        if found:
            named[ours] = found
    return named


def _stamps(columns: Sequence[_Column]) -> Written:
    written = _as_they_stand(columns)
    # Beyond, an hour's offset or a day's length leaves the years that a datetime has.
    years = written.wall.year
    far = np.flatnonzero((years <= MINYEAR) | (years >= MAXYEAR))
    if len(far):
        raise Unreadable(f"{written.wall[int(far[0])]} is no day of any market", int(far[0]))
    return written


def _as_they_stand(columns: Sequence[_Column]) -> Written:
    if len(columns) > 1:
        pairs = zip(*(_words(column) for column in columns), strict=True)
        return from_texts([f"{day} {time}" for day, time in pairs])
    (column,) = columns
    if isinstance(column, pd.DatetimeIndex):
        lost = np.flatnonzero(column.isna())
        if len(lost):
            raise Unreadable("there is no stamp", int(lost[0]))
        return as_written(column)
    return from_texts(_words(column))


def _words(column: _Column) -> Sequence[str]:
    if isinstance(column, pd.DatetimeIndex | np.ndarray):
        return [str(value) for value in column]
    return column


def _plain_floats(words: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """The numbers that all of them are, read in bulk; None if one is written otherwise."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pa.array(words, pa.string())
    if not pc.all(pc.match_substring_regex(column, _PLAIN)).as_py():
        return None
    values: npt.NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _floats(
    path: Path, places: Sequence[int], name: str, column: _Column
) -> npt.NDArray[np.float64]:
    if isinstance(column, np.ndarray):
        values = column
    else:
        words = _words(column)
        plain = _plain_floats(words)
        values = np.full(len(words), np.nan) if plain is None else plain
        for row, word in enumerate(words if plain is None else ()):
            if _NUMBER(word):
                values[row] = float(word)
            elif word.lower() not in _NOTHING:
                raise _wrong(path, places, row, f"{name} is {word!r}, which is no number", hint="")
    endless = np.flatnonzero(np.isinf(values))
    if len(endless):
        raise _wrong(path, places, int(endless[0]), f"{name} is endless", hint="")
    return values
