"""One lock per dataset, held around a writer's whole read-merge-write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ml4t_nb.errors import LockTimeout, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.atomic_io import make_folder, writing

__all__ = ["LOCK_NAME", "HeldLock", "dataset_lock"]

LOCK_NAME = "lock"

# The library's default of 50 ms doubles the time of contended writers.
_POLL_S = 0.002

_trusted: set[int] = set()
"""Devices on which a lock was seen to keep another one out, in this process."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that is held, as device and inode of its file tell."""

    path: Path
    device: int
    inode: int

    @property
    def is_in_force(self) -> bool:
        """Whether its file is still at the path: once deleted, it keeps no other writer out."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        # While it is held its inode is in use, and given to no other file.
        return (found.st_dev, found.st_ino) == (self.device, self.inode)


@contextmanager
def dataset_lock(state: Path, dataset: DatasetId, *, timeout_s: float) -> Iterator[HeldLock]:
    """Keep every other writer of the dataset out, in this process and in others.

    Parameters
    ----------
    state
        Folder of the lock; made if missing. The lock file stays forever, since deleting it would
        split those who wait from those who come.

    Raises
    ------
    LockTimeout
        If another writer held it for ``timeout_s`` seconds.
    StoreNotWritable
        If there can be no lock, because permission is denied, or because the file system has no
        locks, or none that keep others out. That is tried when a dataset is first written, and
        by each process once per disk.
    """
    path = state / LOCK_NAME
    with writing(state):
        is_first = not path.exists()
        if is_first:
            make_folder(state)
        lock = _lock(path, timeout_s)
        try:
            file = _acquired(lock, path)
        except Timeout as error:
            raise LockTimeout(
                f"{dataset} is still locked by another writer after {timeout_s:g} s",
                hint="wait for it to finish, or raise ML4T_DATA_LOCK_TIMEOUT",
            ) from error
    try:
        held = HeldLock(path, file.st_dev, file.st_ino)
        if is_first or file.st_dev not in _trusted:
            _require_locks(held)
            _trusted.add(file.st_dev)
        yield held
    finally:
        lock.release()


def _acquired(lock: FileLock, path: Path) -> os.stat_result:
    """The lock's file, once it is held."""
    while True:
        lock.acquire()
        try:
            return path.stat()
        except FileNotFoundError:  # it has just been deleted
            lock.release()


def _lock(path: Path, timeout_s: float) -> FileLock:
    return FileLock(
        path,
        timeout=timeout_s,
        poll_interval=_POLL_S,
        # A soft lock outlives a killed writer: then no process could write again.
        fallback_to_soft=False,
        preserve_lock_file=True,
    )


def _require_locks(held: HeldLock) -> None:
    """Raise StoreNotWritable unless the lock keeps others out: not every network folder does."""
    path = held.path
    rival = _lock(path, 0)
    try:
        rival.acquire()
    except Timeout:
        return
    rival.release()
    if not held.is_in_force:
        return  # deleted, which a commit reports
    raise StoreNotWritable(
        f"file locks do not work in {path.parent}: two writers could overwrite each other",
        hint="keep the store on a local disk, or on a network folder that supports locks",
    )
