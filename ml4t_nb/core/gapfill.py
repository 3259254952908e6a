"""Gaps, fills and suspect bars of a dataset, or of its end, once new bars are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import get_args

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, observed, upsert
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gap_detection import StampMatch, fill, gap_of, merge_gaps
from ml4t_nb.core.timestamps import TICK, Instants, index_micros, to_micros
from ml4t_nb.finding import Finding
from ml4t_nb.model import (
    Basis,
    DatasetConfig,
    DatasetId,
    FillMethod,
    Frequency,
    Gap,
    GapState,
    Span,
    bar_length,
)

__all__ = [
    "ExpectedGrid",
    "Fill",
    "Reconciled",
    "count_empty_answers",
    "is_to_fill",
    "is_to_request",
    "reconcile_gaps",
]

_CONFIRMED_AFTER = 2
_REJECTED = -2


@dataclass(frozen=True, slots=True)
class Fill:
    """How missing bars are made: by which method, and in gaps of at most how many bars.

    A gap is filled at once when it is found; otherwise once the provider's second empty answer has
    confirmed it, since most late bars come within a day. In doubted spans, in which the exchange
    may have been closed, none is.
    """

    method: FillMethod
    max_fill: int
    is_at_once: bool = True
    doubted: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedGrid:
    """Where a dataset's bars are expected, and on which basis they are."""

    calendar: Calendar
    frequency: Frequency
    tolerance: float  # how far an intraday stamp may be off, as a share of the bar's length
    basis: Basis

    @classmethod
    def of(cls, dataset: DatasetId, config: DatasetConfig, dates: Calendar) -> ExpectedGrid:
        """That of a dataset, on its calendar."""
        return cls(dates, dataset.frequency, config.tolerance, config.basis)

    @property
    def slack(self) -> timedelta:
        """The tolerance as a time; none for daily and weekly bars, which match exactly."""
        length = bar_length(self.frequency)
        return timedelta(0) if length is None else length * self.tolerance

    def match(self, stamps: pd.DatetimeIndex) -> StampMatch:
        """Stamps of observed bars against those expected from the first to the last of them."""
        if stamps.empty:
            return StampMatch(stamps, stamps)
        span = Span(as_instant(stamps[0]) - self.slack, as_instant(stamps[-1]) + self.slack + TICK)
        return StampMatch(stamps, self.calendar.stamps(span, self.frequency), self.slack)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Observed and filled bars, all gaps of their dataset, and bars outside its calendar."""

    bars: Bars
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]


def reconcile_gaps(
    bars: Bars,
    *,
    grid: ExpectedGrid,
    known: tuple[Gap, ...],
    fill_by: Fill | None,
    is_whole: bool,
    answered: Callable[[tuple[Gap, ...]], tuple[Gap, ...]] = tuple,
    rejected: pd.DatetimeIndex | None = None,
) -> Reconciled:
    """Find the gaps of a dataset, or of its end, and fill them again from the observed bars alone.

    Gaps ``known`` before keep their state, attempts and method, and ``fill_by`` is for those that
    nothing fills yet. Those known beyond the ends of a whole dataset are dropped. Given all gaps,
    ``answered`` counts for each what the provider has answered; what may be filled depends on it.
    Bars that a person ``rejected`` are gaps of their own, which are not filled.
    """
    real = observed(bars)
    if real.empty:
        return Reconciled(real, (), ())
    match = grid.match(pd.DatetimeIndex(real.index))
    span = Span(as_instant(real.index[0]), as_instant(real.index[-1]) + TICK)
    if is_whole:
        known = tuple(gap for gap in known if span.covers(gap.span))
    missing, made = match.missing, real
    kinds = _kinds(missing, known, rejected, grid.slack)
    found = merge_gaps(known, match.gaps_by(kinds), span)
    if (kinds == _REJECTED).any():
        out = index_micros(missing)[kinds == _REJECTED]
        found = tuple(_rejected(gap) if to_micros(gap.start) in out else gap for gap in found)
    gaps = tuple(
        replace(gap, filled_by=_method(gap, fill_by)) if gap.start in span else gap
        for gap in answered(found)
    )
    # A stamp in no gap takes the last entry.
    methods = np.array([*(gap.filled_by for gap in gaps), None])
    method_of = methods[gap_of(index_micros(missing), gaps)]
    for method in get_args(FillMethod):
        is_made = method_of == method
        if is_made.any():
            inside = missing[is_made]
            # The gap's length was judged above, as a whole: what is left is filled at any length.
            bars_made = fill(
                real, inside, match.expected, method, max_fill=len(inside), basis=grid.basis
            )
            made = upsert(made, bars_made)
    strays = (
        *((stamp, "a second bar of the same") for stamp in match.doubled),
        *((stamp, "the calendar expects no bar here") for stamp in match.extra),
    )
    extra = (Finding(as_instant(stamp), "extra", detail) for stamp, detail in strays)
    return Reconciled(made, gaps, tuple(extra))


def count_empty_answers(
    gaps: Iterable[Gap], spans: tuple[Span, ...], *, as_of: datetime, dates: Calendar
) -> tuple[Gap, ...]:
    """Gaps with this run's empty answer counted for those that ``spans`` asked for.

    A second empty answer, after a later session's close than the first, confirms a gap: the
    provider has no such bars. To a gap of rejected bars it answers with nothing else than those.
    """
    closed_by = cache(dates.closed_by)

    def counted(gap: Gap) -> Gap:
        is_asked = any(span.covers(gap.span) for span in spans)
        if gap.state not in ("open", "failed", "rejected") or not is_asked:
            return gap
        open_state: GapState = "rejected" if gap.state == "rejected" else "open"
        if gap.asked is not None and closed_by(as_of) <= closed_by(gap.asked):
            return replace(gap, state=open_state, error=None)
        attempts = gap.attempts + 1
        is_confirmed = attempts >= _CONFIRMED_AFTER and open_state == "open"
        state: GapState = "confirmed" if is_confirmed else open_state
        return replace(gap, state=state, attempts=attempts, asked=as_of, error=None)

    return tuple(counted(gap) for gap in gaps)


def is_to_request(gap: Gap) -> bool:
    """Whether an update asks for the gap's bars again: until the provider has answered twice."""
    if gap.state == "rejected":
        return gap.attempts < _CONFIRMED_AFTER
    return gap.state in ("open", "failed")


