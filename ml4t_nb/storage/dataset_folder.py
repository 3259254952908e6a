"""One dataset's folders: the newest manifest, where its chunks are, and how one is published."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk
from ml4t_nb.storage.locks import LOCK_NAME, HeldLock
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.manifest_file import decode_manifest, encode_manifest, manifest_error
from ml4t_nb.storage.names import (
    chunk_number,
    log_file_number,
    manifest_name,
    manifest_number,
    newest_number,
    place_of,
    symbol_of,
)

__all__ = ["CommittedState", "DatasetFolder", "files_of", "removed_by_hand"]

_TRIES = 1000
# Borne by a manifest until it is published, by a file from another disk until it is whole.
_TAG = re.compile(r"\.[0-9a-f]{6}\Z")
_MOUNT = "mount its disk; if it was deleted on purpose, create the folder again, empty"


class CommittedState(NamedTuple):
    """Number of the newest commit, 0 before the first, and what it left; None if nothing."""

    sequence: int
    manifest: Manifest | None


def removed_by_hand(data: Path | str) -> bool:
    """Whether a dataset's data folder was deleted, rather than a disk missing."""
    # A link to a disk that is not there is still a link.
    return not os.path.lexists(data) and os.path.exists(os.path.dirname(data))  # noqa: PTH110, PTH120


