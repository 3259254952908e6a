"""One dataset's folders: the newest manifest, where its chunks are, and how one is published."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ml4t_nb.errors import ArchiveMissing, ChunkCorrupt, StoreError, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk
from ml4t_nb.storage.archive_folder import Archive, archive_of, missing_error
from ml4t_nb.storage.locks import LOCK_NAME, HeldLock
from ml4t_nb.storage.manifest import Manifest, Removal
from ml4t_nb.storage.manifest_file import decode_manifest, encode_manifest, manifest_error
from ml4t_nb.storage.names import (
    chunk_number,
    log_file_number,
    manifest_name,
    newest_number,
    past_number,
    place_of,
    symbol_of,
)

__all__ = ["CommittedState", "DatasetFolder", "files_of", "removed_by_hand"]

_TRIES = 1000
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
    """The places of a dataset below the store's home, as text too.

    Thousands are looked at one after the other, and a Path costs more than the look at the disk.
    """

    def __init__(self, home: Path, dataset: DatasetId) -> None:
        self.home = home
        self.dataset = dataset
        self.place = place_of(dataset)
        self.data_path = f"{home}/data/{self.place}"
        self.state_path = f"{home}/state/{self.place}"
        self.trash_path = f"{home}/trash/{self.place}"
        self.versions_path = f"{home}/versions/{self.place}"

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

    @cached_property
    def archive(self) -> Archive | None:
        """Where chunks are that are apart from the data, as it is known at the first look."""
        return archive_of(self.home)

    def archive_missing_error(self) -> ArchiveMissing:
        """The error that says that archived bars are on a disk that is missing."""
        return missing_error(self.home, self.archive, self.dataset)

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
        is_replaced = max(map(past_number, self._past_names()), default=0) > 0
        highest = max(map(chunk_number, disk.names_in(self.data_path)), default=0)
        if not highest or self.sequence():
            return False
        return highest > 1 or is_replaced or not (self.state / LOCK_NAME).exists()

    def lost_manifest_error(self) -> ChunkCorrupt:
        """The error that says that there are bars, and no manifest."""
        return manifest_error(self.dataset, f"of {self.dataset} is missing in {self.state}")

    def next_number(self, sequence: int) -> int:
        """The number of the commit that follows ``sequence``; none is given twice.

        Past versions may be of later commits, where an earlier state was restored from a backup.
        """
        if sequence:
            highest = max(map(past_number, disk.names_in(self.versions_path)), default=0)
            return max(sequence, highest) + 1
        past = self._past_names()
        chunks = map(chunk_number, (*past, *disk.names_in(self.data_path)))
        logs = map(log_file_number, (*past, *disk.names_in(self.state_path)))
        highest = max(*map(past_number, past), *chunks, *logs, 0)
        # Files of the first commit alone are those of one that was killed before it counted.
        return highest + 1 if highest > 1 else 1

    def _past_names(self) -> list[str]:
        """Names of what commits have replaced, or left when they removed the dataset."""
        return [*disk.names_in(self.versions_path), *disk.names_in(self.trash_path)]

    def outdated_error(self) -> StoreError:
        """The error that says that what a reader began to read was replaced, and is gone."""
        return StoreError(
            f"this snapshot of {self.dataset} is out of date, and its files were removed",
            hint="read it again",
        )

    def _read(self, sequence: int) -> Manifest | None:
        path = f"{self.state_path}/{manifest_name(sequence)}"
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

    def publish(
        self, after: Manifest | Removal | None, sequence: int, *, base: int, lock: HeldLock
    ) -> None:
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


def files_of(manifest: Manifest | None) -> set[str]:
    """Names of the files that a manifest is of: chunks, and files of the logs."""
    if manifest is None:
        return set()
    logs = (*manifest.rejected, *manifest.revisions, *manifest.records)
    return {*(chunk.file for chunk in manifest.chunks), *(file.file for file in logs)}
