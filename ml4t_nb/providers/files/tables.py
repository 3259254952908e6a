"""A CSV or Parquet file as stamps and numbers with known names, each with its place in the file."""

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
from ml4t_nb.model import DateOrder
from ml4t_nb.providers.files.dialects import Dialect
from ml4t_nb.providers.files.numbers import read_columns
from ml4t_nb.providers.files.problems import Problems, Unreadable
from ml4t_nb.providers.files.sheets import CellValues, Sheet, parquet_sheet
from ml4t_nb.providers.files.text import text_sheet
from ml4t_nb.providers.files.timestamps import Written, from_texts
from ml4t_nb.settings import Settings

__all__ = ["SUFFIXES", "TEXT_SUFFIXES", "PriceTable", "read_table"]

SUFFIXES = (".csv", ".parquet")
# Read where there is none of the others: a text may be anything.
TEXT_SUFFIXES = (".txt", ".tsv")

_NUMBERS = ("open", "high", "low", "close", "volume", "dividend", "gain", "split")
_TEXTS = ("symbol", "filled")
_LONG_TIME, _SHORT_TIME = 6, 4


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The columns of a file that bars are made of, by our names, and ``gain`` and ``symbol``."""

    path: Path
    dialect: Dialect
    stamps: Written
    numbers: Mapping[str, npt.NDArray[np.float64]]
    texts: Mapping[str, Sequence[str]]
    problems: Problems

    def wrong(self, row: int, what: str, *, hint: str = "") -> BarsInvalid:
        """The error for what a row says."""
        self.problems.add_row(row, what, hint)
        return self.problems.error()


def read_table(path: Path, settings: Settings) -> PriceTable:
    """The table in ``path``; all that is wrong with its cells is one BarsInvalid.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    sheet = parquet_sheet(path) if path.suffix.lower() == ".parquet" else text_sheet(path)
    problems = sheet.problems

    def wrong(name: str, row: int, what: str, hint: str) -> None:
        problems.add_row(row, f"{sheet.names[name]} {what}", hint)

    stamps = Written(pd.DatetimeIndex([]))
    try:
        stamps = _stamps(sheet, settings.files_dates)
    except Unreadable as error:
        for row, what in error.wrong:
            problems.add_row(row, what, error.hint)
    cells = {name: sheet.columns[name][0] for name in _NUMBERS if name in sheet.columns}
    numbers = read_columns(
        {
            name: column if isinstance(column, np.ndarray) else _words(column)
            for name, column in cells.items()
        },
        declared=sheet.dialect.decimal,
        preferred=settings.files_decimal,
        wrong=wrong,
    )
    if problems.found:
        raise problems.error()
    texts = {name: _words(sheet.columns[name][0]) for name in _TEXTS if name in sheet.columns}
    return PriceTable(path, sheet.dialect, stamps, numbers, texts, problems)


def _stamps(sheet: Sheet, preferred: DateOrder | None) -> Written:
    written = _as_they_stand(sheet, preferred)
    wall, zone = written.wall, sheet.dialect.zone
    # Beyond, an hour's offset or a day's length leaves the years that a datetime has.
    far = np.flatnonzero((wall.year <= MINYEAR) | (wall.year >= MAXYEAR))
    if len(far):
        raise Unreadable((int(far[0]), f"{wall[int(far[0])]} is not a plausible date"))
    if written.instants is None and zone is not None:
        return Written(wall, as_stamps(wall.tz_localize(zone)))
    return written


def _as_they_stand(sheet: Sheet, preferred: DateOrder | None) -> Written:
    column, *times = sheet.columns["stamp"]
    if isinstance(column, pd.DatetimeIndex) and not times:
        if column.hasnans:
            raise Unreadable((int(column.isna().argmax()), "a stamp is missing"))
        return Written(column.tz_localize(None), None if column.tz is None else as_stamps(column))
    words = _words(column)
    if times:
        pairs = zip(words, _times(_words(times[0])), strict=True)
        words = [f"{day} {time}".strip() for day, time in pairs]
    return from_texts(words, sheet.dialect, preferred)


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


def _words(column: CellValues) -> Sequence[str]:
    if isinstance(column, pd.DatetimeIndex | np.ndarray):
        return [str(value) for value in column]
    return column
