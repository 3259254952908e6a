"""What a reader asks of bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ml4t_nb.model import Adjustment, Requirement

__all__ = ["BarsRequest"]


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
    """

    start: date | None = None
    end: date | None = None
    adjust: Adjustment = "splits"
    filled: bool = True
    provenance: bool = False
    require: Requirement | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it has no bounds."""
        return self.start is None and self.end is None
