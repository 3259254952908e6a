"""Files that a newer commit has replaced: kept for a while for readers, then removed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ml4t_nb.errors import StoreError
from ml4t_nb.storage import disk
from ml4t_nb.storage.names import CHUNK_NAME, GROUPS, MANIFEST_NAME, symbol_of

__all__ = ["GRACE_S", "is_own_folder", "move_to_trash", "remove_old", "sweep", "sweep_all"]

GRACE_S = 3600
"""How long a reader may use files that a newer commit has replaced."""

# The last tag is borne by a file that is copied from another disk, until it is whole.
_OWN = [re.compile(rf"{name.pattern}(\.[0-9a-f]{{6}})?") for name in (MANIFEST_NAME, CHUNK_NAME)]
_PROBE = re.compile(r"sweep\.[0-9a-f]{6}")


def move_to_trash(path: Path, folder: Path) -> None:
    """Move a file to ``folder``, of the trash; its time of change says when."""
    # Touched before it moves: the other way round, a kill between the two would leave it looking
    # old enough to be removed.
    os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)
    while True:
        try:
            _move(path, folder / path.name)
        except FileNotFoundError:
            # There is no such folder yet, or a sweep has removed it when it was empty.
            if not path.exists():
                raise
            folder.mkdir(parents=True, exist_ok=True)
        else:
            return


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The data may be on a disk of their own; a reader must find one whole copy at any time.
        staged = target.with_name(f"{target.name}.{secrets.token_hex(3)}")
        shutil.copyfile(source, staged)
        staged.replace(target)
        source.unlink()


def sweep_all(home: Path) -> None:
    """Do so for every dataset; one that cannot be swept keeps no other from it."""
    root = home / "trash"
    if not is_own_folder(root):
        return
    probe = root / f"sweep.{secrets.token_hex(3)}"
    try:
        probe.touch()
        now = probe.stat()
        probe.unlink()
    except OSError:
        return
    for name in filter(_PROBE.fullmatch, disk.names_in(root)):  # of those that were killed
        remove_old(root / name, now)
    for group in GROUPS:
        place = PurePosixPath(*group)
        with suppress(StoreError):
            for name in disk.names_in(root / place):
                if symbol_of(name) is not None:
                    sweep(home, place / name, now)


def sweep(home: Path, place: PurePosixPath, now: os.stat_result) -> None:
    """Remove what was moved to the dataset's trash longer ago than the grace period.

    Its folder goes when it is empty. What bears another name than this package gives is left, and
    so is all behind a link. ``now`` is of a file just written: the file system's own clock.
    """
    trash = home / "trash" / place
    parents = (trash, *trash.parents)[: len(place.parts) + 1]
    if not all(map(is_own_folder, parents)):
        return
    with suppress(StoreError):
        names = [name for name in disk.names_in(trash) if any(own.fullmatch(name) for own in _OWN)]
        # Manifests are moved here in the order of their names, each after the chunks that went with
        # it, and removed after them: while the first is young, so is all the rest. A dataset that
        # is written every second has thousands of them.
        first = next((name for name in names if MANIFEST_NAME.fullmatch(name)), None)
        if first and not _is_old(trash / first, now):
            return
        for name in names:
            remove_old(trash / name, now)
        with suppress(OSError):
            trash.rmdir()


def is_own_folder(path: Path) -> bool:
    """Whether it is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def remove_old(path: Path, now: os.stat_result) -> None:
    """Remove a file that was moved or written longer ago than the grace period, if possible."""
    if _is_old(path, now):
        with suppress(OSError):
            path.unlink()


def _is_old(path: Path, now: os.stat_result) -> bool:
    """Whether it is a file, and no link, that was moved here longer ago than the grace period."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and now.st_mtime - found.st_mtime > GRACE_S
