"""The end of a dataset that a run may change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ml4t_nb.core.bars import Bars, as_instant, observed
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import DatasetConfig, Span
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.storage.transaction import Transaction

__all__ = ["RewriteWindow", "rewrite_window"]


@dataclass(frozen=True, slots=True)
class RewriteWindow:
    """The end of a dataset that a run may change, from an observed bar the run did not ask for.

    Parameters
    ----------
    start
        None if it is the whole dataset.
    """

    start: datetime | None
    bars: Bars

    def span(self, bars: Bars) -> Span | None:
        """Where ``bars`` take the place of its own; None for the whole dataset."""
        if self.start is None:
            return None
        ends = [part.index[-1] for part in (self.bars, bars) if len(part)]
        return Span(self.start, as_instant(max(ends)) + TICK)


def rewrite_window(
    tx: Transaction, config: DatasetConfig, got: FetchResult, *, is_whole: bool
) -> RewriteWindow:
    """What a fetch may change, of the dataset as it is under the lock."""
    state = tx.manifest
    start = min(span.start for span in got.answered)
    if (
        is_whole
        or state is None
        or state.first is None
        or start <= state.first
        or _changes_gaps(config, state.config)
    ):
        return RewriteWindow(None, tx.bars())
    for reach in (timedelta(days=10), timedelta(days=100), start - state.first):
        before = observed(tx.bars(Span(start - reach, start)))
        if len(before):
            break
    floor = as_instant(before.index[-1])
    return RewriteWindow(floor, tx.bars(Span(floor, state.last + TICK if state.last else start)))


def _changes_gaps(config: DatasetConfig, before: DatasetConfig) -> bool:
    """Whether another calendar, closure or tolerance finds other gaps in the same bars."""
    return (config.calendar, config.session_overrides, config.tolerance) != (
        before.calendar,
        before.session_overrides,
        before.tolerance,
    )
