"""The JSON documents of ``backup`` and ``check-backup``, as types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from ml4t_nb.backups import CheckedBackup, FileFault, LeftBackup
from ml4t_nb.model import DatasetId

__all__ = ["BackupDocument", "CheckBackupDocument", "SavedRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRow:
    """A dataset of a backup: its version, number and size of its files.

    ``fault`` says what is wrong with it in the store, and ``lost`` names files that it ought to
    have and that the backup has not.
    """

    dataset: DatasetId
    version: int
    files: int
    bytes: int
    fault: str
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDocument:
    """Of ``backup``: its folder, and what is in it. ``copied`` files are not links.

    ``removed`` are old backups; those ``left`` have a reason, and ``is_failed`` if it is a fault.
    """

    verb: Literal["backup"] = "backup"
    path: Path
    at: datetime
    home: Path
    is_whole: bool
    files: int
    bytes: int
    copied: int
    copied_bytes: int
    datasets: tuple[SavedRow, ...]
    faults: tuple[FileFault, ...]
    removed: tuple[Path, ...]
    left: tuple[LeftBackup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBackupDocument:
    """Of ``check-backup``: which one was read, what it consists of, and what is wrong with it.

    ``others`` are those before it, with ``--all``; one of which it is not known what is in it has
    an ``error``.
    """

    verb: Literal["check-backup"] = "check-backup"
    path: Path
    at: datetime
    home: Path
    datasets: int
    files: int
    bytes: int
    faults: tuple[FileFault, ...]
    others: tuple[CheckedBackup, ...]
