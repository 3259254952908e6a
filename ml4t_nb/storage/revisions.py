"""Which rows a commit replaces, takes out or adds, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ml4t_nb.core.bars import Flags
from ml4t_nb.core.timestamps import Instants, to_micros
from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.records import Source
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.row_log import LogEntry, LoggedTable, coded_words, logged_table
from ml4t_nb.storage.rows import Edit, Rows, TimeRange

__all__ = ["Change", "Providers", "RevisedRows", "revised_rows", "revisions_table"]

Change: TypeAlias = Literal["replaced", "removed", "added"]
_CHANGES: tuple[Change, ...] = get_args(Change)


class Providers(NamedTuple):
    """Whose bars those of a dataset are: its own provider's, but for the ``sources``."""

    own: str
    sources: Sequence[Source]

    def codes(self, stamps: Instants) -> NDArray[np.int32]:
        """Of the bar at each stamp, which of ``names`` it is from."""
        codes = np.zeros(len(stamps), np.int32)
        for place, source in enumerate(self.sources, start=1):
            ends = [to_micros(source.span.start), to_micros(source.span.end)]
            codes[slice(*np.searchsorted(stamps, ends).tolist())] = place
        return codes

    @property
    def names(self) -> list[str]:
        """Its own provider's, and those of the sources."""
        return [self.own, *(source.provider for source in self.sources)]


class RevisedRows(NamedTuple):
    """Rows of one kind of change: as they were, but the added ones as they are."""

    change: Change
    rows: Rows


def revised_rows(
    chunks: Sequence[Chunk],
    edits: Sequence[Edit],
    read: Callable[[Chunk, TimeRange], Rows],
    *,
    with_added: bool,
    with_removed: bool = True,
) -> list[RevisedRows]:
    """What ``edits`` change of the rows in ``chunks``, both in order of time.

    Of filled rows only what is asked for ``with_added``. Rows of a damaged chunk are not known.
    """
    found: list[RevisedRows] = []
    stamps: list[Instants] = []
    for chunk in chunks:
        span = TimeRange.through(chunk.first, chunk.last)
        touching = [edit for edit in edits if edit.time_range.overlaps(span)]
        if not touching:
            continue
        touched = TimeRange(touching[0].time_range.start, touching[-1].time_range.end) & span
        with suppress(ChunkCorrupt):
            stored = read(chunk, touched)
            for edit in touching:
                old, new = stored.between(edit.time_range), edit.rows.between(span)
                found += _overwritten(old, new, with_filled=with_added)
                stamps.append(old.stamps)
    if with_added:
        held = np.concatenate([np.empty(0, np.int64), *stamps])
        found += [_added(held, edit.rows) for edit in edits]
    return [each for each in found if len(each.rows) and (with_removed or each.change != "removed")]


def _overwritten(old: Rows, new: Rows, *, with_filled: bool) -> Iterator[RevisedRows]:
    """Rows of ``old`` in whose place ``new`` has others or none."""
    places = np.searchsorted(new.stamps, old.stamps)
    is_there = places < len(new)
    places[~is_there] = 0
    is_same = np.zeros(len(old), np.bool_)
    if len(new):
        is_there &= new.stamps[places] == old.stamps
        is_same = is_there & (old.filled == new.filled[places])
        for before, after in zip(old.numbers, new.numbers, strict=True):
            is_same &= before.view(np.int64) == after.view(np.int64)[places]
    is_logged = np.ones(len(old), np.bool_) if with_filled else ~old.filled
    yield RevisedRows("replaced", _only(old, is_there & ~is_same & is_logged))
    yield RevisedRows("removed", _only(old, ~is_there & is_logged))


def _added(held: Instants, new: Rows) -> RevisedRows:
    return RevisedRows("added", _only(new, ~np.isin(new.stamps, held, assume_unique=True)))


def _only(rows: Rows, chosen: Flags) -> Rows:
    if not chosen.any():
        return Rows.empty()
    return Rows(rows.stamps[chosen], rows.numbers[:, chosen], rows.filled[chosen])


def revisions_table(
    revised: Sequence[RevisedRows],
    entry: LogEntry,
    rule: str,
    *,
    before: Providers,
    after: Providers,
) -> LoggedTable:
    """What is to be logged of a commit, in order of time."""
    rows = Rows.join(part.rows for part in revised)
    changes = [np.full(len(part.rows), _CHANGES.index(part.change), np.int32) for part in revised]
    later = len(before.names)
    providers = [
        later + after.codes(part.rows.stamps)
        if part.change == "added"
        else before.codes(part.rows.stamps)
        for part in revised
    ]
    order = np.argsort(rows.stamps, kind="stable")
    return logged_table(
        entry,
        rows.stamps[order],
        [line[order] for line in rows.numbers],
        rows.filled[order],
        (
            coded_words(np.concatenate(providers)[order], [*before.names, *after.names]),
            coded_words(np.concatenate(changes)[order], _CHANGES),
            rule,
            "",
        ),
    )
