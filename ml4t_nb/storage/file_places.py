"""Where a file of a dataset may be: data, archive, past versions, trash."""

from __future__ import annotations

from collections.abc import Iterator

from ml4t_nb.storage import disk
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Chunk, LogFile
from ml4t_nb.storage.names import kept_chunk

__all__ = ["home_of", "is_out_of_reach", "places_of"]


def places_of(folder: DatasetFolder, file: Chunk | LogFile) -> Iterator[str]:
    """Where the file may be: it moves from the first to one of the others, and never back."""
    yield f"{home_of(folder, file)}/{file.file}"
    if isinstance(file, Chunk) and file.is_apart:
        if archive := folder.archive:
            yield f"{archive.trash_path(folder.place)}/{file.file}"
        # A backup has it among the data.
        yield f"{folder.data_path}/{file.file}"
    yield f"{folder.trash_path}/{file.file}"
    # When it is not kept any more, it stays in the trash for a while, under its name there.
    for place in (folder.versions_path, folder.trash_path):
        for name in disk.names_in(place) if isinstance(file, Chunk) else ():
            if (kept := kept_chunk(name)) and kept[1] == file.file:
                yield f"{place}/{name}"


def home_of(folder: DatasetFolder, file: Chunk | LogFile) -> str:
    """The folder where it is as long as the newest commit names it."""
    if isinstance(file, LogFile):
        return folder.state_path
    if file.is_apart and folder.archive:
        return folder.archive.data_path(folder.place)
    return folder.data_path


def is_out_of_reach(folder: DatasetFolder, file: Chunk | LogFile) -> bool:
    """Whether it is in the archive, whose disk is missing."""
    if not isinstance(file, Chunk) or not file.is_apart:
        return False
    archive = folder.archive
    is_there = archive is not None and archive.is_there
    return not is_there and disk.status(f"{folder.data_path}/{file.file}") is None
