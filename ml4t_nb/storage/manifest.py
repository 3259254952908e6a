"""Manifests: what a dataset consists of, as one commit left it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Literal, TypeAlias

from ml4t_nb.core.recent_runs import last_runs
from ml4t_nb.finding import Finding, Refusal
from ml4t_nb.model import (
    DEFAULT_CALENDARS,
    CarriedAction,
    DatasetConfig,
    DatasetId,
    FetchAttempt,
    Gap,
    NextStep,
    Span,
)
from ml4t_nb.options import load_arguments
from ml4t_nb.records import Ended, FormerName, Source, Summary, UpdateRecord
from ml4t_nb.storage.checksum import checksum_of

__all__ = [
    "RECENT",
    "Chunk",
    "LogFile",
    "Manifest",
    "NumberColumn",
    "PriorState",
    "Removal",
    "reload_step",
    "summarize",
    "unknown_summary",
]

NumberColumn: TypeAlias = Literal["open", "high", "low", "close", "volume", "dividend", "split"]
"""A column of numbers in a chunk."""

RECENT = 10
"""Runs by which a dataset is judged, and as many that asked a provider."""

_PENDING = 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """One Parquet file.

    Parameters
    ----------
    first, last
        Its first and last stamp.
    bytes, checksum
        Size of the file, and its hash: ``xxh3:`` or, of earlier files, ``crc32:``, and hexadecimal
        digits.
    filled
        Bars in it that were made by filling.
    constants
        Columns of numbers that hold one value throughout, with the value.
    content
        Hash of its rows, whatever file they are in: by it a past version is known to be read as it
        was. Empty if an earlier version wrote it.
    is_archived
        It is as small as it can be, and is not written anew unless its rows change.
    is_apart
        It is in the folder of the store's archive, and not among the data. The last one never is.
    """

    file: str
    rows: int
    first: datetime
    last: datetime
    bytes: int
    checksum: str
    filled: int
    constants: tuple[tuple[NumberColumn, float], ...] = ()
    content: str = ""
    is_archived: bool = False
    is_apart: bool = False

    @property
    def known_columns(self) -> dict[str, float]:
        """The columns that hold one value throughout, ``filled`` too, with the value."""
        known: dict[str, float] = dict(self.constants)
        if self.filled in (0, self.rows):
            known["filled"] = float(self.filled > 0)
        return known


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log, beside the manifests: rows that are not in the dataset, or records.

    Parameters
    ----------
    bytes, checksum
        As of a `Chunk`.
    """

    file: str
    rows: int
    bytes: int
    checksum: str


