"""What follows a commit: what it replaced leaves the data, for the past versions or the trash."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import pairwise

from ml4t_nb.errors import StoreError
from ml4t_nb.storage import disk
from ml4t_nb.storage.archived_files import tidy_archive
from ml4t_nb.storage.dataset_folder import CommittedState, DatasetFolder, files_of
from ml4t_nb.storage.gathered import gather
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.names import (
    chunk_number,
    gathered_numbers,
    kept_chunk,
    kept_name,
    log_file_number,
    manifest_name,
    manifest_number,
)
from ml4t_nb.storage.versions import Versions

__all__ = ["clean_up", "is_replaceable", "named_by_older", "sweep_staged", "sweep_trash"]

# Borne by a manifest until it is published, by a file from another disk until it is whole.
_TAG = re.compile(r"\.[0-9a-f]{6}\Z")
# A commit moves a file or two to the trash: it need not look at more than a few.
_FEW = 4
_GATHERED_EVERY = 8


def clean_up(
    folder: DatasetFolder,
    now: CommittedState,
    before: CommittedState | None = None,
    unchanged: Collection[Chunk] | None = None,
) -> None:
    """Move what the newest commit replaced out of the data, and empty the trash of what is old.

    The state ``before`` is not read again. Of its chunks those ``unchanged`` have their rows in
    chunks of the newest commit; if that is not said, as after a writer that was killed, rows are
    compared.

    Does nothing unless ``now`` is still the newest. Files of later numbers are those of a writer
    running despite the lock. What writers left that were killed at the numbers since the last
    commit that was cleaned up goes too, but not out of a folder that is linked: there may be
    other programs' files with such names. Any other file belongs to the user, and stays.
    """
    sequence, after = now
    state = folder.state_path
    names = disk.names_in(state)
    numbers = {name: number for name in names if (number := manifest_number(name))}
    if max(numbers.values(), default=0) != sequence:
        return
    older = sorted(number for number in numbers.values() if number < sequence)
    read = _read_states(folder, older, before)
    known = before if unchanged is not None else None
    kept = _kept(folder, [*read, now], known, unchanged or ())
    replaced = set[str]().union(*(files_of(each.manifest) for each in read))
    # With the dataset go all of its files; its manifest may have been damaged.
    tidied = 0 if after is None else min(older, default=sequence - 1)
    for place, number_of in ((folder.data_path, chunk_number), (state, log_file_number)):
        is_own = disk.is_own_folder(place)
        for name in {*disk.names_in(place)} - files_of(after):
            if name in kept:
                target = f"{folder.versions_path}/{kept_name(name, kept[name])}"
                disk.move(f"{place}/{name}", target)
            elif name in replaced or (is_own and tidied < number_of(name) <= sequence):
                disk.move(f"{place}/{name}", f"{folder.trash_path}/{name}")
    tidy_archive(
        folder, files_of(after), _apart_in(read), kept, after=tidied, until=sequence
    )  # raises without its disk: by the manifests that stay it will be done once it is back
    _move_manifests(folder, names, sequence)
    if after is None:
        with suppress(OSError):  # the user keeps files there
            folder.data.rmdir()
    if sequence % _GATHERED_EVERY == 0:
        gather(folder)
    sweep_trash(folder, os.stat(f"{state}/{manifest_name(sequence)}"), most=_FEW)  # noqa: PTH116


def _apart_in(states: Iterable[CommittedState]) -> set[str]:
    manifests = (each.manifest for each in states if each.manifest)
    return {chunk.file for each in manifests for chunk in each.chunks if chunk.is_apart}


def _move_manifests(folder: DatasetFolder, names: Iterable[str], sequence: int) -> None:
    """Put the manifests before the newest to the past versions, and delete unpublished ones."""
    state = folder.state_path
    # Lowest number first: the catalogue takes m.7 for the newest while there is no m.8.
    for name in names:
        if 0 < manifest_number(name) < sequence:
            disk.move(f"{state}/{name}", f"{folder.versions_path}/{name}")
        elif not manifest_number(name) and 0 < manifest_number(_TAG.sub("", name)) <= sequence:
            os.unlink(f"{state}/{name}")  # noqa: PTH108


def _read_states(
    folder: DatasetFolder, numbers: Iterable[int], known: CommittedState | None
) -> list[CommittedState]:
    """What these commits left, one of them perhaps ``known``; what cannot be read is left out."""
    versions, found = Versions(folder), []
    for number in numbers:
        if known and known.manifest and known.sequence == number:
            found.append(known)
            continue
        with suppress(FileNotFoundError, KeyError, StoreError):
            found.append(CommittedState(number, versions.manifest(number)))
    return found


def _kept(
    folder: DatasetFolder,
    states: list[CommittedState],
    known: CommittedState | None,
    unchanged: Collection[Chunk],
) -> dict[str, int]:
    """Chunks that are replaced in one of the ``states``, whose rows that commit changed.

    By their names, with the number of that commit. Of the ``known`` one it is said which are
    ``unchanged``.
    """
    kept: dict[str, int] = {}
    for earlier, later in pairwise(states):
        held = {*later.manifest.chunks} if later.manifest else set[Chunk]()
        for chunk in earlier.manifest.chunks if earlier.manifest else ():
            if chunk in held:
                continue
            if earlier is known:
                is_same = chunk in unchanged
            else:
                is_same = _has_rows_of(folder, later.manifest, chunk)
            if not is_same:
                kept[chunk.file] = later.sequence
    return kept


def _has_rows_of(folder: DatasetFolder, manifest: Manifest | None, chunk: Chunk) -> bool:
    """Whether one of the manifest's chunks holds the chunk's rows to the last bit, if known."""
    from ml4t_nb.storage.recutting import is_in_one
    from ml4t_nb.storage.rows import TimeRange, rows_checksum
    from ml4t_nb.storage.snapshot import Snapshot

    if manifest is None or not chunk.content or not is_in_one(chunk, manifest.chunks):
        return False
    time_range = TimeRange.through(chunk.first, chunk.last)
    try:
        rows = Snapshot(folder, manifest).rows(manifest.chunks, time_range)
    except StoreError:
        return False
    return rows_checksum(rows) == chunk.content


def named_by_older(folder: DatasetFolder, sequence: int) -> set[str]:
    """Files that manifests older than that one name, which have not been moved away yet."""
    numbers = map(manifest_number, disk.names_in(folder.state_path))
    older = [number for number in numbers if 0 < number < sequence]
    states = _read_states(folder, older, None)
    return set[str]().union(*(files_of(each.manifest) for each in states))


def sweep_trash(folder: DatasetFolder, now: os.stat_result, *, most: int | None = None) -> None:
    """Remove what was moved to the trash longer ago than the grace period, and an empty folder.

    What bears another name than this package gives is left, and so is all behind a link.
    ``now`` is of a file just written: the file system's own clock. Where there are more than
    ``most`` files, so many are looked at, whichever: a dataset that is written every second has
    thousands, and if they were the first ones, young files could keep old ones there for ever.
    """
    if not disk.is_all_own(f"{folder.home}/trash", folder.place):
        return
    with suppress(StoreError):
        names = disk.names_in(folder.trash_path)
        if most is not None and len(names) > most:
            names = random.sample(names, most)
        for name in filter(is_replaceable, names):
            disk.remove_old(f"{folder.trash_path}/{name}", now)
        with suppress(OSError):
            folder.trash.rmdir()


def sweep_staged(folder: DatasetFolder, now: os.stat_result) -> None:
    """Remove from the past versions what a writer that was killed an hour ago had not yet named.

    It is a copy from another disk, or manifests being gathered: what it was made of is still there.
    """
    if not disk.is_all_own(f"{folder.home}/versions", folder.place):
        return
    for name in disk.names_in(folder.versions_path):
        if _TAG.search(name) and is_replaceable(name):
            disk.remove_old(f"{folder.versions_path}/{name}", now)
    with suppress(OSError):
        os.rmdir(folder.versions_path)  # noqa: PTH106


def is_replaceable(name: str) -> bool:
    """Whether a file of that name is what a commit replaced, or part of a past version."""
    whole = _TAG.sub("", name)
    tests = (chunk_number, log_file_number, manifest_number, kept_chunk, gathered_numbers)
    return any(is_of(whole) for is_of in tests)
