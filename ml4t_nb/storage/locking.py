"""One lock per dataset, held around a writer's whole read-merge-write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ml4t_nb.errors import LockTimeout, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.disk import writing

__all__ = ["exclusive"]

# The library's default of 50 ms doubles the time of contended writers.
_POLL_S = 0.002

_trusted: set[int] = set()
"""Devices on which a lock was seen to keep another one out, in this process."""


@contextmanager
def exclusive(state: Path, dataset: DatasetId, *, timeout_s: float) -> Iterator[None]:
    """Keep every other writer of the dataset out, in this process and in others.

    Parameters
    ----------
    state
        Folder of the lock; made if missing. The lock file stays for ever, since deleting it would
        split those who wait from those who come.

    Raises
    ------
    LockTimeout
        If another writer held it for ``timeout_s`` seconds.
    StoreNotWritable
        If there can be no lock, for want of permission or because the file system has none, or
        one that does not keep others out. That is tried when a dataset is first written, and
        by each process once a disk.
    """
    path = state / "lock"
    with writing(state):
        is_first = not path.exists()
        if is_first:
            state.mkdir(parents=True, exist_ok=True)
        lock = _lock(path, timeout_s)
        try:
            lock.acquire()
        except Timeout as error:
            raise LockTimeout(
                f"{dataset} is locked by another writer for more than {timeout_s:g} s",
                hint="wait for the other one, or raise ML4T_DATA_LOCK_TIMEOUT",
            ) from error
    try:
        device = path.stat().st_dev
        if is_first or device not in _trusted:
            _require_locks(path)
            _trusted.add(device)
        yield
    finally:
        lock.release()


def _lock(path: Path, timeout_s: float) -> FileLock:
    return FileLock(
        path,
        timeout=timeout_s,
        poll_interval=_POLL_S,
        # A soft lock outlives a killed writer: then nobody could write again.
        fallback_to_soft=False,
        preserve_lock_file=True,
    )


def _require_locks(path: Path) -> None:
    """Nothing, if the lock that is held keeps others out: not every network folder does."""
    rival = _lock(path, 0)
    try:
        rival.acquire()
    except Timeout:
        return
    rival.release()
    raise StoreNotWritable(
        f"file locks do not work in {path.parent}: two writers could overwrite each other",
        hint="keep the store on a local disk, or a network folder with locks",
    )
