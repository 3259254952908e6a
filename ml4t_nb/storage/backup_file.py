"""The file that makes a folder a backup: what is in it, written last; and where backups are."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ml4t_nb.backups import FileFault, SavedDataset, SavedFile
from ml4t_nb.codec import Codec, is_later_form
from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreNewer, StoreNotFound
from ml4t_nb.storage import disk

__all__ = [
    "LATEST",
    "LENGTH",
    "NAME",
    "PART",
    "Backup",
    "backups_in",
    "encode_backup",
    "folder_of",
    "named_backup",
    "newest_in",
    "read_backup",
    "time_of",
]

NAME = "backup.json"
LATEST = "latest"
LENGTH = len("2026-11-30T061129Z")
"""Of the time in a folder's name; a number may follow it."""
PART = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z\.[0-9a-f]{6}\.part")
"""Names of folders in which a backup is made, until it is whole."""

_TIME = "%Y-%m-%dT%H%M%SZ"
_FOLDER = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z(?:\.[0-9]+)?")
_ENVELOPE = re.compile(rb'\{"sha256":"([0-9a-f]{64})","backup":(.*)\}\n', re.DOTALL)
_FORM = "backup 1"
"""Another with every change of the file."""

_CODEC = Codec(omit_defaults=True)
_NOT_THAT = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What reading a file of any other content raises."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in a backup, and of which store it was made.

    Parameters
    ----------
    files
        Those of the store as a whole.
    faults
        What of these could not be read.
    """

    form: Literal["backup 1"]
    at: datetime
    home: str
    datasets: tuple[SavedDataset, ...]
    files: tuple[SavedFile, ...] = ()
    faults: tuple[FileFault, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all of the store could be read."""
        return not self.faults and not any(each.fault for each in self.datasets)

    def all_files(self) -> Iterator[SavedFile]:
        """Every file that is in it."""
        yield from self.files
        for each in self.datasets:
            yield from each.files


def folder_of(at: datetime) -> str:
    """Name of the folder of a backup that is made then: names are in order of time."""
    return at.astimezone(UTC).strftime(_TIME)


def time_of(path: Path) -> datetime | None:
    """When the backup in the folder of that name was made; None for any other name."""
    try:
        return datetime.strptime(path.name[:LENGTH], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def encode_backup(backup: Backup) -> bytes:
    """The file's content."""
    body = json.dumps(_CODEC.dump(backup), separators=(",", ":")).encode("ascii")
    checksum = hashlib.sha256(body).hexdigest().encode("ascii")
    return b'{"sha256":"%s","backup":%s}\n' % (checksum, body)


def read_backup(folder: Path) -> Backup:
    """What is in the backup in that folder.

    StoreNotFound if there is none, ChunkCorrupt if the file that says it is damaged, StoreNewer if
    a later version wrote it.
    """
    path = folder / NAME
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreNotFound(
            f"{folder} is no backup: it has no {NAME}", hint="make one with the verb backup"
        ) from None
    except OSError as error:
        raise ChunkCorrupt(f"{path} cannot be read: {error.strerror}") from error
    found = _ENVELOPE.fullmatch(content)
    damaged = ChunkCorrupt(
        f"{path} is damaged: what is in the backup is not known",
        hint="check another backup, or make a new one",
    )
    if not found or hashlib.sha256(found[2]).hexdigest().encode("ascii") != found[1]:
        raise damaged
    try:
        plain = json.loads(found[2])
        if is_later_form(plain, _FORM):
            raise StoreNewer(f"{path}")
        backup: Backup = _CODEC.load(Backup, plain)
    except _NOT_THAT as error:
        raise damaged from error
    if not all(_is_below(each.path) for each in backup.all_files()):
        raise damaged
    return backup


def _is_below(path: str) -> bool:
    """Whether it stays in the folder that it is below: the file may come from elsewhere."""
    parts = path.split("/")
    return "" not in parts and ".." not in parts and "\\" not in path and ":" not in path


def backups_in(folder: Path) -> list[Path]:
    """Folders of the backups in a folder, newest first."""
    names = filter(_FOLDER.fullmatch, reversed(disk.names_in(folder)))
    return [folder / name for name in names if (folder / name / NAME).is_file()]


def newest_in(folder: Path) -> tuple[Path, Backup] | None:
    """The newest backup in a folder whose list of files can be read."""
    for path in backups_in(folder):
        try:
            return path, read_backup(path)
        except StoreError:
            continue
    return None


def named_backup(folder: Path) -> Path:
    """The backup that is meant: the folder itself, or the newest one in it."""
    if (folder / NAME).is_file():
        return folder
    if found := backups_in(folder):
        return found[0]
    if any(map(PART.fullmatch, disk.names_in(folder))):
        raise StoreNotFound(
            f"there is no whole backup in {folder}: one was begun and not finished",
            hint="run backup again",
        )
    what = "is no folder" if not folder.is_dir() else "holds no backup"
    raise StoreNotFound(f"{folder} {what}", hint="make one with the verb backup")
