"""The JSON document of ``sync``: that of a run, and what the universes declare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ml4t_nb.model import DatasetId
from ml4t_nb.records import ErrorNote
from ml4t_nb.render.documents import RunDocument

__all__ = ["DeclaredUniverse", "SyncDocument", "UnloadedDataset"]


@dataclass(frozen=True, slots=True)
class DeclaredUniverse:
    """A universe, and how many symbols it has."""

    name: str
    symbols: int


@dataclass(frozen=True, slots=True)
class UnloadedDataset:
    """What is declared and could not be loaded when it was tried last, as was said before."""

    dataset: DatasetId
    at: datetime
    tries: int
    error: ErrorNote


@dataclass(frozen=True, slots=True)
class SyncDocument(RunDocument):
    """Of ``sync``: each result says by its verb whether the dataset was loaded or updated."""

    universes: tuple[DeclaredUniverse, ...] = ()
    declared_in: Path | None = None
    undeclared: tuple[DatasetId, ...] = ()
    unloaded: tuple[UnloadedDataset, ...] = ()
