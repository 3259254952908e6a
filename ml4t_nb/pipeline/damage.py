"""What of a dataset with damaged chunks can be read, and what of it must go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ml4t_nb.core.bars import Bars, as_instant, concat
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import ChunkCorrupt, OptionError
from ml4t_nb.model import Frequency, NextStep, Span, bar_length
from ml4t_nb.options import source
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.transaction import Transaction

__all__ = ["Damaged", "readable", "require_loss"]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A chunk that cannot be read, and why."""

    chunk: Chunk
    error: ChunkCorrupt


def readable(tx: Transaction, state: Manifest) -> tuple[Bars, tuple[Damaged, ...]]:
    """Bars of all chunks that can be read, and the chunks that cannot, in order of time."""
    parts, damaged = [], []
    for chunk in state.chunks:
        try:
            parts.append(tx.bars(Span(chunk.first, chunk.last + TICK)))
        except ChunkCorrupt as error:
            damaged.append(Damaged(chunk, error))
    return concat(parts), tuple(damaged)


def require_loss(
    damaged: Sequence[Damaged], state: Manifest, dates: Calendar, span: Span, left: Bars
) -> None:
    """Nothing, if the damaged chunks may go with the bars in ``span``.

    Nobody knows the splits in them. Without one of its splits, a bar before it can be brought to
    the basis of the last bar no more: neither the stored prices, where they are split-adjusted,
    nor, where they are as traded, a view of them beside bars after it.

    Parameters
    ----------
    left
        Bars that would stay.

    Raises
    ------
    ChunkCorrupt
        If the span leaves a bar of a damaged chunk; the hint names the dates to remove.
    OptionError
        If bars would stay before them that need their splits.
    """
    first, last = damaged[0].chunk.first, damaged[-1].chunk.last
    ends = tuple(_date_of(each, dates, state.dataset.frequency) for each in (first, last))
    words, step = _way_out(first, last, ends, state)
    hint = (f"restore it from a backup, or {words}: ", step)
    if first < span.start or span.end <= last:
        error = damaged[0].error
        raise ChunkCorrupt(error.message, hint=hint) from error
    if left.empty or first < as_instant(left.index[0]):
        return
    if state.config.basis == "split-adjusted" or last < as_instant(left.index[-1]):
        raise OptionError(
            f"the bars from {ends[0]} to {ends[1]} cannot be read: a split among them would be "
            "lost, and prices before them would be wrong",
            hint=hint,
        )


def _way_out(
    first: datetime, last: datetime, ends: Sequence[date], state: Manifest
) -> tuple[str, NextStep]:
    """The removal of the fewest bars that rids the dataset of those from first to last."""
    dataset = state.dataset
    has_before, has_after = first != state.first, last != state.last
    if not has_after and (state.config.basis == "split-adjusted" or not has_before):
        config = state.config
        origin = source(dataset, config.provider, config.calendar, state.first, config.zone)
        return "fetch everything again", NextStep("reload", dataset, source=origin)
    if has_before and has_after:
        return f"remove all bars up to {ends[1]}", NextStep("remove", dataset, end=ends[1])
    start, end = ends
    step = NextStep("remove", dataset, start=start, end=end)
    return f"remove all bars from {start} to {end}", step


def _date_of(stamp: datetime, dates: Calendar, frequency: Frequency) -> date:
    """The date that a bar is removed by."""
    if bar_length(frequency) is None:
        return stamp.astimezone(UTC).date()
    day = stamp.astimezone(dates.zone).date()
    # A currency's session begins on the evening before its date.
    return day if stamp < dates.span(day, day, frequency).end else day + timedelta(days=1)
