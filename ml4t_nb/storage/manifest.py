"""Manifests: what a dataset consists of, as one checked JSON file."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.model import Asked, CarriedAction, DatasetId, Finding, Gap, NextStep, Setup
from ml4t_nb.records import Summary, UpdateRecord
from ml4t_nb.storage.codec import from_plain, to_plain
from ml4t_nb.storage.consistency import contradiction
from ml4t_nb.storage.outdated import outdated

__all__ = ["Chunk", "Manifest", "decode", "encode", "summary"]

VERSION = 2
"""Raised with every change of the fields, an added one too; another version's are refused."""

_RECENT = 10
# The envelope stays as it is in every version, so that an older program can read the number.
_ENVELOPE = re.compile(
    rb'\{"version":(?P<version>[1-9][0-9]{0,8}),"sha256":"(?P<sum>[0-9a-f]{64})","manifest":'
    rb"(?P<body>.*)\}\n",
    re.DOTALL,
)


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
    ledger
        What was asked for, and what came of it.
    carried
        Splits and dividends that are on another bar than that of their ex-date.
    """

    dataset: DatasetId
    sequence: int
    setup: Setup
    chunks: tuple[Chunk, ...]
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    history: tuple[UpdateRecord, ...]
    updated: datetime | None
    verified: datetime | None
    ledger: tuple[Asked, ...] = ()
    carried: tuple[CarriedAction, ...] = ()

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


def encode(manifest: Manifest | None) -> bytes:
    """The file's content; of None, the mark that the dataset was removed."""
    plain = None if manifest is None else to_plain(manifest)
    body = json.dumps(plain, separators=(",", ":"), allow_nan=False).encode("ascii")
    return b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (VERSION, _sum(VERSION, body), body)


def decode(content: bytes, dataset: DatasetId, sequence: int, path: Path) -> Manifest | None:
    """The manifest in ``content``; None if it marks a removal.

    Raises
    ------
    ChunkCorrupt
        If it is damaged, contradicts itself, or is that of another dataset or commit.
    StoreOutdated
        If an earlier version wrote it.
    StoreError
        If a newer program wrote it.
    """
    match = _ENVELOPE.fullmatch(content)
    if not match or match["sum"] != _sum(int(match["version"]), match["body"]):
        raise _corrupt(dataset, path, "is damaged: its checksum does not match")
    version = int(match["version"])
    if version > VERSION:
        raise StoreError(
            f"the manifest {path} was written by a newer ml4t_nb",
            hint="upgrade: pip install --upgrade ml4t-nb",
        )
    if version < VERSION:
        # The mark of a removal has been the same since the first version.
        if match["body"] == b"null":
            return None
        raise outdated(dataset, match["body"], path)
    try:
        manifest, fault = _understood(match["body"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise _corrupt(dataset, path, f"cannot be understood: {error!r}") from error
    if manifest is None:
        return None
    if (manifest.dataset, manifest.sequence) != (dataset, sequence):
        raise _corrupt(
            dataset, path, f"is number {manifest.sequence} of {manifest.dataset}, put here by hand"
        )
    if fault:
        raise _corrupt(dataset, path, f"contradicts itself: {fault}")
    return manifest


# A run reads its dataset's manifest several times, and a notebook the same one again and again.
@lru_cache(maxsize=64)
def _understood(body: bytes) -> tuple[Manifest | None, str]:
    """The manifest, and what of it cannot be."""
    manifest: Manifest | None = from_plain(Manifest | None, json.loads(body))
    return manifest, contradiction(manifest) if manifest else ""


def summary(manifest: Manifest) -> Summary:
    """The manifest in one row."""
    pending = [gap for gap in manifest.gaps if gap.is_pending]
    last = manifest.history[-1] if manifest.history else None
    return Summary(
        dataset=manifest.dataset,
        provider=manifest.setup.provider,
        calendar=manifest.setup.calendar,
        period=manifest.setup.period,
        zone=manifest.setup.zone,
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
        unanswered=sum(asked.outcome == "failed" for asked in manifest.ledger),
        recent_errors=sum(run.outcome == "failed" for run in manifest.history[-_RECENT:]),
        last_error=last.error.message if last and last.error else "",
    )


def _sum(version: int, body: bytes) -> bytes:
    return hashlib.sha256(b"%d " % version + body).hexdigest().encode("ascii")


def _corrupt(dataset: DatasetId, path: Path, reason: str) -> ChunkCorrupt:
    return ChunkCorrupt(
        f"the manifest {path} {reason}",
        hint=("restore it from a backup, or start over: ", NextStep("reload", dataset)),
    )
