"""Splits and dividends by ex-date: what is stored, what an answer shows, which bar bears them.

A split or dividend takes effect with the first bar at or after its ex-date. Where the bar of the
ex-date itself is not stored, the next one bears it, and the manifest keeps the ex-date
(`CarriedAction`), so that a later answer is compared date by date and not bar by bar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml4t_nb.core.action_dates import (
    DIVIDEND,
    NOTHING,
    SPLIT,
    ActionKind,
    ActionTable,
    ByDate,
    bar_for,
    current_actions,
    splits_between,
    stored_actions,
)
from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, Numbers, as_instant, empty_bars
from ml4t_nb.core.request_spans import merge_spans
from ml4t_nb.core.timestamps import from_micros, index_micros, to_micros
from ml4t_nb.core.validation import rejected_actions
from ml4t_nb.model import Basis, CarriedAction, Span
from ml4t_nb.records import Revision

__all__ = ["AlignedActions", "align_actions", "carry_dividends", "with_actions_of"]


@dataclass(frozen=True, slots=True)
class AlignedActions:
    """Stored and fetched bars with every action on the bar that is to bear it."""

    stored: Bars
    fetched: Bars
    carried: tuple[CarriedAction, ...]
    revisions: tuple[Revision, ...]  # on stored bars which were not fetched


def align_actions(
    stored: Bars,
    fetched: Bars,
    rejected: Bars,
    *,
    asked: Sequence[Span],
    carried: Sequence[CarriedAction],
    basis: Basis,
    is_overtaken: bool = False,
) -> AlignedActions:
    """Put every action on the bar that bears it once both are merged, each exactly once.

    An answer is taken at its word, but its silence proves little: of what took effect before the
    first bar that was asked for it says nothing, nor of a day of which it has no row. So the
    actions of a stored bar are judged only where the bar before it was asked for too; an action
    whose day has no sound row in the answer stays; and one reported for another day than it is
    stored under, with no sound row between the two, is the same one.

    Stored are observed bars from before the first asked one to the end, and what they carry;
    fetched are sound bars, each with the actions of its own row, and rejected those rows without
    one of which `core.validation.rejected_actions` returns. Where stored bars are overtaken they
    stay as they are, and only those they lack are added.
    """
    spans = merge_spans(asked, at_once=False)
    ranges = [(to_micros(each.start), to_micros(each.end)) for each in spans]
    table = ActionTable(stored, fetched, rejected, ranges, tuple(carried), basis, is_overtaken)
    splits = _aligned(table, SPLIT, {}, {})
    steps = (splits.before, splits.after) if basis == "as-traded" else ({}, {})
    dividends = _aligned(table, DIVIDEND, *steps)
    changed = (
        (kind, before, after)
        for kind, after in ((SPLIT, splits.stored), (DIVIDEND, dividends.stored))
        for before in (stored[kind.column].to_numpy(),)
        if (before != after).any()
    )
    return AlignedActions(
        stored=_with_actions(stored, splits.stored, dividends.stored),
        fetched=_with_actions(fetched, splits.fetched, dividends.fetched),
        carried=tuple(
            CarriedAction(
                from_micros(at[0]),
                from_micros(at[1]),
                splits.moved.get(at, 1.0),
                dividends.moved.get(at, 0.0),
            )
            for at in sorted({*splits.moved, *dividends.moved})
        ),
        revisions=tuple(
            Revision(as_instant(stored.index[row]), kind.column, float(old[row]), float(new[row]))
            for kind, old, new in changed
            for row in np.flatnonzero((old != new) & ~stored.index.isin(fetched.index)).tolist()
        ),
    )


def _with_actions(bars: Bars, split: Numbers, dividend: Numbers) -> Bars:
    """The bars with these actions; the same frame where they have them already."""
    held = (bars["split"].to_numpy(), bars["dividend"].to_numpy())
    # To the last bit: a zero may have a sign.
    if all(map(_is_same, held, (split, dividend))):
        return bars
    return bars.assign(split=split, dividend=dividend)


def _is_same(one: Numbers, other: Numbers) -> bool:
    return np.array_equal(one, other) and np.array_equal(np.signbit(one), np.signbit(other))


def with_actions_of(rows: Bars, sound: Bars) -> Bars:
    """``sound`` bars, which also bear what the other ``rows`` of the same answer report."""
    rejected = rejected_actions(rows, sound)
    alone = align_actions(empty_bars(), sound, rejected, asked=(), carried=(), basis="as-traded")
    return alone.fetched


@dataclass(frozen=True, slots=True)
class _Columns:
    """One kind of action, aligned: as it was held before and is after, by ex-date."""

    stored: Numbers
    fetched: Numbers
    moved: dict[tuple[int, int], float]  # by ex-date and bar the split, or the share
    before: ByDate
    after: ByDate


def _aligned(
    table: ActionTable, kind: ActionKind, old_splits: ByDate, new_splits: ByDate
) -> _Columns:
    """One kind; where prices are as traded, with the splits of both sides for the dividends.

    A dividend is paid on the shares of its ex-date: the bar after a split bears so much less.
    """
    held = stored_actions(table, kind, old_splits)
    final = current_actions(table, kind, held)
    stored = table.stored[kind.column].to_numpy(copy=True)
    fetched = np.full(len(table.new), kind.neutral)
    if not held and not final:
        return _Columns(stored, fetched, {}, held, final)
    by_bar: dict[int, ByDate] = defaultdict(dict)
    before: dict[int, ByDate] = defaultdict(dict)
    for actions, stamps, splits, bars in (
        (final, table.merged, new_splits, by_bar),
        (held, table.old, old_splits, before),
    ):
        for date, value in actions.items():
            bar = bar_for(stamps, date)
            if bar is not None:
                bars[bar][date] = value / splits_between(splits, date, bar)
    for bar in {*by_bar, *before}:
        row, is_stored = int(np.searchsorted(table.old, bar)), table.is_held(bar)
        is_fetched = bar_for(table.new, bar) == bar
        basis = table.ratio(bar) if kind is DIVIDEND and is_stored else 1.0
        value = kind.total(by_bar[bar].values())
        if is_stored and by_bar[bar] == before[bar]:
            value = stored[row] / basis
        if is_fetched:
            fetched[np.searchsorted(table.new, bar)] = value
        if is_stored and by_bar[bar] != before[bar] and (table.is_overtaken or not is_fetched):
            stored[row] = value * basis
    moved = {
        (date, bar): value / kind.total(actions.values()) if kind is DIVIDEND else value
        for bar, actions in by_bar.items()
        for date, value in actions.items()
        if date != bar
    }
    return _Columns(stored, fetched, moved, held, final)


def carry_dividends(
    left: Bars, whole: Bars, carried: Sequence[CarriedAction], basis: Basis
) -> tuple[Bars, tuple[CarriedAction, ...]]:
    """``left`` with the dividends of bars that were taken out from between, on the next bars.

    As much as leaves the total return over the hole as it was: a dividend counts as a share of
    the close before it, and on as-traded bars a split after it counts too. One that is not less
    than that close has no such share, and goes with its bar. The ``whole`` are the observed bars
    before any was taken out, of which some are ``carried``; the result is what the bars carry then.
    """
    bears = dict(zip(index_micros(left.index).tolist(), left["dividend"].tolist(), strict=True))
    stay = [each for each in carried if to_micros(each.bar) in bears]
    on_splits = adjusted(whole, "splits", basis=basis)
    before = on_splits["close"].shift().to_numpy()
    taken = on_splits["dividend"].to_numpy() / before
    taken = np.where(np.isfinite(taken) & (taken < 1), taken, 0.0)
    scale = (whole["close"] / on_splits["close"]).to_numpy()
    rows = whole.index.get_indexer(left.index)
    dividend = left["dividend"].to_numpy(copy=True)
    for place in np.flatnonzero(np.diff(rows) > 1).tolist():
        first, after = int(rows[place]) + 1, int(rows[place + 1])
        gone = {
            date: share
            for row in range(first, after)
            for date, share in _shares_of(whole, carried, row, float(taken[row])).items()
        }
        if not gone:
            continue
        own = float(dividend[place + 1])
        kept = float(np.prod(1 - taken[first:after]))
        is_sound = own == 0 or taken[after] > 0
        through = (
            float(before[first]) * (1 - kept * (1 - float(taken[after]))) * float(scale[after])
        )
        total = through if is_sound else through + own
        bar = to_micros(as_instant(left.index[place + 1]))
        dividend[place + 1] = total
        stay = [
            replace(each, share=each.share * own / total) if to_micros(each.bar) == bar else each
            for each in stay
        ]
        part = (total - own) / total / sum(gone.values())
        stay += [
            CarriedAction(from_micros(date), from_micros(bar), share=share * part)
            for date, share in gone.items()
        ]
    return left.assign(dividend=dividend), tuple(sorted(stay, key=lambda each: each.ex_date))


def _shares_of(whole: Bars, carried: Sequence[CarriedAction], row: int, taken: float) -> ByDate:
    """By ex-date, the shares of a close that the dividends on one bar take, ``taken`` in all."""
    if not taken:
        return {}
    bar = as_instant(whole.index[row])
    parts = {
        to_micros(each.ex_date): each.share for each in carried if each.bar == bar and each.share
    }
    rest = 1 - sum(parts.values())
    if rest > NOTHING:
        parts[to_micros(bar)] = rest
    return {date: taken * part for date, part in parts.items()}
