"""Manifests: what a dataset consists of, as one commit left it, and the JSON file that says so."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from ml4t_nb.codec import Codec
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.finding import Finding, Refusal
from ml4t_nb.model import (
    DEFAULT_CALENDARS,
    CarriedAction,
    DatasetConfig,
    DatasetId,
    FetchAttempt,
    Gap,
    NextStep,
)
from ml4t_nb.options import load_arguments
from ml4t_nb.records import Ended, FormerName, Source, Summary, UpdateRecord
from ml4t_nb.storage.names import CHUNK_NAME

__all__ = [
    "VERSION",
    "Chunk",
    "Manifest",
    "PriorState",
    "RowFile",
    "decode_manifest",
    "encode_manifest",
    "manifest_error",
    "reload_step",
    "summarize",
    "unknown_summary",
]

VERSION = 4
"""Raised with every change of the fields, an added one too; a later version's are refused."""

_OLDEST_READ = 3
# Since then fields were only added, and have a default.

_RECENT = 10

_CODEC = Codec(omit_defaults=True)

# The envelope stays as it is in every version, so that an older program can read the number.
_ENVELOPE = re.compile(
    rb'\{"version":(?P<version>[1-9][0-9]{0,8}),"sha256":"(?P<checksum>[0-9a-f]{64})","manifest":'
    rb"(?P<body>.*)\}\n",
    re.DOTALL,
)

# Bars that are all alike take a twentieth of a byte each, and what writes and reads them takes
# room for as many as the manifest says.
_MOST_ROWS_PER_BYTE = 64
_CRC_END = 1 << 32
_NOT_THAT = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""What the codec raises for JSON of any other shape."""


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
class RowFile:
    """One Parquet file of rows that are not in the dataset, beside the manifests.

    Parameters
    ----------
    bytes, crc
        Size and CRC-32 of the file.
    """

    file: str
    rows: int
    bytes: int
    crc: int


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
    rejected: tuple[RowFile, ...] = ()
    revisions: tuple[RowFile, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    sources: tuple[Source, ...] = ()
    prior: PriorState | None = None
    ended: Ended | None = None
    former_names: tuple[FormerName, ...] = ()

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
    requests = [run for run in manifest.history if run.is_request][-_RECENT:]
    suspect = [each for each in manifest.findings if each.is_open and each.severity != "note"]
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
        last_error=requests[-1].error.message if requests and requests[-1].error else "",
        suspect=len(suspect),
        finding=suspect[0].detail if suspect else "",
        rejected=sum(gap.missing for gap in manifest.gaps if gap.state == "rejected"),
        taken=len(manifest.sources),
        failed_requests=sum(run.outcome == "failed" for run in requests),
        ended=manifest.ended,
        former_names=manifest.former_names,
        currency=manifest.config.currency,
    )


def unknown_summary(dataset: DatasetId) -> Summary:
    """The row of a dataset of which nothing is known; to be judged, it needs some calendar."""
    calendar = DEFAULT_CALENDARS[dataset.asset_class]
    return Summary(dataset, "", 0, None, None, None, 0, 0, "", calendar)


def encode_manifest(manifest: Manifest | None) -> bytes:
    """The file's content; of None, the mark that the dataset was removed."""
    plain = None if manifest is None else _CODEC.dump(manifest)
    body = json.dumps(plain, separators=(",", ":"), allow_nan=False).encode("ascii")
    checksum = _checksum(VERSION, body)
    return b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (VERSION, checksum, body)


