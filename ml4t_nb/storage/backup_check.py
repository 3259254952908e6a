"""Whether a backup is whole: each of its files is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ml4t_nb.backups import CheckBackupReport, FileFault, SavedFile
from ml4t_nb.storage import disk
from ml4t_nb.storage.backup_file import Backup, named_backup, read_backup
from ml4t_nb.storage.checksum import has_checksum
from ml4t_nb.storage.locks import LOCK_NAME

__all__ = ["check_files"]

_PARTS = ("data", "state", "versions")


def check_files(folder: Path) -> CheckBackupReport:
    """Read every file of the backup in that folder, or of the newest of the backups in it.

    Raises
    ------
    StoreNotFound
        If there is no backup, or none that was finished.
    ChunkCorrupt
        If it is not known what is in it.
    """
    path = named_backup(folder.absolute())
    backup = read_backup(path)
    files = [*backup.all_files()]
    faults = [
        *backup.faults,
        *(
            FileFault(lost, "not saved", each.fault)
            for each in backup.datasets
            for lost in each.lost
        ),
        *(fault for file in files if (fault := _fault(path, file))),
        *(FileFault(each, "added") for each in _added(path, backup)),
    ]
    return CheckBackupReport(
        path,
        backup.at,
        Path(backup.home),
        datasets=len(backup.datasets),
        files=len(files),
        bytes=sum(each.bytes for each in files),
        faults=tuple(faults),
    )


def _fault(backup: Path, file: SavedFile) -> FileFault | None:
    try:
        content = disk.content_of(f"{backup}/{file.path}")
    except (FileNotFoundError, NotADirectoryError):
        return FileFault(file.path, "missing")
    except OSError as error:
        return FileFault(file.path, "damaged", f"it cannot be read: {error.strerror}")
    if len(content) != file.bytes:
        return FileFault(file.path, "damaged", f"it has {len(content)} bytes, not {file.bytes}")
    if not has_checksum(content, file.checksum):
        return FileFault(file.path, "damaged", "its checksum does not match")
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
