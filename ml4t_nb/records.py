"""What is known of a run and of a dataset: records, results, summaries, judgements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Gap, Hint, Span

__all__ = [
    "AbsentSession",
    "Ended",
    "ErrorNote",
    "Exported",
    "FormerName",
    "Health",
    "HealthState",
    "Outcome",
    "Pin",
    "PinnedVersion",
    "Repeated",
    "Restatement",
    "Revision",
    "Skipped",
    "Source",
    "Summary",
    "UpdateRecord",
    "UpdateResult",
    "Verdict",
]

HealthState: TypeAlias = Literal["healthy", "incomplete", "stale", "suspect", "error"]
Outcome: TypeAlias = Literal["changed", "unchanged", "partial", "failed"]
Verdict: TypeAlias = Literal["same", "corrected", "restated", "suspicious", "insufficient"]

_LAST_REPEATED = 9
"""With the run's own, as many as tell when to ask again."""


@dataclass(frozen=True, slots=True)
class Source:
    """Bars of a dataset that come from another provider than its own."""

    span: Span
    provider: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A symbol that is not traded any more: not asked for, and not stale.

    Parameters
    ----------
    on
        Its last date.
    at
        Wall clock of the declaration.
    """

    on: date
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FormerName:
    """A symbol under which a dataset's earlier bars were listed.

    Parameters
    ----------
    until
        Last date under that name, inclusive.
    """

    symbol: str
    until: date


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
        Ex-date and ratio of the splits that explain it; empty if the provider reports none.
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
    hint: Hint = ""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Runs in a row just before one that ended as they did: the history has one record for all.

    Parameters
    ----------
    times
        How many they are.
    since
        As-of of the first.
    last
        As-ofs of the last nine, oldest first.
    """

    times: int
    since: datetime
    last: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """What one run did to one dataset; the history keeps the last hundred, each version its own.

    Parameters
    ----------
    at
        The run's as-of.
    verb
        The verb that made it.
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
    version
        Number of the commit, by which the run can be undone.
    undid
        Number of the run that this one took back; 0 if it took none back.
    repeated
        The runs of what is due, just before it, that brought nothing new either; None if there
        are none. Their commits have the numbers just before its own.
    delay
        Seconds from the end of a bar until its provider has it for good, by which a run of a date
        is as of so long after the close; None if it asked none, or an earlier version wrote it.
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
    version: int = 0
    undid: int = 0
    repeated: Repeated | None = None
    delay: float | None = None

    @property
    def times(self) -> int:
        """Runs that it is of."""
        return 1 + (self.repeated.times if self.repeated else 0)

    @property
    def since(self) -> datetime:
        """As-of of the first of these runs."""
        return self.repeated.since if self.repeated else self.at

    @property
    def first_version(self) -> int:
        """Number of the first of their commits."""
        return self.version - self.times + 1

    def repeating(self, before: UpdateRecord) -> UpdateRecord:
        """The record of this run and of all that the one ``before`` is of."""
        earlier = before.repeated.last if before.repeated else ()
        last = (*earlier, before.at)[-_LAST_REPEATED:]
        return replace(self, repeated=Repeated(before.times, before.since, last))

    @property
    def is_undoable(self) -> bool:
        """Whether it decided something or replaced values, which an undo puts back.

        It may be undone already, or a later run may have changed the same bars.
        """
        if self.verb in ("review", "reconcile"):
            return True
        is_fetch = self.verb in ("load", "update", "gaps")
        return is_fetch and (self.restatement is not None or self.revised > 0)

    @property
    def is_request(self) -> bool:
        """Whether it asked a provider; a decision or a fill says nothing of whether one replies."""
        if self.verb == "gaps":
            return self.outcome == "failed" or bool(self.spans)
        return self.verb in ("load", "update")

    @property
    def has_changed(self) -> bool:
        """Whether something differs from before: bars, gaps or decisions."""
        is_counted = self.added or self.revised or self.filled or self.restatement
        return self.outcome == "changed" or bool(is_counted)


@dataclass(frozen=True, slots=True, order=True)
class AbsentSession:
    """A session that no dataset of a calendar has: the exchange may have been closed.

    Parameters
    ----------
    calendar
        The exchange, by MIC.
    datasets
        Datasets whose bars reach across it.
    """

    calendar: str
    session: date
    datasets: int


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
    unserved
        Bars of confirmed gaps for which nothing stands in: the provider has none.
    unanswered
        Spans that were requested and never answered.
    recent_errors
        Failed runs among the last ten.
    last_error
        Message of the error of the last run that asked a provider; empty if it succeeded.
    damage
        What is wrong with its files; empty if nothing is.
    remedy
        What mends the damage, where loading again does not: a mount, an upgrade.
    foreign
        Parquet files beside its own, which other tools take for its bars; empty if there are none.
    zone
        Time zone in which stamps without one were read; None if the provider states it.
    suspect
        Findings to be decided: errors and warnings, no notes.
    finding
        Day and detail of the first of them.
    rejected
        Bars of gaps that a person rejected.
    taken
        Stretches of bars, a single one too, from another provider than the dataset's own.
    failed_requests
        Failed runs among the last ten that asked a provider.
    ended
        That the symbol is not traded any more; None if it is.
    former_names
        Symbols under which its earlier bars were listed, oldest first.
    currency
        What prices are in, as the provider spells it; empty if it does not say.
    is_vanished
        Its provider does not know the symbol any more, and nobody has decided whether it ended.
    tries
        As-ofs of the last runs in a row, ten at most, that asked a provider for new bars and
        received none.
    pending
        Spans that are still to be fetched, of gaps and of requests that failed: at most twenty,
        the oldest ones of more made one.
    archived
        Stored bars that are archived.
    apart
        Those of them that are in the folder of the archive, on another disk perhaps.
    """

    dataset: DatasetId
    provider: str
    rows: int
    first: datetime | None
    last: datetime | None
    updated: datetime | None
    bytes: int
    chunks: int
    period: str
    calendar: str
    gaps_open: int = 0
    missing: int = 0
    filled: int = 0
    unserved: int = 0
    unanswered: int = 0
    recent_errors: int = 0
    last_error: str = ""
    damage: str = ""
    remedy: Hint = ""
    foreign: tuple[str, ...] = ()
    zone: str | None = None
    suspect: int = 0
    finding: str = ""
    rejected: int = 0
    taken: int = 0
    failed_requests: int = 0
    ended: Ended | None = None
    former_names: tuple[FormerName, ...] = ()
    currency: str = ""
    is_vanished: bool = False
    tries: tuple[datetime, ...] = ()
    pending: tuple[Span, ...] = ()
    archived: int = 0
    apart: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """Judgement on one dataset, with its reason and the next step.

    Parameters
    ----------
    sessions_behind
        Sessions final at the as-of that are after the last stored bar.
    step
        What mends it: a step, or words where only a person can do it; empty if nothing is to be
        done.
    also
        Less severe states that it is in besides.
    days_since_run
        Whole days since the last run that reached a provider; None if none did.
    suspect
        Findings to be decided.
    currency
        What prices are in, as the provider spells it; empty if it does not say.
    missing
        Bars that the open gaps lack.
    due
        In the exchange's time, from when on an update is due: in the past if it is. None if no
        more bars are expected, or the calendar does not know so far ahead.
    calendar
        Exchange by MIC (``XNYS``), ``24/7`` or ``fx``.
    ended
        The last date of a symbol that is not traded any more; None if it is.
    is_vanished
        Its provider does not know the symbol any more, and nobody has decided whether it ended.
    lost_from
        From when on the provider no longer has bars that can be fetched now and are missing: the
        as-of if it has some of them no longer. None if none are missing, or it has them always.
    versions, versions_bytes
        Past versions that are kept, and what their files take; None unless ``--verbose`` was given.
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
    step: Hint = ""
    provider: str = ""
    also: tuple[HealthState, ...] = ()
    days_since_run: int | None = None
    suspect: int = 0
    currency: str = ""
    missing: int = 0
    due: datetime | None = None
    calendar: str = ""
    ended: date | None = None
    is_vanished: bool = False
    lost_from: datetime | None = None
    versions: int | None = None
    versions_bytes: int | None = None

    @property
    def states(self) -> frozenset[HealthState]:
        """The worst state that it is in, and the others."""
        return frozenset((self.state, *self.also))


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
    updated
        What the update of a ``sync`` did by itself, where what is declared besides cannot be had:
        ``record`` has that error. Else None.
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
    updated: UpdateRecord | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported of one dataset.

    Parameters
    ----------
    currency
        What prices are in, as the provider spells it; empty if it does not say.
    frequency
        Of the bars.
    derived_from
        The frequency of the dataset, if the bars were derived.
    out
        The file that they are in; None if there is none.
    version, checksum
        Number of the commit that they are of, and checksum of its manifest.
    as_of
        As-of of the newest run by then; None if none reached a provider.
    """

    dataset: DatasetId
    provider: str
    currency: str
    frequency: str
    derived_from: str | None
    rows: int
    first: datetime | None
    last: datetime | None
    out: Path | None
    version: int = 0
    checksum: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A symbol that was left out, and why."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class PinnedVersion:
    """One version of one dataset, by the number of the commit that left it.

    Parameters
    ----------
    checksum
        Hash of what its bars are read from: numbers begin again where a dataset's folders were
        deleted, or restored from a backup.
    """

    dataset: DatasetId
    version: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Pin:
    """Versions that stay, under one name.

    Parameters
    ----------
    at
        When it was made.
    """

    name: str
    at: datetime
    versions: tuple[PinnedVersion, ...]

    def version_of(self, dataset: DatasetId) -> PinnedVersion | None:
        """The version of that dataset; None if it is not pinned."""
        return next((each for each in self.versions if each.dataset == dataset), None)
