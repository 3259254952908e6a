"""The values the whole house speaks in: datasets, spans, gaps, findings, records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

__all__ = [
    "Adjustment",
    "AssetClass",
    "Basis",
    "Chunking",
    "Compression",
    "DatasetId",
    "ErrorNote",
    "FillMethod",
    "Finding",
    "Frequency",
    "Gap",
    "GapState",
    "Health",
    "HealthState",
    "Outcome",
    "Period",
    "Restatement",
    "Revision",
    "Rule",
    "Setup",
    "Span",
    "Summary",
    "UpdateRecord",
    "UpdateResult",
    "Verdict",
    "bar_length",
]

AssetClass: TypeAlias = Literal["equities", "etfs", "indices", "crypto", "fx"]
Frequency: TypeAlias = Literal["1m", "5m", "15m", "30m", "hourly", "daily", "weekly"]
Period: TypeAlias = Literal["weekly", "monthly", "quarterly", "yearly"]
Chunking: TypeAlias = Literal["auto", "weekly", "monthly", "quarterly", "yearly"]
Compression: TypeAlias = Literal["lz4", "zstd", "snappy", "none"]
FillMethod: TypeAlias = Literal["forward", "backward", "interpolate", "zero"]
Adjustment: TypeAlias = Literal["raw", "splits", "all"]
Basis: TypeAlias = Literal["split-adjusted", "as-traded"]
GapState: TypeAlias = Literal["open", "failed", "confirmed", "closed"]
HealthState: TypeAlias = Literal["healthy", "stale", "error"]
Outcome: TypeAlias = Literal["changed", "unchanged", "partial", "failed"]
Verdict: TypeAlias = Literal["same", "corrected", "restated", "suspicious", "insufficient"]
Rule: TypeAlias = Literal[
    "nan",
    "price",
    "volume",
    "action",
    "duplicate",
    "range",
    "frozen",
    "jump",
    "extra",
    "partial",
    "basis",
    "dividend",
]

_LENGTHS: dict[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "hourly": timedelta(hours=1),
}


def bar_length(frequency: Frequency) -> timedelta | None:
    """Length of an intraday bar; None for daily and weekly, whose length the calendar decides."""
    return _LENGTHS.get(frequency)


@dataclass(frozen=True, slots=True, order=True)
class DatasetId:
    """One series of bars; ``str`` gives ``equities/daily/AAPL``."""

    asset_class: AssetClass
    frequency: Frequency
    symbol: str

    def __str__(self) -> str:
        return f"{self.asset_class}/{self.frequency}/{self.symbol}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open stretch of time ``[start, end)``; both aware, UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a span needs aware instants: {self.start!r}, {self.end!r}")

    def __bool__(self) -> bool:
        return self.start < self.end

    def __contains__(self, stamp: datetime) -> bool:
        return self.start <= stamp < self.end


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Bars the calendar expects between the first and the last observed one, and the store lacks.

    Parameters
    ----------
    start, end
        First and last missing stamp, both inclusive.
    missing
        Number of expected bars from ``start`` to ``end``.
    state
        ``open`` not resolved yet, ``failed`` asked for and the provider erred, ``confirmed``
        the provider has none, ``closed`` declared a closure by the user.
    attempts
        Empty answers so far, counted at most once a day; the second confirms the gap.
    asked
        As-of of the last empty answer that counted.
    error
        The last error, if asking failed.
    filled_by
        Method whose flagged bars stand in for it; None if nothing does.
    """

    start: datetime
    end: datetime
    missing: int
    state: GapState = "open"
    attempts: int = 0
    asked: datetime | None = None
    error: str | None = None
    filled_by: FillMethod | None = None

    @property
    def is_pending(self) -> bool:
        """Whether a person or an update still has something to do about it."""
        return self.state in ("open", "failed") and self.filled_by is None


@dataclass(frozen=True, slots=True)
class Finding:
    """A bar that breaks a rule.

    Parameters
    ----------
    stamp
        The bar's stamp; None if it had none that could be read.
    rule
        ``nan``, ``price``, ``volume``, ``action`` (a dividend or split that makes no sense) and
        ``duplicate`` are hard: such a row is not stored. The others are soft: stored and reported, since real feeds have them.
    detail
        What was seen, in words.
    """

    stamp: datetime | None
    rule: Rule
    detail: str

    @property
    def is_hard(self) -> bool:
        """Whether the row was kept out of the store."""
        return self.rule in ("nan", "price", "volume", "action", "duplicate")


