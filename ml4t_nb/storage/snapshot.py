"""A dataset as one commit left it, read without a lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, StoreError
from ml4t_nb.model import DatasetId, NextStep, Span
from ml4t_nb.options import load_arguments
from ml4t_nb.storage.chunks import chunk_fault, decode_chunk, parallel_map, size_fault
from ml4t_nb.storage.compaction import MOST_ROWS
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.rows import (
    ALL_TIME,
    Rows,
    TimeRange,
    as_bars,
    as_time_range,
    empty_rows,
    join,
    range_of,
)

__all__ = ["Snapshot", "chunks_in", "not_found_error"]

# Each takes a chunk from the disk to its place in memory, checksum and all: within a chunk, arrow's
# own threads gain less.
_READERS = 4
_MANY_ROWS = 10_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One committed state of a dataset; writers do not disturb it.

    Its files outlive their replacement by an hour.

    Parameters
    ----------
    manifest
        What the commit wrote.
    """

    folder: DatasetFolder
    manifest: Manifest

    def bars(self, span: Span | None = None) -> Bars:
        """Bars whose stamps are in ``span``; all for None.

        Raises
        ------
        ChunkCorrupt
            If a file that is needed is damaged or gone.
        """
        return as_bars(self.rows(self.manifest.chunks, as_time_range(span)))

    def files(self) -> tuple[Path, ...]:
        """Its Parquet files, in order of time.

        Raises
        ------
        ChunkCorrupt
            If one is missing.
        """
        return tuple(map(self._path, self.manifest.chunks))

    def rows(self, chunks: Sequence[Chunk], time_range: TimeRange = ALL_TIME) -> Rows:
        """Rows of these chunks within ``time_range``: bytes, rows and stamps are checked.

        Raises
        ------
        ChunkCorrupt
            If a file that is needed is damaged or gone.
        """
        wanted = chunks_in(chunks, time_range)
        ends = [0, *accumulate(chunk.rows for chunk in wanted)]
        if ends[-1] > _MANY_ROWS:
            # A manifest may say what it likes of rows and bytes; memory is taken for real bytes
            # alone.
            for chunk in wanted:
                self._require(chunk, size_fault(chunk, self._path(chunk).stat().st_size))
        target = empty_rows(ends[-1])
        places = [target.cut(*place) for place in pairwise(ends)]

        def read(piece: tuple[Chunk, Rows]) -> Rows:
            chunk, place = piece
            return place.cut(0, self._read(chunk, time_range, place))

        pieces = zip(wanted, places, strict=True)
        parts = [*parallel_map(read, pieces, threads=_READERS if len(target) > MOST_ROWS else 1)]
        if sum(map(len, parts)) == len(target) == len(target.between(time_range)):
            return target
        # A copy of a part lets go of the rest's memory.
        return join(parts).between(time_range).copy()

    def _read(self, chunk: Chunk, time_range: TimeRange, target: Rows) -> int:
        content = self._content(chunk)
        try:
            count = decode_chunk(chunk, content, time_range, target)
            _require_stamps(chunk, target, count)
        except (pa.ArrowException, ValueError, OSError) as error:
            raise self._corrupt(chunk, f"cannot be read: {error}") from error
        return count

    def _content(self, chunk: Chunk) -> bytes:
        for path in self.folder.places(chunk):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._corrupt(chunk, f"cannot be read: {error.strerror}") from error
            self._require(chunk, chunk_fault(chunk, content))
            return content
        raise self._gone(chunk)

    def _path(self, chunk: Chunk) -> Path:
        path = next((path for path in self.folder.places(chunk) if path.exists()), None)
        if path is None:
            raise self._gone(chunk)
        return path

    def _gone(self, chunk: Chunk) -> Exception:
        folder = self.folder
        if folder.sequence() != self.manifest.sequence:
            return StoreError(
                f"this snapshot of {folder.dataset} is out of date, and its files were removed",
                hint="read it again",
            )
        if folder.removed_by_hand():
            return not_found_error(folder.dataset)
        if folder.data.exists():
            return self._corrupt(chunk, "is missing")
        return folder.unmounted_error()

    def _require(self, chunk: Chunk, fault: str) -> None:
        if fault:
            raise self._corrupt(chunk, fault)

    def _corrupt(self, chunk: Chunk, reason: str) -> ChunkCorrupt:
        dataset, config = self.manifest.dataset, self.manifest.config
        origin = load_arguments(
            dataset, config.provider, config.calendar, self.manifest.first, config.zone
        )
        return ChunkCorrupt(
            f"the chunk {self.folder.data / chunk.file} {reason}",
            hint=(
                "restore it from a backup, or fetch everything again: ",
                NextStep("reload", dataset, source=origin),
            ),
        )


def chunks_in(chunks: Sequence[Chunk], time_range: TimeRange) -> list[Chunk]:
    """Those with stamps in ``time_range``, and perhaps some that step over it."""
    return [each for each in chunks if range_of(each.first, each.last).overlaps(time_range)]


def not_found_error(dataset: DatasetId) -> DatasetNotFound:
    """The error that says that nothing is stored."""
    return DatasetNotFound(
        f"{dataset} is not stored", hint=("run load first: ", NextStep("load", dataset))
    )


def _require_stamps(chunk: Chunk, rows: Rows, count: int) -> None:
    if (np.diff(rows.stamps[:count]) <= 0).any():
        raise ValueError("its stamps do not increase")
    if count < chunk.rows:
        return
    first, last = rows.stamps[[0, chunk.rows - 1]].tolist()
    if (first, last + 1) != range_of(chunk.first, chunk.last):
        raise ValueError("its stamps are not those in the manifest")
