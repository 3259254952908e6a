"""Chunks of a commit that is not published yet: written, and taken back if it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetConfig
from ml4t_nb.storage import atomic_io, chunks
from ml4t_nb.storage.compaction import MOST_ROWS, Piece
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.names import chunk_name, manifest_name
from ml4t_nb.storage.parallel import parallel_map
from ml4t_nb.storage.rows import Rows

__all__ = ["discard_chunks", "require_in_force", "write_chunks"]

# Most of a long load is encoding, which lets go of the interpreter; each holds a chunk in memory.
_ENCODERS = 2


def write_chunks(
    folder: DatasetFolder,
    pieces: Sequence[Piece],
    config: DatasetConfig,
    sequence: int,
    written: list[Chunk],
) -> tuple[Chunk, ...]:
    """The pieces as chunks on disk.

    Parameters
    ----------
    sequence
        Number of the commit they are written for.
    written
        Those that are new are added to it one by one, so that they are known if a later one fails.
    """
    folder.data.mkdir(parents=True, exist_ok=True)
    after = []
    contents = _encoded(folder, [rows for rows in pieces if isinstance(rows, Rows)], config)
    for piece in pieces:
        if isinstance(piece, Chunk):
            after.append(piece)
            continue
        content = next(contents)
        unnamed = chunks.describe_chunk("", piece, content)
        chunk = replace(unnamed, file=chunk_name(unnamed.first.date(), sequence))
        written.append(chunk)
        atomic_io.write_new(folder.data / chunk.file, content)
        after.append(chunk)
    if written:
        atomic_io.sync_folder(folder.data)
    return tuple(after)


def discard_chunks(folder: DatasetFolder, written: Sequence[Chunk], sequence: int) -> None:
    """Take back new chunks, unless their manifest was published before the interruption."""
    if (folder.state / manifest_name(sequence)).exists():
        return
    _delete(folder, written)


def require_in_force(folder: DatasetFolder, written: Sequence[Chunk], sequence: int) -> None:
    """Raise StoreError and delete its files unless the commit just published is the newest."""
    try:
        folder.require_newest(sequence)
    except StoreError:
        newest = folder.newest()
        # One that counts may have been made of this very commit.
        named = {chunk.file for chunk in newest.manifest.chunks} if newest.manifest else set()
        with suppress(OSError):
            if newest.sequence > sequence:
                (folder.state / manifest_name(sequence)).unlink()
        _delete(folder, [chunk for chunk in written if chunk.file not in named])
        raise


def _delete(folder: DatasetFolder, written: Sequence[Chunk]) -> None:
    for chunk in written:
        with suppress(OSError):
            (folder.data / chunk.file).unlink()


def _encoded(
    folder: DatasetFolder, parts: Sequence[Rows], config: DatasetConfig
) -> Iterator[bytes]:
    """The files of the parts, in order; while one is written, others are encoded."""

    def encode(rows: Rows) -> bytes:
        return chunks.encode_chunk(rows, folder.dataset.symbol, config.compression)

    few = sum(map(len, parts)) <= MOST_ROWS
    return parallel_map(encode, parts, threads=1 if few else _ENCODERS)
