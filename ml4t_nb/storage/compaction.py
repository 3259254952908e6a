"""Which periods share a chunk, and which chunks a change must rewrite; no files here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from ml4t_nb.core.timestamps import Instants, period_begins, period_numbers, to_micros
from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.model import Chunking, Frequency, Period
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.rows import ALL_TIME, Edit, Rows, TimeRange

__all__ = ["MOST_ROWS", "ArchivedRows", "Piece", "compact", "period_cuts", "resolve_period"]

MOST_ROWS = 131_072
"""Periods share a chunk up to here; a longer period has one of its own."""

# Below this, rewriting costs less than one more file costs every reader.
_SMALL = 8_192


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedRows:
    """Rows to be written as one archived chunk, into the folder of the archive if it is apart."""

    rows: Rows
    is_apart: bool = False

    def __len__(self) -> int:
        return len(self.rows)


Piece: TypeAlias = Chunk | Rows | ArchivedRows
"""A chunk that stays, or rows to be written as one."""

Read: TypeAlias = Callable[[Chunk], Rows]


def resolve_period(chunking: Chunking, frequency: Frequency) -> Period:
    """The period that ``auto`` means: of minutes a week, which an append of a day rewrites.

    Of other intraday bars a month, and of daily and weekly ones a year.
    """
    if chunking != "auto":
        return chunking
    if frequency in ("daily", "weekly"):
        return "yearly"
    return "weekly" if frequency == "1m" else "monthly"


def compact(
    chunks: Sequence[Chunk],
    edits: Sequence[Edit],
    read: Read,
    *,
    before: Period,
    period: Period,
    is_packed: bool = True,
) -> list[Piece]:
    """The chunks of a dataset after ``edits``, in order; those that do not change are kept.

    Both are in order of time, and the edits disjoint. The chunks hold whole periods: they were cut
    at those of ``before``, and are to be cut at those of ``period``.

    The last period has a chunk of its own, so that an update rewrites little. Neighbours before it
    are packed when both are small or about equally long, as in a log-structured merge tree: a bar
    is rewritten a few times in its life, and the number of chunks grows with the logarithm. What
    is archived is packed with nothing.
    """
    if before != period:
        rows = Rows.join(map(read, chunks)).edited(edits, ALL_TIME)
        pieces: list[Piece] = [rows] if len(rows) else []
    else:
        pieces = _edited(chunks, edits, read, period)
        if pieces == list(chunks):
            return pieces
        if pieces and _is_apart(pieces[-1]):
            # Updates read the last one, and without any data a dataset was removed by hand.
            pieces[-1] = _rows_of(_Part(pieces[-1], 0, _length(pieces[-1])), read)
    return _packed(pieces, read, period, is_packed=is_packed)


def _edited(
    chunks: Sequence[Chunk], edits: Sequence[Edit], read: Read, period: Period
) -> list[Piece]:
    """Chunks that no edit changes, and between them the rows that replace the others."""
    pieces: list[Piece] = []
    end = ALL_TIME.start
    for chunk in chunks:
        starts = _starts(to_micros(chunk.first), to_micros(chunk.last), period)
        period_range = TimeRange(*starts[[0, -1]].tolist())
        pieces.append(Rows.empty().edited(edits, TimeRange(end, period_range.start)))
        pieces.append(_after(chunk, edits, period_range, read))
        end = period_range.end
    pieces.append(Rows.empty().edited(edits, TimeRange(end, ALL_TIME.end)))
    return [piece for piece in pieces if isinstance(piece, Chunk) or len(piece)]


def _after(chunk: Chunk, edits: Sequence[Edit], period_range: TimeRange, read: Read) -> Piece:
    touching = [edit for edit in edits if edit.time_range.overlaps(period_range)]
    if not touching:
        return chunk
    try:
        stored = read(chunk)
    except ChunkCorrupt:
        # Bars that replace the whole chunk mend a damaged one.
        if touching[0].time_range.covers(period_range):
            return Rows.empty().edited(touching, period_range)
        raise
    edited = stored.edited(touching, period_range)
    if edited.same(stored):
        return chunk
    # Rows that were archived stay so: the next archive would write them once more.
    return ArchivedRows(edited, chunk.is_apart) if chunk.is_archived else edited


class _Part(NamedTuple):
    """Lines ``first`` to ``last``, exclusive, of new rows, or a chunk whole."""

    whole: Piece
    first: int
    last: int


def _packed(pieces: Sequence[Piece], read: Read, period: Period, *, is_packed: bool) -> list[Piece]:
    parts = [part for piece in pieces for part in _periods(piece, period)]
    groups: list[list[_Part]] = []
    for part in parts[:-1]:
        groups.append([part])
        while is_packed and len(groups) > 1 and _may_share(groups[-2:]):
            groups[-2:] = [_joined(*groups[-2:])]
    return [_piece(group, read) for group in (*groups, parts[-1:]) if group]


def _periods(piece: Piece, period: Period) -> list[_Part]:
    if isinstance(piece, Chunk):
        return [_Part(piece, 0, piece.rows)]
    if isinstance(piece, ArchivedRows):
        return [_Part(piece, 0, len(piece))]
    return [_Part(piece, *ends) for ends in pairwise(period_cuts(piece, period))]


def period_cuts(rows: Rows, period: Period) -> list[int]:
    """Where the periods begin among the rows, and the number of rows; those without any do not."""
    first, last = rows.stamps[[0, -1]].tolist()
    starts = _starts(first, last, period)
    found: list[int] = np.unique(np.searchsorted(rows.stamps, starts)).tolist()
    return found


def _may_share(groups: Sequence[list[_Part]]) -> bool:
    if any(_is_archived(group[0].whole) for group in groups):
        return False
    sizes = [sum(part.last - part.first for part in group) for group in groups]
    if sum(sizes) > MOST_ROWS:
        return False
    keeps_one = any(len(group) == 1 and isinstance(group[0].whole, Chunk) for group in groups)
    return sum(sizes) <= _SMALL or not keeps_one or max(sizes) <= 2 * min(sizes)


def _is_archived(piece: Piece) -> bool:
    return piece.is_archived if isinstance(piece, Chunk) else isinstance(piece, ArchivedRows)


def _is_apart(piece: Piece) -> bool:
    return not isinstance(piece, Rows) and piece.is_apart


def _length(piece: Piece) -> int:
    return piece.rows if isinstance(piece, Chunk) else len(piece)


def _joined(left: list[_Part], right: list[_Part]) -> list[_Part]:
    """Parts that follow one another in the same rows become one, which takes no copy."""
    before, after = left[-1], right[0]
    if before.whole is not after.whole:
        return [*left, *right]
    return [*left[:-1], before._replace(last=after.last), *right[1:]]


def _piece(group: Sequence[_Part], read: Read) -> Piece:
    whole = group[0].whole
    if len(group) == 1 and not isinstance(whole, Rows):
        return whole
    return Rows.join(_rows_of(part, read) for part in group)


def _rows_of(part: _Part, read: Read) -> Rows:
    whole = part.whole
    if isinstance(whole, Chunk):
        return read(whole)
    rows = whole.rows if isinstance(whole, ArchivedRows) else whole
    return rows.cut(part.first, part.last)


def _starts(first: int, last: int, period: Period) -> Instants:
    """Where the periods begin from that of ``first`` to the one after that of ``last``."""
    begin, end = period_numbers(np.array([first, last], dtype=np.int64), period).tolist()
    return period_begins(np.arange(begin, end + 2, dtype=np.int64), period)
