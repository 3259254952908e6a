"""A folder of CSV and Parquet files, one a symbol: data that people already have."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, make_bars, within
from ml4t_nb.core.timestamps import DAY, TICK, Instants, index_micros
from ml4t_nb.errors import (
    BarsInvalid,
    Ml4tError,
    ProviderUnavailable,
    SettingsInvalid,
    SymbolUnknown,
)
from ml4t_nb.model import AssetClass, Basis, Frequency, bar_length
from ml4t_nb.options import did_you_mean
from ml4t_nb.providers.base import Answer, Instrument, Request
from ml4t_nb.providers.files import limits
from ml4t_nb.providers.files.basis import as_of_then, basis_of
from ml4t_nb.providers.files.tables import SUFFIXES, TEXT_SUFFIXES, PriceTable, read_table
from ml4t_nb.providers.files.weeks import weeks_of
from ml4t_nb.providers.files.zones import require_sessions, stamps_of
from ml4t_nb.settings import Settings

__all__ = ["FilesProvider"]

_NAME = "files"
_DAY = timedelta(days=1)
# Days between the rows of a series that is weekly, or longer.
_NEARLY_A_WEEK = timedelta(days=5)
# What a network folder answers while it is away.
_PASSING = frozenset((errno.EIO, errno.EAGAIN, errno.ETIMEDOUT, errno.ESTALE, errno.EINTR))
_SCALED: tuple[AssetClass, ...] = ("equities", "etfs")
_SOME = 3
_MOST = 0.8
# Nearly all rows are a week apart, or a month.
_LONG = ((6, 8), (28, 31))
_LENGTHS = tuple(length for each in get_args(Frequency) if (length := bar_length(each)) is not None)


class FilesProvider:
    """``SYMBOL.csv`` or ``SYMBOL.parquet`` in the folder of ``ML4T_DATA_FILES``, or else a text.

    A sign that no file name may hold is written as in web addresses: ``BRK%2FB.csv``. Each fetch
    reads the file again, so an update sees what was added to it.

    Another ``folder`` is a provider of its own, ``files:FOLDER``. The setting of the basis is not
    for its files, which may be on another one.
    """

    summary = "a folder of CSV or Parquet files, one per symbol (ML4T_DATA_FILES)"

    def __init__(self, settings: Settings, folder: Path | None = None) -> None:
        self.name = _NAME if folder is None else f"{_NAME}:{folder}"
        self._settings = settings
        self._folder = folder or settings.files
        self.basis: Basis | None = settings.files_basis if folder is None else None
        self.limits = limits(settings)

    def instrument(self, symbol: str) -> Instrument:
        """Nothing, but whether there is such a file."""
        self._file(symbol)
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        """The file's bars in the span; a BarsInvalid names the file and the line."""
        path = self._file(request.dataset.symbol)
        try:
            table = read_table(path, self._settings)
        except OSError as error:
            raise _unopened(path, error, self.name) from error
        read = stamps_of(table, request, self._settings.files_zone)
        rows, notes = _bars(table, request, read.stamps)
        if request.dataset.frequency == "weekly":
            answer = weeks_of(table, rows, request, self._settings.files_weeks)
        else:
            answer = Answer(rows)
        bars = answer.bars
        basis, findings = basis_of(path.name, bars, self.basis)
        if basis == "split-adjusted":
            bars = as_of_then(bars, request)
        return replace(
            answer,
            bars=within(bars, request.span),
            findings=findings,
            notes=(*read.notes, *notes, *answer.notes),
            basis=basis,
            zone=read.zone,
        )

    def _file(self, symbol: str) -> Path:
        # The folder's names are compared with the symbol, and no path is made of it: no symbol can
        # lead out of the folder.
        files = self._files()
        found = [path for path in files if symbol in (path.stem, unquote(path.stem))]
        found = [path for path in found if path.suffix.lower() in SUFFIXES] or found
        if not found:
            raise SymbolUnknown(
                f"there is no {symbol}.csv or {symbol}.parquet in {self._folder}",
                provider=self.name,
                hint=did_you_mean(symbol, {unquote(path.stem) for path in files})
                if files
                else "put a file there",
            )
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise BarsInvalid(f"there are two files for {symbol}: {names}", hint="keep one")
        return found[0]

    def _files(self) -> list[Path]:
        folder = self._folder
        if folder is None:
            raise SettingsInvalid(
                "the provider 'files' has no folder", hint="set ML4T_DATA_FILES to one"
            )
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            where = "ML4T_DATA_FILES" if self.name == _NAME else _NAME
            raise SettingsInvalid(
                f"{where}: {folder} cannot be read: {error.strerror or error}",
                hint="name a folder of CSV or Parquet files",
            ) from error
        return [
            path
            for path in inside
            if path.suffix.lower() in (*SUFFIXES, *TEXT_SUFFIXES) and path.is_file()
        ]


def _unopened(path: Path, error: OSError, provider: str) -> Ml4tError:
    """What a file's own fault is, and what a network folder's or a disk's is, to be asked again."""
    words = f"{path} cannot be read: {error.strerror or error}"
    if error.errno in _PASSING:
        return ProviderUnavailable(words, provider=provider)
    return BarsInvalid(words, hint="check the file and its permissions")


