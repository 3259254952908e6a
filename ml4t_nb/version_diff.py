"""How two versions of a dataset differ, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ml4t_nb.model import DatasetId, Gap

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BarsChange",
    "ColumnChange",
    "ConfigChange",
    "DiffSummary",
    "RestatedStretch",
    "VersionDiff",
]


@dataclass(frozen=True, slots=True)
class BarsChange:
    """Bars that one version alone has, or whose values differ.

    Parameters
    ----------
    first, last
        Stamps of the first and the last of them.
    """

    change: Literal["added", "removed", "replaced"]
    bars: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """The largest change in a column, of bars that both versions have.

    Parameters
    ----------
    bars
        How many bars differ in it, apart from what a restatement explains.
    share
        Relative change, ``after / before - 1``; None if ``before`` is zero.
    """

    column: str
    bars: int
    stamp: datetime
    before: float
    after: float
    share: float | None


@dataclass(frozen=True, slots=True)
class RestatedStretch:
    """Bars in a row whose prices are all ``factor`` times those of the other version."""

    bars: int
    first: datetime
    last: datetime
    factor: float


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A setting of how a dataset is fetched, shown or stored, before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DiffSummary:
    """How version ``after`` of a dataset differs from version ``before``, without the bars.

    Parameters
    ----------
    before, after
        Numbers of the commits, in the order in which they were asked for.
    before_at, after_at
        As-of of the run that made each; None where that is not known.
    changes
        Bars added, removed and replaced, those made by filling too; none if all are the same.
    columns
        Of bars that were replaced, but for what ``restated`` explains.
    restated
        Stretches whose prices were moved by one factor, oldest first.
    splits
        Ex-date and ratio of the splits that explain it.
    config
        Provider, calendar, basis and the like.
    gaps_added, gaps_removed
        Gaps that one version alone knows, or in another state.
    """

    dataset: DatasetId
    before: int
    after: int
    before_at: datetime | None
    after_at: datetime | None
    changes: tuple[BarsChange, ...]
    columns: tuple[ColumnChange, ...]
    restated: tuple[RestatedStretch, ...]
    splits: tuple[tuple[datetime, float], ...]
    config: tuple[ConfigChange, ...]
    gaps_added: tuple[Gap, ...]
    gaps_removed: tuple[Gap, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.changes or self.config or self.gaps_added or self.gaps_removed)


@dataclass(frozen=True, slots=True)
class VersionDiff(DiffSummary):
    """How version ``after`` of a dataset differs from version ``before``.

    Parameters
    ----------
    bars
        A row for each bar that differs, by stamp: its ``change``, and each column before and after,
        such as ``close_before`` and ``close``.
    """

    bars: pd.DataFrame = field(repr=False, compare=False)
