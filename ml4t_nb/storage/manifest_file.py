"""A manifest as one JSON file: its checksum, whether what it says is plausible, and its version."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from ml4t_nb.codec import Codec
from ml4t_nb.core.calendars.calendar import default_calendar
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.options import load_arguments
from ml4t_nb.records import Summary
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.names import CHUNK_NAME

__all__ = ["VERSION", "decode_manifest", "encode_manifest"]

VERSION = 3
"""Raised with every change of the fields, an added one too; another version's are refused."""

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
    if not match or match["checksum"] != _checksum(int(match["version"]), match["body"]):
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
        raise _outdated(dataset, match["body"], path)
    try:
        manifest, fault = _understood(match["body"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise _corrupt(dataset, path, f"cannot be parsed: {error!r}") from error
    if manifest is None:
        return None
    if (manifest.dataset, manifest.sequence) != (dataset, sequence):
        raise _corrupt(
            dataset,
            path,
            f"is number {manifest.sequence} of {manifest.dataset}, copied here by hand",
        )
    if fault:
        raise _corrupt(dataset, path, f"is inconsistent: {fault}")
    return manifest


# A run reads its dataset's manifest several times, and a notebook the same one again and again.
@lru_cache(maxsize=64)
def _understood(body: bytes) -> tuple[Manifest | None, str]:
    """The manifest, and what of it cannot be."""
    manifest: Manifest | None = _CODEC.load(Manifest | None, json.loads(body))
    return manifest, _inconsistency(manifest) if manifest else ""


def _checksum(version: int, body: bytes) -> bytes:
    return hashlib.sha256(b"%d " % version + body).hexdigest().encode("ascii")


def _corrupt(dataset: DatasetId, path: Path, reason: str) -> ChunkCorrupt:
    return ChunkCorrupt(
        f"the manifest {path} {reason}",
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
    return (
        "" if _has_room(chunk) else f"cannot hold {chunk.rows} bars, {chunk.filled} of them filled"
    )


def _has_room(chunk: Chunk) -> bool:
    """Whether so many bars go into so many bytes, and between the first and the last stamp."""
    ticks = (chunk.last - chunk.first) // TICK
    return (
        1 <= chunk.rows <= min(_MOST_ROWS_PER_BYTE * chunk.bytes, ticks + 1)
        and 0 <= chunk.filled <= chunk.rows
        and (chunk.rows > 1 or ticks == 0)
    )


def _outdated(dataset: DatasetId, body: bytes, path: Path) -> StoreOutdated:
    """The error that says that ``body`` is in an earlier version's format."""
    known = _summary(dataset, body)
    origin = load_arguments(dataset, known.provider, known.calendar, known.first, known.zone)
    return StoreOutdated(
        f"{dataset} was stored in the format of an earlier ml4t_nb ({path})",
        hint=("load it again: ", NextStep("reload", dataset, source=origin)),
        summary=known,
    )


def _summary(dataset: DatasetId, body: bytes) -> Summary:
    """What a load needs to know, as far as the names of its fields have stayed the same."""
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        plain = None
    config = _get(plain, "setup", dict) or {}  # so called in versions 1 and 2
    chunks = [each for each in _get(plain, "chunks", list) or [] if isinstance(each, dict)]
    return Summary(
        dataset=dataset,
        provider=_get(config, "provider", str) or "",
        calendar=_get(config, "calendar", str) or default_calendar(dataset.asset_class),
        period=_get(config, "period", str) or "",
        zone=_get(config, "zone", str),
        rows=_total(chunks, "rows"),
        bytes=_total(chunks, "bytes"),
        chunks=len(chunks),
        first=_instant(chunks[0], "first") if chunks else None,
        last=_instant(chunks[-1], "last") if chunks else None,
        updated=_instant(plain, "updated"),
    )


def _get(plain: object, name: str, kind: type) -> Any:  # noqa: ANN401  # JSON of any shape
    value = plain.get(name) if isinstance(plain, Mapping) else None
    return value if type(value) is kind else None


def _total(chunks: Sequence[Mapping[str, object]], name: str) -> int:
    return sum(_get(chunk, name, int) or 0 for chunk in chunks)


def _instant(plain: object, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_get(plain, name, str) or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
