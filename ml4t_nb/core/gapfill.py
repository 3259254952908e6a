"""Gaps, fills and suspect bars of a dataset, or of its end, once new bars are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, observed, upsert
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gap_detection import (
    doubled_stamps,
    extra_stamps,
    fill,
    find_gaps,
    merge_gaps,
    missing_stamps,
)
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.validation import find_suspect
from ml4t_nb.model import (
    Basis,
    DatasetConfig,
    DatasetId,
    FillMethod,
    Finding,
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
    "reconcile_gaps",
]

_CONFIRMED_AFTER = 2


@dataclass(frozen=True, slots=True)
class Fill:
    """How missing bars are made: by which method, and in gaps of at most how many bars.

    Parameters
    ----------
    is_at_once
        Fill a gap when it is found; otherwise once the provider's second empty answer has
        confirmed it, since most late bars come within a day.
    doubted
        Spans that are not filled: the exchange may have been closed.
    """

    method: FillMethod
    max_fill: int
    is_at_once: bool = True
    doubted: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedGrid:
    """Where a dataset's bars are expected, and on which basis they are.

    Parameters
    ----------
    tolerance
        How far an intraday stamp may be from its expected one, as a share of the bar's length.
    """

    calendar: Calendar
    frequency: Frequency
    tolerance: float
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

    def expected(self, stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Expected stamps from the first to the last of ``stamps``, both inclusive."""
        span = Span(as_instant(stamps[0]) - self.slack, as_instant(stamps[-1]) + self.slack + TICK)
        return self.calendar.stamps(span, self.frequency)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A dataset, or its end, with gaps and fills that agree with its observed bars.

    Parameters
    ----------
    bars
        Observed and filled bars.
    gaps
        The dataset's gaps, those before it as they were known.
    findings
        Soft findings in the bars.
    """

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
) -> Reconciled:
    """Find the gaps of a dataset, or of its end, and fill them again from the observed bars alone.

    Parameters
    ----------
    bars
        Filled ones are dropped.
    known
        The dataset's gaps before; their state, attempts and method are kept.
    fill_by
        For gaps that nothing fills yet; one that is filled keeps its method.
    is_whole
        They are the whole dataset: gaps known beyond its ends are dropped.
    answered
        Given all gaps, counts for each what the provider has answered; what may be filled
        depends on it.
    """
    real = observed(bars)
    if real.empty:
        return Reconciled(real, (), ())
    stamps = pd.DatetimeIndex(real.index)
    expected = grid.expected(stamps)
    span = Span(as_instant(stamps[0]), as_instant(stamps[-1]) + TICK)
    found = find_gaps(stamps, expected, tolerance=grid.slack)
    if is_whole:
        known = tuple(gap for gap in known if gap.start in span and gap.end in span)
    gaps = answered(merge_gaps(known, found, span))
    missing = missing_stamps(stamps, expected, tolerance=grid.slack)
    gaps = tuple(
        replace(gap, filled_by=_method(gap, fill_by)) if gap.start in span else gap for gap in gaps
    )
    made = real
    for method in get_args(FillMethod):
        inside = _stamps_in(missing, (g for g in gaps if g.filled_by == method and g.start in span))
        if len(inside):
            # The gap's length was judged above, as a whole: what is left is filled at any length.
            bars_made = fill(real, inside, expected, method, max_fill=len(inside), basis=grid.basis)
            made = upsert(made, bars_made)
    extra = extra_stamps(stamps, expected, tolerance=grid.slack)
    doubled = doubled_stamps(stamps, expected, tolerance=grid.slack)
    findings = (
        *find_suspect(real),
        *(Finding(as_instant(stamp), "extra", "a second bar of the same") for stamp in doubled),
        *(
            Finding(as_instant(stamp), "extra", "the calendar expects no bar here")
            for stamp in extra
        ),
    )
    return Reconciled(made, gaps, findings)


def count_empty_answers(
    gaps: Iterable[Gap], spans: tuple[Span, ...], *, as_of: datetime, dates: Calendar
) -> tuple[Gap, ...]:
    """Gaps with this run's empty answer counted for those that ``spans`` asked for.

    A second empty answer, after a later session's close than the first, confirms a gap: the
    provider has no such bars.
    """
    return tuple(
        _count(gap, as_of, dates)
        if gap.state in ("open", "failed")
        and any(gap.start in span and gap.end in span for span in spans)
        else gap
        for gap in gaps
    )


def _count(gap: Gap, as_of: datetime, dates: Calendar) -> Gap:
    if gap.asked is not None and dates.closed_by(as_of) <= dates.closed_by(gap.asked):
        return replace(gap, state="open", error=None)
    attempts = gap.attempts + 1
    state: GapState = "confirmed" if attempts >= _CONFIRMED_AFTER else "open"
    return replace(gap, state=state, attempts=attempts, asked=as_of, error=None)


def is_to_fill(gap: Gap, fill_by: Fill) -> bool:
    """Whether nothing stands in for the gap's bars, and ``fill_by`` makes some."""
    if gap.state == "closed" or gap.filled_by is not None or gap.is_left_open:
        return False
    if any(gap.start < span.end and span.start <= gap.end for span in fill_by.doubted):
        return False
    is_due = fill_by.is_at_once or gap.state == "confirmed"
    return is_due and gap.missing <= fill_by.max_fill


def _method(gap: Gap, fill_by: Fill | None) -> FillMethod | None:
    if gap.state == "closed":
        return None
    return fill_by.method if fill_by is not None and is_to_fill(gap, fill_by) else gap.filled_by


def _stamps_in(missing: pd.DatetimeIndex, gaps: Iterable[Gap]) -> pd.DatetimeIndex:
    first = [
        (missing.searchsorted(pd.Timestamp(gap.start)), missing.searchsorted(pd.Timestamp(gap.end)))
        for gap in gaps
    ]
    if not first:
        return missing[:0]
    return missing[np.concatenate([np.arange(start, end + 1) for start, end in first])]
