"""What a reader asks of bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import get_args

from ml4t_nb.model import Adjustment, Column, Requirement

__all__ = ["BarsRequest"]

_STORED: tuple[Column, ...] = get_args(Column)[:-2]


@dataclass(frozen=True, slots=True)
class BarsRequest:
    """Which bars of a dataset are wanted, and how they are to be shown.

    Parameters
    ----------
    start, end
        First and last date, both inclusive; None for no bound.
    filled
        Keep the bars that were made by filling.
    provenance
        Add a column with each bar's provider.
    columns
        Those wanted, in this order; all for None.
    """

    start: date | None = None
    end: date | None = None
    adjust: Adjustment = "splits"
    filled: bool = True
    provenance: bool = False
    require: Requirement | None = None
    columns: tuple[Column, ...] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it has no bounds."""
        return self.start is None and self.end is None

    @property
    def names(self) -> tuple[Column, ...]:
        """Columns of the answer, in order."""
        names: tuple[Column, ...] = _STORED if self.columns is None else self.columns
        is_further = self.provenance and "provider" not in names
        return (*names, "provider") if is_further else names
