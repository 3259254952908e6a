"""A manifest as one checked JSON file."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from ml4t_nb.codec import Codec
from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.manifest_check import inconsistency
from ml4t_nb.storage.outdated import outdated

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
        raise outdated(dataset, match["body"], path)
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
    return manifest, inconsistency(manifest) if manifest else ""


def _checksum(version: int, body: bytes) -> bytes:
    return hashlib.sha256(b"%d " % version + body).hexdigest().encode("ascii")


def _corrupt(dataset: DatasetId, path: Path, reason: str) -> ChunkCorrupt:
    return ChunkCorrupt(
        f"the manifest {path} {reason}",
        hint=("restore it from a backup, or start over: ", NextStep("reload", dataset)),
    )
