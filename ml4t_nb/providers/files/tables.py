"""A CSV or Parquet file as columns with known names, each value with its place in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import as_stamps
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import DateOrder, DecimalSign
from ml4t_nb.providers.files.dialects import Dialect
from ml4t_nb.providers.files.names import NUMBER_COLUMNS, TEXT_COLUMNS
from ml4t_nb.providers.files.numbers import read_columns
from ml4t_nb.providers.files.problems import Problems, Unreadable
from ml4t_nb.providers.files.sheets import CellValues, Sheet, parquet_sheet, text_sheet
from ml4t_nb.providers.files.timestamps import Written, as_written, from_texts

__all__ = ["SUFFIXES", "TEXT_SUFFIXES", "Conventions", "PriceTable", "read_table"]

SUFFIXES = (".csv", ".parquet")
# Read where there is none of the others: a text may be anything.
TEXT_SUFFIXES = (".txt", ".tsv")

_DATES = "write dates as 2024-01-31, and times as 2024-01-31T14:30+00:00"
_LONG_TIME, _SHORT_TIME = 6, 4


@dataclass(frozen=True, slots=True)
class Conventions:
    """How what a file leaves open is read; None refuses such a file."""

    dates: DateOrder | None = None
    decimal: DecimalSign | None = None


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The columns of a file that bars are made of.

    Parameters
    ----------
    numbers, texts
        By our names; ``gain`` and ``symbol`` besides those of bars.
    places
        Line of each row in a CSV file, number of the row in a Parquet file.
    """

    path: Path
    dialect: Dialect
    stamps: Written
    numbers: Mapping[str, npt.NDArray[np.float64]]
    texts: Mapping[str, Sequence[str]]
    places: Sequence[int]

    def wrong(self, row: int, what: str, *, hint: str = "") -> BarsInvalid:
        """The error for what a row says."""
        unit = "row" if self.path.suffix.lower() == ".parquet" else "line"
        problems = Problems(self.path, unit)
        problems.add(self.places[row], what, hint)
        return problems.error()


def read_table(path: Path, conventions: Conventions) -> PriceTable:
    """The table in ``path``.

    Raises
    ------
    BarsInvalid
        If it cannot be read, lacks a column, or holds what is not a number or date; all of it at
        once.
    OSError
        If the file cannot be opened.
    """
    sheet = parquet_sheet(path) if path.suffix.lower() == ".parquet" else text_sheet(path)
    stamps = _stamps(sheet, conventions.dates)
    numbers = _numbers(sheet, conventions.decimal)
    sheet.problems.require_none()
    texts = {name: _words(sheet.columns[name][0]) for name in TEXT_COLUMNS if name in sheet.columns}
    return PriceTable(path, sheet.dialect, stamps, numbers, texts, sheet.places)


def _stamps(sheet: Sheet, preferred: DateOrder | None) -> Written:
    """The stamps, or none where they have problems."""
    try:
        written = _as_they_stand(sheet, preferred)
        _require_near(written.wall)
    except Unreadable as error:
        for place, what in ((error.place, str(error)), *error.others):
            sheet.problems.add(sheet.places[place], what, error.hint or _DATES)
        return Written(pd.DatetimeIndex([]))
    if written.instants is None and sheet.dialect.zone is not None:
        local = written.wall.tz_localize(sheet.dialect.zone)
        return Written(written.wall, as_stamps(local))
    return written


def _require_near(wall: pd.DatetimeIndex) -> None:
    # Beyond, an hour's offset or a day's length leaves the years that a datetime has.
    far = np.flatnonzero((wall.year <= MINYEAR) | (wall.year >= MAXYEAR))
    if len(far):
        raise Unreadable(f"{wall[int(far[0])]} is not a plausible date", int(far[0]))


def _as_they_stand(sheet: Sheet, preferred: DateOrder | None) -> Written:
    column, *times = sheet.columns["stamp"]
    if isinstance(column, pd.DatetimeIndex) and not times:
        lost = np.flatnonzero(column.isna())
        if len(lost):
            raise Unreadable("a stamp is missing", int(lost[0]))
        return as_written(column)
    words = _words(column)
    if times:
        pairs = zip(words, _times(_words(times[0])), strict=True)
        words = [f"{day} {time}".strip() for day, time in pairs]
    return from_texts(
        words,
        formats=sheet.dialect.formats,
        preferred=preferred,
        has_mixed_units=sheet.dialect.has_mixed_units,
    )


def _times(words: Sequence[str]) -> Sequence[str]:
    """Times of day with colons, where they are written as 93000 or 0930."""
    if not words or not all(word.isdecimal() for word in words):
        return words
    longest = max(map(len, words))
    if longest in (_LONG_TIME - 1, _LONG_TIME) or set(words) == {"0"}:
        full = [word.zfill(_LONG_TIME) for word in words]
        return [f"{word[:2]}:{word[2:4]}:{word[4:]}" for word in full]
    if all(len(word) == _SHORT_TIME for word in words):
        return [f"{word[:2]}:{word[2:]}" for word in words]
    return words


def _numbers(sheet: Sheet, preferred: DecimalSign | None) -> dict[str, npt.NDArray[np.float64]]:
    columns = {name: sheet.columns[name][0] for name in NUMBER_COLUMNS if name in sheet.columns}

    def wrong(name: str, row: int, what: str, hint: str) -> None:
        sheet.problems.add(sheet.places[row], f"{sheet.names[name][0]} {what}", hint)

    read = {name: column for name, column in columns.items() if isinstance(column, np.ndarray)}
    for name, values in read.items():
        for row in np.flatnonzero(np.isinf(values)).tolist():
            wrong(name, row, "is infinite", "")
    texts = {name: _words(column) for name, column in columns.items() if name not in read}
    return read | read_columns(
        texts, declared=sheet.dialect.decimal, preferred=preferred, wrong=wrong
    )


def _words(column: CellValues) -> Sequence[str]:
    if isinstance(column, pd.DatetimeIndex | np.ndarray):
        return [str(value) for value in column]
    return column
