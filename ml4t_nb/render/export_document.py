"""The JSON document of ``export`` and of bars over HTTP, as a type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from ml4t_nb import records
from ml4t_nb.codec import OMITTED
from ml4t_nb.model import Adjustment

__all__ = ["ExportDocument", "ExportedBar"]


class _Stamped(TypedDict):
    timestamp: str


class ExportedBar(_Stamped, total=False):
    """One bar, with the columns that were asked for; of several symbols with its ``symbol``.

    The provider, with ``--provenance``, is empty if the bar was made by filling.
    """

    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    dividend: float
    split: float
    filled: bool
    complete: bool
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDocument:
    """Of ``export``; the bars only without ``--out``.

    ``adjust`` and ``filled`` are as it was asked for; ``notes`` say where bars are later than
    ML4T_DATA_AS_OF.
    """

    verb: Literal["export"] = "export"
    datasets: tuple[records.Exported, ...]
    out: Path | None
    skipped: tuple[records.Skipped, ...]
    notes: tuple[str, ...]
    adjust: Adjustment
    filled: bool
    bars: tuple[ExportedBar, ...] = OMITTED