@dataclass(frozen=True, slots=True)
class PriorState:
    """What the commit before a restatement left, but for the bars, which the revisions have.

    It is kept as long as the restatement can be undone.

    Parameters
    ----------
    version
        Number of the restatement's commit.
    added
        Stamps of the bars, filled ones too, that the restatement added.
    """

    version: int
    config: DatasetConfig
    added: tuple[datetime, ...]
    gaps: tuple[Gap, ...]
    carried: tuple[CarriedAction, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """The mark that a commit removed the dataset, which says when whatever else is dropped.

    Parameters
    ----------
    removed_at
        As-of of the removal.
    since
        As-of of the first run since the dataset was last not stored; None if it is not known.
    calendar
        The dataset's; empty if it is not known.
    delay
        Seconds after a close until a run of that date, as its provider had it.
    renamed_to
        Symbol under which its bars go on; empty if it is not known, or they do not.
    """

    removed_at: datetime
    since: datetime | None = None
    calendar: str = ""
    delay: float = 0.0
    renamed_to: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A dataset as one commit left it.

    Parameters
    ----------
    sequence
        Number of the commit, from 1; removing a dataset takes a number too.
    chunks
        In order of time.
    gaps
        All gaps known, filled and confirmed ones too.
    findings
        In order of time; of more than a thousand those to be decided stay before those that were.
    recent
        The last runs, oldest first: at least ten, and the last ten that asked a provider.
    updated
        As-of of the last run that reached the provider.
    verified
        As-of of the last run that compared the whole history.
    fetch_log
        What was asked for, and what came of it.
    carried
        Splits and dividends that are on another bar than that of their ex-date.
    rejected
        Rows that were kept out: those of a provider that cannot be bars, or were not taken.
    revisions
        Rows that a commit replaced or took out.
    refusals
        Decisions whose rows are not taken again, in the order they were made.
    sources
        Bars that are not from the provider of ``config``, disjoint, in order of time.
    prior
        What a restatement can be undone to; None if none can be.
    ended
        That the symbol is not traded any more; None if it is.
    former_names
        Symbols under which earlier bars were listed, oldest first.
    records
        Files of the runs before those of ``recent``, oldest first.
    """

    dataset: DatasetId
    sequence: int
    config: DatasetConfig
    chunks: tuple[Chunk, ...]
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    recent: tuple[UpdateRecord, ...]
    updated: datetime | None
    verified: datetime | None
    fetch_log: tuple[FetchAttempt, ...] = ()
    carried: tuple[CarriedAction, ...] = ()
    rejected: tuple[LogFile, ...] = ()
    revisions: tuple[LogFile, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    sources: tuple[Source, ...] = ()
    prior: PriorState | None = None
    ended: Ended | None = None
    former_names: tuple[FormerName, ...] = ()
    records: tuple[LogFile, ...] = ()

    @classmethod
    def empty(cls, dataset: DatasetId, config: DatasetConfig) -> Manifest:
        """A new dataset, before its first commit."""
        return cls(dataset, 0, config, (), (), (), (), updated=None, verified=None)

    @property
    def rows(self) -> int:
        """Stored bars, filled ones too."""
        return sum(chunk.rows for chunk in self.chunks)

    @property
    def bytes(self) -> int:
        """Size of all chunks."""
        return sum(chunk.bytes for chunk in self.chunks)

    @property
    def checksum(self) -> str:
        """Hash of what the bars are read from, which is another for every other bar."""
        parts = [f"{each.file} {each.checksum}\n" for each in self.chunks]
        return checksum_of("".join(parts).encode("ascii"))

    @property
    def filled(self) -> int:
        """Stored bars that were made by filling."""
        return sum(chunk.filled for chunk in self.chunks)

    @property
    def first(self) -> datetime | None:
        """First stored stamp; None without bars. A filled bar never comes first."""
        return self.chunks[0].first if self.chunks else None

    @property
    def last(self) -> datetime | None:
        """Last stored stamp; None without bars. A filled bar never comes last."""
        return self.chunks[-1].last if self.chunks else None


def summarize(manifest: Manifest) -> Summary:
    """The manifest in one row."""
    pending = [gap for gap in manifest.gaps if gap.is_pending]
    requests = last_runs([run for run in manifest.recent if run.is_request], RECENT)
    suspect = [each for each in manifest.findings if each.is_to_decide]
    return Summary(
        dataset=manifest.dataset,
        provider=manifest.config.provider,
        calendar=manifest.config.calendar,
        period=manifest.config.period,
        zone=manifest.config.zone,
        rows=manifest.rows,
        bytes=manifest.bytes,
        chunks=len(manifest.chunks),
        first=manifest.first,
        last=manifest.last,
        updated=manifest.updated,
        gaps_open=len(pending),
        missing=sum(gap.missing for gap in pending),
        filled=manifest.filled,
        unserved=sum(
            gap.missing
            for gap in manifest.gaps
            if gap.state == "confirmed" and gap.filled_by is None
        ),
        unanswered=sum(asked.outcome == "failed" for asked in manifest.fetch_log),
        recent_errors=sum(run.outcome == "failed" for run in last_runs(manifest.recent, RECENT)),
        last_error=requests[-1].error.message if requests and requests[-1].error else "",
        suspect=len(suspect),
        finding=suspect[0].dated if suspect else "",
        rejected=sum(gap.missing for gap in manifest.gaps if gap.state == "rejected"),
        taken=len(manifest.sources),
        failed_requests=sum(run.outcome == "failed" for run in requests),
        ended=manifest.ended,
        former_names=manifest.former_names,
        currency=manifest.config.currency,
        is_vanished=any(each.rule == "unknown symbol" and each.is_open for each in suspect),
        tries=_vain_tries(manifest),
        pending=_still_to_fetch(manifest, pending),
        archived=sum(chunk.rows for chunk in manifest.chunks if chunk.is_archived),
        apart=sum(chunk.rows for chunk in manifest.chunks if chunk.is_apart),
    )


def _vain_tries(manifest: Manifest) -> tuple[datetime, ...]:
    """As-ofs of the last runs that asked a provider for new bars and received none."""
    runs = [run for run in manifest.recent if run.verb in ("load", "update")]
    vain = reversed([*takewhile(lambda run: not run.added, reversed(runs))])
    tries = [at for run in vain for at in (*(run.repeated.last if run.repeated else ()), run.at)]
    return tuple(tries[-RECENT:])


def _still_to_fetch(manifest: Manifest, gaps: Iterable[Gap]) -> tuple[Span, ...]:
    failed = (each.span for each in manifest.fetch_log if each.outcome == "failed")
    spans = sorted((*(gap.span for gap in gaps), *failed))
    if len(spans) <= _PENDING:
        return tuple(spans)
    oldest, newest = spans[: 1 - _PENDING], spans[1 - _PENDING :]
    # The oldest are lost first: none is left out.
    whole = Span(oldest[0].start, max(each.end for each in oldest))
    return (whole, *newest)


def unknown_summary(dataset: DatasetId) -> Summary:
    """The row of a dataset of which nothing is known; to be judged, it needs some calendar."""
    calendar = DEFAULT_CALENDARS[dataset.asset_class]
    return Summary(dataset, "", 0, None, None, None, 0, 0, "", calendar)


def reload_step(known: Summary) -> NextStep:
    """The step that removes a dataset and fetches it again."""
    dataset = known.dataset
    origin = load_arguments(dataset, known.provider, known.calendar, known.first, known.zone)
    return NextStep("reload", dataset, source=origin)
