"""A backup while it is made: each file linked or copied, and compared with its checksum."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ml4t_nb.backups import SavedFile
from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.storage import disk
from ml4t_nb.storage.backup_file import Backup
from ml4t_nb.storage.checksum import checksum_of, has_checksum

__all__ = ["BackupFolder", "WantedFile"]


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file that never changes, and belongs into a backup.

    Parameters
    ----------
    target
        Its path below the backup.
    places
        Where it may be in the store: it moves from the first to one of the others.
    size, checksum
        As a manifest states them; None where none does.
    check
        Raises ValueError or StoreError if a content is damaged of which no manifest states a
        checksum.
    is_named_once
        No other file ever has its name.
    is_past
        It is of past versions, which go, or are gathered, while others read.
    """

    target: str
    places: tuple[str, ...]
    size: int | None = None
    checksum: str | None = None
    check: Callable[[bytes], object] = len
    is_named_once: bool = False
    is_past: bool = False


class BackupFolder:
    """The folder in which a backup is made.

    Parameters
    ----------
    before
        The backup before, with its folder: what is unchanged since is linked from there, unread.
    links
        Whether to link files of the store rather than to copy them, where the file system can.
    """

    def __init__(
        self, path: Path, before: tuple[Path, Backup] | None = None, *, links: bool = True
    ) -> None:
        self.path = path
        self.copied = 0
        self.copied_bytes = 0
        self._before = before[0] if before else None
        self._known = {each.path: each for each in before[1].all_files()} if before else {}
        self._links = links
        self._made: set[str] = set()

    def save(self, wanted: WantedFile) -> SavedFile:
        """Put the file there; FileNotFoundError if it is nowhere, ChunkCorrupt if it is damaged."""
        place, found = _found(wanted)
        known = self._known.get(wanted.target)
        if (
            known
            and _is_unchanged(known, wanted, found)
            and self._link_before(known, found, unread=True)
        ):
            return known
        content = _content(place, wanted)
        checksum = wanted.checksum or checksum_of(content)
        saved = SavedFile(wanted.target, len(content), checksum, found.st_mtime_ns)
        if known and known.has_content_of(saved) and self._link_before(known, found):
            return saved
        if not (self._links and self._link(place, saved.path)):
            self._copy(content, found, saved.path)
        return saved

    def save_changing(self, place: str, target: str) -> SavedFile:
        """Put a copy of a file there that may be changed where it is.

        FileNotFoundError if there is no such file, StoreError if it cannot be read.
        """
        found = disk.status(place)
        if found is None or not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(place)
        content = _read(place)
        saved = SavedFile(target, len(content), checksum_of(content), found.st_mtime_ns)
        known = self._known.get(target)
        is_same = known is not None and known.has_content_of(saved)
        if not (known and is_same and self._link_before(known, found)):
            self._copy(content, found, target)
        return saved

    def saved_before(self, wanted: WantedFile) -> SavedFile | None:
        """The file as the backup before has it, put there from it, if it is whole there."""
        known = self._known.get(wanted.target)
        if known is None or not wanted.is_named_once:
            return None
        if wanted.checksum not in (None, known.checksum):
            return None
        return known if self._take_over(known) else None

    def all_saved_before(self, files: Iterable[SavedFile]) -> tuple[SavedFile, ...]:
        """Those of the files that the backup before has, put there from it."""
        return tuple(each for each in files if self._take_over(each))

    def make(self, folder: str) -> None:
        """Make a folder below the backup."""
        if folder not in self._made:
            os.makedirs(self.path / folder, exist_ok=True)  # noqa: PTH103  # as in `disk`
            self._made.add(folder)

    def drop(self, files: Iterable[SavedFile]) -> None:
        """Delete files that were put there: others belong in their place."""
        for each in files:
            (self.path / each.path).unlink(missing_ok=True)

    def sync(self) -> None:
        """Bring the names of all files to the disk."""
        for folder, _, _ in os.walk(self.path):
            disk.sync_folder(folder)

    def _link_before(self, known: SavedFile, own: os.stat_result, *, unread: bool = False) -> bool:
        """Link the file of the backup before, if it is whole there; ``own`` is the store's."""
        found, place = self._found_before(known, own), f"{self._before}/{known.path}"
        if found is None:
            return False
        if unread:
            # One that was changed there has another time.
            return found.st_mtime_ns == known.modified and self._link(place, known.path)
        if not self._link(place, known.path):
            return False
        if _whole(place, known) is not None:
            return True
        self.drop([known])
        return False

    def _take_over(self, known: SavedFile) -> bool:
        """Put the file there from the backup before, if it is whole there."""
        found, place = self._found_before(known), f"{self._before}/{known.path}"
        content = _whole(place, known)
        if found is None or content is None:
            return False
        if not self._link(place, known.path):
            self._copy(content, found, known.path)
        return True

    def _found_before(
        self, known: SavedFile, own: os.stat_result | None = None
    ) -> os.stat_result | None:
        """The file in the backup before; None if it is not there, or is the store's own.

        Where files are copied, a backup shares none with the store.
        """
        found = disk.status(f"{self._before}/{known.path}") if self._before else None
        if found is None or found.st_size != known.bytes:
            return None
        return None if not self._links and own and os.path.samestat(found, own) else found

    def _link(self, place: str, target: str) -> bool:
        self.make(os.path.dirname(target))  # noqa: PTH120
        # A link to a symbolic link would lead out of the backup.
        if os.path.islink(place):  # noqa: PTH114
            return False
        try:
            os.link(place, self.path / target)
        except OSError:
            return False  # another disk or owner, a file system without links, or too many
        return True

    def _copy(self, content: bytes, found: os.stat_result, target: str) -> None:
        self.make(os.path.dirname(target))  # noqa: PTH120
        path = f"{self.path}/{target}"
        disk.write_new(path, content)
        # How long a past version stays is counted from the time of its file.
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
        self.copied += 1
        self.copied_bytes += len(content)


def _found(wanted: WantedFile) -> tuple[str, os.stat_result]:
    for place in wanted.places:
        if found := disk.status(place):
            return place, found
    raise FileNotFoundError(wanted.places[0])


def _is_unchanged(known: SavedFile, wanted: WantedFile, found: os.stat_result) -> bool:
    is_stated = wanted.checksum in (None, known.checksum)
    return is_stated and (known.bytes, known.modified) == (found.st_size, found.st_mtime_ns)


def _content(place: str, wanted: WantedFile) -> bytes:
    """The file's bytes, which have been checked."""
    content = _read(place)
    if wanted.checksum is None:
        try:
            wanted.check(content)
        except (ValueError, StoreError) as error:
            raise ChunkCorrupt(f"{place} is damaged: {error}") from error
    elif len(content) != wanted.size:
        raise ChunkCorrupt(f"{place} has {len(content)} bytes instead of {wanted.size}")
    elif not has_checksum(content, wanted.checksum):
        raise ChunkCorrupt(f"{place} is damaged: its checksum does not match")
    return content


def _whole(place: str, known: SavedFile) -> bytes | None:
    """The file's bytes; None if it is not there, or not as it is known."""
    try:
        content = _read(place)
    except (FileNotFoundError, ChunkCorrupt):
        return None
    return content if has_checksum(content, known.checksum) else None


def _read(place: str) -> bytes:
    """The file's bytes; FileNotFoundError if it is not there, ChunkCorrupt if it cannot be read."""
    try:
        return disk.content_of(place)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ChunkCorrupt(f"{place} cannot be read: {error.strerror}") from error