def decode_manifest(
    content: bytes, dataset: DatasetId, sequence: int, path: Path
) -> Manifest | None:
    """The manifest in ``content``; None if it marks a removal.

    ChunkCorrupt if it is damaged, contradicts itself, or is that of another dataset or commit;
    StoreOutdated if an earlier version wrote it, StoreError if a newer program did.
    """
    match = _ENVELOPE.fullmatch(content)
    version = int(match["version"]) if match else 0
    if not match or match["checksum"] != _checksum(version, match["body"]):
        raise manifest_error(dataset, f"{path} is damaged: its checksum does not match")
    if version > VERSION:
        raise StoreError(
            f"the manifest {path} was written by a newer ml4t_nb",
            hint="upgrade: pip install --upgrade ml4t-nb",
        )
    if version < _OLDEST_READ:
        # The mark of a removal has been the same since the first version.
        if match["body"] == b"null":
            return None
        known = _earlier_summary(dataset, match["body"])
        raise StoreOutdated(
            f"{dataset} was stored in the format of an earlier ml4t_nb ({path})",
            hint=("load it again: ", reload_step(known)),
            summary=known,
        )
    try:
        manifest, fault = _understood(match["body"])
    except _NOT_THAT as error:
        raise manifest_error(dataset, f"{path} cannot be parsed: {error!r}") from error
    if manifest is None:
        return None
    if (manifest.dataset, manifest.sequence) != (dataset, sequence):
        taken = f"is number {manifest.sequence} of {manifest.dataset}, copied here by hand"
        raise manifest_error(dataset, f"{path} {taken}")
    if fault:
        raise manifest_error(dataset, f"{path} is inconsistent: {fault}")
    return manifest


# A run reads its dataset's manifest several times, and a notebook the same one again and again.
@lru_cache(maxsize=64)
def _understood(body: bytes) -> tuple[Manifest | None, str]:
    """The manifest, and what of it cannot be."""
    manifest: Manifest | None = _CODEC.load(Manifest | None, json.loads(body))
    return manifest, _inconsistency(manifest) if manifest else ""


def _checksum(version: int, body: bytes) -> bytes:
    return hashlib.sha256(b"%d " % version + body).hexdigest().encode("ascii")


def manifest_error(dataset: DatasetId, fault: str) -> ChunkCorrupt:
    """The error that says what is wrong with the dataset's manifest."""
    return ChunkCorrupt(
        f"the manifest {fault}",
        hint=("restore it from a backup, or start over: ", NextStep("reload", dataset)),
    )


def _inconsistency(manifest: Manifest) -> str:
    """What of its chunks cannot be: a checksum is not a signature, and stores can be copied."""
    for chunk in manifest.chunks:
        if fault := _fault(chunk, manifest.sequence):
            return f"its chunk {chunk.file!r} {fault}"
    files = [chunk.file for chunk in manifest.chunks]
    if len({*files}) < len(files):
        return "it lists a chunk twice"
    for before, after in pairwise(manifest.chunks):
        if after.first <= before.last:
            return f"its chunk {after.file!r} begins before {before.file!r} ends"
    return ""


def _fault(chunk: Chunk, sequence: int) -> str:
    name = CHUNK_NAME.fullmatch(chunk.file)
    if not name or name["date"] != chunk.first.date().isoformat():
        return "does not have the name of a chunk that begins there"
    if not 1 <= int(name["number"]) <= sequence:
        return f"is not from a commit up to {sequence}"
    if chunk.bytes < 1 or not 0 <= chunk.crc < _CRC_END:
        return "has an invalid size or checksum"
    # So many bars must go into so many bytes, and between the first and the last stamp.
    ticks = (chunk.last - chunk.first) // TICK
    has_room = 1 <= chunk.rows <= min(_MOST_ROWS_PER_BYTE * chunk.bytes, ticks + 1)
    if has_room and 0 <= chunk.filled <= chunk.rows and (chunk.rows > 1 or ticks == 0):
        return ""
    return f"cannot hold {chunk.rows} bars, {chunk.filled} of them filled"


def reload_step(known: Summary) -> NextStep:
    """The step that removes a dataset and fetches it again."""
    dataset = known.dataset
    origin = load_arguments(dataset, known.provider, known.calendar, known.first, known.zone)
    return NextStep("reload", dataset, source=origin)


def _earlier_summary(dataset: DatasetId, body: bytes) -> Summary:
    """What a load needs to know, if it was written as in versions 1 and 2."""
    try:
        plain = json.loads(body)
        manifest = replace(
            Manifest.empty(dataset, _CODEC.load(DatasetConfig, plain["setup"])),
            chunks=_CODEC.load(tuple[Chunk, ...], plain["chunks"]),
            updated=_CODEC.load(datetime | None, plain["updated"]),
        )
    except _NOT_THAT:
        return unknown_summary(dataset)
    return summarize(manifest)
