"""One dataset of a backup: its files as one commit left them, and what of them is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ml4t_nb.backups import SavedDataset, SavedFile
from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk
from ml4t_nb.storage.archived_files import lacks_archive
from ml4t_nb.storage.backup_folder import BackupFolder, WantedFile
from ml4t_nb.storage.checksum import has_checksum
from ml4t_nb.storage.commit_listing import CommitListing, commit_listing
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.gathered import require_gathered
from ml4t_nb.storage.manifest import Chunk, LogFile
from ml4t_nb.storage.manifest_file import require_whole
from ml4t_nb.storage.names import (
    gathered_numbers,
    kept_chunk,
    manifest_name,
    manifest_number,
    place_of,
)
from ml4t_nb.storage.versions import Versions

__all__ = ["save_dataset"]

_TRIES = 20
_NAMED = 3


def save_dataset(
    made: BackupFolder,
    home: Path,
    dataset: DatasetId,
    before: SavedDataset | None,
    *,
    timeout_s: float,
) -> SavedDataset:
    """Put a dataset into a backup, as one commit left it, with its past versions.

    What is damaged in the store is taken from the backup before, if it is whole there.

    Parameters
    ----------
    before
        The dataset in that backup.
    """
    folder = DatasetFolder(home, dataset)
    for _ in range(_TRIES):
        try:
            listing = commit_listing(folder, timeout_s=timeout_s)
            _require_disk(listing)
        except StoreError as error:
            return _as_before(made, dataset, before, error.message)
        saved: list[SavedFile] = []
        try:
            return _saved(made, listing, saved)
        except FileNotFoundError:
            made.drop(saved)  # later commits, or a sweep, have moved on
    return _as_before(made, dataset, before, "its files change faster than they can be saved")


def _require_disk(listing: CommitListing) -> None:
    folder, manifest = listing.folder, listing.manifest
    if manifest and manifest.chunks and listing.has_bars and not folder.data.exists():
        raise folder.unmounted_error()
    if lacks_archive(folder) and any(
        chunk.is_apart and disk.status(f"{folder.data_path}/{chunk.file}") is None
        for chunk in (manifest.chunks if manifest else ())
    ):
        raise folder.archive_missing_error()


def _as_before(
    made: BackupFolder, dataset: DatasetId, before: SavedDataset | None, fault: str
) -> SavedDataset:
    """The dataset as the backup before has it: of the store's own nothing is known."""
    if before is None:
        return SavedDataset(dataset, 0, (), fault, (f"state/{place_of(dataset)}",))
    files = made.all_saved_before(before.files)
    lost = (each.path for each in before.files if each not in files)
    return SavedDataset(dataset, before.version, files, fault, (*before.lost, *lost))


def _saved(made: BackupFolder, listing: CommitListing, saved: list[SavedFile]) -> SavedDataset:
    """The listed files; FileNotFoundError if they are not those of one commit any more."""
    folder = listing.folder
    faults, lost = list[str](), list[str]()
    # Without it, a dataset that was removed would look like one whose disk is missing.
    made.make(f"data/{folder.dataset.asset_class}/{folder.dataset.frequency}")
    for wanted in _wanted(listing):
        try:
            saved.append(_save(made, folder, wanted))
            continue
        except FileNotFoundError:
            if wanted.is_past or folder.sequence() != listing.number:
                raise
            faults.append(f"{wanted.places[0]} is missing")
        except StoreError as error:
            faults.append(error.message)
        if found := made.saved_before(wanted):
            saved.append(found)
        else:
            lost.append(wanted.target)
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    fault = "; ".join(faults[:_NAMED]) + more
    return SavedDataset(folder.dataset, listing.number, tuple(saved), fault, tuple(lost))


def _save(made: BackupFolder, folder: DatasetFolder, wanted: WantedFile) -> SavedFile:
    try:
        return made.save(wanted)
    except FileNotFoundError:
        # A chunk whose rows were changed since has moved to the past versions.
        name = wanted.target.rpartition("/")[2]
        moved = [
            f"{folder.versions_path}/{each}"
            for each in disk.names_in(folder.versions_path)
            if (found := kept_chunk(each)) and found[1] == name
        ]
        if not moved:
            raise
        return made.save(replace(wanted, places=tuple(moved)))


def _wanted(listing: CommitListing) -> Iterator[WantedFile]:
    folder, manifest, place = listing.folder, listing.manifest, listing.folder.place
    if listing.number:
        name = manifest_name(listing.number)
        places = (f"{folder.state_path}/{name}", f"{folder.versions_path}/{name}")
        yield WantedFile(f"state/{place}/{name}", places, check=require_whole)
    if manifest and listing.has_bars:
        for chunk in manifest.chunks:
            yield _stated(folder, "data", folder.data_path, chunk)
    if manifest:
        for log in (*manifest.rejected, *manifest.revisions, *manifest.records):
            yield _stated(folder, "state", folder.state_path, log)
    versions = Versions(folder)
    for name in listing.past:
        yield _past(versions, name)


def _stated(folder: DatasetFolder, part: str, path: str, file: Chunk | LogFile) -> WantedFile:
    """A file of which a manifest says what is in it; what is in the archive is among the data."""
    places: tuple[str, ...] = ()
    if isinstance(file, Chunk) and file.is_apart and (archive := folder.archive):
        places = tuple(
            f"{each}/{file.file}"
            for each in (archive.data_path(folder.place), archive.trash_path(folder.place))
        )
    return WantedFile(
        f"{part}/{folder.place}/{file.file}",
        (*places, f"{path}/{file.file}", f"{folder.trash_path}/{file.file}"),
        file.bytes,
        file.checksum,
        is_named_once=True,
    )


def _past(versions: Versions, name: str) -> WantedFile:
    """A file of past versions."""
    folder = versions.folder
    kept = kept_chunk(name)
    check: Callable[[bytes], object] = require_whole
    if gathered_numbers(name):
        check = require_gathered
    elif kept:
        check = partial(_require_kept, versions, *kept)
    return WantedFile(
        f"versions/{folder.place}/{name}",
        (f"{folder.versions_path}/{name}", f"{folder.trash_path}/{name}"),
        check=check,
        is_named_once=not manifest_number(name),
        is_past=True,
    )


def _require_kept(versions: Versions, until: int, file: str, content: bytes) -> None:
    """Raise ValueError unless the chunk is as the manifest before the commit ``until`` says.

    FileNotFoundError if that was dropped just now.
    """
    try:
        before = versions.before(until)
    except KeyError as error:
        raise FileNotFoundError(file) from error
    for chunk in before.chunks if before else ():
        if chunk.file == file and not has_checksum(content, chunk.checksum):
            raise ValueError("its checksum does not match")
