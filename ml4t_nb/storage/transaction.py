"""A writer's whole read-merge-write on one dataset, published in one step or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import BarsInvalid, ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.model import DatasetConfig, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage import atomic_io as disk
from ml4t_nb.storage import staging as drafts
from ml4t_nb.storage.catalogue import Catalogue
from ml4t_nb.storage.compaction import Piece, rearrange
from ml4t_nb.storage.dataset_folder import Folder, State
from ml4t_nb.storage.locking import Held
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.names import folder_of
from ml4t_nb.storage.rows import (
    EVER,
    Edit,
    Reach,
    Rows,
    bars_of,
    blank,
    overlay,
    reach_of,
    rows_of,
    stamp,
)
from ml4t_nb.storage.scan import entry_of
from ml4t_nb.storage.snapshot import not_found, read_rows

__all__ = ["Transaction"]

_HISTORY = 100
_FINDINGS = 1000
# A run looks at the last chunk three times before it rewrites it. Chunks of one row group are
# decoded whole anyway.
_KEPT_ROWS = 32_768


class Transaction:
    """The dataset as it is under the lock, and what shall become of it.

    Nothing is changed before ``commit`` or ``remove``, and each can be called once. Made by
    `Store.transaction`.
    """

    def __init__(self, folder: Folder, catalogue: Catalogue, lock: Held) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._lock = lock
        self._state: State | None = None
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
        # Whoever changes the frame must not change what was put, or what is decoded once.
        return bars_of(self._rows(span).copy())

    def put(self, bars: Bars, span: Span | None = None) -> None:
        """From now on ``span`` holds exactly ``bars``; for None, the dataset does.

        Raises
        ------
        BarsInvalid
            If they are no Bars, hold NaN or infinity, or lie outside the span.
        """
        self._require_open()
        rows, reach = rows_of(bars), reach_of(span)
        if len(rows.between(reach)) < len(rows):
            raise BarsInvalid(
                f"{self._folder.dataset}: bars lie outside {span}, where they are put"
            )
        if reach[0] >= reach[1]:
            return
        kept = [
            Edit(part, edit.rows.between(part))
            for edit in self._edits
            for part in (
                (edit.reach[0], min(edit.reach[1], reach[0])),
                (max(edit.reach[0], reach[1]), edit.reach[1]),
            )
            if part[0] < part[1]
        ]
        self._edits = sorted([*kept, Edit(reach, rows)], key=lambda edit: edit.reach)

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
            If somebody deleted the lock's file meanwhile, or another writer was quicker for it;
            likewise.
        """
        self._require_open()
        state = self._now()
        self._folder.require_disk()
        history = state.manifest.history if state.manifest else ()
        pieces = self._pieces(after.config)
        number = self._folder.next_number(state.sequence)
        written: list[Chunk] = []
        with disk.writing(self._folder.data):
            try:
                chunks = drafts.write(self._folder, pieces, after.config, number, written)
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
                drafts.discard(self._folder, written, number)
                raise
            drafts.require_counted(self._folder, written, number)
        self._settle(after, number, before=state.manifest)
        return after

    def remove(self) -> None:
        """Remove the dataset; its files stay among the retired ones for an hour.

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
                raise not_found(self._folder.dataset)
        base = self._folder.sequence()
        number = self._folder.next_number(base)
        with disk.writing(self._folder.state):
            self._folder.publish(None, number, base=base, lock=self._lock)
            drafts.require_counted(self._folder, (), number)
        self._settle(None, number, before=before)

    def close(self) -> None:
        """Let nothing more be done: the lock is about to be given back."""
        self._over = True

    def _now(self) -> State:
        self._require_open()
        if self._state is None:
            state = self._folder.newest()
            if state.manifest and not self._folder.data.exists():
                if not self._folder.removed_by_hand():
                    raise self._folder.unmounted()
                state = State(state.sequence, None)
            self._state = state
        return self._state

    def _rows(self, span: Span | None) -> Rows:
        manifest, reach = self._now().manifest, reach_of(span)
        if manifest is None:
            return overlay(blank(0), self._edits, reach)
        chunks = [
            chunk
            for chunk in manifest.chunks
            if not any(_covers(edit, chunk) for edit in self._edits)
        ]
        return overlay(self._read(chunks, reach), self._edits, reach)

    def _read(self, chunks: Sequence[Chunk], reach: Reach = EVER) -> Rows:
        """Stored rows of these chunks within ``reach``; possibly a view of what is kept."""
        manifest = self._now().manifest
        assert manifest is not None, "a chunk belongs to a manifest"
        wanted = [c for c in chunks if stamp(c.first) < reach[1] and reach[0] <= stamp(c.last)]
        if len(wanted) != 1 or wanted[0].rows > _KEPT_ROWS:
            return read_rows(self._folder, manifest, wanted, reach)
        (chunk,) = wanted
        if chunk not in self._decoded:
            self._decoded[chunk] = read_rows(self._folder, manifest, wanted, EVER)
        return self._decoded[chunk].between(reach)

    def _pieces(self, config: DatasetConfig) -> list[Piece]:
        before = self._now().manifest

        return rearrange(
            before.chunks if before else (),
            self._edits,
            lambda chunk: self._read([chunk]),
            before=before.config.period if before else config.period,
            period=config.period,
            is_packed=config.is_packed,
        )

    def _settle(self, after: Manifest | None, sequence: int, *, before: Manifest | None) -> None:
        """What follows a commit; where it fails, the next writer or reader does it."""
        self._over = True
        with suppress(OSError, StoreError):
            self._folder.tidy(after, sequence, before=before)
        with suppress(OSError, StoreError):
            if entry := entry_of(self._folder, sequence, after):
                self._catalogue.note(str(folder_of(self._folder.dataset)), entry)

    def _require_open(self) -> None:
        if self._over:
            raise StoreError(f"this transaction on {self._folder.dataset} is over")


def _covers(edit: Edit, chunk: Chunk) -> bool:
    return edit.reach[0] <= stamp(chunk.first) and stamp(chunk.last) < edit.reach[1]
