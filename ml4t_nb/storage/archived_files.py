"""Chunks of a dataset in the folder of the store's archive: written, tidied away, deleted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ml4t_nb.errors import StoreError, StoreNotWritable
from ml4t_nb.storage import disk
from ml4t_nb.storage.archive_folder import Archive
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.names import chunk_number, kept_name, manifest_number
from ml4t_nb.storage.versions import Versions

__all__ = [
    "erase_archived",
    "has_archived",
    "lacks_archive",
    "sweep_archived",
    "tidy_archive",
    "write_archived",
]


def write_archived(folder: DatasetFolder, name: str, content: bytes) -> str:
    """Write a chunk into the archive, through to the disk, and read it back; its path.

    Raises
    ------
    ArchiveMissing
        If the archive is not there.
    StoreNotWritable
        If it cannot be written, or is that of another store of which this one is a copy.
    """
    archive = folder.archive
    if archive is None or not archive.is_there:
        raise folder.archive_missing_error()
    if not archive.is_of(folder.home):
        raise StoreNotWritable(
            f"the archive {archive.folder} is that of a store in another folder",
            hint="if that was moved here, take it over: archive --before DATE --to "
            f"{archive.folder}",
        )
    place = archive.data_path(folder.place)
    path = f"{place}/{name}"
    try:
        with disk.writing(Path(place)):
            disk.make_folder(Path(place))
            disk.write_new(path, content)
            disk.sync_folder(place)
            if disk.content_of(path) != content:
                os.unlink(path)  # noqa: PTH108
                raise StoreError(
                    f"{path} is not read back as it was written", hint="check its disk"
                )
    except StoreNotWritable as error:
        if "free space" not in f"{error.advice}":
            error.advice = "check the owner of the folder, and that its disk can be written"
        raise
    return path


def lacks_archive(folder: DatasetFolder) -> bool:
    """Whether the archive is missing, and the dataset has chunks there."""
    archive = folder.archive
    return not (archive is not None and archive.is_there) and has_archived(folder)


def has_archived(folder: DatasetFolder) -> bool:
    """Whether what is stored, or not tidied up after, has chunks in the archive.

    Files of damaged manifests are not known: then it has.
    """
    versions = Versions(folder)
    for number in filter(None, map(manifest_number, disk.names_in(folder.state_path))):
        try:
            manifest = versions.manifest(number)
        except KeyError:
            continue
        except StoreError:
            return folder.archive is not None
        if manifest and any(each.is_apart for each in manifest.chunks):
            return True
    return False


def tidy_archive(
    folder: DatasetFolder,
    own: set[str],
    replaced: set[str],
    kept: Mapping[str, int],
    *,
    after: int,
    until: int,
) -> None:
    """Put what is replaced to the past versions, on the store's disk, or to the archive's trash.

    What writers left there that were killed at commits later than ``after`` and up to ``until``
    goes too. A copy of the store deletes nothing.

    Parameters
    ----------
    own
        Files of the newest commit.
    replaced
        Files in the archive that earlier ones had.
    kept
        Those whose rows were changed, with the number of the commit that did.
    """
    archive = folder.archive
    if archive is None or not archive.is_there:
        if replaced - own:
            raise folder.archive_missing_error()
        return
    place, is_ours = archive.data_path(folder.place), archive.is_of(folder.home)
    for name in {*disk.names_in(place)} - own:
        path = f"{place}/{name}"
        if name in replaced and name in kept:
            target = f"{folder.versions_path}/{kept_name(name, kept[name])}"
            if is_ours:
                disk.move(path, target)
            elif disk.status(target) is None:
                os.makedirs(folder.versions_path, exist_ok=True)  # noqa: PTH103
                disk.replace_with(target, disk.content_of(path))
        elif is_ours and (name in replaced or after < chunk_number(name) <= until):
            disk.move(path, f"{archive.trash_path(folder.place)}/{name}")
    if is_ours and not own:
        with suppress(OSError):
            os.rmdir(place)  # noqa: PTH106


def sweep_archived(folder: DatasetFolder, archive: Archive, now: os.stat_result) -> None:
    """Remove from the archive's trash what has been there for longer than the grace period.

    ``now`` is of a file just written there.
    """
    if not disk.is_all_own(f"{archive.folder}/trash", folder.place):
        return
    path = archive.trash_path(folder.place)
    with suppress(StoreError):
        for name in filter(chunk_number, disk.names_in(path)):
            disk.remove_old(f"{path}/{name}", now)
    with suppress(OSError):
        os.rmdir(path)  # noqa: PTH106


def erase_archived(folder: DatasetFolder) -> None:
    """Delete the dataset's chunks in the archive; ArchiveMissing if there are any, elsewhere."""
    archive = folder.archive
    if lacks_archive(folder):
        raise folder.archive_missing_error()
    if archive is None or not archive.is_of(folder.home):
        return
    for part, path in (
        ("data", archive.data_path(folder.place)),
        ("trash", archive.trash_path(folder.place)),
    ):
        if not disk.is_all_own(f"{archive.folder}/{part}", folder.place):
            continue
        for name in filter(chunk_number, disk.names_in(path)):
            with suppress(FileNotFoundError):
                os.unlink(f"{path}/{name}")  # noqa: PTH108
        with suppress(OSError):
            os.rmdir(path)  # noqa: PTH106
