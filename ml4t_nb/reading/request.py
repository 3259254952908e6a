"""What a reader asks of bars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from ml4t_nb.model import Adjustment, BarsFrequency, Column, DatasetId, Requirement

__all__ = ["BarsRequest", "is_derived_of"]

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
    frequency
        That of the bars wanted: they are derived from a dataset that has another one, and bars of
        any dataset are said to be ``complete`` or not. None for that of the datasets.
    """

    start: date | None = None
    end: date | None = None
    adjust: Adjustment = "splits"
    filled: bool = True
    provenance: bool = False
    require: Requirement | None = None
    columns: tuple[Column, ...] | None = None
    frequency: BarsFrequency | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it has no bounds."""
        return self.start is None and self.end is None

    @property
    def names(self) -> tuple[Column, ...]:
        """Columns of the answer, in order."""
        every: tuple[Column, ...] = (*_STORED, "complete") if self.frequency else _STORED
        names = every if self.columns is None else self.columns
        is_further = self.provenance and "provider" not in names
        return (*names, "provider") if is_further else names

    def made_from(self, datasets: Iterable[DatasetId]) -> BarsRequest:
        """What is asked of those, which give its frequency: none where all of them have it."""
        is_derived = any(each.frequency != self.frequency for each in datasets)
        return self if is_derived else replace(self, frequency=None)


def is_derived_of(dataset: DatasetId, request: BarsRequest) -> bool:
    """Whether the bars that are asked for are to be made of the dataset's."""
    return request.frequency not in (None, dataset.frequency)
