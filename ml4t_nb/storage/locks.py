"""The lock that keeps every other writer of a dataset out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ml4t_nb.errors import LockTimeout, StoreNotWritable
from ml4t_nb.interruption import waiting
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.disk import make_folder, writing

if sys.platform != "win32":
    import fcntl

__all__ = ["LOCK_NAME", "HeldLock", "dataset_lock"]

LOCK_NAME = "lock"
# The library's default of 50 ms doubles the time of contended writers.
_POLL_S = 0.002

_trusted: set[int] = set()
"""Devices on which a lock was seen to keep another one out, in this process."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that is held: its path, and its file as it was opened."""

    path: Path
    file: os.stat_result

    @property
    def is_in_force(self) -> bool:
        """Whether its file is still at the path: once deleted, it keeps no other writer out."""
        try:
            # While it is held its inode is in use, and given to no other file.
            return os.path.samestat(os.stat(self.path), self.file)  # noqa: PTH116
        except OSError:
            return False


@contextmanager
def dataset_lock(state: Path, dataset: DatasetId | str, *, timeout_s: float) -> Iterator[HeldLock]:
    """Keep every other writer of the dataset out, in this process and in others.

    The folder ``state`` is made if missing. The lock file in it stays forever, since deleting it
    would split those who wait from those who come.

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
        try:
            held, release = _taken_at_once(path) or _waited(path, timeout_s)
        except Timeout as error:
            raise LockTimeout(
                f"{dataset} is still locked by another writer after {timeout_s:g} s",
                hint="wait for it to finish, or raise ML4T_DATA_LOCK_TIMEOUT",
            ) from error
    try:
        if is_first or held.file.st_dev not in _trusted:
            _require_locks(held)
            _trusted.add(held.file.st_dev)
        yield held
    finally:
        release()


def _taken_at_once(path: Path) -> tuple[HeldLock, Callable[[], object]] | None:
    """The lock, if nobody holds it, and what gives it back: what `FileLock` does, at a fiftieth.

    None where it cannot be had so: `FileLock` waits, or says why not.
    """
    if sys.platform == "win32":
        return None
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError:
        return None

    def release() -> None:
        # Not by closing it alone: a process forked meanwhile has it open too.
        fcntl.flock(file, fcntl.LOCK_UN)
        os.close(file)

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    held = HeldLock(path, os.fstat(file))
    if held.is_in_force:
        return held, release
    release()  # it has just been deleted
    return None


def _waited(path: Path, timeout_s: float) -> tuple[HeldLock, Callable[[], object]]:
    lock = _lock(path, timeout_s)
    while True:
        try:
            with waiting():
                lock.acquire()
        except KeyboardInterrupt:
            lock.release()
            raise
        try:
            return HeldLock(path, path.stat()), lock.release
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
