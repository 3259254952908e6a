"""The few steps on disk that a commit is made of: new files, links and moves, never overwriting."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ml4t_nb.errors import StoreError, StoreNotWritable

__all__ = [
    "link_new",
    "make_folder",
    "names_in",
    "status",
    "sync_folder",
    "sync_parents",
    "write_new",
    "writing",
]

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV)
# macOS and Windows have no fdatasync.
_sync = getattr(os, "fdatasync", os.fsync)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What fails to be written below ``folder`` is a `StoreNotWritable`."""
    try:
        yield
    except StoreError:
        raise  # a lock that another holds is an OSError too
    except OSError as error:
        full = error.errno in _FULL
        raise StoreNotWritable(
            f"{error.filename or folder} cannot be written: {error.strerror or error}",
            hint="free space on the disk, and run it again"
            if full
            else "check the owner of the folder, or set another store in ML4T_DATA_HOME",
        ) from error


def write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, through to the disk; on failure it is not there."""
    # O_EXCL, and the default mode: the user's umask decides who may read.
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
            _sync(file.fileno())
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise


def link_new(source: Path, target: Path) -> None:
    """Give ``source`` the name ``target`` in one step, and no other name.

    Raises
    ------
    FileExistsError
        If there is a ``target``.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Without hard links the lock alone keeps two writers apart.
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        source.rename(target)
    else:
        source.unlink()


def sync_folder(folder: Path) -> None:
    """Bring the folder's entries to the disk, where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and what it is in, each brought to the disk with its name in its parent."""
    made = []
    for each in (folder, *folder.parents):
        if each.exists():
            break
        made.append(each)
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(made):
        _sync_parent(each)


def sync_parents(folder: Path, top: Path) -> None:
    """Bring the names of ``folder`` and of what it is in, up to ``top``, to the disk."""
    for each in (folder, *folder.parents):
        _sync_parent(each)
        if each == top:
            return


def _sync_parent(folder: Path) -> None:
    # A folder above the store may be one that we may enter and not read.
    with suppress(PermissionError):
        sync_folder(folder.parent)


def names_in(folder: Path) -> list[str]:
    """Names in a folder, sorted; none if it does not exist."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # twice as quick as iterdir
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def status(path: str) -> os.stat_result | None:
    """Of a file or folder; None if it does not exist."""
    try:
        return os.stat(path)  # noqa: PTH116  # a Path takes longer than the look at the disk
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path | str, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be read: {error.strerror}",
        hint="check the permissions of the store's folder",
    )
