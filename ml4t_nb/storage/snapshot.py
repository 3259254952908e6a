"""A dataset as one commit left it, read without a lock."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, StoreError
from ml4t_nb.model import DatasetId, NextStep, Span
from ml4t_nb.options import load_arguments
from ml4t_nb.storage import chunks as chunk_files
from ml4t_nb.storage.compaction import MOST_ROWS
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.parallel import parallel_map
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

__all__ = ["Snapshot", "check_chunk", "chunks_in", "not_found_error", "read_rows"]


# Each takes a chunk from the disk to its place in memory, checksum and all: within a chunk, arrow's
# own threads gain less.
_READERS = 4
_MANY_ROWS = 10_000_000


class Snapshot:
    """One committed state of a dataset; writers do not disturb it.

    Its files outlive their replacement by an hour.
    """

    def __init__(self, folder: DatasetFolder, manifest: Manifest) -> None:
        self._folder = folder
        self._manifest = manifest

    @property
    def manifest(self) -> Manifest:
        """What the commit wrote."""
        return self._manifest

    def bars(self, span: Span | None = None) -> Bars:
        """Bars whose stamps are in ``span``; all for None.

        Raises
        ------
        ChunkCorrupt
            If a file that is needed is damaged or gone.
        """
        manifest = self._manifest
        return as_bars(read_rows(self._folder, manifest, manifest.chunks, as_time_range(span)))

    def files(self) -> tuple[Path, ...]:
        """Its Parquet files, in order of time.

        Raises
        ------
        ChunkCorrupt
            If one is missing.
        """
        return tuple(_place(self._folder, self._manifest, chunk) for chunk in self._manifest.chunks)


def chunks_in(chunks: Sequence[Chunk], time_range: TimeRange) -> list[Chunk]:
    """Those with stamps in ``time_range``, and perhaps some that step over it."""
    return [each for each in chunks if range_of(each.first, each.last).overlaps(time_range)]


def read_rows(
    folder: DatasetFolder, manifest: Manifest, chunks: Sequence[Chunk], time_range: TimeRange
) -> Rows:
    """Rows of these chunks of the manifest within ``time_range``, every byte read checked."""
    wanted = chunks_in(chunks, time_range)
    ends = [0, *accumulate(chunk.rows for chunk in wanted)]
    if ends[-1] > _MANY_ROWS:
        # A manifest may say what it likes of rows and bytes; memory is taken for real bytes alone.
        for chunk in wanted:
            _require_size(folder, manifest, chunk)
    target = empty_rows(ends[-1])
    places = [target.cut(*place) for place in pairwise(ends)]

    def read(piece: tuple[Chunk, Rows]) -> Rows:
        chunk, place = piece
        return place.cut(0, _read_chunk(folder, manifest, chunk, time_range, place))

    pieces = zip(wanted, places, strict=True)
    parts = [*parallel_map(read, pieces, threads=_READERS if len(target) > MOST_ROWS else 1)]
    if sum(map(len, parts)) == len(target) == len(target.between(time_range)):
        return target
    # A copy of a part lets go of the rest's memory.
    return join(parts).between(time_range).copy()


def check_chunk(folder: DatasetFolder, manifest: Manifest, chunk: Chunk) -> None:
    """Read a chunk whole, and compare its checksum, rows and stamps.

    Raises
    ------
    ChunkCorrupt
        If one differs, or the chunk is missing.
    """
    read_rows(folder, manifest, [chunk], ALL_TIME)


def not_found_error(dataset: DatasetId) -> DatasetNotFound:
    """The error that says that nothing is stored."""
    return DatasetNotFound(
        f"{dataset} is not stored", hint=("run load first: ", NextStep("load", dataset))
    )


def _read_chunk(
    folder: DatasetFolder, manifest: Manifest, chunk: Chunk, time_range: TimeRange, target: Rows
) -> int:
    content = _content(folder, manifest, chunk)
    try:
        count = chunk_files.decode_chunk(chunk, content, time_range, target)
        _require_stamps(chunk, target, count)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _corrupt(manifest, folder.data / chunk.file, f"cannot be read: {error}") from error
    return count


def _require_size(folder: DatasetFolder, manifest: Manifest, chunk: Chunk) -> None:
    size = _place(folder, manifest, chunk).stat().st_size
    if size != chunk.bytes:
        reason = f"has {size} bytes instead of {chunk.bytes}"
        raise _corrupt(manifest, folder.data / chunk.file, reason)


def _require_stamps(chunk: Chunk, rows: Rows, count: int) -> None:
    if (np.diff(rows.stamps[:count]) <= 0).any():
        raise ValueError("its stamps do not increase")
    if count < chunk.rows:
        return
    first, last = rows.stamps[[0, chunk.rows - 1]].tolist()
    if (first, last + 1) != range_of(chunk.first, chunk.last):
        raise ValueError("its stamps are not those in the manifest")


def _content(folder: DatasetFolder, manifest: Manifest, chunk: Chunk) -> bytes:
    # In this order: a file moves from data to the trash, and never back.
    for place in (folder.data, folder.trash):
        try:
            content = (place / chunk.file).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _corrupt(
                manifest, folder.data / chunk.file, f"cannot be read: {error.strerror}"
            ) from error
        if fault := chunk_files.chunk_fault(chunk, content):
            raise _corrupt(manifest, folder.data / chunk.file, fault)
        return content
    raise _gone(folder, manifest, chunk)


def _place(folder: DatasetFolder, manifest: Manifest, chunk: Chunk) -> Path:
    path = folder.find(chunk)
    if path is None:
        raise _gone(folder, manifest, chunk)
    return path


def _gone(folder: DatasetFolder, manifest: Manifest, chunk: Chunk) -> Exception:
    if folder.sequence() != manifest.sequence:
        return StoreError(
            f"this snapshot of {folder.dataset} is out of date, and its files were removed",
            hint="read it again",
        )
    if folder.removed_by_hand():
        return not_found_error(folder.dataset)
    return (
        _corrupt(manifest, folder.data / chunk.file, "is missing")
        if folder.data.exists()
        else folder.unmounted_error()
    )


def _corrupt(manifest: Manifest, path: Path, reason: str) -> ChunkCorrupt:
    config = manifest.config
    origin = load_arguments(
        manifest.dataset, config.provider, config.calendar, manifest.first, config.zone
    )
    return ChunkCorrupt(
        f"the chunk {path} {reason}",
        hint=(
            "restore it from a backup, or fetch everything again: ",
            NextStep("reload", manifest.dataset, source=origin),
        ),
    )
