"""Old backups, removed from the folder that they are in; no folder but one that is a backup."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ml4t_nb.backups import LeftBackup
from ml4t_nb.errors import StoreError
from ml4t_nb.storage import disk
from ml4t_nb.storage.backup_file import LENGTH, NAME, Backup, backups_in, read_backup
from ml4t_nb.storage.locks import LOCK_NAME

__all__ = ["remove_old_backups"]

_CACHES = ("cache", "catalogue.db", "catalogue.db-journal")
"""What reading a backup as a store leaves in it."""


def remove_old_backups(
    folder: Path, made: Path, home: Path, keep: int
) -> tuple[tuple[Path, ...], tuple[LeftBackup, ...]]:
    """Remove all backups of the store but the newest; those removed, and those left all the same.

    Who calls it has the folder's lock. A backup that is removed has another name first, by which it
    is never taken for a backup: whoever is killed leaves the others whole, and the next backup
    deletes the rest.

    Parameters
    ----------
    made
        The one that has just been made, which stays, whatever its name.
    keep
        How many are to stay, it among them. So does the newest of a store without damage.
    """
    known: dict[Path, Backup] = {}
    left: list[LeftBackup] = []
    for path in backups_in(folder):
        try:
            known[path] = read_backup(path)
        except StoreError as error:
            left.append(LeftBackup(path, error.message))
    own = [path for path in known if path != made and _is_of(known[path], home)]
    stay = {made, *own[: keep - 1]}
    if not any(known[path].is_whole for path in stay):
        stay |= {*[path for path in own if known[path].is_whole][:1]}
    removed: list[Path] = []
    for path in [each for each in own if each not in stay]:
        if strange := next(_others(path, known[path]), ""):
            left.append(LeftBackup(path, f"{strange} in it is none of the backup"))
            continue
        try:
            _remove(path)
        except OSError as error:
            left.append(LeftBackup(path, f"{error.strerror}: {error.filename}", is_failed=True))
        else:
            removed.append(path)
    return tuple(removed), tuple(left)


def _is_of(backup: Backup, home: Path) -> bool:
    return backup.home == f"{home}" or disk.is_same(Path(backup.home), home)


def _others(path: Path, backup: Backup) -> Iterator[str]:
    """Files below the folder that somebody else put there, and links."""
    if not disk.is_own_folder(path):
        yield "a link"
        return
    known = {NAME, *(each.path for each in backup.all_files())}
    for found in sorted(path.rglob("*")):
        target = found.relative_to(path).as_posix()
        is_file = found.is_symlink() or not found.is_dir()
        is_cache = target.partition("/")[0] in _CACHES or found.name == LOCK_NAME
        if is_file and not is_cache and target not in known:
            yield target


def _remove(path: Path) -> None:
    part = path.with_name(f"{path.name[:LENGTH]}.{secrets.token_hex(3)}.part")
    path.rename(part)
    disk.sync_folder(path.parent)
    shutil.rmtree(part)
