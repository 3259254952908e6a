"""Records of runs: the newest in the manifest, those before in files, so that a commit is short."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from ml4t_nb.codec import Codec
from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.checksum import checksum_of
from ml4t_nb.storage.manifest import RECENT, LogFile
from ml4t_nb.storage.names import log_file_name

__all__ = [
    "MOST_RECORDS",
    "decode_records",
    "divided",
    "encode_record_file",
    "encode_records",
    "record_lines",
    "regrouped_records",
]

MOST_RECORDS = 100
"""Runs of a dataset that are kept, those of its manifest included."""

_CODEC = Codec(omit_defaults=True)


def divided(
    runs: tuple[UpdateRecord, ...],
) -> tuple[tuple[UpdateRecord, ...], tuple[UpdateRecord, ...]]:
    """Of runs, oldest first, those that go to a file, and those that the manifest keeps.

    It keeps those by which the dataset is judged, and up to ten more: a file is written with every
    tenth commit.
    """
    requests = [place for place, run in enumerate(runs) if run.is_request]
    first_needed = requests[-RECENT] if len(requests) >= RECENT else 0
    place = min(first_needed, len(runs) - RECENT)
    return (runs[:place], runs[place:]) if place >= RECENT else ((), runs[-MOST_RECORDS:])


def encode_records(runs: Sequence[UpdateRecord]) -> list[bytes]:
    """A line of JSON for each."""
    return [
        json.dumps(_CODEC.dump(run), separators=(",", ":"), allow_nan=False).encode("ascii")
        for run in runs
    ]


def decode_records(lines: Sequence[bytes]) -> list[UpdateRecord]:
    """What `encode_records` made the lines of; ValueError if they are something else."""
    try:
        return [_CODEC.load(UpdateRecord, json.loads(line)) for line in lines]
    except (TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(repr(error)) from error


def encode_record_file(lines: Sequence[bytes], sequence: int) -> tuple[LogFile, bytes]:
    """The file of the lines that commit ``sequence`` writes, and what its manifest says."""
    content = b"".join(line + b"\n" for line in lines)
    name = log_file_name("records", sequence)
    return LogFile(name, len(lines), len(content), checksum_of(content)), content


def record_lines(file: LogFile, content: bytes) -> list[bytes]:
    """The lines of a file that has passed its checksum; ValueError if it is another's."""
    lines = content.splitlines()
    if len(lines) != file.rows:
        raise ValueError(f"{len(lines)} records instead of {file.rows}")
    return lines


def regrouped_records(
    files: Sequence[LogFile],
    new: list[bytes],
    read: Callable[[LogFile], list[bytes]],
    *,
    most: int,
) -> tuple[tuple[LogFile, ...], list[bytes]]:
    """The files that stay, and the lines of the one to be written after them.

    That one takes in ``new`` and the files before it that are not more than twice as long, back to
    a damaged one, which stays: it may be restored from a backup. Of more than ``most`` records, the
    oldest are dropped: files whole, and lines of the new one.
    """
    staying, lines = [*files], new
    while staying and staying[-1].rows <= 2 * len(lines):
        try:
            lines = [*read(staying[-1]), *lines]
        except ChunkCorrupt:
            break
        staying.pop()
    lines = lines[-most:]
    room = most - len(lines)
    kept: list[LogFile] = []
    for file in reversed(staying):
        if room <= 0:
            break
        kept.insert(0, file)
        room -= file.rows
    return tuple(kept), lines
