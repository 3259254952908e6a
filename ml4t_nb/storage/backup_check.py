"""Whether a backup is whole: each of its files is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from ml4t_nb.backups import CheckBackupReport, CheckedBackup, FileFault, SavedFile
from ml4t_nb.errors import StoreError
from ml4t_nb.storage import disk
from ml4t_nb.storage.backup_file import Backup, backups_in, named_backup, read_backup, time_of
from ml4t_nb.storage.checksum import has_checksum
from ml4t_nb.storage.locks import LOCK_NAME

__all__ = ["check_files"]

_PARTS = ("data", "state", "versions")
_Known: TypeAlias = tuple[int, int, str]
"""A file that was found to be as its checksum says: its disk, its number there, the checksum."""


def check_files(folder: Path, *, every: bool = False) -> CheckBackupReport:
    """Read every file of the backup in that folder, or of the newest of the backups in it.

    Parameters
    ----------
    every
        Read all backups in the folder; the report is of the newest of which it is known what is in
        it, and has the others.

    Raises
    ------
    StoreNotFound
        If there is no backup, or none that was finished.
    ChunkCorrupt
        If it is not known what is in it, or with ``every`` in any.
    StoreNewer
        If a later version of the package wrote it.
    """
    newest = named_backup(folder.absolute())
    paths = backups_in(newest.parent) if every and newest != folder.absolute() else [newest]
    report: CheckBackupReport | None = None
    others: list[CheckedBackup] = []
    errors: list[StoreError] = []
    seen: set[_Known] = set()
    for path in paths:
        try:
            backup = read_backup(path)
        except StoreError as error:
            errors.append(error)
            others.append(CheckedBackup(path, time_of(path), error=error.message))
            continue
        found = _checked(path, backup, seen)
        if report is not None:
            others.append(found)
            continue
        report = CheckBackupReport(
            path,
            backup.at,
            Path(backup.home),
            datasets=found.datasets,
            files=found.files,
            bytes=found.bytes,
            faults=found.faults,
        )
    if report is None:
        raise errors[0]
    return replace(report, others=tuple(others))


def _checked(path: Path, backup: Backup, seen: set[_Known]) -> CheckedBackup:
    files = [*backup.all_files()]
    faults = [
        *backup.faults,
        *(
            FileFault(lost, "not saved", each.fault)
            for each in backup.datasets
            for lost in each.lost
        ),
        *(fault for file in files if (fault := _fault(path, file, seen))),
        *(FileFault(each, "added") for each in _added(path, backup)),
    ]
    return CheckedBackup(
        path,
        backup.at,
        datasets=len(backup.datasets),
        files=len(files),
        bytes=sum(each.bytes for each in files),
        faults=tuple(faults),
    )


def _fault(backup: Path, file: SavedFile, seen: set[_Known]) -> FileFault | None:
    place = f"{backup}/{file.path}"
    # Backups share what did not change between them: each file is read once.
    found = disk.status(place)
    known = (found.st_dev, found.st_ino, file.checksum) if found and found.st_nlink > 1 else None
    if known in seen:
        return None
    try:
        content = disk.content_of(place)
    except (FileNotFoundError, NotADirectoryError):
        return FileFault(file.path, "missing")
    except OSError as error:
        return FileFault(file.path, "damaged", f"it cannot be read: {error.strerror}")
    if len(content) != file.bytes:
        return FileFault(file.path, "damaged", f"it has {len(content)} bytes, not {file.bytes}")
    if not has_checksum(content, file.checksum):
        return FileFault(file.path, "damaged", "its checksum does not match")
    if known:
        seen.add(known)
    return None


def _added(path: Path, backup: Backup) -> Iterator[str]:
    """Files among the bars and their state that are none of the backup, as of a run there."""
    known = {each.path for each in backup.all_files()}
    for part in _PARTS:
        for folder, _, names in os.walk(path / part):
            for name in sorted(names):
                target = Path(folder, name).relative_to(path).as_posix()
                if name != LOCK_NAME and target not in known:
                    yield target
