"""A backup of a whole store, made while others read and write it."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ml4t_nb.backups import BackupReport, FileFault, LeftBackup, SavedFile
from ml4t_nb.errors import LockTimeout, OptionError, StoreError, StoreNotFound, StoreNotWritable
from ml4t_nb.storage import disk
from ml4t_nb.storage.backup_dataset import save_dataset
from ml4t_nb.storage.backup_file import (
    LATEST,
    NAME,
    PART,
    Backup,
    encode_backup,
    folder_of,
    newest_in,
)
from ml4t_nb.storage.backup_folder import BackupFolder
from ml4t_nb.storage.backup_keep import remove_old_backups
from ml4t_nb.storage.commit_listing import ever_stored
from ml4t_nb.storage.locks import LOCK_NAME, dataset_lock
from ml4t_nb.storage.names import GROUPS

__all__ = ["make_backup"]

_CLASSES = {asset_class for asset_class, _ in GROUPS}
_SETTINGS = "ml4t.toml"
_LATEST_PART = f"{LATEST}.part"


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a backup is made, and where it will be."""

    path: Path
    final: Path


def make_backup(
    home: Path,
    folder: Path,
    at: datetime,
    *,
    links: bool,
    keep: int | None,
    timeout_s: float,
    look: Callable[[], object],
) -> BackupReport:
    """Make a backup of the store in a folder of its own in ``folder``, which is made if missing.

    Nothing is there under its name before it is whole.

    Parameters
    ----------
    links
        Whether files of the store may be linked; else they are copied.
    keep
        How many of the backups there are to stay; None for all.
    timeout_s
        How long to wait for a writer whose commit was not tidied up after.
    look
        Called between datasets; it may raise.

    Raises
    ------
    OptionError
        If the folder is in a store, or has backups of another one.
    LockTimeout
        If another process makes a backup in the same folder.
    StoreNotWritable
        If it cannot be written; nothing is left behind.
    """
    home, folder = home.absolute(), folder.absolute()
    _require_outside(home, folder)
    with _writing(folder):
        disk.make_folder(folder)
        with ExitStack() as ending:
            is_alone = _only_one(folder, ending)
            before = newest_in(folder)
            if before:
                _require_same_store(home, folder, before[1])
            part = _begun(folder, at)
            ending.callback(shutil.rmtree, part.path, ignore_errors=True)
            made = BackupFolder(part.path, before, links=links)
            known = before[1] if before else None
            backup = _filled(made, home, at, known, timeout_s=timeout_s, look=look)
            made.sync()
            disk.write_new(f"{part.path}/{NAME}", encode_backup(backup))
            disk.sync_folder(part.path)
            part.path.rename(part.final)
            disk.sync_folder(folder)
            _point_to(part.final)
            removed, left = _without_old(folder, part.final, home, keep, is_alone=is_alone)
    return BackupReport(
        part.final,
        at,
        home,
        backup.datasets,
        backup.files,
        backup.faults,
        copied=made.copied,
        copied_bytes=made.copied_bytes,
        removed=removed,
        left=left,
    )


def _without_old(
    folder: Path, made: Path, home: Path, keep: int | None, *, is_alone: bool
) -> tuple[tuple[Path, ...], tuple[LeftBackup, ...]]:
    """Remove old backups, if they are not all to be kept."""
    if keep is None:
        return (), ()
    if not is_alone:
        return (), (LeftBackup(folder, "where there are no locks, no backup is removed"),)
    return remove_old_backups(folder, made, home, keep)


def _filled(
    made: BackupFolder,
    home: Path,
    at: datetime,
    before: Backup | None,
    *,
    timeout_s: float,
    look: Callable[[], object],
) -> Backup:
    # Pins first: what one of them names is there by then, and in the backup of its dataset.
    files, faults = _save_others(made, home)
    known = {each.dataset: each for each in before.datasets} if before else {}
    datasets = []
    for each in ever_stored(home):
        look()
        found = save_dataset(made, home, each, known.get(each), timeout_s=timeout_s)
        if found.version or found.files or found.fault:
            datasets.append(found)
    if not datasets:
        raise StoreNotFound(
            f"there is nothing in {home} to save",
            hint="check the path, and that its disk is mounted",
        )
    for part in ("data", "state"):
        made.make(part)
    return Backup("backup 1", at, f"{home}", tuple(datasets), files, faults)


