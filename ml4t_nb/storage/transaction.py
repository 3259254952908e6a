"""A writer's whole read-merge-write on one dataset, published in one step or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from ml4t_nb.core.bars import Bars
from ml4t_nb.core.findings import most_needed
from ml4t_nb.errors import BarsInvalid, ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.model import Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage import disk
from ml4t_nb.storage.answer_files import AnswerFiles
from ml4t_nb.storage.catalogue import Catalogue, CatalogueEntry, manifest_stat
from ml4t_nb.storage.clean_up import clean_up
from ml4t_nb.storage.commit_files import CommitFiles
from ml4t_nb.storage.commit_logs import not_logged, revisions_of
from ml4t_nb.storage.compaction import compact
from ml4t_nb.storage.dataset_folder import CommittedState, DatasetFolder, removed_by_hand
from ml4t_nb.storage.locks import HeldLock
from ml4t_nb.storage.manifest import Chunk, Manifest, Removal
from ml4t_nb.storage.names import RowLog, manifest_name
from ml4t_nb.storage.recutting import (
    Rewriting,
    is_in_one,
    require_same_rows,
    rewritten,
    unchanged_chunks,
)
from ml4t_nb.storage.removals import removal_of
from ml4t_nb.storage.row_log import CarriedRows, LoggedTable, as_logged_rows
from ml4t_nb.storage.rows import ALL_TIME, Edit, Rows, TimeRange
from ml4t_nb.storage.snapshot import Snapshot, is_read_anew, not_found_error
from ml4t_nb.storage.versions import Versions

__all__ = ["Transaction"]

_FINDINGS = 1000
_TICK = timedelta(microseconds=1)


class Transaction:
    """The dataset as it is under the lock, and what shall become of it.

    Nothing is changed before ``commit`` or ``remove``, and each can be called once. Made by
    `Store.transaction`.
    """

    def __init__(
        self,
        folder: DatasetFolder,
        catalogue: Catalogue,
        lock: HeldLock,
        seen: Snapshot | None = None,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._lock = lock
        self._state: CommittedState | None = None
        self._edits: list[Edit] = []
        # Chunks are never changed: what was decoded before the lock was taken is still so.
        self._kept: dict[Chunk, Rows] = {} if seen is None else seen.kept
        self._number = 0
        self._over = False

    @property
    def manifest(self) -> Manifest | None:
        """What the newest commit left; None if nothing is stored.

        ChunkCorrupt if it cannot be read, or the disk is missing; StoreOutdated if an earlier
        version wrote it. ``remove`` works all the same.
        """
        return self._now().manifest

    @property
    def number(self) -> int:
        """The number that its commit will have."""
        sequence = self._now().sequence
        self._number = self._number or self._folder.next_number(sequence)
        return self._number

    def rejected_rows(self) -> pd.DataFrame:
        """As `Snapshot.rejected_rows`, of the newest commit."""
        manifest = self._now().manifest
        return Snapshot(self._folder, manifest).rejected_rows() if manifest else as_logged_rows([])

    def revised_rows(self) -> pd.DataFrame:
        """As `Snapshot.revised_rows`, of the newest commit."""
        manifest = self._now().manifest
        return Snapshot(self._folder, manifest).revised_rows() if manifest else as_logged_rows([])

    def history(self) -> tuple[UpdateRecord, ...]:
        """As `Snapshot.history`, of the newest commit."""
        manifest = self._now().manifest
        return Snapshot(self._folder, manifest).history() if manifest else ()

    def readable_history(self) -> tuple[UpdateRecord, ...]:
        """What can be read of `history`."""
        manifest = self._now().manifest
        return Snapshot(self._folder, manifest).readable_history()[0] if manifest else ()

    def bars(self, span: Span | None = None) -> Bars:
        """Bars in ``span`` (all for None), as stored and as put so far."""
        manifest, time_range = self._now().manifest, TimeRange.of(span)
        chunks = [
            chunk
            for chunk in (manifest.chunks if manifest else ())
            for stored in [TimeRange.through(chunk.first, chunk.last)]
            if not any(edit.time_range.covers(stored) for edit in self._edits)
        ]
        rows = self._read(chunks, time_range).edited(self._edits, time_range)
        # A caller that changes the frame must not change what was put, or what is decoded once.
        is_own = not self._edits and is_read_anew(chunks, time_range)
        return (rows if is_own else rows.copy()).bars()

    def readable_bars(self, end: datetime) -> Bars:
        """Bars before ``end``, but for those on a disk that is missing."""
        manifest = self._now().manifest
        lost = Snapshot(self._folder, manifest).unreadable_until if manifest else None
        # What was put may come before the first bar that is stored.
        start = datetime.min.replace(tzinfo=UTC) if lost is None else lost + _TICK
        return self.bars(Span(min(start, end), end))

    def put(self, bars: Bars, span: Span | None = None) -> None:
        """From now on ``span`` holds exactly ``bars``; for None, the dataset does.

        BarsInvalid if they are not Bars, hold NaN or infinity, or are outside the span.
        """
        self._require_open()
        rows, time_range = Rows.of(bars), TimeRange.of(span)
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

    def commit(
        self,
        after: Manifest,
        record: UpdateRecord,
        *,
        rejected: pd.DataFrame | None = None,
        carried: CarriedRows | None = None,
        logs_added: bool = False,
        logs_removed: bool = True,
    ) -> Manifest:
        """Publish the puts with this record; chunks whose bars stay the same are not written.

        Observed rows that the puts replace or take out are logged as they were.

        StoreNotWritable if the disk is full or may not be written, StoreError if the lock's file
        was deleted meanwhile, or another writer was quicker for it; nothing has changed then.

        Parameters
        ----------
        after
            What the dataset shall become: ``manifest`` (`Manifest.empty` for a new one) with what
            changes replaced. Its sequence, chunks, logs and runs are not read; of its findings,
            in order of time, a thousand are kept, those to be decided first.
        record
            Added to the history, with its number and the number of chunks written.
        rejected
            Rows that the provider gave and that are not stored, as `rejected_table` takes them.
            One that is logged already is not logged again.
        carried
            Logged rows of another dataset that go on in this one, numbered below its own commits.
        logs_added
            Log the rows that are added too, and filled rows as observed ones.
        logs_removed
            False if a person frees the disk of them.
        """
        before, config = self._now().manifest, after.config
        found = before or Manifest.empty(self._folder.dataset, config)
        record = replace(record, version=self.number)
        pieces = compact(
            found.chunks,
            self._edits,
            lambda chunk: self._read([chunk]),
            before=found.config.period,
            period=config.period,
            is_packed=config.is_packed,
        )
        to_log = CarriedRows.before(
            carried,
            rejected=not_logged(rejected, record, Snapshot(self._folder, found)),
            revisions=revisions_of(
                before or after,
                after,
                record,
                self._edits,
                lambda chunk, time_range: self._read([chunk], time_range),
                with_added=logs_added,
                with_removed=logs_removed,
            ),
        )

        def write(files: CommitFiles) -> tuple[Chunk, ...]:
            return files.write_chunks(pieces, config.compression)

        def unchanged(chunks: Sequence[Chunk]) -> frozenset[Chunk]:
            return unchanged_chunks(
                found.chunks, chunks, self._edits, lambda each: self._read([each])
            )

        return self._publish(after, record, write, to_log, unchanged)

    def rewrite(self, after: Manifest, record: UpdateRecord, rewriting: Rewriting) -> Manifest:
        """Publish the same bars in other files: with the codec, and by the period, of ``after``.

        They are read from the disk and compared with what was stored before they count, some at a
        time. Nothing may have been put.

        Parameters
        ----------
        after, record
            As of `commit`.
        rewriting
            Which chunks are written anew, and which of them are archived.
        """
        before = self._now().manifest
        if before is None or self._edits:
            raise StoreError(f"{self._folder.dataset} cannot be rewritten with other bars")
        record, config = replace(record, version=self.number), after.config
        own = Snapshot(self._folder, before)

        def write(files: CommitFiles) -> tuple[Chunk, ...]:
            pieces = rewritten(own, config, rewriting)
            chunks = files.write_some(pieces, config.compression)
            require_same_rows(own, Snapshot(self._folder, replace(before, chunks=chunks)))
            return chunks

        # Without the hash of its rows, a version before could not be known to be the same.
        def unchanged(chunks: Sequence[Chunk]) -> frozenset[Chunk]:
            return frozenset(e for e in before.chunks if e.content and is_in_one(e, chunks))

        return self._publish(after, record, write, {}, unchanged)

    def _publish(
        self,
        after: Manifest,
        record: UpdateRecord,
        write: Callable[[CommitFiles], tuple[Chunk, ...]],
        to_log: Mapping[RowLog, LoggedTable | None],
        unchanged: Callable[[Sequence[Chunk]], frozenset[Chunk]],
    ) -> Manifest:
        """Write what the commit is made of, and make it count; nothing has changed if that fails.

        ``unchanged`` says of which chunks that are replaced the new ones hold the rows.
        """
        state, folder, number = self._now(), self._folder, self.number
        folder.require_disk()
        before = state.manifest
        needed = {refusal.version for refusal in after.refusals}
        if after.prior:
            needed.add(after.prior.version)
        files = CommitFiles(folder, before or Manifest.empty(folder.dataset, after.config), number)
        with disk.writing(folder.data), ExitStack() as undo:
            undo.callback(self._discard, files, number)
            chunks = write(files)
            if before is None:
                # Of the folders too: another writer may have made some just now.
                disk.sync_parents((folder.data, folder.state), folder.home)
            record = replace(record, chunks_written=files.chunks_written)
            recent, records = files.write_records(record)
            after = replace(
                after,
                dataset=folder.dataset,
                sequence=number,
                chunks=chunks,
                rejected=files.write_log("rejected", to_log.get("rejected"), needed),
                revisions=files.write_log("revisions", to_log.get("revisions"), needed),
                findings=most_needed(after.findings, _FINDINGS),
                recent=recent,
                records=records,
            )
            same = unchanged(chunks)
            folder.publish(after, number, base=state.sequence, lock=self._lock)
            undo.pop_all()
        self._after_commit(CommittedState(number, after), same)
        return after

    def _discard(self, files: CommitFiles, number: int) -> None:
        """Delete what a commit wrote that did not come to its end, be it by an interrupt."""
        # Its manifest may have been published before that.
        if not (self._folder.state / manifest_name(number)).exists():
            files.delete()

    def remove(self, at: datetime | None = None, *, renamed_to: str = "") -> None:
        """Remove the dataset; its past versions stay.

        DatasetNotFound if nothing is stored, StoreError if a newer program wrote it, or it may not
        be read.

        Parameters
        ----------
        at
            As-of of the removal; None if nothing is to be known of it.
        renamed_to
            Symbol under which the bars go on.
        """
        self._require_open()
        folder = self._folder
        with suppress(ChunkCorrupt, StoreOutdated):  # what is damaged can be removed
            if folder.newest().manifest is None and not folder.has_chunks():
                raise not_found_error(folder.dataset)
        base = folder.sequence()
        mark = None if at is None else removal_of(folder, at, renamed_to)
        self._mark_removed(mark, base)
        AnswerFiles(folder.home, folder.dataset).drop()

    def forget_removal(self) -> None:
        """Let the mark of the removal say no more than that nothing is stored."""
        folder = self._folder
        base = folder.sequence()
        if any(Versions(folder).removals.values()):
            self._mark_removed(None, base)

    def _mark_removed(self, mark: Removal | None, base: int) -> None:
        number = self._folder.next_number(base)
        with disk.writing(self._folder.state):
            self._folder.publish(mark, number, base=base, lock=self._lock)
        self._after_commit(CommittedState(number, None))

    def close(self) -> None:
        """Let nothing more be done: the lock is about to be given back."""
        self._over = True

    def _now(self) -> CommittedState:
        self._require_open()
        if self._state is None:
            state = self._folder.newest()
            if removed_by_hand(self._folder.data_path):
                state = state._replace(manifest=None)
            elif state.manifest and not self._folder.data.exists():
                raise self._folder.unmounted_error()
            self._state = state
        return self._state

    def _read(self, chunks: Sequence[Chunk], time_range: TimeRange = ALL_TIME) -> Rows:
        """Stored rows of these chunks within ``time_range``; possibly a view of what is kept."""
        manifest = self._now().manifest
        if manifest is None:
            return Rows.empty()
        return Snapshot(self._folder, manifest, self._kept).kept_rows(chunks, time_range)

    def _after_commit(
        self, now: CommittedState, unchanged: Collection[Chunk] | None = None
    ) -> None:
        """What follows a commit; where it fails, the next writer or reader does it."""
        self._over = True
        folder = self._folder
        with suppress(OSError, StoreError):
            clean_up(folder, now, self._state, unchanged)
        with suppress(OSError, StoreError):
            if stat := manifest_stat(folder.state_path, now.sequence):
                entry = CatalogueEntry.of(folder.dataset, now.sequence, stat, now.manifest)
                self._catalogue.note(folder.place, entry)

    def _require_open(self) -> None:
        if self._over:
            raise StoreError(f"this transaction on {self._folder.dataset} is over")
