"""How long past versions stay, and their removal."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress

from ml4t_nb.errors import StoreError
from ml4t_nb.storage import disk
from ml4t_nb.storage.archived_files import erase_archived, lacks_archive
from ml4t_nb.storage.clean_up import is_replaceable
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.gathered import gathered_without
from ml4t_nb.storage.names import gathered_numbers, log_file_number, manifest_name
from ml4t_nb.storage.versions import Versions
from ml4t_nb.store_settings import Retention

__all__ = ["drop_old_versions", "erase", "has_old_versions"]

_DAY_S = 86_400


def has_old_versions(folder: DatasetFolder, retention: Retention, now: os.stat_result) -> bool:
    """Whether there may be any to drop: a look that needs no lock."""
    return _first_kept(Versions(folder), retention, now) > 1


def drop_old_versions(
    folder: DatasetFolder, retention: Retention, pinned: Collection[int], now: os.stat_result
) -> None:
    """Move to the trash what no version needs that stays; under the dataset's lock.

    All behind a link is left, and everything while the disk of its archived bars is missing.

    Parameters
    ----------
    pinned
        Versions that stay however old they are.
    now
        Of a file just written: the file system's own clock.
    """
    if not disk.is_all_own(f"{folder.home}/versions", folder.place) or lacks_archive(folder):
        return
    versions = Versions(folder)
    first = _first_kept(versions, retention, now)
    if first <= 1 or not (versions.chunks or versions.numbers):
        return
    needed = _needed(versions, [each for each in pinned if each < first])
    if needed is None:
        return  # a damaged file may be restored from a backup: until then all stays
    files, manifests = needed
    path, trash = folder.versions_path, folder.trash_path
    for until, kept in versions.chunks.items():
        for name in () if until > first else kept.values():
            if name not in files:
                disk.move(f"{path}/{name}", f"{trash}/{name}")
    # When the dataset was removed, and that it was there before, nothing else is left to say.
    staying = {*manifests, *versions.removals}
    dropped = {each for each in versions.numbers if each < first and each not in staying}
    newest = folder.sequence()
    for number in sorted(dropped - {newest}):
        name = manifest_name(number)
        with suppress(FileNotFoundError):
            disk.move(f"{path}/{name}", f"{trash}/{name}")
    for name in disk.names_in(path):
        first_gathered, last_gathered = gathered_numbers(name) or (0, -1)
        if not dropped.isdisjoint(range(first_gathered, last_gathered + 1)):
            gathered_without(folder, name, dropped)
    with suppress(OSError):
        os.rmdir(path)  # noqa: PTH106


def erase(folder: DatasetFolder) -> None:
    """Delete all that is left of a removed dataset, at once; under its lock.

    What bears another name than this package gives is left, and so is all behind a link.
    ArchiveMissing, and nothing is deleted, if some of it is on a disk that is missing.
    """
    erase_archived(folder)
    for part, place in (
        ("versions", folder.versions_path),
        ("trash", folder.trash_path),
        ("state", folder.state_path),
    ):
        if not disk.is_all_own(f"{folder.home}/{part}", folder.place):
            continue
        is_own = log_file_number if part == "state" else is_replaceable
        for name in filter(is_own, disk.names_in(place)):
            with suppress(FileNotFoundError):
                os.unlink(f"{place}/{name}")  # noqa: PTH108
        if part != "state":
            with suppress(OSError):
                os.rmdir(place)  # noqa: PTH106


def _first_kept(versions: Versions, retention: Retention, now: os.stat_result) -> int:
    """Number of the first version that stays although it is not pinned."""
    first = 0
    if retention.last is not None:
        first = max(first, *versions.numbers[-retention.last :][:1], 0)
    if retention.days is not None:
        path, oldest = versions.folder.versions_path, now.st_mtime - retention.days * _DAY_S
        for until, kept in versions.chunks.items():
            found = (disk.status(f"{path}/{name}") for name in kept.values())
            if any(each and each.st_mtime < oldest for each in found):
                first = max(first, until)
    return first


def _needed(versions: Versions, pinned: Collection[int]) -> tuple[set[str], set[int]] | None:
    """Names of kept chunks, and numbers of manifests, by which these are read; None if unknown."""
    from ml4t_nb.storage.past_snapshot import PastSnapshot, read_version

    files, numbers = set[str](), {*pinned}
    for number in pinned:
        try:
            snapshot = read_version(versions, number)
        except StoreError:
            return None
        chunks = {*snapshot.manifest.chunks}
        if isinstance(snapshot, PastSnapshot):
            chunks |= {each.chunk for holders in snapshot.holders.values() for each in holders}
        own = {each.file for each in chunks}
        for until, kept in versions.chunks.items():
            if not own.isdisjoint(kept):
                files |= {name for file, name in kept.items() if file in own}
                # By what the commit before it left, they are found.
                numbers |= {*_before(versions, until)}
    return files, numbers


def _before(versions: Versions, until: int) -> Iterator[int]:
    earlier = [each for each in versions.numbers if each < until]
    yield from earlier[-1:]
