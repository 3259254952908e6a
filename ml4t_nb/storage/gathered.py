"""Manifests of past commits in one file: they are alike, and together they take a hundredth."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from ml4t_nb.storage import disk
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest_file import is_removal, require_whole
from ml4t_nb.storage.names import gathered_name, gathered_numbers, manifest_number

__all__ = [
    "PastManifest",
    "as_of_run",
    "gather",
    "gathered_without",
    "require_gathered",
    "unpacked",
]

_MOST_SINGLE = 32
_MOST_GATHERED = 32 << 20
_LEVEL = 1


class PastManifest(NamedTuple):
    """As-of of the run that made a commit, None if it removed the dataset; and its manifest."""

    at: datetime | None
    content: bytes


def gather(folder: DatasetFolder) -> None:
    """Put past manifests that lie singly into one file, if they are many; under the lock.

    It takes in files of gathered ones that are not more than twice as long, so that there are few
    of them however many commits there were. Manifests are alike: together they take a hundredth.
    """
    path = folder.versions_path
    names = disk.names_in(path)
    single = {number: name for name in names if (number := manifest_number(name))}
    if len(single) < _MOST_SINGLE:
        return
    lines: dict[int, PastManifest] = {}
    for number, name in single.items():
        content = disk.content_of(f"{path}/{name}")
        with suppress(ValueError):  # a damaged one stays: it may be restored from a backup
            lines[number] = PastManifest(as_of_run(content), content)
    if len(lines) < _MOST_SINGLE:
        return
    taken = [single[number] for number in lines]
    size = sum(len(each.content) for each in lines.values())
    ranges = {name: found for name in names if (found := gathered_numbers(name))}
    for name in sorted(ranges, key=ranges.__getitem__, reverse=True):
        first, last = ranges[name]
        is_next = last >= min(lines) - 1  # what lay between was dropped, for a pin's sake alone
        if last - first >= 2 * len(lines) or size > _MOST_GATHERED or not is_next:
            break
        try:
            older = dict(unpacked(disk.content_of(f"{path}/{name}")))
        except (OSError, ValueError):
            break  # a damaged one stays, too
        lines = {**older, **lines}
        size += sum(len(each.content) for each in older.values())
        taken.append(name)
    _write_gathered(path, lines)
    for name in taken:
        os.unlink(f"{path}/{name}")  # noqa: PTH108


def gathered_without(folder: DatasetFolder, name: str, dropped: Collection[int]) -> None:
    """Write a file of gathered manifests again without some of them; under the lock."""
    path = folder.versions_path
    lines = dict(unpacked(disk.content_of(f"{path}/{name}")))
    left = {number: each for number, each in lines.items() if number not in dropped}
    _write_gathered(path, left)
    disk.move(f"{path}/{name}", f"{folder.trash_path}/{name}")


def _write_gathered(path: str, lines: Mapping[int, PastManifest]) -> None:
    """A file for each row of numbers without a gap: a name says which are in it, and no others."""
    rows: list[dict[int, PastManifest]] = []
    for number in sorted(lines):
        if not rows or number - 1 not in rows[-1]:
            rows.append({})
        rows[-1][number] = lines[number]
    for row in rows:
        disk.replace_with(f"{path}/{gathered_name(min(row), max(row))}", _packed(row))
    disk.sync_folder(path)


def require_gathered(content: bytes) -> None:
    """Raise ValueError unless it is a file of gathered manifests, each of them whole."""
    for _, past in unpacked(content):
        require_whole(past.content)


def as_of_run(content: bytes) -> datetime | None:
    """As-of of the run that made the commit of that manifest; None if it removed the dataset.

    ValueError if it is something else.
    """
    try:
        manifest = json.loads(content)["manifest"]
        runs = () if is_removal(manifest) else manifest.get("recent") or manifest["history"]
        return datetime.fromisoformat(runs[-1]["at"]) if runs else None
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(repr(error)) from error


def _packed(manifests: dict[int, PastManifest]) -> bytes:
    """A line for each: its number, the as-of of its run or a dash, and the manifest's own line."""
    import pyarrow as pa

    lines = (
        b"%d %s %s" % (number, at.isoformat().encode("ascii") if at else b"-", content)
        for number, (at, content) in sorted(manifests.items())
    )
    return bytes(pa.Codec("zstd", _LEVEL).compress(b"".join(lines)))


def unpacked(content: bytes) -> Iterator[tuple[int, PastManifest]]:
    """Manifests by number; ValueError if it is something else."""
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        lines: Sequence[bytes] = stream.read().splitlines(keepends=True)
    for line in lines:
        number, at, manifest = line.split(b" ", 2)
        when = None if at == b"-" else datetime.fromisoformat(at.decode("ascii"))
        yield int(number), PastManifest(when, manifest)
