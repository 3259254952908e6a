"""The JSON file that holds a manifest: written, checked, read."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import Any

from ml4t_nb.codec import Codec
from ml4t_nb.errors import ChunkCorrupt, StoreNewer, StoreOutdated
from ml4t_nb.model import TICK, DatasetConfig, DatasetId, NextStep
from ml4t_nb.records import Summary
from ml4t_nb.storage.manifest import (
    Chunk,
    LogFile,
    Manifest,
    Removal,
    reload_step,
    summarize,
    unknown_summary,
)
from ml4t_nb.storage.names import CHUNK_NAME, LOG_FILE_NAME

__all__ = [
    "LONGEST_REMOVAL",
    "OLDEST_READ",
    "VERSION",
    "decode_manifest",
    "decode_removal",
    "encode_manifest",
    "is_removal",
    "manifest_error",
    "require_whole",
]

VERSION = 7
"""Raised with every change of the fields, an added one too; a later version's are refused."""

OLDEST_READ = 3
"""What is read of earlier versions: since then fields were added, which have a default, and two
were renamed."""

_WITH_RECORDS_APART = 5

LONGEST_REMOVAL = 384
"""Most bytes of the mark that a dataset was removed; every other manifest has more."""

_REMOVAL = "removed_at"

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
_CHECKSUM = re.compile(r"xxh3:[0-9a-f]{16}|crc32:[0-9a-f]{8}")
_NOT_THAT = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What reading JSON of any other shape raises."""


def encode_manifest(manifest: Manifest | Removal | None) -> bytes:
    """The file's content; of None, the mark of a removal of which nothing is to be known."""
    plain = None if manifest is None else _CODEC.dump(manifest)
    body = json.dumps(plain, separators=(",", ":"), allow_nan=False).encode("ascii")
    checksum = _checksum(VERSION, body)
    content = b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (VERSION, checksum, body)
    if isinstance(manifest, Removal) and manifest.renamed_to and len(content) > LONGEST_REMOVAL:
        return encode_manifest(replace(manifest, renamed_to=""))  # that has it as a former name
    return content


def is_removal(plain: Any) -> bool:  # noqa: ANN401  # JSON
    """Whether the body of a manifest, parsed, is the mark of a removal."""
    return plain is None or _REMOVAL in plain


def decode_removal(content: bytes) -> Removal | None:
    """What the mark of a removal says, None of one that says nothing; ValueError if damaged."""
    require_whole(content)
    try:
        found: Removal | None = _CODEC.load(Removal | None, json.loads(content)["manifest"])
    except _NOT_THAT as error:
        raise ValueError(repr(error)) from error
    return found


def decode_manifest(
    content: bytes, dataset: DatasetId, sequence: int, path: str
) -> Manifest | None:
    """The manifest in ``content``; None if it marks a removal.

    ChunkCorrupt if it is damaged, contradicts itself, or is that of another dataset or commit;
    StoreOutdated if an earlier version wrote it, StoreNewer if a later one did.
    """
    match = _whole(content)
    if not match:
        raise manifest_error(dataset, f"{path} is damaged: its checksum does not match")
    version = int(match["version"])
    if version > VERSION:
        raise StoreNewer(f"the manifest {path}")
    if version < OLDEST_READ:
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
        manifest, fault = _understood(match["body"], is_earlier=version < _WITH_RECORDS_APART)
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


def require_whole(content: bytes) -> None:
    """Raise ValueError unless it is a manifest, of whatever version, as it was written."""
    if not _whole(content):
        raise ValueError("its checksum does not match")


def _whole(content: bytes) -> re.Match[bytes] | None:
    match = _ENVELOPE.fullmatch(content)
    is_whole = match and match["checksum"] == _checksum(int(match["version"]), match["body"])
    return match if is_whole else None


# A run reads its dataset's manifest several times, and a notebook the same one again and again.
@lru_cache(maxsize=1024)
def _understood(body: bytes, *, is_earlier: bool) -> tuple[Manifest | None, str]:
    """The manifest, and what of it cannot be."""
    plain = json.loads(body)
    if is_removal(plain):
        return None, ""
    if is_earlier:
        plain = _from_version_4(plain)
    manifest: Manifest = _CODEC.load(Manifest, plain)
    return manifest, _inconsistency(manifest)


def _from_version_4(plain: dict[str, Any]) -> dict[str, Any]:
    """A body of version 3 or 4 with the fields of version 5: all records were in the manifest."""
    logs = (*plain.get("rejected", ()), *plain.get("revisions", ()))
    for file in (*plain["chunks"], *logs):
        file["checksum"] = _as_checksum(file.pop("crc"))
    others = {name: value for name, value in plain.items() if name != "history"}
    return {**others, "recent": plain["history"]}


