"""What is wrong with a file, all of it at once, and how large a file may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml4t_nb.errors import BarsInvalid

__all__ = ["SPOILT", "Problems", "Unreadable", "require_rows", "require_width"]

# Twenty years of minutes round the clock; a larger table is not the history of one symbol.
_MAX_ROWS = 10_512_000
_MAX_COLUMNS = 1_000
SPOILT = "it may be damaged or still being written; replace it with a complete file"
_DATES = "write dates as 2024-01-31, and times as 2024-01-31T14:30+00:00"
_SHOWN = 8


class Unreadable(ValueError):
    """Stamps that are none, or may be one of two: the row of each, and what is wrong with it."""

    def __init__(self, *wrong: tuple[int, str], hint: str = _DATES) -> None:
        super().__init__(wrong[0][1])
        self.wrong = wrong
        self.hint = hint


@dataclass(slots=True)
class Problems:
    """Problems in a file's rows, collected until they are reported.

    ``places`` are the lines of a text file's rows or the numbers of a Parquet file's, as ``unit``
    says.
    """

    path: Path
    unit: str
    places: Sequence[int]
    found: dict[tuple[int, str], None] = field(default_factory=dict)
    hints: dict[str, None] = field(default_factory=dict)

    def add(self, place: int, what: str, hint: str = "") -> None:
        """Note what is wrong at a place of the file."""
        self.found[place, what] = None
        if hint:
            self.hints[hint] = None

    def add_row(self, row: int, what: str, hint: str = "") -> None:
        """Note what is wrong with a row."""
        self.add(self.places[row], what, hint)

    def error(self) -> BarsInvalid:
        """All of it as one error, by place."""
        lines = [f"{self.unit} {place}: {what}" for place, what in sorted(self.found)]
        left = len(lines) - _SHOWN
        more = f"; and {left} more" if left > 0 else ""
        return BarsInvalid(
            f"{self.path.name}, {'; '.join(lines[:_SHOWN])}{more}", hint="; ".join(self.hints)
        )


def require_rows(path: Path, count: int, unit: str) -> None:
    """Raise BarsInvalid if there are more rows than are read."""
    if count > _MAX_ROWS:
        raise BarsInvalid(
            f"{path.name} has {count:,} {unit}s; at most {_MAX_ROWS:,} are read",
            hint="split it, one file per symbol",
        )


def require_width(path: Path, names: Sequence[str]) -> None:
    """Raise BarsInvalid if there are more columns than are read."""
    if len(names) > _MAX_COLUMNS:
        raise BarsInvalid(
            f"{path.name} has {len(names):,} columns; at most {_MAX_COLUMNS:,} are read",
            hint="keep the columns of one symbol: Date, Open, High, Low, Close and Volume",
        )