def is_to_fill(gap: Gap, fill_by: Fill) -> bool:
    """Whether nothing stands in for the gap's bars, and ``fill_by`` makes some."""
    if gap.state in ("closed", "rejected") or gap.filled_by is not None or gap.is_left_open:
        return False
    if any(span.meets(gap.span) for span in fill_by.doubted):
        return False
    is_due = fill_by.is_at_once or gap.state == "confirmed"
    return is_due and gap.missing <= fill_by.max_fill


def _kinds(
    missing: pd.DatetimeIndex,
    known: Iterable[Gap],
    rejected: pd.DatetimeIndex | None,
    slack: timedelta,
) -> Instants:
    """Which missing bars a person has rejected: now, or by which known gap, as a number."""
    at = index_micros(missing)
    apart = tuple(gap for gap in known if gap.state == "rejected")
    kinds: Instants = gap_of(at, apart) if apart else np.full(len(at), -1)
    if rejected is not None and len(rejected) and len(at):
        near = rejected.get_indexer(missing, method="nearest", tolerance=slack) >= 0
        kinds[near & (kinds < 0)] = _REJECTED
    return kinds


def _rejected(gap: Gap) -> Gap:
    """A gap of bars that a person has rejected, and not declared closed."""
    return gap if gap.state == "closed" else Gap(gap.start, gap.end, gap.missing, "rejected")


def _method(gap: Gap, fill_by: Fill | None) -> FillMethod | None:
    if gap.state == "closed":
        return None
    return fill_by.method if fill_by is not None and is_to_fill(gap, fill_by) else gap.filled_by