def _bars(
    table: PriceTable, request: Request, stamps: pd.DatetimeIndex
) -> tuple[Bars, tuple[str, ...]]:
    frequency = request.dataset.frequency
    _require_symbol(table, request.dataset.symbol)
    order = np.argsort(stamps, kind="stable")
    bars = make_bars(stamps, _columns(table, request.dataset.asset_class)).iloc[order]
    is_made = np.zeros(len(stamps), dtype=bool)
    if (words := table.texts.get("filled")) is not None:
        is_made = np.array([word.lower() in ("true", "1") for word in words], dtype=bool)[order]
    once = _once(table, bars[~is_made], order[~is_made])
    days = pd.DatetimeIndex(once.index)
    _require_frequency(table, index_micros(days), frequency)
    if frequency == "daily":
        require_sessions(table, days, request.calendar)
    notes = (f"{table.path.name}: {is_made.sum()} filled rows left out",) if is_made.any() else ()
    return once, notes


def _columns(table: PriceTable, asset_class: AssetClass) -> Mapping[str, np.ndarray]:
    columns = dict(table.numbers)
    if table.dialect.divisor != 1 and asset_class in _SCALED:
        columns |= {name: _divided(table, name) for name in PRICES}
    nothing = np.zeros(len(table.stamps.wall))
    split, cash, gain = (columns.get(name, nothing) for name in ("split", "dividend", "gain"))
    # Feeds write 0, or nothing, where there is no split and no dividend.
    columns["split"] = np.where(np.isnan(split) | (split == 0), 1.0, split)
    columns["dividend"] = np.nan_to_num(cash) + np.nan_to_num(gain)
    return columns


def _divided(table: PriceTable, name: str) -> np.ndarray:
    """Prices that are written times the dialect's divisor, as whole numbers."""
    values = table.numbers[name]
    broken = np.flatnonzero(values % 1 != 0)
    if len(broken):
        raise table.wrong(
            int(broken[0]),
            f"{name} is {values[broken[0]]:g}, where {table.dialect.name} writes shares in "
            f"whole {table.dialect.divisor:g}ths",
            hint="load it with its actual --asset-class",
        )
    scaled: np.ndarray = values / table.dialect.divisor
    return scaled


def _require_symbol(table: PriceTable, symbol: str) -> None:
    words = table.texts.get("symbol", ())
    known = words[0] if words and _is_of(words[0], symbol) else symbol
    for row, word in enumerate(words):
        if word.upper() not in (known.upper(), symbol.upper()):
            raise table.wrong(
                row,
                f"this row is for {word!r}",
                hint=(
                    "a file must contain one symbol, and be named after it: "
                    f"{word}{table.path.suffix}"
                ),
            )


def _is_of(word: str, symbol: str) -> bool:
    """Whether a file's symbol is ours with an exchange's name, or with other signs."""
    ours, theirs = (re.sub(r"[\W_]", "", each).upper() for each in (symbol, word))
    parts = (part.upper() for part in re.split(r"[.:]", word))
    return ours == theirs or symbol.upper() in parts


def _once(table: PriceTable, bars: Bars, rows: np.ndarray) -> Bars:
    """Sorted bars without rows that are there twice; two that disagree raise BarsInvalid."""
    again = np.asarray(bars.index[1:] == bars.index[:-1])
    if not again.any():
        return bars
    numbers, wall = bars.to_numpy(dtype="float64"), table.stamps.wall[rows]
    before, after = numbers[:-1][again], numbers[1:][again]
    is_same = ((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=1)
    # A day's minutes are rows of one date, and may all say the same.
    is_moment = np.asarray(wall[1:] == wall[:-1])[again]
    differs = np.flatnonzero(~is_same | ~is_moment)
    if len(differs):
        place = int(np.flatnonzero(again)[differs[0]])
        earlier = min(table.problems.places[row] for row in rows[place : place + 2])
        raise table.wrong(
            int(rows[place + 1]),
            f"{wall[place + 1]} is also in {earlier}, with other values",
            hint="keep one; if they are intraday bars, load them with --frequency",
        )
    return bars[np.append([True], ~again)]


def _require_frequency(table: PriceTable, stamps: Instants, frequency: Frequency) -> None:
    """Refuse a file whose rows are nearer together or further apart than requested.

    Most rows decide, for the last may be a bar that has only begun, and any far from the next.
    """
    steps = np.diff(stamps)
    if not len(steps) or frequency == "weekly":
        return
    kinds, counts = np.unique(steps, return_counts=True)
    length, shortest = bar_length(frequency), int(kinds[0]) * TICK
    usual = int(kinds[counts.argmax()]) * TICK
    is_usual = len(steps) >= _SOME and counts.max() >= _MOST * len(steps)
    if length is None:
        days = steps / DAY
        is_long = any(((days >= low) & (days <= high)).mean() >= _MOST for low, high in _LONG)
        is_other = len(steps) >= _SOME and (shortest >= _NEARLY_A_WEEK or is_long)
        seen = shortest if shortest >= _NEARLY_A_WEEK else usual
    else:
        is_listed = len(steps) >= _SOME and length < shortest and shortest in _LENGTHS
        # Hours of a market that trades thinly are no multiple that nearly every row keeps to.
        is_longer = is_usual and length < usual
        is_other = is_listed or is_longer or shortest >= _DAY or shortest < length
        seen = usual if is_longer else shortest
    if is_other:
        raise BarsInvalid(
            f"{table.path.name} has no {frequency} bars: its closest rows are {seen} apart",
            hint="load them with their actual --frequency",
        )
