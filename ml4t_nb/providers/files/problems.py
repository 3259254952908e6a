"""What is wrong with a file, all of it at once, and how large a file may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml4t_nb.errors import BarsInvalid

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "SPOILT", "Problems", "Unreadable", "require_width"]

# Twenty years of minutes round the clock; a larger table is not the history of one symbol.
MAX_ROWS = 10_512_000
MAX_COLUMNS = 1_000
SPOILT = "it may be damaged or still being written; replace it with a complete file"
_SHOWN = 8


class Unreadable(ValueError):
    """A stamp that is none, or may be one of two.

    Parameters
    ----------
    place
        Which of the column's values.
    hint
        What to do, where it is more than to write it otherwise.
    others
        Further values that are wrong, with what is wrong with them.
    """

    def __init__(
        self,
        message: str,
        place: int,
        *,
        hint: str = "",
        others: Sequence[tuple[int, str]] = (),
    ) -> None:
        super().__init__(message)
        self.place = place
        self.hint = hint
        self.others = tuple(others)


@dataclass(slots=True)
class Problems:
    """Problems in a file's rows, collected until they are reported.

    Parameters
    ----------
    unit
        What a place counts: ``line`` or ``row``.
    """

    path: Path
    unit: str
    found: dict[tuple[int, str], None] = field(default_factory=dict)
    hints: dict[str, None] = field(default_factory=dict)

    def add(self, place: int, what: str, hint: str = "") -> None:
        """Note what is wrong at a place of the file."""
        self.found[place, what] = None
        if hint:
            self.hints[hint] = None

    def error(self) -> BarsInvalid:
        """All of it as one error, by place."""
        told = [f"{self.unit} {place}: {what}" for place, what in sorted(self.found)]
        left = len(told) - _SHOWN
        more = f"; and {left} more" if left > 0 else ""
        return BarsInvalid(
            f"{self.path.name}, {'; '.join(told[:_SHOWN])}{more}", hint="; ".join(self.hints)
        )

    def require_none(self) -> None:
        """Raise BarsInvalid if anything is wrong."""
        if self.found:
            raise self.error()


def require_width(path: Path, names: Sequence[str]) -> None:
    """Raise BarsInvalid if there are more columns than are read."""
    if len(names) > MAX_COLUMNS:
        raise BarsInvalid(
            f"{path.name} has {len(names):,} columns; at most {MAX_COLUMNS:,} are read",
            hint="keep the columns of one symbol: Date, Open, High, Low, Close and Volume",
        )
