"""What a look at the sizes of a dataset's chunks says of them; none is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ml4t_nb.errors import StoreError
from ml4t_nb.model import Hint
from ml4t_nb.storage.archive_folder import archive_of, missing_error
from ml4t_nb.storage.catalogue import CatalogueEntry
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.disk import status

__all__ = ["damage_of"]


def damage_of(home: Path, place: str, entry: CatalogueEntry) -> tuple[str, Hint]:
    """What is wrong with the chunks' sizes, and what mends it but a load; empty if nothing."""
    try:
        faults = [*_faults(f"{home}/data/{place}", entry)] or [*_faults_apart(home, place, entry)]
    except StoreError as error:
        return error.message, error.advice
    if not faults:
        return "", ""
    folder = DatasetFolder(home, entry.dataset)
    if not folder.data.exists():
        unmounted = folder.unmounted_error()
        return unmounted.message, unmounted.advice
    return faults[0] + (f", and {len(faults) - 1} more" if len(faults) > 1 else ""), ""


def _faults(data: str, entry: CatalogueEntry) -> Iterator[str]:
    for name, size in entry.files:
        file = status(f"{data}/{name}")
        if file is None:
            yield f"{name} is missing"
        elif file.st_size != size:
            yield f"{name} has {file.st_size} bytes instead of {size}"


def _faults_apart(home: Path, place: str, entry: CatalogueEntry) -> Iterator[str]:
    """Of chunks in the archive; ArchiveMissing if it is not there."""
    archive = archive_of(home) if entry.apart else None
    paths = [f"{home}/data/{place}"]  # of a backup
    if archive:
        paths.insert(0, archive.data_path(place))
    for name, size in entry.apart:
        file = next(filter(None, (status(f"{path}/{name}") for path in paths)), None)
        if file is None:
            if archive is None or not archive.is_there:
                raise missing_error(home, archive, entry.dataset)
            yield f"{name} is missing in the archive {archive.folder}"
        elif file.st_size != size:
            yield f"{name} has {file.st_size} bytes instead of {size}"
