"""Manifests: what a dataset consists of, as one commit left it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml4t_nb.model import CarriedAction, DatasetConfig, DatasetId, FetchAttempt, Finding, Gap
from ml4t_nb.records import Summary, UpdateRecord

__all__ = ["Chunk", "Manifest", "summarize"]

_RECENT = 10


@dataclass(frozen=True, slots=True)
class Chunk:
    """One Parquet file.

    Parameters
    ----------
    first, last
        Its first and last stamp.
    bytes, crc
        Size and CRC-32 of the file.
    filled
        Bars in it that were made by filling.
    """

    file: str
    rows: int
    first: datetime
    last: datetime
    bytes: int
    crc: int
    filled: int


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
        The newest thousand.
    history
        The last hundred runs, oldest first.
    updated
        As-of of the last run that reached the provider.
    verified
        As-of of the last run that compared the whole history.
    fetch_log
        What was asked for, and what came of it.
    carried
        Splits and dividends that are on another bar than that of their ex-date.
    """

    dataset: DatasetId
    sequence: int
    config: DatasetConfig
    chunks: tuple[Chunk, ...]
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    history: tuple[UpdateRecord, ...]
    updated: datetime | None
    verified: datetime | None
    fetch_log: tuple[FetchAttempt, ...] = ()
    carried: tuple[CarriedAction, ...] = ()

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
    last = manifest.history[-1] if manifest.history else None
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
        recent_errors=sum(run.outcome == "failed" for run in manifest.history[-_RECENT:]),
        last_error=last.error.message if last and last.error else "",
    )
