"""Which periods share a chunk, and which chunks a change must rewrite; no files here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from ml4t_nb.core.timestamps import WEEK, Instants, to_micros, week_start
from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.model import Chunking, Frequency, Period
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.rows import (
    ALL_TIME,
    Edit,
    Rows,
    TimeRange,
    apply_edits,
    empty_rows,
    join,
)

__all__ = ["MOST_ROWS", "Piece", "compact", "resolve_period"]

MOST_ROWS = 131_072
"""Periods share a chunk up to here; a longer period has one of its own."""

# Below this, rewriting costs less than one more file costs every reader.
_SMALL = 8_192

Piece: TypeAlias = Chunk | Rows
"""A chunk that stays, or rows to be written as one."""

Read: TypeAlias = Callable[[Chunk], Rows]


def resolve_period(chunking: Chunking, frequency: Frequency) -> Period:
    """The period that ``auto`` means: a month of intraday bars, a year of daily or weekly ones."""
    if chunking != "auto":
        return chunking
    return "yearly" if frequency in ("daily", "weekly") else "monthly"


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

    Parameters
    ----------
    chunks
        As they are, in order of time; each holds whole periods.
    edits
        Disjoint, in order of time.
    before, period
        Periods that the chunks were cut at, and are to be cut at.
    is_packed
        Whether closed periods may share a chunk.

    Notes
    -----
    The last period has a chunk of its own, so that an update rewrites little. Neighbours before
    it are packed when both are small or about equally long, as in a log-structured merge tree: a
    bar is rewritten a few times in its life, and the number of chunks grows with the logarithm.
    """
    if before != period:
        rows = apply_edits(join([read(chunk) for chunk in chunks]), edits, ALL_TIME)
        return _packed([rows] if len(rows) else [], read, period, is_packed=is_packed)
    pieces = _edited(chunks, edits, read, period)
    if pieces == list(chunks):
        return pieces
    return _packed(pieces, read, period, is_packed=is_packed)


def _edited(
    chunks: Sequence[Chunk], edits: Sequence[Edit], read: Read, period: Period
) -> list[Piece]:
    """Chunks that no edit changes, and between them the rows that replace the others."""
    pieces: list[Piece] = []
    end = ALL_TIME.start
    for chunk in chunks:
        period_range = _period_range(chunk, period)
        pieces.append(_new_rows(edits, TimeRange(end, period_range.start)))
        pieces.append(_after(chunk, edits, period_range, read))
        end = period_range.end
    pieces.append(_new_rows(edits, TimeRange(end, ALL_TIME.end)))
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
            return _new_rows(touching, period_range)
        raise
    edited = apply_edits(stored, touching, period_range)
    return chunk if edited.same(stored) else edited


def _new_rows(edits: Sequence[Edit], time_range: TimeRange) -> Rows:
    """What the edits put where nothing was."""
    return apply_edits(empty_rows(0), edits, time_range)


@dataclass(frozen=True, slots=True)
class _RowSlice:
    """Lines ``first`` to ``last``, exclusive, of some rows."""

    whole: Rows
    first: int
    last: int


@dataclass(slots=True)
class _Group:
    """Pieces that become one chunk."""

    pieces: list[Chunk | _RowSlice]
    rows: int

    @property
    def kept(self) -> bool:
        return len(self.pieces) == 1 and isinstance(self.pieces[0], Chunk)


def _packed(pieces: Sequence[Piece], read: Read, period: Period, *, is_packed: bool) -> list[Piece]:
    parts = []
    for piece in pieces:
        if isinstance(piece, Chunk):
            parts.append(_Group([piece], piece.rows))
        else:
            parts += [_Group([cut], cut.last - cut.first) for cut in _periods(piece, period)]
    tail = parts[-1:]
    groups: list[_Group] = []
    for group in parts[:-1]:
        groups.append(group)
        while is_packed and len(groups) > 1 and _may_share(groups[-2], groups[-1]):
            last = groups.pop()
            groups[-1] = _Group([*groups[-1].pieces, *last.pieces], groups[-1].rows + last.rows)
    return [_joined_group(group, read) for group in [*groups, *tail]]


def _may_share(left: _Group, right: _Group) -> bool:
    total = left.rows + right.rows
    if total > MOST_ROWS:
        return False
    if total <= _SMALL or not (left.kept or right.kept):
        return True
    return max(left.rows, right.rows) <= 2 * min(left.rows, right.rows)


def _joined_group(group: _Group, read: Read) -> Piece:
    first = group.pieces[0]
    if group.kept and isinstance(first, Chunk):
        return first
    return join(
        read(piece) if isinstance(piece, Chunk) else piece.whole.cut(piece.first, piece.last)
        for piece in _merged(group.pieces)
    )


def _merged(pieces: Sequence[Chunk | _RowSlice]) -> list[Chunk | _RowSlice]:
    """Cuts that follow one another in the same rows made one, which takes no copy."""
    merged: list[Chunk | _RowSlice] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if (
            isinstance(last, _RowSlice)
            and isinstance(piece, _RowSlice)
            and last.whole is piece.whole
        ):
            merged[-1] = _RowSlice(last.whole, last.first, piece.last)
        else:
            merged.append(piece)
    return merged


def _periods(rows: Rows, period: Period) -> list[_RowSlice]:
    first, last = _number(rows.stamps[[0, -1]], period).tolist()
    starts = _start(np.arange(first + 1, last + 1), period)
    cuts = np.unique([0, *np.searchsorted(rows.stamps, starts), len(rows)]).tolist()
    return [_RowSlice(rows, *ends) for ends in pairwise(cuts)]


def _period_range(chunk: Chunk, period: Period) -> TimeRange:
    """From the start of the chunk's first period to the end of its last."""
    first, last = _number(np.array([to_micros(chunk.first), to_micros(chunk.last)]), period)
    return TimeRange(*_start(np.array([first, last + 1]), period).tolist())


_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
_FIRST_WEEK = week_start(0)


def _number(stamps: Instants, period: Period) -> Instants:
    """Periods since 1970 of stamps; a week begins on Monday."""
    if period == "weekly":
        return (stamps - _FIRST_WEEK) // WEEK
    months = stamps.view("M8[us]").astype("M8[M]").astype(np.int64)
    return months // _MONTHS[period]


def _start(numbers: Instants, period: Period) -> Instants:
    """First stamps of periods."""
    if period == "weekly":
        return numbers * WEEK + _FIRST_WEEK
    months = (numbers * _MONTHS[period]).view("M8[M]")
    return months.astype("M8[us]").astype(np.int64)
