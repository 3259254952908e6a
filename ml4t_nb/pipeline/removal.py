"""Removing a dataset, or a range of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import prod

import pandas as pd

from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, observed
from ml4t_nb.core.calendars import calendar
from ml4t_nb.core.ledger import forgotten
from ml4t_nb.core.scale import splits_in
from ml4t_nb.core.settle import settle
from ml4t_nb.errors import OptionError, StoreError
from ml4t_nb.model import Basis, DatasetId
from ml4t_nb.pipeline.commit import grid_of
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.transaction import Transaction

__all__ = ["run_remove"]


def run_remove(
    store: Store,
    dataset: DatasetId,
    start: date | None,
    end: date | None,
    as_of: datetime | date,
) -> int:
    """Remove bars from ``start`` to ``end``, both inclusive; without both, the whole dataset.

    Bars taken out of the middle leave a gap, and fills are made anew from what is left. What is
    left is on the split basis of its last bar.

    Returns
    -------
    int
        Bars removed, filled ones too.

    Raises
    ------
    OptionError
        If a split would be taken out of the middle: nothing would tell any more how prices
        before it were traded.
    """
    with store.transaction(dataset) as tx:
        if start is None and end is None:
            rows = _rows(tx)
            tx.remove()
            return rows
        return _cut_out(tx, start, end, as_of)


def _rows(tx: Transaction) -> int:
    try:
        return 0 if tx.manifest is None else tx.manifest.rows
    except StoreError:
        return 0


def _cut_out(tx: Transaction, start: date | None, end: date | None, as_of: datetime | date) -> int:
    state = tx.manifest
    if state is None:
        return 0
    dates = calendar(state.setup.calendar, state.setup.closures)
    span = dates.span(start, end, state.dataset.frequency)
    held = tx.bars()
    inside = (held.index >= pd.Timestamp(span.start)) & (held.index < pd.Timestamp(span.end))
    left = observed(held[~inside])
    if left.empty:
        tx.remove()
        return len(held)
    left = _without_splits(left, held[inside], state.setup.basis)
    grid = grid_of(state.dataset, state.setup, dates)
    stretch = settle(left, grid=grid, known=state.gaps, fill_by=None, is_whole=True)
    tx.put(stretch.bars)
    instant = as_of if isinstance(as_of, datetime) else dates.closing(as_of, timedelta(0))
    tx.commit(
        setup=state.setup,
        gaps=stretch.gaps,
        findings=tuple(f for f in state.findings if f.stamp is None or f.stamp not in span),
        record=UpdateRecord(
            at=instant,
            verb="remove",
            provider=state.setup.provider,
            outcome="changed",
            gaps_open=sum(gap.is_pending for gap in stretch.gaps),
            notes=(f"removed {int(inside.sum())} bars",),
        ),
        updated=state.updated,
        verified=None,
        ledger=tuple(forgotten(state.ledger, span)),
    )
    return int(inside.sum())


def _without_splits(left: Bars, gone: Bars, basis: Basis) -> Bars:
    """``left`` on the basis of its last bar, once the splits of ``gone`` are not there any more."""
    splits = [(at, ratio) for at, ratio in splits_in(gone) if at > left.index[0]]
    for at, ratio in splits:
        if at < left.index[-1]:
            raise OptionError(
                f"the split {ratio:g}:1 of {at:%Y-%m-%d} would be removed from between other bars",
                hint="leave out --start or --end, to remove all bars before or after it too",
            )
    if not splits or basis == "as-traded":
        return left
    return undo_splits(left, prod(ratio for _, ratio in splits))