def _save_others(
    made: BackupFolder, home: Path
) -> tuple[tuple[SavedFile, ...], tuple[FileFault, ...]]:
    """Put what belongs to no dataset there: settings, and small files of the store's state.

    They are copied: people write settings in place.
    """
    files, faults = list[SavedFile](), list[FileFault]()

    def unread(path: Path, message: str) -> None:
        faults.append(FileFault(path.relative_to(home).as_posix(), "not saved", message))

    for path in _others(home, unread):
        try:
            files.append(made.save_changing(f"{path}", path.relative_to(home).as_posix()))
        except FileNotFoundError:
            continue
        except StoreError as error:
            unread(path, error.message)
    return tuple(files), tuple(faults)


def _others(home: Path, unread: Callable[[Path, str], None]) -> Iterator[Path]:
    """Where these files are; ``unread`` is told of folders of them that cannot be read."""

    def fail(error: OSError) -> None:
        unread(Path(error.filename), f"{error.filename} cannot be read: {error.strerror}")

    yield home / _SETTINGS
    for part in disk.names_in(home / "state"):
        if part in _CLASSES:
            continue
        for folder, below, names in os.walk(home / "state" / part, onerror=fail):
            below.sort()
            paths = (Path(folder, name) for name in sorted(names))
            # What is being written yet ends in .new.
            yield from (each for each in paths if each.name != LOCK_NAME and each.suffix != ".new")


def _require_outside(home: Path, folder: Path) -> None:
    """OptionError if the folder is in a store, the one that is saved or another."""
    for each in disk.and_above(folder):
        if disk.is_same(each, home) or _is_store(each):
            inside = "is" if each == folder else "is inside"
            whose = "the store itself" if disk.is_same(each, home) else f"the store {each}"
            raise OptionError(
                f"{folder} {inside} {whose}",
                hint="name a folder outside of it, on another disk at best",
            )


def _is_store(path: Path) -> bool:
    return any((path / "state" / each).is_dir() for each in _CLASSES)


def _require_same_store(home: Path, folder: Path, before: Backup) -> None:
    """OptionError if the backups in the folder are of another store that is still there."""
    other = Path(before.home)
    if other == home or disk.is_same(other, home) or not other.is_dir():
        return  # it may have been moved
    raise OptionError(
        f"the backups in {folder} are of another store, {other}",
        hint="name a folder for those of this one",
    )


def _only_one(folder: Path, ending: ExitStack) -> bool:
    """Let nobody else make a backup there, and delete what those left that were killed.

    Where there are no locks, as on a drive formatted for Windows, nothing is deleted: False.
    """
    try:
        ending.enter_context(dataset_lock(folder, f"the folder {folder}", timeout_s=0))
    except LockTimeout as error:
        raise LockTimeout(
            f"another backup to {folder} is being made", hint="wait for it to finish"
        ) from error
    except StoreNotWritable as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        return False
    for name in filter(PART.fullmatch, disk.names_in(folder)):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / _LATEST_PART).unlink(missing_ok=True)
    return True


def _begun(folder: Path, at: datetime) -> _Part:
    """A new folder for the parts, and the name that the backup will have."""
    name = folder_of(at)
    part = folder / f"{name}.{secrets.token_hex(3)}.part"
    part.mkdir()
    final, number = folder / name, 2
    while final.exists():
        final, number = folder / f"{name}.{number}", number + 1
    return _Part(part, final)


def _point_to(final: Path) -> None:
    """Let the link ``latest`` lead to the backup, where there can be links."""
    link = final.parent / LATEST
    if link.exists() and not link.is_symlink():
        return  # the user's own
    staged = final.parent / _LATEST_PART
    with suppress(OSError):
        staged.unlink(missing_ok=True)
        staged.symlink_to(final.name)
        staged.replace(link)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What fails to be written in the folder is a `StoreNotWritable` that says what to do."""
    try:
        with disk.writing(folder):
            yield
    except StoreNotWritable as error:
        if "free space" not in f"{error.hint}":
            error.advice = "check the owner of the folder, or name another one"
        raise
