"""What a commit is made of on disk: new files and links; none is overwritten."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import accumulate, takewhile
from pathlib import Path

from ml4t_nb.errors import StoreError, StoreNotWritable

__all__ = [
    "GRACE_S",
    "and_above",
    "content_of",
    "is_all_own",
    "is_old",
    "is_own_folder",
    "is_same",
    "link_new",
    "make_folder",
    "move",
    "names_in",
    "remove_old",
    "replace_with",
    "status",
    "sync_folder",
    "sync_parents",
    "write_new",
    "writing",
]

GRACE_S = 3600
"""How long a reader may use files that a newer commit has replaced."""

# What is done many times in a commit takes names as words: a Path costs more than most looks at
# the disk.

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
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


def write_new(path: str, content: bytes) -> None:
    """Write a file that does not exist yet, through to the disk; on failure it is not there."""
    # The default mode: the user's umask decides who may read.
    file = os.open(path, _NEW, 0o666)
    try:
        with ExitStack() as undo:
            # After an interrupt, too: half of a file must not be left under a name that counts.
            undo.callback(_unlink, path)
            left = memoryview(content)
            while left:
                left = left[os.write(file, left) :]
            _sync(file)
            undo.pop_all()
    finally:
        os.close(file)


def replace_with(path: str, content: bytes) -> None:
    """Write a file through to the disk, which has its name once it is whole."""
    staged = f"{path}.{secrets.token_hex(3)}"
    write_new(staged, content)
    os.replace(staged, path)  # noqa: PTH105


def _unlink(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108


def link_new(source: str, target: str) -> None:
    """Give ``source`` the name ``target`` in one step; FileExistsError if there is one."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Without hard links the lock alone keeps two writers apart.
        if os.path.exists(target):  # noqa: PTH110
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
        os.rename(source, target)  # noqa: PTH104
    else:
        os.unlink(source)  # noqa: PTH108


def sync_folder(folder: Path | str) -> None:
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
    made = [*takewhile(lambda each: not each.exists(), (folder, *folder.parents))]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(made):
        _sync_parent(each)


def sync_parents(folders: Iterable[Path], top: Path) -> None:
    """Bring the names of the folders and of what they are in, up to ``top``, to the disk."""
    done: set[Path] = set()
    for folder in folders:
        for each in (folder, *folder.parents):
            if each.parent not in done:
                _sync_parent(each)
                done.add(each.parent)
            if each == top:
                break


def _sync_parent(folder: Path) -> None:
    # A folder above the store may be one that we may enter and not read.
    with suppress(PermissionError):
        sync_folder(folder.parent)


def names_in(folder: Path | str) -> list[str]:
    """Names in a folder, sorted; none if it does not exist."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # twice as quick as iterdir
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def content_of(path: str) -> bytes:
    """All of a small file."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # as above
        return file.read()


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


def move(path: str, target: str) -> None:
    """Move a file, to another disk perhaps; its time of change says when."""
    # Touched before it moves: the other way round, a kill between the two would leave it looking
    # old enough to be removed.
    os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)
    while True:
        try:
            _move(path, target)
        except FileNotFoundError:
            # There is no such folder yet, or a sweep has removed it when it was empty.
            if not os.path.exists(path):  # noqa: PTH110
                raise
            os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        else:
            return


def _move(source: str, target: str) -> None:
    try:
        os.replace(source, target)  # noqa: PTH105
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The data may be on a disk of their own; a reader must find one whole copy at any time.
        replace_with(target, content_of(source))
        sync_folder(os.path.dirname(target))  # noqa: PTH120
        os.unlink(source)  # noqa: PTH108


def is_own_folder(path: Path | str) -> bool:
    """Whether it is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def is_all_own(top: Path | str, place: str) -> bool:
    """Whether each folder from ``top`` down to ``place`` below it is one, and no link."""
    steps = accumulate(place.split("/"), lambda above, name: f"{above}/{name}", initial=f"{top}")
    return all(map(is_own_folder, steps))


def is_same(one: Path, other: Path) -> bool:
    """Whether both are there, and are one file or folder, by whatever path each is named."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def and_above(folder: Path) -> tuple[Path, ...]:
    """A folder, there or not, and all that it is in: as it is named, and where links lead."""
    real = Path(os.path.realpath(folder))
    return tuple(dict.fromkeys((folder, *folder.parents, real, *real.parents)))


def remove_old(path: Path | str, now: os.stat_result) -> None:
    """Remove a file that was moved or written longer ago than the grace period, if possible."""
    if is_old(path, now):
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def is_old(path: Path | str, now: os.stat_result) -> bool:
    """Whether it is a file, and no link, that was moved here longer ago than the grace period."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and now.st_mtime - found.st_mtime > GRACE_S