class DatasetFolder:
    """The three places of a dataset below the store's home, each as text too.

    Thousands are looked at one after the other, and a Path costs more than the look at the disk.
    """

    def __init__(self, home: Path, dataset: DatasetId) -> None:
        self.home = home
        self.dataset = dataset
        self.place = place_of(dataset)
        self.data_path = f"{home}/data/{self.place}"
        self.state_path = f"{home}/state/{self.place}"
        self.trash_path = f"{home}/trash/{self.place}"

    @cached_property
    def data(self) -> Path:
        """Where the chunks are."""
        return Path(self.data_path)

    @cached_property
    def state(self) -> Path:
        """Where the manifests and the logs are."""
        return Path(self.state_path)

    @cached_property
    def trash(self) -> Path:
        """Where files are for an hour after they were replaced."""
        return Path(self.trash_path)

    def sequence(self) -> int:
        """Number of the newest commit; 0 before the first."""
        return newest_number(disk.names_in(self.state_path))

    def newest(self, seen: int | None = None) -> CommittedState:
        """What the newest commit left, hand-removed or not; its number, if it was just ``seen``.

        ChunkCorrupt if its manifest cannot be read: an older one is never taken instead.
        """
        for attempt in range(_TRIES):
            sequence = self.sequence() if seen is None or attempt else seen
            if not sequence:
                if self._has_lost_manifest():
                    raise self.lost_manifest_error()
                return CommittedState(0, None)
            try:
                return CommittedState(sequence, self._read(sequence))
            except FileNotFoundError:
                continue  # a writer has just moved it to the trash
        raise ChunkCorrupt(f"the manifest of {self.dataset} in {self.state} cannot be opened")

    def has_chunks(self) -> bool:
        """Whether there are chunks in the data folder, listed in a manifest or not."""
        return any(map(chunk_number, disk.names_in(self.data_path)))

    def _has_lost_manifest(self) -> bool:
        """Whether there are chunks, and the manifests that listed them were deleted.

        A first load that was killed, or is running, has chunks of the first commit alone, and a
        lock.
        """
        # The manifests last: whatever commits leave elsewhere, they have published before.
        is_replaced = newest_number(disk.names_in(self.trash_path)) > 0
        highest = max(map(chunk_number, disk.names_in(self.data_path)), default=0)
        if not highest or self.sequence():
            return False
        return highest > 1 or is_replaced or not (self.state / LOCK_NAME).exists()

    def lost_manifest_error(self) -> ChunkCorrupt:
        """The error that says that there are bars, and no manifest."""
        return manifest_error(self.dataset, f"of {self.dataset} is missing in {self.state}")

    def next_number(self, sequence: int) -> int:
        """The number of the commit that follows ``sequence``; none is given twice."""
        if sequence:
            return sequence + 1
        trash = disk.names_in(self.trash_path)
        chunks = map(chunk_number, (*trash, *disk.names_in(self.data_path)))
        logs = map(log_file_number, (*trash, *disk.names_in(self.state_path)))
        highest = max(newest_number(trash), *chunks, *logs, 0)
        # Files of the first commit alone are those of one that was killed before it counted.
        return highest + 1 if highest > 1 else 1

    def committed(self, sequence: int) -> Manifest | None:
        """What that commit left, replaced since or not; StoreError if it is too long ago."""
        for folder in (self.state_path, self.trash_path):
            with suppress(FileNotFoundError):
                return self._read(sequence, folder)
        raise self.outdated_error()

    def outdated_error(self) -> StoreError:
        """The error that says that what a reader began to read was replaced, and is gone."""
        return StoreError(
            f"this snapshot of {self.dataset} is out of date, and its files were removed",
            hint="read it again",
        )

    def _read(self, sequence: int, folder: str = "") -> Manifest | None:
        path = f"{folder or self.state_path}/{manifest_name(sequence)}"
        try:
            content = disk.content_of(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ChunkCorrupt(f"{path} cannot be read: {error.strerror}") from error
        return decode_manifest(content, self.dataset, sequence, path)

    def require_disk(self) -> None:
        """Let nothing be written where an unmounted disk's data would be hidden afterwards."""
        if self.data.parent.exists() or not self._has_siblings():
            return
        # The folder is made before the first manifest below it: look again.
        if not self.data.parent.exists():
            raise StoreNotWritable(
                f"the folder {self.data.parent} is missing although datasets are stored in it",
                hint=_MOUNT,
            )

    def _has_siblings(self) -> bool:
        for symbol in filter(None, map(symbol_of, disk.names_in(self.state.parent))):
            try:
                if DatasetFolder(self.home, replace(self.dataset, symbol=symbol)).newest().manifest:
                    return True
            except StoreError:
                return True
        return False

    def unmounted_error(self) -> ChunkCorrupt:
        """The error that says that the bars are on a disk that is missing."""
        gone = self.data if self.data.parent.exists() else self.data.parent
        return ChunkCorrupt(
            f"the folder {gone} is missing, and with it the bars of {self.dataset}", hint=_MOUNT
        )

    def publish(self, after: Manifest | None, sequence: int, *, base: int, lock: HeldLock) -> None:
        """Make ``after`` the truth in one step, or raise with nothing changed.

        It was made of the commit ``base``, under the lock. The lock's file may be deleted: then
        other processes write too.
        """
        self._require_newest(base)
        if not lock.is_in_force:
            raise StoreError(
                f"the lock of {self.dataset} was deleted while it was held: {lock.path}",
                hint="run it again; the files below `state` must not be deleted",
            )
        path = f"{self.state_path}/{manifest_name(sequence)}"
        staged = f"{path}.{secrets.token_hex(3)}"
        try:
            disk.write_new(staged, encode_manifest(after))
            disk.link_new(staged, path)
        except FileExistsError as error:
            raise self._overtaken() from error
        finally:
            with suppress(FileNotFoundError):
                os.unlink(staged)  # noqa: PTH108
        disk.sync_folder(self.state_path)
        try:
            self._require_newest(sequence)
        except StoreError:
            with suppress(OSError):
                if self.newest().sequence > sequence:
                    os.unlink(path)  # noqa: PTH108
            raise

    def _require_newest(self, sequence: int) -> None:
        """Raise StoreError unless that commit is the newest.

        Where the lock's file was deleted, writers may have published, and tidied away, the number
        that was free again for a later writer: that one never counted.
        """
        if self.sequence() != sequence:
            raise self._overtaken()

    def _overtaken(self) -> StoreError:
        return StoreError(
            f"{self.dataset} was changed by another writer despite the lock",
            hint="run it again, and keep the store where file locks work: not every network "
            "folder has them",
        )

    def clean_up(self, now: CommittedState, before: CommittedState | None = None) -> None:
        """Move what the newest commit replaced to the trash, and empty it of what is old.

        The state ``before`` is not read again.

        Does nothing unless it is still the newest. Files of later numbers are those of a writer
        running despite the lock. What writers left that were killed at the numbers since the last
        commit that was cleaned up goes too, but not out of a folder that is linked: there may be
        other programs' files with such names. Any other file belongs to the user, and stays.
        """
        sequence, after = now
        data, state, trash = self.data_path, self.state_path, self.trash_path
        names = disk.names_in(state)
        numbers = {name: number for name in names if (number := manifest_number(name))}
        if max(numbers.values(), default=0) != sequence:
            return
        older = {name: number for name, number in numbers.items() if number < sequence}
        # With the dataset go all of its files; its manifest may have been damaged.
        tidied = 0 if after is None else min(older.values(), default=sequence - 1)
        replaced = self._files_of(older.values(), before)
        named = files_of(after)
        for folder, number_of in ((data, chunk_number), (state, log_file_number)):
            is_own = disk.is_own_folder(folder)
            for name in names if folder is state else disk.names_in(folder):
                if name not in named and (
                    name in replaced or (is_own and tidied < number_of(name) <= sequence)
                ):
                    disk.move_to_trash(f"{folder}/{name}", trash)
        # Lowest number first: the catalogue takes m.7 for the newest while there is no m.8.
        for name in names:
            if name in older:
                disk.move_to_trash(f"{state}/{name}", trash)
            elif name not in numbers and 0 < manifest_number(_TAG.sub("", name)) <= sequence:
                os.unlink(f"{state}/{name}")  # noqa: PTH108
        if after is None:
            with suppress(OSError):  # the user keeps files there
                self.data.rmdir()
        self.sweep(os.stat(f"{state}/{manifest_name(sequence)}"))  # noqa: PTH116

    def sweep(self, now: os.stat_result) -> None:
        """Remove what was moved to the trash longer ago than the grace period, and an empty folder.

        What bears another name than this package gives is left, and so is all behind a link.
        ``now`` is of a file just written: the file system's own clock.
        """
        trash = f"{self.home}/trash"
        names = self.place.split("/")
        parents = accumulate(names, lambda above, name: f"{above}/{name}", initial=trash)
        if not all(map(disk.is_own_folder, parents)):
            return
        trash = self.trash_path
        with suppress(StoreError):
            names = disk.names_in(trash)
            # Manifests are moved here in the order of their names, each after the files that went
            # with it, and removed after them: while the first is young, so is all the rest. A
            # dataset that is written every second has thousands of them.
            first = next((name for name in names if name[0] == "m" and manifest_number(name)), None)
            if first and not disk.is_old(f"{trash}/{first}", now):
                return
            for name in filter(_is_own, names):
                disk.remove_old(f"{trash}/{name}", now)
            with suppress(OSError):
                self.trash.rmdir()

    def replaced(self, sequence: int) -> set[str]:
        """Files that manifests older than that one name; the manifests are not in the trash yet."""
        numbers = map(manifest_number, disk.names_in(self.state_path))
        return self._files_of([number for number in numbers if 0 < number < sequence], None)

    def _files_of(self, numbers: Iterable[int], known: CommittedState | None) -> set[str]:
        """Files that the manifests of these numbers name, one of them perhaps ``known``."""
        found: set[str] = set()
        for number in numbers:
            with suppress(FileNotFoundError, StoreError):  # what cannot be read names none
                is_known = known and known.manifest and known.sequence == number
                found |= files_of(known.manifest if known and is_known else self._read(number))
        return found


def files_of(manifest: Manifest | None) -> set[str]:
    """Names of the files that a manifest is of: chunks, and files of the logs."""
    if manifest is None:
        return set()
    logs = (*manifest.rejected, *manifest.revisions, *manifest.records)
    return {*(chunk.file for chunk in manifest.chunks), *(file.file for file in logs)}


def _is_own(name: str) -> bool:
    whole = _TAG.sub("", name)
    return any(number(whole) for number in (chunk_number, log_file_number, manifest_number))
