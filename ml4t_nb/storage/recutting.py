"""The rows of all chunks in other files, some at a time, and the proof that they are the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.model import Period
from ml4t_nb.storage.compaction import MOST_ROWS, period_cuts
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.rows import ALL_TIME, Edit, Rows, TimeRange, rows_checksum
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["recut", "require_same_rows", "unchanged_chunks"]


def recut(
    chunks: Iterable[Chunk], snapshot: Snapshot, period: Period, *, is_packed: bool
) -> Iterator[Rows]:
    """The rows of consecutive chunks, cut at periods: the last one apart, those before it packed.

    In memory are the rows of one chunk, and of one to be written.
    """
    held = Rows.empty()
    for chunk in chunks:
        held = Rows.join([held, snapshot.rows([chunk])])
        # The last period may go on in the next chunk.
        *cuts, _ = period_cuts(held, period)
        done = 0
        for start, end in _packed(cuts) if is_packed else pairwise(cuts):
            yield held.cut(start, end)
            done = end
        held = held.cut(done, len(held)).copy()
    if len(held):
        *cuts, end = period_cuts(held, period)
        for start, last in ((0, cuts[-1]), (cuts[-1], end)):
            if start < last:
                yield held.cut(start, last)


def _packed(cuts: list[int]) -> Iterator[tuple[int, int]]:
    """Ends of the packs that no period more can join."""
    start = 0
    for before, after in pairwise(cuts):
        if after - start > MOST_ROWS and before > start:
            yield start, before
            start = before


def require_same_rows(before: Snapshot, after: Snapshot) -> None:
    """Raise StoreError unless the files of ``after`` hold the rows of ``before``, to the last bit.

    Each of these is read from the disk, and its bytes are compared with its checksum.
    """
    held, following = Rows.empty(), iter(after.manifest.chunks)
    for chunk in before.manifest.chunks:
        time_range = TimeRange.through(chunk.first, chunk.last)
        held = _from(time_range.start, held)
        while not len(held) or held.stamps[-1] < time_range.end - 1:
            each = next(following, None)
            if each is None:
                raise _differ(before, chunk)
            after.check(each)
            held = _from(time_range.start, Rows.join([held, after.rows([each])]))
        content = chunk.content or rows_checksum(before.rows([chunk]))
        if rows_checksum(held.between(time_range)) != content:
            raise _differ(before, chunk)
    if after.manifest.rows != before.manifest.rows:
        raise _differ(before, before.manifest.chunks[-1])


def unchanged_chunks(
    before: Iterable[Chunk],
    after: Collection[Chunk],
    edits: Sequence[Edit],
    read: Callable[[Chunk], Rows],
) -> frozenset[Chunk]:
    """Chunks that ``after`` replaces, and that have the same rows in it, in spite of the edits."""
    staying, found = {*after}, set[Chunk]()
    for chunk in before:
        # Without the hash of its rows, nobody could be sure later that they are the same.
        if chunk in staying or not chunk.content:
            continue
        stored = TimeRange.through(chunk.first, chunk.last)
        touching = [edit for edit in edits if edit.time_range.overlaps(stored)]
        with suppress(ChunkCorrupt):  # what is damaged is not known to be the same
            if not touching or _is_same(chunk, touching, stored, read):
                found.add(chunk)
    return frozenset(found)


def _is_same(
    chunk: Chunk, edits: Sequence[Edit], stored: TimeRange, read: Callable[[Chunk], Rows]
) -> bool:
    if edits[0].time_range.covers(stored):
        return rows_checksum(edits[0].rows.between(stored)) == chunk.content
    rows = read(chunk)
    return rows.edited(edits, stored).same(rows)


def _from(start: int, rows: Rows) -> Rows:
    return rows.between(TimeRange(start, ALL_TIME.end))


def _differ(before: Snapshot, chunk: Chunk) -> StoreError:
    return StoreError(
        f"the new files of {before.manifest.dataset} do not hold the bars of {chunk.file} as they "
        "are stored, and nothing was changed",
        hint="look for damaged files: health --verify",
    )