@dataclass(frozen=True, slots=True)
class Revision:
    """One value that the provider changed: ``column`` of the bar at ``stamp``."""

    stamp: datetime
    column: str
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class Restatement:
    """The provider moved the whole history to another basis.

    Parameters
    ----------
    ratio
        Stored price over refetched price of the oldest bars compared: 2.0 after a 2:1 split.
    splits
        Ex-date and ratio of the splits that explain it; empty if the provider names none.
    kept
        Stored bars that the provider no longer serves, kept and rescaled.
    """

    ratio: float
    splits: tuple[tuple[datetime, float], ...] = ()
    kept: int = 0


@dataclass(frozen=True, slots=True)
class ErrorNote:
    """An error as kept in a history and shown in JSON."""

    type: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """What one run did to one dataset; the history keeps the last hundred.

    Parameters
    ----------
    at
        The run's as-of.
    verb
        ``load``, ``update``, ``gaps`` or ``remove``.
    added, revised, filled
        Bars observed for the first time, bars whose values changed, bars made by filling.
    gaps_open
        Gaps left pending.
    seconds
        Wall time of the run.
    verdict
        What comparing the overlap gave; None if nothing was stored before.
    spans
        What was asked for.
    chunks_written
        Chunks that the commit wrote.
    revisions
        The first hundred values the provider changed.
    notes
        Sentences for the reader, such as how far the provider's data reach.
    """

    at: datetime
    verb: str
    provider: str
    outcome: Outcome
    added: int = 0
    revised: int = 0
    filled: int = 0
    gaps_open: int = 0
    seconds: float = 0.0
    verdict: Verdict | None = None
    restatement: Restatement | None = None
    spans: tuple[Span, ...] = ()
    chunks_written: int = 0
    revisions: tuple[Revision, ...] = ()
    notes: tuple[str, ...] = ()
    error: ErrorNote | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What was settled for a dataset when it was first loaded.

    Parameters
    ----------
    provider
        Name of the provider updates ask.
    calendar
        Exchange by MIC (``XNYS``), ``24/7`` or ``fx``.
    basis
        Which split basis the provider quotes in.
    tolerance
        How far an intraday stamp may lie from its expected one, as a share of the bar's length.
    period
        The calendar period that chunks are cut at.
    compression
        Codec of the chunks.
    """

    provider: str
    calendar: str
    basis: Basis
    tolerance: float
    period: Period
    compression: Compression


@dataclass(frozen=True, slots=True)
class Summary:
    """A dataset in one row: all that ``list`` and ``health`` need, without opening a chunk.

    Parameters
    ----------
    first, last
        Stamps of the first and last observed bar; None if nothing is left.
    updated
        As-of of the last run that reached the provider and was committed.
    gaps_open, missing
        Pending gaps and the bars they lack.
    filled
        Stored bars that were made by filling.
    recent_errors
        Failed runs among the last ten.
    last_error
        Message of the last run's error; empty if it succeeded.
    damage
        What is wrong with its files; empty if nothing is.
    """

    dataset: DatasetId
    provider: str
    calendar: str
    period: str
    rows: int
    bytes: int
    chunks: int
    first: datetime | None
    last: datetime | None
    updated: datetime | None
    gaps_open: int = 0
    missing: int = 0
    filled: int = 0
    recent_errors: int = 0
    last_error: str = ""
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Judgement on one dataset, with its reason and the next step.

    Parameters
    ----------
    sessions_behind
        Sessions final at the as-of that lie after the last stored bar.
    step
        The command that mends it; empty if nothing is to be done.
    """

    dataset: DatasetId
    state: HealthState
    reason: str
    rows: int
    first: datetime | None
    last: datetime | None
    updated: datetime | None
    sessions_behind: int
    gaps_open: int
    recent_errors: int
    step: str = ""


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What one run of ``load`` or ``update`` left behind for one dataset.

    Parameters
    ----------
    record
        As it was written to the history.
    rows, first, last
        The dataset as it is now.
    gaps
        All gaps known, filled and confirmed ones too.
    findings
        Findings of this run.
    version
        Sequence number of the manifest this is the result of; 0 if there is none.
    before, after
        Health around the run, where it was asked for.
    """

    dataset: DatasetId
    record: UpdateRecord
    rows: int = 0
    first: datetime | None = None
    last: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    findings: tuple[Finding, ...] = ()
    version: int = 0
    history: tuple[UpdateRecord, ...] = ()
    before: Health | None = None
    after: Health | None = None
