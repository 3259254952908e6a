"""What reports consist of, besides records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from ml4t_nb.finding import Finding
from ml4t_nb.model import AssetClass, Basis, DatasetId, FetchAttempt, Frequency, Gap, GapState
from ml4t_nb.records import ErrorNote, UpdateRecord

__all__ = [
    "ComparedVersions",
    "DatasetFindings",
    "DatasetGaps",
    "DatasetHistory",
    "Difference",
    "Left",
    "LoadAttempt",
    "PastVersions",
    "PriceScale",
    "ProviderInfo",
    "RecentSession",
    "SessionState",
    "UnreadDataset",
]

SessionState: TypeAlias = Literal[
    "present", "partly", "filled", "missing", "closed", "extra", "behind"
]
"""What a session has: all of its bars, some, all since the rest was filled, none, none since the
user declared it closed; bars although the calendar has no session; or none since it came after the
last bar."""


@dataclass(frozen=True, slots=True)
class RecentSession:
    """What one of the last sessions has.

    Parameters
    ----------
    session
        Its date; of a week, the Monday; of bars outside the calendar, their day.
    gap
        State of the first gap in it; None if it has none.
    """

    session: date
    state: SessionState
    gap: GapState | None = None


@dataclass(frozen=True, slots=True)
class ComparedVersions:
    """Two versions of a dataset, by the numbers of their commits, one drawn over the other.

    Parameters
    ----------
    then_at, now_at
        As-of of the runs that made them; None if it is not known.
    is_newest
        Whether ``now`` is the version in force.
    splits
        Ex-date and ratio of those by which ``now`` is restated; of one that it lacks, and ``then``
        has, the inverse ratio.
    """

    then: int
    now: int
    then_at: datetime | None
    now_at: datetime | None
    is_newest: bool
    splits: tuple[tuple[datetime, float], ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetGaps:
    """Gaps of one dataset, oldest first; none is a good answer.

    Parameters
    ----------
    unanswered
        Spans that were asked for, at either end too, and that the provider never answered.
    suspect
        Findings to be decided.
    """

    dataset: DatasetId
    provider: str
    gaps: tuple[Gap, ...]
    unanswered: tuple[FetchAttempt, ...] = ()
    suspect: int = 0


@dataclass(frozen=True, slots=True)
class UnreadDataset:
    """A dataset of which nothing can be said, since its files cannot be read."""

    dataset: DatasetId
    error: ErrorNote


@dataclass(frozen=True, slots=True)
class DatasetFindings:
    """Findings of one dataset, by stamp; none is a good answer."""

    dataset: DatasetId
    provider: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class DatasetHistory:
    """Runs of one dataset, and all that was found in it.

    Parameters
    ----------
    records
        Oldest first.
    findings
        By stamp; each names the commit that opened it, as a record does.
    kept
        Numbers of the versions that can be read yet.
    """

    dataset: DatasetId
    provider: str
    records: tuple[UpdateRecord, ...]
    findings: tuple[Finding, ...]
    kept: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PriceScale:
    """A stretch of bars in which another provider's prices are ``factor`` times the stored ones.

    Parameters
    ----------
    first, last
        Its first and last stamp, both inclusive.
    """

    first: datetime
    last: datetime
    factor: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One price in which two providers differ.

    Parameters
    ----------
    other
        On the scale of the stored one.
    share
        How far it is from the stored one, as a share of it.
    """

    stamp: datetime
    column: str
    stored: float
    other: float
    share: float


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A provider in a few words.

    Parameters
    ----------
    span_days, age_days
        Most days per request and farthest back, by frequency; a frequency without an entry has
        no limit.
    """

    name: str
    summary: str
    asset_classes: tuple[AssetClass, ...]
    frequencies: tuple[Frequency, ...]
    basis: Basis | None
    span_days: tuple[tuple[Frequency, float], ...] = ()
    age_days: tuple[tuple[Frequency, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PastVersions:
    """Past versions of a dataset that are kept, and what their files take."""

    dataset: DatasetId
    number: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a dataset that is not stored any more has left: past versions, a manifest and logs.

    Parameters
    ----------
    bytes
        What these files take.
    is_by_hand
        Whether its data folder was deleted, in place of a removal.
    """

    dataset: DatasetId
    bytes: int
    is_by_hand: bool


@dataclass(frozen=True, slots=True)
class LoadAttempt:
    """The last try to load what a universe declares, and the store lacks, of one dataset.

    Parameters
    ----------
    declared
        How it is declared, in words: of what is declared otherwise nothing was tried yet.
    tries
        How many in a row ended as this one did.
    error
        Why it failed; None if it did not.
    told
        Types of the errors by which it has failed since it last did not: each is told once.
    """

    dataset: DatasetId
    declared: str
    at: datetime
    tries: int = 1
    error: ErrorNote | None = None
    told: tuple[str, ...] = ()