def _as_checksum(crc: int) -> str:
    return f"crc32:{crc:08x}"


def _checksum(version: int, body: bytes) -> bytes:
    return hashlib.sha256(b"%d " % version + body).hexdigest().encode("ascii")


def manifest_error(dataset: DatasetId, fault: str) -> ChunkCorrupt:
    """The error that says what is wrong with the dataset's manifest."""
    return ChunkCorrupt(
        f"the manifest {fault}",
        hint=("restore it from a backup, or start over: ", NextStep("reload", dataset)),
    )


def _inconsistency(manifest: Manifest) -> str:
    """What of its files cannot be: a checksum is not a signature, and stores can be copied."""
    for chunk in manifest.chunks:
        if fault := _fault(chunk, manifest.sequence) or _place_fault(chunk, manifest):
            return f"its chunk {chunk.file!r} {fault}"
    files = [chunk.file for chunk in manifest.chunks]
    if len({*files}) < len(files):
        return "it lists a chunk twice"
    for before, after in pairwise(manifest.chunks):
        if after.first <= before.last:
            return f"its chunk {after.file!r} begins before {before.file!r} ends"
    logs = {
        "rejected": manifest.rejected,
        "revisions": manifest.revisions,
        "records": manifest.records,
    }
    for log, logged in logs.items():
        for file in logged:
            if fault := _log_fault(file, log, manifest.sequence):
                return f"its log {file.file!r} {fault}"
        if len({file.file for file in logged}) < len(logged):
            return "it lists a log twice"
    return ""


def _fault(chunk: Chunk, sequence: int) -> str:
    name = CHUNK_NAME.fullmatch(chunk.file)
    if not name or name["date"] != chunk.first.date().isoformat():
        return "does not have the name of a chunk that begins there"
    if fault := _file_fault(chunk, int(name["number"]), sequence):
        return fault
    # So many bars must go into so many bytes, and between the first and the last stamp.
    ticks = (chunk.last - chunk.first) // TICK
    has_room = 1 <= chunk.rows <= min(_MOST_ROWS_PER_BYTE * chunk.bytes, ticks + 1)
    if not has_room or not 0 <= chunk.filled <= chunk.rows or (chunk.rows == 1 and ticks > 0):
        return f"cannot hold {chunk.rows} bars, {chunk.filled} of them filled"
    if len(dict(chunk.constants)) < len(chunk.constants):
        return "has two constants for one column"
    if chunk.content and not _CHECKSUM.fullmatch(chunk.content):
        return "has an invalid hash of its rows"
    return "" if all(isfinite(value) for _, value in chunk.constants) else "has no finite constant"


def _place_fault(chunk: Chunk, manifest: Manifest) -> str:
    is_other = not chunk.is_archived or chunk is manifest.chunks[-1]
    return "cannot be in the archive" if chunk.is_apart and is_other else ""


def _log_fault(file: LogFile, log: str, sequence: int) -> str:
    name = LOG_FILE_NAME.fullmatch(file.file)
    if not name or name["log"] != log:
        return f"does not have the name of a file of {log}"
    if fault := _file_fault(file, int(name["number"]), sequence):
        return fault
    if 1 <= file.rows <= _MOST_ROWS_PER_BYTE * file.bytes:
        return ""
    return f"cannot hold {file.rows} rows"


def _file_fault(file: Chunk | LogFile, number: int, sequence: int) -> str:
    if not 1 <= number <= sequence:
        return f"is not from a commit up to {sequence}"
    if file.bytes < 1 or not _CHECKSUM.fullmatch(file.checksum):
        return "has an invalid size or checksum"
    return ""


def _earlier_summary(dataset: DatasetId, body: bytes) -> Summary:
    """What a load needs to know, if it was written as in versions 1 and 2."""
    try:
        plain = json.loads(body)
        chunks = [{**each, "checksum": _as_checksum(each["crc"])} for each in plain["chunks"]]
        for each in chunks:
            del each["crc"]
        manifest = replace(
            Manifest.empty(dataset, _CODEC.load(DatasetConfig, plain["setup"])),
            chunks=_CODEC.load(tuple[Chunk, ...], chunks),
            updated=_CODEC.load(datetime | None, plain["updated"]),
        )
    except _NOT_THAT:
        return unknown_summary(dataset)
    return summarize(manifest)
