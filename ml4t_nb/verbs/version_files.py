"""Parquet files of a version in a folder of the reader's: it may lie in none of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ml4t_nb.errors import OptionError
from ml4t_nb.verbs.formats import WholeFiles, folder_made

if TYPE_CHECKING:
    from ml4t_nb.storage.manifest import Chunk
    from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["written_files"]


def written_files(snapshot: Snapshot, folder: Path, home: Path) -> tuple[Path, ...]:
    """Write the chunks of the version, by the names that they had: all or, on any error, none."""
    chunks = snapshot.manifest.chunks
    if folder.resolve().is_relative_to(home.resolve()):
        raise OptionError(f"--to {folder} lies in the store", hint="choose a folder beside it")
    others = {each.name for each in folder.glob("*.parquet")} - {each.file for each in chunks}
    if others:
        # Who reads the folder as a whole would take their bars for this version's.
        raise OptionError(
            f"--to {folder} has other Parquet files: {min(others)}", hint="choose an empty folder"
        )
    folder_made(folder)
    with WholeFiles() as files:
        for each in chunks:
            files.write(folder / each.file, partial(_fill, snapshot, each))
    return tuple(folder / each.file for each in chunks)


def _fill(snapshot: Snapshot, chunk: Chunk, file: BinaryIO) -> None:
    from ml4t_nb.storage.chunks import encode_chunk

    manifest = snapshot.manifest
    _, content = encode_chunk(
        snapshot.rows([chunk]),
        manifest.dataset.symbol,
        manifest.config.compression,
        manifest.sequence,
    )
    file.write(content)
