"""Splits and dividends by ex-date: what stored bars bear, what an answer shows, what then holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add, mul
from typing import TypeAlias

import numpy as np

from ml4t_nb.core.bars import Bars, Numbers, numbers_of, rows_in_common, splits_in
from ml4t_nb.core.price_ratio import find_scale
from ml4t_nb.core.timestamps import Instants, index_micros, to_micros
from ml4t_nb.model import Basis, CarriedAction

__all__ = [
    "DIVIDEND",
    "NOTHING",
    "SPLIT",
    "ActionKind",
    "ActionTable",
    "ByDate",
    "bar_for",
    "current_actions",
    "splits_between",
    "stored_actions",
]

ByDate: TypeAlias = dict[int, float]
"""Values by ex-date, in microseconds since 1970."""

NOTHING = 1e-9
"""A share of a dividend that is none but for rounding."""


@dataclass(frozen=True, slots=True)
class ActionKind:
    """Splits or dividends: how several make one, and how far rounding moves them."""

    column: str
    neutral: float
    combine: Callable[[float, float], float]
    relative: float
    absolute: float

    def total(self, values: Iterable[float]) -> float:
        """What several of one bar are together."""
        return reduce(self.combine, values, self.neutral)

    def same(self, one: float, other: float) -> bool:
        """Whether two differ by no more than rounding."""
        return abs(one - other) <= self.absolute + self.relative * abs(other)


SPLIT = ActionKind("split", 1.0, mul, 1e-4, 0.0)
DIVIDEND = ActionKind("dividend", 0.0, add, 1e-6, 1e-6)


@dataclass(frozen=True)
class ActionTable:
    """Both sides, and what is asked of them several times; stamps as whole microseconds."""

    stored: Bars
    fetched: Bars
    rejected: Bars
    asked: Sequence[tuple[int, int]]
    carried: Sequence[CarriedAction]
    basis: Basis
    is_overtaken: bool

    @cached_property
    def old(self) -> Instants:
        """Stamps of the stored bars."""
        return index_micros(self.stored.index)

    @cached_property
    def new(self) -> Instants:
        """Stamps of the fetched bars."""
        return index_micros(self.fetched.index)

    @cached_property
    def merged(self) -> Instants:
        """Stamps that will be stored."""
        return np.union1d(self.old, self.new)

    def span_of(self, date: int) -> int:
        """Which span asked for ``date``; -1 if none did."""
        among = (at for at, (start, end) in enumerate(self.asked) if start <= date < end)
        return next(among, -1)

    def is_judged(self, bar: int, span: int) -> bool:
        """Whether the answer shows which actions ``bar`` bears."""
        if not self.is_held(bar):
            return True
        at = int(np.searchsorted(self.merged, bar))
        if span < 0 or at == 0:
            return False
        before = int(self.merged[at - 1])
        return not self.is_held(before) if self.is_overtaken else self.asked[span][0] <= before

    def is_held(self, date: int) -> bool:
        """Whether a bar of that stamp is stored."""
        return bar_for(self.old, date) == date

    def ratio(self, date: int) -> float:
        """Stored over fetched price at ``date``, where the provider has moved to another basis."""
        common, ratios = self._ratios
        if not len(common):
            return 1.0
        return float(ratios[min(int(np.searchsorted(common, date)), len(common) - 1)])

    @cached_property
    def _ratios(self) -> tuple[Instants, Numbers]:
        rows_of_old, rows_of_new = rows_in_common(self.old, self.new)
        common = self.old[rows_of_old]
        if self.basis == "as-traded" or not len(common):
            return common[:0], np.ones(0)
        stored = numbers_of(self.stored)[rows_of_old]
        fetched = numbers_of(self.fetched)[rows_of_new]
        # A row without a sound bar may report a split, too.
        splits = sorted((*splits_in(self.rejected), *splits_in(self.fetched)))
        scale = find_scale(common, stored, fetched, tuple(splits))
        return common, np.ones(len(common)) if scale is None else scale.ratio


def splits_between(splits: ByDate, date: int, bar: int) -> float:
    """The splits after ``date`` up to ``bar``: what is paid in shares as traded then, is less."""
    return SPLIT.total(ratio for at, ratio in splits.items() if date < at <= bar)


def stored_actions(table: ActionTable, kind: ActionKind, splits: ByDate) -> ByDate:
    """What the stored bars bear, by ex-date, on the basis fetched, each in its own day's shares.

    ``splits`` are those held, if prices are as traded.
    """
    own = _reported(table.stored, kind)
    left = dict.fromkeys(own, 1.0)
    held: ByDate = {}
    for each in table.carried:
        bar = to_micros(each.bar)
        if not table.is_held(bar):
            continue
        if kind is SPLIT and each.split != 1:
            held[to_micros(each.ex_date)] = each.split
            own[bar] = own.get(bar, 1.0) / each.split
        elif kind is DIVIDEND and each.share and bar in own:
            date = to_micros(each.ex_date)
            held[date] = own[bar] * each.share * splits_between(splits, date, bar)
            left[bar] -= each.share
    for bar, value in own.items():
        rest = value * left.get(bar, 1.0) if kind is DIVIDEND else value
        if left.get(bar, 1.0) > NOTHING and abs(rest - kind.neutral) > NOTHING * abs(rest):
            held[bar] = rest
    if kind is SPLIT:
        return held
    return {
        date: value / table.ratio(bar_for(table.old, date) or date) for date, value in held.items()
    }


def _reported(bars: Bars, kind: ActionKind) -> ByDate:
    if bars.empty:
        return {}
    column = bars[kind.column].to_numpy()
    rows = np.flatnonzero(column != kind.neutral)
    stamps = index_micros(bars.index)[rows]
    return dict(zip(stamps.tolist(), column[rows].tolist(), strict=True))


def current_actions(table: ActionTable, kind: ActionKind, held: ByDate) -> ByDate:
    """The actions there are, by ex-date: what is stored, and what the answer says of it."""
    fetched = _reported(table.rejected, kind) | _reported(table.fetched, kind)
    groups: dict[tuple[int, int], tuple[ByDate, ByDate]] = defaultdict(lambda: ({}, {}))
    for side, actions in enumerate((held, fetched)):
        for date, value in actions.items():
            place = int(np.searchsorted(table.new, date))
            groups[table.span_of(date), place][side][date] = value
    final: ByDate = {}
    for (span, place), (ours, theirs) in groups.items():
        end = int(table.new[place]) if place < len(table.new) else None
        end = None if end is None or table.span_of(end) != span else end
        bar = bar_for(table.merged, min((*theirs, *ours))) if end is None else end
        if bar is None:
            final |= theirs
        elif table.is_judged(bar, span):
            final |= _settled(kind, ours, theirs, end)
        else:
            final |= ours
    return final


def _settled(kind: ActionKind, ours: ByDate, theirs: ByDate, end: int | None) -> ByDate:
    """Actions between two sound bars of an answer, of which the later one is at ``end``."""
    if ours.keys() == theirs.keys():
        return theirs
    if kind.same(kind.total(theirs.values()), kind.total(ours.values())):
        return ours
    reported_again = [value for date, value in theirs.items() if date not in ours]

    def is_left(date: int, value: float) -> bool:
        is_again = any(kind.same(value, other) for other in reported_again)
        return date not in theirs and date != end and not is_again

    return {date: value for date, value in ours.items() if is_left(date, value)} | theirs


def bar_for(stamps: Instants, date: int) -> int | None:
    """Which of the bars at ``stamps`` bears an action of ``date``; None if it is still to come."""
    at = int(np.searchsorted(stamps, date))
    return int(stamps[at]) if at < len(stamps) else None
