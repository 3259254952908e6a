"""The files that one commit writes beside its manifest: chunks, and files of the logs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from ml4t_nb.errors import StoreError
from ml4t_nb.model import Compression
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage import disk
from ml4t_nb.storage.archived_files import write_archived
from ml4t_nb.storage.chunks import encode_chunk
from ml4t_nb.storage.compaction import MOST_ROWS, ArchivedRows, Piece
from ml4t_nb.storage.dataset_folder import DatasetFolder, files_of
from ml4t_nb.storage.manifest import Chunk, LogFile, Manifest
from ml4t_nb.storage.names import RowLog
from ml4t_nb.storage.parallel import parallel_map
from ml4t_nb.storage.record_log import (
    MOST_RECORDS,
    divided,
    encode_record_file,
    encode_records,
    regrouped_records,
)
from ml4t_nb.storage.row_log import MOST_LOGGED, LoggedTable, encode_row_file, regrouped
from ml4t_nb.storage.rows import Rows
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["CommitFiles"]

# Most of a long load is encoding, which lets go of the interpreter; each holds a chunk in memory.
_ENCODERS = 2


class CommitFiles:
    """New files of commit ``number``, each brought to the disk; the caller holds the lock.

    Parameters
    ----------
    before
        What the commit before left, or an empty manifest.
    """

    def __init__(self, folder: DatasetFolder, before: Manifest, number: int) -> None:
        self._folder = folder
        self._before = before
        self._number = number
        self._snapshot = Snapshot(folder, before)
        self._paths: list[str] = []
        self.chunks_written = 0

    def write_chunks(self, pieces: Sequence[Piece], compression: Compression) -> tuple[Chunk, ...]:
        """The pieces as chunks on disk."""
        parts = [piece for piece in pieces if not isinstance(piece, Chunk)]
        # While one is written, others are encoded.
        few = sum(map(len, parts)) <= MOST_ROWS
        encode = partial(self._encode, compression)
        new = iter(self._written(parallel_map(encode, parts, threads=1 if few else _ENCODERS)))
        return tuple(piece if isinstance(piece, Chunk) else next(new) for piece in pieces)

    def write_some(self, pieces: Iterable[Piece], compression: Compression) -> tuple[Chunk, ...]:
        """As `write_chunks`; the next piece is made when this one is written."""
        chunks: list[Chunk] = []

        def encoded() -> Iterator[tuple[Chunk, bytes]]:
            for piece in pieces:
                if isinstance(piece, Chunk):
                    chunks.append(piece)
                    continue
                chunk, content = self._encode(compression, piece)
                chunks.append(chunk)
                yield chunk, content

        self._written(encoded())
        return tuple(chunks)

    def _encode(self, compression: Compression, piece: Rows | ArchivedRows) -> tuple[Chunk, bytes]:
        symbol, number = self._folder.dataset.symbol, self._number
        if isinstance(piece, ArchivedRows):
            found = encode_chunk(piece.rows, symbol, compression, number, is_archived=True)
            return replace(found[0], is_apart=piece.is_apart), found[1]
        return encode_chunk(piece, symbol, compression, number)

    def _written(self, encoded: Iterable[tuple[Chunk, bytes]]) -> tuple[Chunk, ...]:
        folder = self._folder
        if not os.path.isdir(folder.data_path):  # noqa: PTH112
            folder.data.mkdir(parents=True, exist_ok=True)
        written = []
        for chunk, content in encoded:
            written.append(chunk)
            if chunk.is_apart:
                self._paths.append(write_archived(folder, chunk.file, content))
            else:
                self._write(folder.data_path, chunk.file, content)
        if written:
            disk.sync_folder(folder.data_path)
        self.chunks_written = len(written)
        return tuple(written)

    def write_log(
        self, log: RowLog, rows: LoggedTable | None, needed: Collection[int]
    ) -> tuple[LogFile, ...]:
        """The log's files with ``rows`` in a new one, which takes in small ones before it.

        Rows of commits that are ``needed`` are not dropped from a long one.
        """
        files = self._before.rejected if log == "rejected" else self._before.revisions
        if rows is None or not rows.num_rows:
            return files
        read = self._snapshot.logged
        staying, grouped = regrouped(files, rows, read, kept=needed, most=MOST_LOGGED)
        file, content = encode_row_file(grouped, log, self._number)
        self._write_to_log(file, content)
        return (*staying, file)

    def write_records(
        self, record: UpdateRecord
    ) -> tuple[tuple[UpdateRecord, ...], tuple[LogFile, ...]]:
        """Runs for the manifest, and the files of those before, one of them new now and then.

        A record that is of the last run too takes its place.
        """
        before = self._before.recent
        older, recent = divided((*(before[:-1] if record.repeated else before), record))
        if not older:
            return recent, self._before.records
        staying, lines = regrouped_records(
            self._before.records,
            encode_records(older),
            self._snapshot.record_lines,
            most=MOST_RECORDS - len(recent),
        )
        file, content = encode_record_file(lines, self._number)
        self._write_to_log(file, content)
        return recent, (*staying, file)

    def delete(self) -> None:
        """Delete the new files; one that counts may have been made of this very commit."""
        with suppress(OSError, StoreError):
            named = files_of(self._folder.newest().manifest)
            for path in map(Path, self._paths):
                if path.name not in named:
                    path.unlink(missing_ok=True)

    def _write_to_log(self, file: LogFile, content: bytes) -> None:
        self._write(self._folder.state_path, file.file, content)
        # Before a manifest in the same folder names it.
        disk.sync_folder(self._folder.state_path)

    def _write(self, folder: str, name: str, content: bytes) -> None:
        path = f"{folder}/{name}"
        self._paths.append(path)
        disk.write_new(path, content)
