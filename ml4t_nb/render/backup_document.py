"""The JSON documents of ``backup`` and ``check-backup``, as types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from ml4t_nb.backups import FileFault
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
    """Of ``backup``: its folder, and what is in it. ``copied`` files are not links."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBackupDocument:
    """Of ``check-backup``: which one was read, what it consists of, and what is wrong with it."""

    verb: Literal["check-backup"] = "check-backup"
    path: Path
    at: datetime
    home: Path
    datasets: int
    files: int
    bytes: int
    faults: tuple[FileFault, ...]
