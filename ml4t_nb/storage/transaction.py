"""A writer's whole read-merge-write on one dataset, published in one step or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import BarsInvalid, ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.model import DatasetConfig, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage import atomic_io
from ml4t_nb.storage.catalogue import Catalogue
from ml4t_nb.storage.chunks import describe_chunk, encode_chunk, parallel_map
from ml4t_nb.storage.compaction import MOST_ROWS, Piece, compact
from ml4t_nb.storage.dataset_folder import CommittedState, DatasetFolder
from ml4t_nb.storage.locking import HeldLock
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.names import chunk_name, manifest_name, relative_folder
from ml4t_nb.storage.rows import (
    ALL_TIME,
    Edit,
    Rows,
    TimeRange,
    apply_edits,
    as_bars,
    as_rows,
    as_time_range,
    empty_rows,
    range_of,
)
from ml4t_nb.storage.scan import catalogue_entry
from ml4t_nb.storage.snapshot import Snapshot, chunks_in, not_found_error

__all__ = ["Transaction"]

_HISTORY = 100
_FINDINGS = 1000
# A run looks at the last chunk three times before it rewrites it. Chunks of one row group are
# decoded whole anyway.
_KEPT_ROWS = 32_768
# Most of a long load is encoding, which lets go of the interpreter; each holds a chunk in memory.
_ENCODERS = 2


class Transaction:
    """The dataset as it is under the lock, and what shall become of it.

    Nothing is changed before ``commit`` or ``remove``, and each can be called once. Made by
    `Store.transaction`.
    """

    def __init__(self, folder: DatasetFolder, catalogue: Catalogue, lock: HeldLock) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._lock = lock
        self._state: CommittedState | None = None
        self._edits: list[Edit] = []
        self._decoded: dict[Chunk, Rows] = {}
        self._over = False

    @property
    def manifest(self) -> Manifest | None:
        """What the newest commit left; None if nothing is stored.

        Raises
        ------
        ChunkCorrupt
            If it cannot be read, or the disk is missing. ``remove`` works all the same.
        StoreOutdated
            If an earlier version wrote it; likewise.
        """
        return self._now().manifest

    def bars(self, span: Span | None = None) -> Bars:
        """Bars in ``span`` (all for None), as stored and as put so far."""
        # A caller that changes the frame must not change what was put, or what is decoded once.
        return as_bars(self._rows(span).copy())

    def put(self, bars: Bars, span: Span | None = None) -> None:
        """From now on ``span`` holds exactly ``bars``; for None, the dataset does.

        Raises
        ------
        BarsInvalid
            If they are not Bars, hold NaN or infinity, or are outside the span.
        """
        self._require_open()
        rows, time_range = as_rows(bars), as_time_range(span)
        if len(rows.between(time_range)) < len(rows):
            raise BarsInvalid(
                f"{self._folder.dataset}: bars lie outside {span}, which they replace"
            )
        if not time_range:
            return
        before = ALL_TIME._replace(end=time_range.start)
        after = ALL_TIME._replace(start=time_range.end)
        kept = [
            Edit(part, edit.rows.between(part))
            for edit in self._edits
            for part in (edit.time_range & before, edit.time_range & after)
            if part
        ]
        self._edits = sorted([*kept, Edit(time_range, rows)], key=lambda edit: edit.time_range)

    def commit(self, after: Manifest, record: UpdateRecord) -> Manifest:
        """Publish the puts with this record; chunks whose bars stay the same are not written.

        Parameters
        ----------
        after
            What the dataset shall become: ``manifest`` (`Manifest.empty` for a new one) with what
            changes replaced. Its sequence, chunks and history are not read; of its findings, in
            order of time, the newest thousand are kept.
        record
            Added to the history, with the number of chunks written.

        Returns
        -------
        Manifest
            As published.

        Raises
        ------
        StoreNotWritable
            If the disk is full or may not be written; nothing has changed then.
        StoreError
            If the lock's file was deleted meanwhile, or another writer was quicker for it;
            likewise.
        """
        self._require_open()
        state = self._now()
        self._folder.require_disk()
        history = state.manifest.history if state.manifest else ()
        pieces = self._pieces(after.config)
        number = self._folder.next_number(state.sequence)
        written: list[Chunk] = []
        with atomic_io.writing(self._folder.data):
            try:
                chunks = _write_chunks(self._folder, pieces, after.config, number, written)
                if state.manifest is None:
                    self._folder.sync()
                record = replace(record, chunks_written=len(written))
                after = replace(
                    after,
                    dataset=self._folder.dataset,
                    sequence=number,
                    chunks=chunks,
                    findings=after.findings[-_FINDINGS:],
                    history=(*history, record)[-_HISTORY:],
                )
                self._folder.publish(after, number, base=state.sequence, lock=self._lock)
            except BaseException:
                _discard_chunks(self._folder, written, number)
                raise
            _require_in_force(self._folder, written, number)
        self._after_commit(after, number, before=state.manifest)
        return after

    def remove(self) -> None:
        """Remove the dataset; its files stay in the trash for an hour.

        Raises
        ------
        DatasetNotFound
            If nothing is stored.
        StoreError
            If a newer program wrote it, or it may not be read.
        """
        self._require_open()
        before = None
        with suppress(ChunkCorrupt, StoreOutdated):  # what is damaged can be removed
            before = self._folder.newest().manifest
            if before is None and not self._folder.has_chunks():
                raise not_found_error(self._folder.dataset)
        base = self._folder.sequence()
        number = self._folder.next_number(base)
        with atomic_io.writing(self._folder.state):
            self._folder.publish(None, number, base=base, lock=self._lock)
            _require_in_force(self._folder, (), number)
        self._after_commit(None, number, before=before)

    def close(self) -> None:
        """Let nothing more be done: the lock is about to be given back."""
        self._over = True

    def _now(self) -> CommittedState:
        self._require_open()
        if self._state is None:
            state = self._folder.newest()
            if state.manifest and not self._folder.data.exists():
                if not self._folder.removed_by_hand():
                    raise self._folder.unmounted_error()
                state = CommittedState(state.sequence, None)
            self._state = state
        return self._state

    def _rows(self, span: Span | None) -> Rows:
        manifest, time_range = self._now().manifest, as_time_range(span)
        if manifest is None:
            return apply_edits(empty_rows(0), self._edits, time_range)
        chunks = [
            chunk
            for chunk in manifest.chunks
            for stored in [range_of(chunk.first, chunk.last)]
            if not any(edit.time_range.covers(stored) for edit in self._edits)
        ]
        return apply_edits(self._read(chunks, time_range), self._edits, time_range)

    def _read(self, chunks: Sequence[Chunk], time_range: TimeRange = ALL_TIME) -> Rows:
        """Stored rows of these chunks within ``time_range``; possibly a view of what is kept."""
        manifest = self._now().manifest
        assert manifest is not None, "a chunk belongs to a manifest"
        snapshot = Snapshot(self._folder, manifest)
        wanted = chunks_in(chunks, time_range)
        if len(wanted) != 1 or wanted[0].rows > _KEPT_ROWS:
            return snapshot.rows(wanted, time_range)
        (chunk,) = wanted
        if chunk not in self._decoded:
            self._decoded[chunk] = snapshot.rows(wanted)
        return self._decoded[chunk].between(time_range)

    def _pieces(self, config: DatasetConfig) -> list[Piece]:
        before = self._now().manifest
        return compact(
            before.chunks if before else (),
            self._edits,
            lambda chunk: self._read([chunk]),
            before=before.config.period if before else config.period,
            period=config.period,
            is_packed=config.is_packed,
        )

    def _after_commit(
        self, after: Manifest | None, sequence: int, *, before: Manifest | None
    ) -> None:
        """What follows a commit; where it fails, the next writer or reader does it."""
        self._over = True
        with suppress(OSError, StoreError):
            self._folder.clean_up(after, sequence, before=before)
        with suppress(OSError, StoreError):
            if entry := catalogue_entry(self._folder, sequence, after):
                self._catalogue.note(str(relative_folder(self._folder.dataset)), entry)

    def _require_open(self) -> None:
        if self._over:
            raise StoreError(f"this transaction on {self._folder.dataset} is over")


def _write_chunks(
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

    def encode(rows: Rows) -> bytes:
        return encode_chunk(rows, folder.dataset.symbol, config.compression)

    folder.data.mkdir(parents=True, exist_ok=True)
    parts = [rows for rows in pieces if isinstance(rows, Rows)]
    # While one is written, others are encoded.
    few = sum(map(len, parts)) <= MOST_ROWS
    contents = parallel_map(encode, parts, threads=1 if few else _ENCODERS)
    after = []
    for piece in pieces:
        if isinstance(piece, Chunk):
            after.append(piece)
            continue
        content = next(contents)
        unnamed = describe_chunk("", piece, content)
        chunk = replace(unnamed, file=chunk_name(unnamed.first.date(), sequence))
        written.append(chunk)
        atomic_io.write_new(folder.data / chunk.file, content)
        after.append(chunk)
    if written:
        atomic_io.sync_folder(folder.data)
    return tuple(after)


def _discard_chunks(folder: DatasetFolder, written: Sequence[Chunk], sequence: int) -> None:
    """Take back new chunks, unless their manifest was published before the interruption."""
    if (folder.state / manifest_name(sequence)).exists():
        return
    _delete(folder, written)


def _require_in_force(folder: DatasetFolder, written: Sequence[Chunk], sequence: int) -> None:
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
