"""A dataset as one commit left it, read without a lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from ml4t_nb.core.bars import NUMBERS, Bars
from ml4t_nb.core.timestamps import Instants, index_micros
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound
from ml4t_nb.model import DatasetId, NextStep, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.checksum import has_checksum
from ml4t_nb.storage.chunks import decode_chunk, require_constants
from ml4t_nb.storage.compaction import MOST_ROWS
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.file_places import home_of, is_out_of_reach, places_of
from ml4t_nb.storage.manifest import Chunk, LogFile, Manifest, reload_step, summarize
from ml4t_nb.storage.parallel import parallel_map
from ml4t_nb.storage.record_log import MOST_RECORDS, decode_records, record_lines
from ml4t_nb.storage.row_log import LoggedTable, as_logged_rows, decode_row_file
from ml4t_nb.storage.rows import ALL_TIME, Rows, TimeRange
from ml4t_nb.storage.verified import VERIFIED, read_file
from ml4t_nb.storage.versions import Versions

__all__ = ["Snapshot", "chunks_in", "is_read_anew", "not_found_error"]

# Each takes a chunk from the disk to its place in memory, checksum and all: within a chunk, arrow's
# own threads gain less.
_READERS = 4
_MANY_ROWS = 10_000_000
_KEPT_ROWS = 32_768
_SOME_ROWS = 400_000

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One committed state of a dataset; writers do not disturb it.

    Its files outlive their replacement by an hour. All that reads them raises ChunkCorrupt if one
    that is needed is damaged or gone.
    """

    folder: DatasetFolder
    manifest: Manifest
    kept: dict[Chunk, Rows] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_past(self) -> bool:
        """Whether a later commit was known when it was made, so that it is never out of date."""
        return False

    @property
    def unreadable_until(self) -> datetime | None:
        """The last stamp of bars that are on a disk that is missing; None if none are."""
        for chunk in reversed(self.manifest.chunks):
            if chunk.is_apart:
                return chunk.last if is_out_of_reach(self.folder, chunk) else None
        return None

    def bars(self, span: Span | None = None) -> Bars:
        """Bars whose stamps are in ``span``; all for None."""
        return self.rows(self.manifest.chunks, TimeRange.of(span)).bars()

    def observed_stamps(self, span: Span | None = None) -> Instants:
        """Stamps in ``span`` of the bars that a provider served."""
        chunks, time_range = self.manifest.chunks, TimeRange.of(span)
        if is_read_anew(chunks, time_range):
            rows = self.rows(chunks, time_range, names=())
        else:
            rows = self.kept_rows(chunks, time_range)
        return rows.stamps[~rows.filled]

    def kept_rows(self, chunks: Sequence[Chunk], time_range: TimeRange = ALL_TIME) -> Rows:
        """As `rows`, in memory that the snapshot keeps if they are few: no one may change them.

        A run looks at the last chunks several times, and then rewrites them. Chunks of one row
        group are decoded whole anyway.
        """
        wanted = chunks_in(chunks, time_range)
        if is_read_anew(wanted, time_range):
            return self.rows(wanted, time_range)
        for chunk in wanted:
            if chunk not in self.kept:
                self.kept[chunk] = self.rows([chunk])
        return Rows.join(self.kept[chunk].between(time_range) for chunk in wanted)

    def files(self) -> tuple[Path, ...]:
        """Its Parquet files, in order of time."""
        return tuple(self._found(chunk, _existing) for chunk in self.manifest.chunks)

    def rows(
        self,
        chunks: Sequence[Chunk],
        time_range: TimeRange = ALL_TIME,
        names: Sequence[str] = NUMBERS,
    ) -> Rows:
        """Rows of these chunks within ``time_range``: bytes, rows and stamps are checked.

        Of their numbers they have a line for each of ``names``.
        """
        wanted = chunks_in(chunks, time_range)
        self.require_sizes(wanted)
        target = Rows.empty(sum(chunk.rows for chunk in wanted), len(names))
        found = self.lay(target, names, time_range, wanted)
        # A copy of a part lets go of the rest's memory.
        return found if len(found) == len(target) else found.copy()

    def require_sizes(self, chunks: Sequence[Chunk]) -> None:
        """Let memory be taken for many rows only where there are as many bytes as for them.

        A manifest may say what it likes of both.
        """
        if sum(chunk.rows for chunk in chunks) > _MANY_ROWS:
            for chunk in chunks:
                self._require_size(chunk, self._found(chunk, os.stat).st_size)

    def lay(
        self,
        target: Rows,
        names: Sequence[str],
        time_range: TimeRange = ALL_TIME,
        chunks: Sequence[Chunk] | None = None,
    ) -> Rows:
        """Rows within ``time_range``, of these chunks or of all, put into ``target``: a view of it.

        It has a line for each of ``names``, and room for all rows of the chunks concerned.
        """
        wanted = chunks_in(self.manifest.chunks if chunks is None else chunks, time_range)
        ends = [0, *accumulate(chunk.rows for chunk in wanted)]
        places = [target.cut(*place) for place in pairwise(ends)]

        def read(piece: tuple[Chunk, Rows]) -> Rows:
            return self._decoded(*piece, time_range, names)

        pieces = zip(wanted, places, strict=True)
        end = 0
        for part in parallel_map(read, pieces, threads=_READERS if ends[-1] > MOST_ROWS else 1):
            # A range leaves out whole groups of rows: those after them move up.
            target.cut(end, end + len(part)).start_with(part)
            end += len(part)
        return target.cut(0, end).between(time_range)

    def _decoded(
        self, chunk: Chunk, place: Rows, time_range: TimeRange, names: Sequence[str] = NUMBERS
    ) -> Rows:
        content = self.content(chunk)
        try:
            return decode_chunk(chunk, content, time_range, place, names)
        except (pa.ArrowException, ValueError, OSError) as error:
            raise self._corrupt(chunk, f"cannot be read: {error}") from error

    def check(self, chunk: Chunk) -> None:
        """Read a chunk whole, the columns too that are filled in where bars are read."""
        try:
            require_constants(chunk, self.content(chunk, anew=True))
        except (pa.ArrowException, ValueError, OSError) as error:
            raise self._corrupt(chunk, f"cannot be read: {error}") from error

    def holds(self, bars: Bars, span: Span) -> bool:
        """Whether the observed bars in ``span`` are exactly these.

        They are compared some chunks at a time, so that not all have to be in memory.
        """
        stamps = index_micros(bars.index)
        columns = [bars[name].to_numpy() for name in NUMBERS]
        place, time_range = 0, TimeRange.of(span)
        for chunks in _some_at_a_time(chunks_in(self.manifest.chunks, time_range)):
            rows = self.rows(chunks, time_range)
            if rows.filled.any():
                real = ~rows.filled
                rows = Rows(rows.stamps[real], rows.numbers[:, real], rows.filled[real])
            part = slice(place, place + len(rows))
            place += len(rows)
            given = [column[part] for column in columns]
            if not (
                np.array_equal(stamps[part], rows.stamps)
                and all(map(np.array_equal, given, rows.numbers))
            ):
                return False
        return place == len(stamps)

    def rejected_rows(self) -> pd.DataFrame:
        """Rows that a provider gave and that were not stored, with why not."""
        return as_logged_rows([*map(self.logged, self.manifest.rejected)])

    def revised_rows(self) -> pd.DataFrame:
        """Rows that commits replaced or took out, as they were, by the number of the commit."""
        return as_logged_rows([*map(self.logged, self.manifest.revisions)])

    def logged(self, file: LogFile) -> LoggedTable:
        """Rows of one file of a log, checked as a chunk is."""
        try:
            return decode_row_file(file, self.content(file))
        except (pa.ArrowException, ValueError, OSError) as error:
            raise self._corrupt(file, f"cannot be read: {error}") from error

    def history(self) -> tuple[UpdateRecord, ...]:
        """The last hundred runs, oldest first."""
        return tuple(reversed([*self.newest_runs()]))

    def newest_runs(self) -> Iterator[UpdateRecord]:
        """The runs of `history`, newest first; a file is read when its runs are reached."""
        files = (self.records(file) for file in reversed(self.manifest.records))
        parts = chain([self.manifest.recent], files)
        return islice((run for part in parts for run in reversed(part)), MOST_RECORDS)

    def readable_history(
        self, most: int = MOST_RECORDS
    ) -> tuple[tuple[UpdateRecord, ...], tuple[ChunkCorrupt, ...]]:
        """The last runs, oldest first, as far as they can be read, and why the others cannot.

        Of more than a hundred those of past versions that can be read.
        """
        runs, damage = [*self.manifest.recent], []
        for file in reversed(self.manifest.records):
            if len(runs) >= most:
                break
            try:
                runs = [*self.records(file), *runs]
            except ChunkCorrupt as error:
                damage.append(error)
        earlier: list[UpdateRecord] = []
        if runs and max(MOST_RECORDS, len(runs)) < most:
            before = Versions(self.folder).runs_before(runs[0].first_version)
            try:
                earlier.extend(islice(before, most - len(runs)))
            except ChunkCorrupt as error:
                damage.append(error)
        return (*reversed(earlier), *runs[-most:]), tuple(damage)

    def records(self, file: LogFile) -> list[UpdateRecord]:
        """Runs of one file, oldest first."""
        lines = self.record_lines(file)
        try:
            return decode_records(lines)
        except ValueError as error:
            raise self._corrupt(file, f"cannot be read: {error}") from error

    def record_lines(self, file: LogFile) -> list[bytes]:
        """Lines of one file of records, checked as a chunk is."""
        try:
            return record_lines(file, self.content(file))
        except ValueError as error:
            raise self._corrupt(file, f"cannot be read: {error}") from error

    def content(self, file: Chunk | LogFile, *, anew: bool = False) -> bytes:
        """The file's bytes, which have passed its checksum: now, or this version of it before."""
        content, version = self._found(file, read_file)
        self._require_size(file, len(content))
        if (anew or not VERIFIED.has(version, file.checksum)) and not has_checksum(
            content, file.checksum
        ):
            raise self._corrupt(file, "is damaged: its checksum does not match")
        VERIFIED.note(version, file.checksum)
        return content

    def path(self, chunk: Chunk) -> Path:
        """Where the chunk's file is now."""
        return self._found(chunk, _existing)

    def _found(self, file: Chunk | LogFile, look: Callable[[str], _Found]) -> _Found:
        """What a look at the file gives, which raises if there is none."""
        for path in places_of(self.folder, file):
            try:
                return look(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                if is_out_of_reach(self.folder, file):
                    continue
                raise self._corrupt(file, f"cannot be read: {error.strerror}") from error
        raise self._gone(file)

    def _require_size(self, file: Chunk | LogFile, size: int) -> None:
        if size != file.bytes:
            raise self._corrupt(file, f"has {size} bytes instead of {file.bytes}")

    def _gone(self, file: Chunk | LogFile) -> Exception:
        folder = self.folder
        if is_out_of_reach(self.folder, file):
            return folder.archive_missing_error()
        if folder.sequence() != self.manifest.sequence:
            return folder.outdated_error()
        if removed_by_hand(folder.data_path):
            return not_found_error(folder.dataset)
        if folder.data.exists() or isinstance(file, LogFile):
            return self._corrupt(file, "is missing")
        return folder.unmounted_error()

    def _corrupt(self, file: Chunk | LogFile, reason: str) -> ChunkCorrupt:
        what = "chunk" if isinstance(file, Chunk) else "log"
        words = f"the {what} {home_of(self.folder, file)}/{file.file} {reason}"
        if file in self.manifest.records:
            return ChunkCorrupt(
                words, hint="restore it from a backup, or leave it: bars do not need it"
            )
        step = reload_step(summarize(self.manifest))
        return ChunkCorrupt(
            words, hint=("restore it from a backup, or fetch everything again: ", step)
        )


def chunks_in(chunks: Sequence[Chunk], time_range: TimeRange) -> list[Chunk]:
    """Those with stamps in ``time_range``, and perhaps some that step over it."""
    return [
        each for each in chunks if TimeRange.through(each.first, each.last).overlaps(time_range)
    ]


def is_read_anew(chunks: Sequence[Chunk], time_range: TimeRange) -> bool:
    """Whether so many rows meet ``time_range`` that they are read again rather than kept."""
    return sum(chunk.rows for chunk in chunks_in(chunks, time_range)) > _KEPT_ROWS


def _some_at_a_time(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    some: list[Chunk] = []
    for each in chunks:
        some.append(each)
        if sum(chunk.rows for chunk in some) >= _SOME_ROWS:
            yield some
            some = []
    if some:
        yield some


def _existing(path: str) -> Path:
    found = Path(path)
    found.stat()
    return found


def not_found_error(dataset: DatasetId) -> DatasetNotFound:
    """The error that says that nothing is stored."""
    return DatasetNotFound(
        f"{dataset} is not stored", hint=("run load first: ", NextStep("load", dataset))
    )
