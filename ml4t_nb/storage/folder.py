"""One dataset's folders: the newest manifest, where its chunks are, and how one is published."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk, manifest
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.names import folder_of, symbol_of

__all__ = ["GRACE_S", "Folder", "State", "chunk_name", "manifest_name", "sequence_of", "sweep"]

GRACE_S = 3600
"""How long a reader may use files that a newer commit has retired."""

_MANIFEST = re.compile(r"m\.(\d{8,})\.json")
_CHUNK = re.compile(r"\d{4}-\d\d-\d\d\.\d{8,}\.[0-9a-f]{6}\.parquet")
_DRAFT = re.compile(r"m\.\d{8,}\.json\.[0-9a-f]{6}")
_TRIES = 1000
_MOUNT = "mount its disk; if it was deleted on purpose, make the folder again, empty"


class State(NamedTuple):
    """Number of the newest commit, 0 before the first, and what it left; None if nothing."""

    sequence: int
    manifest: Manifest | None


def manifest_name(sequence: int) -> str:
    """File of that commit's manifest."""
    return f"m.{sequence:08d}.json"


def chunk_name(first: str, sequence: int) -> str:
    """A name that no file has had: first date, commit, and a random tag."""
    return f"{first}.{sequence:08d}.{secrets.token_hex(3)}.parquet"


def sequence_of(names: Sequence[str]) -> int:
    """The highest number among manifests' names; 0 if there is none."""
    return max((int(found[1]) for name in names if (found := _MANIFEST.fullmatch(name))), default=0)


@dataclass(slots=True)
class Folder:
    """The three places of a dataset below the store's home."""

    home: Path
    dataset: DatasetId
    data: Path = field(init=False)
    state: Path = field(init=False)
    retired: Path = field(init=False)

    def __post_init__(self) -> None:
        place = folder_of(self.dataset)
        self.data = self.home / "data" / place
        self.state = self.home / "state" / place
        self.retired = self.home / "retired" / place

    def sequence(self) -> int:
        """Number of the newest commit; 0 before the first."""
        return sequence_of(disk.names_in(self.state))

    def newest(self) -> State:
        """What the newest commit left, hand-removed or not.

        Raises
        ------
        ChunkCorrupt
            If its manifest cannot be read; an older one is never taken instead.
        """
        for _ in range(_TRIES):
            sequence = self.sequence()
            try:
                return State(sequence, self._read(sequence) if sequence else None)
            except FileNotFoundError:
                continue  # a writer has just retired it
        raise ChunkCorrupt(f"the manifest of {self.dataset} in {self.state} cannot be opened")

    def _read(self, sequence: int) -> Manifest | None:
        path = self.state / manifest_name(sequence)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ChunkCorrupt(f"{path} cannot be read: {error.strerror}") from error
        return manifest.decode(content, self.dataset, sequence, path)

    def removed_by_hand(self) -> bool:
        """Whether somebody deleted the dataset's data folder, and not a disk is missing."""
        # A link to a disk that is not there is still a link.
        return not os.path.lexists(self.data) and self.data.parent.exists()

    def require_disk(self) -> None:
        """Let nothing be written where an unmounted disk's data would be hidden afterwards.

        Raises
        ------
        StoreNotWritable
            If the folder of the dataset's frequency is gone although datasets are stored in it.
        """
        if self.data.parent.exists() or not self._has_siblings():
            return
        # The folder is made before the first manifest below it: look again.
        if not self.data.parent.exists():
            raise StoreNotWritable(
                f"the folder {self.data.parent} is gone although datasets are stored in it",
                hint=_MOUNT,
            )

    def _has_siblings(self) -> bool:
        for name in disk.names_in(self.state.parent):
            symbol = symbol_of(name)
            if symbol is None:
                continue
            try:
                if Folder(self.home, replace(self.dataset, symbol=symbol)).newest().manifest:
                    return True
            except StoreError:
                return True
        return False

    def unmounted(self) -> ChunkCorrupt:
        """The error that says so."""
        gone = self.data if self.data.parent.exists() else self.data.parent
        return ChunkCorrupt(
            f"the folder {gone} is gone, and with it the bars of {self.dataset}",
            hint=_MOUNT,
        )

    def find(self, chunk: Chunk) -> Path | None:
        """Where a chunk is: among the data, or retired by a newer commit; None if it is gone."""
        # In this order: files move from the one to the other, and never back.
        places = (self.data / chunk.file, self.retired / chunk.file)
        return next((path for path in places if path.exists()), None)

    def publish(self, after: Manifest | None, sequence: int) -> Path:
        """Make ``after`` the truth in one step, or raise with nothing changed."""
        path = self.state / manifest_name(sequence)
        draft = self.state / f"{path.name}.{secrets.token_hex(3)}"
        try:
            disk.write_new(draft, manifest.encode(after))
            disk.link_new(draft, path)
        except FileExistsError as error:
            raise StoreError(
                f"{self.dataset} was changed by another writer in spite of the lock",
                hint="keep the store where file locks work: not every network folder has them",
            ) from error
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
        disk.sync_folder(self.state)
        return path

    def tidy(self, after: Manifest | None, sequence: int) -> None:
        """Retire what the newest commit does not name, and remove what was retired long ago."""
        named = {chunk.file for chunk in after.chunks} if after else set()
        for name in disk.names_in(self.data):
            if _CHUNK.fullmatch(name) and name not in named:
                disk.retire(self.data / name, self.retired)
        # Lowest number first: the catalogue takes m.7 for the newest while there is no m.8.
        for name in disk.names_in(self.state):
            if _DRAFT.fullmatch(name):
                (self.state / name).unlink()
            elif (found := _MANIFEST.fullmatch(name)) and int(found[1]) < sequence:
                disk.retire(self.state / name, self.retired)
        if after is None:
            with suppress(OSError):  # somebody keeps files of his own there
                self.data.rmdir()
        sweep(self.retired, (self.state / manifest_name(sequence)).stat().st_mtime)


def sweep(retired: Path, now: float) -> None:
    """Remove files that were retired longer ago than the grace period, and the folder if empty.

    Parameters
    ----------
    now
        Time of change of a file just written: the file system's own clock.
    """
    names = disk.names_in(retired)
    # Manifests are retired in the order of their names, each after the chunks that went with it,
    # and removed after them: while the first is young, so is all the rest. A dataset that is
    # written every second has thousands of them.
    first = next((name for name in names if _MANIFEST.fullmatch(name)), None)
    if first and not _is_old(retired / first, now):
        return
    for name in names:
        if _is_old(retired / name, now):
            with suppress(FileNotFoundError):
                (retired / name).unlink()
    with suppress(OSError):
        retired.rmdir()


def _is_old(path: Path, now: float) -> bool:
    try:
        return now - path.stat().st_mtime > GRACE_S
    except FileNotFoundError:
        return False
