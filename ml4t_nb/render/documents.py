"""The JSON documents that ``--json`` prints, as types; docs/schema is written from them.

What only an option adds is `OMITTED` without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypedDict

from ml4t_nb import records
from ml4t_nb.codec import INLINE, OMITTED
from ml4t_nb.finding import Finding
from ml4t_nb.model import AssetClass, DatasetId, FetchAttempt, Gap, Span
from ml4t_nb.notice import Delivery
from ml4t_nb.report_parts import Left
from ml4t_nb.reports import (
    ComparedVersions,
    Difference,
    PriceScale,
    ProviderInfo,
    RecentSession,
    SessionState,
    UnreadDataset,
)

__all__ = [
    "Agreeing",
    "Bar",
    "ClassSummary",
    "CompareDocument",
    "DatasetAttempt",
    "DatasetGap",
    "DetailedResult",
    "ErrorDocument",
    "GapsDocument",
    "HealthDocument",
    "HealthSummary",
    "HealthWithSessions",
    "ListDocument",
    "MapDocument",
    "ProvidersDocument",
    "RemoveDocument",
    "Removed",
    "RunDocument",
    "SessionBars",
]


@dataclass(frozen=True, slots=True)
class DetailedResult:
    """A result with what ``--show-status`` adds."""

    dataset: DatasetId
    provider: str
    outcome: records.Outcome
    added: int
    revised: int
    filled: int
    restated: bool
    gaps_open: int
    rows: int
    first: datetime | None
    last: datetime | None
    seconds: float
    error: records.ErrorNote | None
    restatement: records.Restatement | None
    verdict: records.Verdict | None
    version: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    revisions: tuple[records.Revision, ...]
    verb: str
    spans: tuple[Span, ...] = OMITTED
    chunks_written: int = OMITTED
    before: records.Health | None = OMITTED
    after: records.Health | None = OMITTED
    gaps: tuple[Gap, ...] = OMITTED
    history: tuple[records.UpdateRecord, ...] = OMITTED


@dataclass(frozen=True, slots=True)
class RunDocument:
    """Of ``load``, ``update`` and what a person changes in one dataset."""

    verb: str
    as_of: datetime
    results: tuple[DetailedResult, ...]
    left: tuple[DatasetId, ...]
    stopped: str
    reasons: tuple[str, ...]
    absent: tuple[records.AbsentSession, ...]
    requests: int | None
    seconds: float | None
    waiting: int = OMITTED
    next_due: datetime | None = OMITTED
    deliveries: tuple[Delivery, ...] = OMITTED


class ClassSummary(TypedDict):
    """Datasets of one asset class, and bars in them."""

    datasets: int
    rows: int


class HealthSummary(TypedDict):
    """Datasets in all and by state, and bars in them."""

    datasets: int
    healthy: int
    incomplete: int
    stale: int
    suspect: int
    error: int
    rows: int
    by_asset_class: dict[AssetClass, ClassSummary]


@dataclass(frozen=True, slots=True)
class HealthWithSessions:
    """Health of one dataset, with what ``--sessions`` adds."""

    health: records.Health = field(metadata=INLINE)
    sessions: tuple[RecentSession, ...] = OMITTED


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthDocument:
    """Of ``health``."""

    verb: Literal["health"] = "health"
    as_of: datetime
    summary: HealthSummary
    datasets: tuple[HealthWithSessions, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDocument:
    """Of ``list``; ``archive`` is the folder in which those bars are that are ``apart``."""

    verb: Literal["list"] = "list"
    datasets: tuple[records.Summary, ...]
    archive: Path | None


@dataclass(frozen=True, slots=True)
class DatasetGap:
    """A gap, with its dataset."""

    dataset: DatasetId
    gap: Gap = field(metadata=INLINE)


@dataclass(frozen=True, slots=True)
class DatasetAttempt:
    """A span that was asked for and not answered, with its dataset."""

    dataset: DatasetId
    attempt: FetchAttempt = field(metadata=INLINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GapsDocument:
    """Of ``gaps``; ``results`` are of what was done, ``suspect`` counts findings to be decided."""

    verb: Literal["gaps"] = "gaps"
    gaps: tuple[DatasetGap, ...]
    as_of: datetime
    datasets: tuple[DatasetId, ...]
    unanswered: tuple[DatasetAttempt, ...]
    suspect: int
    results: tuple[DetailedResult, ...]
    failed: tuple[UnreadDataset, ...]
    absent: tuple[records.AbsentSession, ...]


class Bar(TypedDict):
    """One bar, on the basis that was asked for; its timestamp is ISO 8601, UTC."""

    timestamp: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    dividend: float
    split: float
    filled: bool


@dataclass(frozen=True, slots=True)
class SessionBars:
    """The bars of one session."""

    session: date
    expected: int
    observed: int
    filled: int
    state: SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class MapDocument:
    """Of ``plot``: with ``--coverage`` the sessions, with ``--run`` what it changed.

    With ``--diff``, ``versions`` are the two whose bars are ``before`` and ``after``.

    ``beside`` are the symbols it is compared with, ``frequency`` is that of derived bars, and
    ``notes`` say where bars are later than ML4T_DATA_AS_OF.
    """

    verb: Literal["plot"] = "plot"
    dataset: DatasetId
    provider: str
    rows: int
    first: datetime | None
    last: datetime | None
    filled: int
    missing: int
    gaps: tuple[DatasetGap, ...]
    findings: tuple[Finding, ...]
    sources: tuple[records.Source, ...]
    out: Path | None
    notes: tuple[str, ...]
    sessions: tuple[SessionBars, ...] = OMITTED
    before: tuple[Bar, ...] = OMITTED
    after: tuple[Bar, ...] = OMITTED
    versions: ComparedVersions = OMITTED
    beside: tuple[DatasetId, ...] = OMITTED
    frequency: str = OMITTED


class Agreeing(TypedDict):
    """How many bars agree in each price."""

    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareDocument:
    """Of ``compare``: of the stored bars as commit ``version`` left them."""

    verb: Literal["compare"] = "compare"
    dataset: DatasetId
    provider: str
    other: str
    as_of: datetime
    tolerance: float
    common: int
    agreeing: Agreeing
    differences: tuple[Difference, ...]
    only_stored: tuple[datetime, ...]
    only_other: tuple[datetime, ...]
    scales: tuple[PriceScale, ...]
    volume_ratio: float | None
    volumes_apart: int
    notes: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Removed:
    """A dataset, and how many bars it lost; None if its manifest was damaged."""

    dataset: DatasetId
    rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDocument:
    """Of ``remove``; ``whole`` if nothing is left of the datasets."""

    verb: Literal["remove"] = "remove"
    removed: tuple[Removed, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidersDocument:
    """Of ``providers``."""

    verb: Literal["providers"] = "providers"
    providers: tuple[ProviderInfo, ...]


@dataclass(frozen=True, slots=True)
class ErrorDocument:
    """Of an error that left no report; ``verb`` is None if it was not understood."""

    verb: str | None
    error: records.ErrorNote
