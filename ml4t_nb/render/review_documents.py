"""The JSON documents of findings and of runs, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ml4t_nb import records
from ml4t_nb.codec import INLINE, OMITTED
from ml4t_nb.finding import Finding, Severity
from ml4t_nb.model import DatasetId
from ml4t_nb.render.documents import DetailedResult
from ml4t_nb.reports import UnreadDataset
from ml4t_nb.version_diff import DiffSummary

__all__ = [
    "DatasetFinding",
    "DatasetRuns",
    "HistoryDocument",
    "PastRun",
    "ReviewDocument",
]


@dataclass(frozen=True, slots=True)
class DatasetFinding:
    """A finding, with its dataset."""

    dataset: DatasetId
    severity: Severity
    finding: Finding = field(metadata=INLINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDocument:
    """Of ``review``; ``results`` are of what was decided."""

    verb: Literal["review"] = "review"
    findings: tuple[DatasetFinding, ...]
    as_of: datetime
    datasets: tuple[DatasetId, ...]
    results: tuple[DetailedResult, ...]
    failed: tuple[UnreadDataset, ...]


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run, with the findings that it opened and those that it decided.

    ``kept`` says whether the version that it made can be read yet.
    """

    record: records.UpdateRecord = field(metadata=INLINE)
    opened: tuple[Finding, ...]
    decided: tuple[Finding, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class DatasetRuns:
    """Runs of one dataset, oldest first."""

    dataset: DatasetId
    provider: str
    runs: tuple[PastRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryDocument:
    """Of ``history``; with ``--diff`` how two versions differ."""

    verb: Literal["history"] = "history"
    datasets: tuple[DatasetRuns, ...]
    failed: tuple[UnreadDataset, ...]
    diff: DiffSummary = OMITTED
