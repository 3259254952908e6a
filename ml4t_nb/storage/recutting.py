"""The rows of chunks in other files, some at a time, and the proof that they are the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

import numpy as np

from ml4t_nb.core.timestamps import period_begins, period_numbers, to_micros
from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.model import DatasetConfig, Period
from ml4t_nb.storage.compaction import MOST_ROWS, ArchivedRows, Piece, period_cuts
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.rows import ALL_TIME, Edit, Rows, TimeRange, rows_checksum
from ml4t_nb.storage.snapshot import Snapshot, chunks_in

__all__ = [
    "Form",
    "Rewriting",
    "archived_before",
    "is_in_one",
    "require_same_rows",
    "restored",
    "rewritten",
    "unchanged_chunks",
    "written_anew",
]


Form: TypeAlias = Literal["current", "archived", "apart"]
"""Of a period: not archived; archived, among the data; archived in the archive's own folder."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Which chunks of a dataset are written anew, and where their rows go.

    Parameters
    ----------
    kept
        Chunks that stay. If they are not all, or none, periods are cut as they were.
    archives
        Whether a period is to be archived, from its first to its last stamp, and where.
    """

    kept: Collection[Chunk]
    archives: Callable[[TimeRange], Form]


def written_anew(chunks: Sequence[Chunk], *, is_cut: bool) -> Rewriting:
    """In the codec of the configuration; what is archived stays so, and is written if it is cut."""
    kept = () if is_cut else frozenset(each for each in chunks if each.is_archived)
    return Rewriting(kept, _archived_as(chunks))


def _archived_as(chunks: Sequence[Chunk]) -> Callable[[TimeRange], Form]:
    """How periods are archived in these chunks, if they are, and not only a part of them."""

    def form(period: TimeRange) -> Form:
        found = chunks_in(chunks, period)
        if all(each.is_apart for each in found):
            return "apart"
        return "archived" if all(each.is_archived for each in found) else "current"

    return form


def archived_before(
    chunks: Sequence[Chunk], at: datetime, period: Period, *, is_apart: bool = False
) -> Rewriting:
    """Whole periods before ``at`` archived, but for the dataset's last; or moved there, if apart.

    Short archived chunks before them are taken in, so that there are few of them however often it
    is done.
    """
    ends = np.array([to_micros(at), to_micros(chunks[-1].last)], dtype=np.int64)
    until = int(period_begins(period_numbers(ends, period), period).min())
    wanted = [
        each
        for each in chunks
        if to_micros(each.first) < until and not (each.is_archived and each.is_apart >= is_apart)
    ]
    count = sum(each.rows for each in wanted)
    for each in reversed([each for each in chunks if wanted and each.first < wanted[0].first]):
        is_alike = each.is_archived and each.is_apart == is_apart
        if not is_alike or each.rows > count or each.rows + count > MOST_ROWS:
            break
        wanted.append(each)
        count += each.rows
    before = _archived_as(chunks)
    form: Form = "apart" if is_apart else "archived"
    return Rewriting(
        frozenset(chunks).difference(wanted),
        lambda period: form if period.start < until else before(period),
    )


def restored(chunks: Sequence[Chunk]) -> Rewriting:
    """Nothing archived any more."""
    return Rewriting(
        frozenset(each for each in chunks if not each.is_archived), lambda _: "current"
    )


def rewritten(snapshot: Snapshot, config: DatasetConfig, rewriting: Rewriting) -> Iterator[Piece]:
    """The chunks that stay, and the rows of the others, in order of time.

    In memory are the rows of one chunk, and of one to be written.
    """
    chunks = snapshot.manifest.chunks
    for is_kept, run in groupby(chunks, rewriting.kept.__contains__):
        if is_kept:
            yield from run
        else:
            yield from _recut([*run], snapshot, config, rewriting, last=chunks[-1])


def _recut(
    chunks: Sequence[Chunk],
    snapshot: Snapshot,
    config: DatasetConfig,
    rewriting: Rewriting,
    *,
    last: Chunk,
) -> Iterator[Piece]:
    """Rows of consecutive chunks, cut at periods and packed; the dataset's last period apart."""
    held, stamps = Rows.empty(), to_micros(last.last)
    for chunk in chunks:
        held = Rows.join([held, snapshot.rows([chunk])])
        cuts = period_cuts(held, config.period)
        # The last period may go on in the next chunk, and may be the dataset's last.
        packs = [*_packs(held, cuts[:-1], config, rewriting)]
        # Another period may join the last pack.
        for start, end, form in packs[:-1]:
            yield _piece(held.cut(start, end), form)
        held = held.cut(packs[-1][0] if packs else 0, len(held)).copy()
    cuts = period_cuts(held, config.period)
    if held.stamps[-1] == stamps:
        ends = [*_packs(held, cuts[:-1], config, rewriting)]
        yield from (_piece(held.cut(start, end), form) for start, end, form in ends)
        yield held.cut(cuts[-2], cuts[-1])
        return
    for start, end, form in _packs(held, cuts, config, rewriting):
        yield _piece(held.cut(start, end), form)


def _packs(
    rows: Rows, cuts: Sequence[int], config: DatasetConfig, rewriting: Rewriting
) -> Iterator[tuple[int, int, Form]]:
    """Ends of packs of consecutive periods, and how each is archived."""
    packs: list[tuple[int, int, Form]] = []
    for start, end in pairwise(cuts):
        first, stamp = rows.stamps[[start, end - 1]].tolist()
        form = rewriting.archives(TimeRange(first, stamp + 1))
        if packs and (form != "current" or config.is_packed):
            begin, _, before = packs[-1]
            if before == form and end - begin <= MOST_ROWS:
                packs[-1] = (begin, end, form)
                continue
        packs.append((start, end, form))
    return iter(packs)


def _piece(rows: Rows, form: Form) -> Piece:
    return rows if form == "current" else ArchivedRows(rows, is_apart=form == "apart")


def require_same_rows(before: Snapshot, after: Snapshot) -> None:
    """Raise StoreError unless the files of ``after`` hold the rows of ``before``, to the last bit.

    Each of these is read from the disk, and its bytes are compared with its checksum.
    """
    old, new = before.manifest.chunks, after.manifest.chunks
    staying = {*old} & {*new}
    held, following = Rows.empty(), iter(each for each in new if each not in staying)
    for chunk in old:
        if chunk in staying:
            continue
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
        raise _differ(before, old[-1])


def unchanged_chunks(
    before: Iterable[Chunk],
    after: Collection[Chunk],
    edits: Sequence[Edit],
    read: Callable[[Chunk], Rows],
) -> frozenset[Chunk]:
    """Chunks that ``after`` replaces, and that have the same rows in one of it, edits or not."""
    staying, found = {*after}, set[Chunk]()
    for chunk in before:
        # Without the hash of its rows, nobody could be sure later that they are the same.
        if chunk in staying or not chunk.content or not is_in_one(chunk, after):
            continue
        stored = TimeRange.through(chunk.first, chunk.last)
        touching = [edit for edit in edits if edit.time_range.overlaps(stored)]
        with suppress(ChunkCorrupt):  # what is damaged is not known to be the same
            if not touching or _is_same(chunk, touching, stored, read):
                found.add(chunk)
    return frozenset(found)


def is_in_one(chunk: Chunk, others: Iterable[Chunk]) -> bool:
    """Whether one of the others reaches from the chunk's first row to its last.

    Divided among several, its rows are not kept for certain: a later commit may put rows between
    two of these, each of which holds what it had held.
    """
    return any(each.first <= chunk.first and chunk.last <= each.last for each in others)


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
