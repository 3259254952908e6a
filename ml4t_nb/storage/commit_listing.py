"""All files by which a dataset is as one commit left it, its past versions included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk
from ml4t_nb.storage.clean_up import clean_up
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.names import (
    GROUPS,
    gathered_numbers,
    kept_chunk,
    manifest_number,
    symbol_of,
)
from ml4t_nb.storage.versions import Versions

__all__ = ["CommitListing", "commit_listing", "ever_stored"]

_TRIES = 20
_PAUSE_S = 0.002


@dataclass(frozen=True, slots=True)
class CommitListing:
    """A dataset as commit ``number`` left it, and what there was then of commits before.

    Parameters
    ----------
    number
        0 if there is no manifest.
    manifest
        None if the commit removed the dataset.
    past
        Names of files of past versions.
    has_bars
        Whether its chunks are there: the user may have deleted the folder of the data.
    """

    folder: DatasetFolder
    number: int
    manifest: Manifest | None
    past: tuple[str, ...]
    has_bars: bool = True


def commit_listing(folder: DatasetFolder, *, timeout_s: float) -> CommitListing:
    """The dataset as one commit left it.

    No lock is taken, and no writer waits, unless a commit is just being tidied up after, or was
    killed before it was: then this is done, or waited for, under the dataset's lock.

    Raises
    ------
    LockTimeout
        If another writer holds that lock for ``timeout_s`` seconds.
    ChunkCorrupt
        If the manifest cannot be read, or was deleted.
    """
    for attempt in range(_TRIES):
        if found := _at_rest(folder):
            return found
        time.sleep(_PAUSE_S * attempt)
    with dataset_lock(folder.state, folder.dataset, timeout_s=timeout_s):
        clean_up(folder, folder.newest())
        if found := _at_rest(folder):
            return found
    raise StoreError(
        f"what a killed writer of {folder.dataset} left cannot be tidied away",
        hint="check the permissions of the store's folder",
    )


def _at_rest(folder: DatasetFolder) -> CommitListing | None:
    """The dataset, if no commit was being made between two looks, nor tidied up after.

    A manifest is moved to the past versions after all else that its commit replaced: where it is
    alone, and still so afterwards, the past versions that were listed in between are those of its
    commit. Later commits move files on, which are found there for an hour.
    """
    numbers = _manifests(folder)
    if len(numbers) > 1:
        return None
    past = disk.names_in(folder.versions_path)
    if disk.names_in(folder.versions_path) != past or _manifests(folder) != numbers:
        return None
    own = tuple(name for name in past if _is_past(name))
    if not numbers:
        folder.newest()  # raises if there are bars, and no manifest
        return CommitListing(folder, 0, None, own)
    (number,) = numbers
    try:
        manifest = Versions(folder).manifest(number)
    except KeyError:
        return None
    return CommitListing(folder, number, manifest, own, not removed_by_hand(folder.data_path))


def _manifests(folder: DatasetFolder) -> set[int]:
    return {n for name in disk.names_in(folder.state_path) if (n := manifest_number(name))}


def _is_past(name: str) -> bool:
    return bool(manifest_number(name) or kept_chunk(name) or gathered_numbers(name))


def ever_stored(home: Path) -> Iterator[DatasetId]:
    """Datasets that are or were stored in a store, damaged or not, in order."""
    for asset_class, frequency in GROUPS:
        names = set[str]()
        for part in ("state", "data", "versions"):
            with suppress(StoreError):
                names |= {*disk.names_in(home / part / asset_class / frequency)}
        for symbol in filter(None, map(symbol_of, sorted(names))):
            yield DatasetId(asset_class, frequency, symbol)
