"""Bars as steps on the axis, as many to a step as a screen cannot distinguish; ranges of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ml4t_nb.model import DatasetId, Frequency, Gap, GapState, bar_length
from ml4t_nb.render.plots.theme import gaps_story
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

__all__ = [
    "MOST_CANDLES",
    "Band",
    "Steps",
    "bands_of",
    "cut",
    "dates_of",
    "gap_near",
    "labels_of",
    "rows_in",
    "rows_of",
    "stamps_around",
    "stamps_between",
    "steps_of",
]

MOST_CANDLES = 1500
_REACH = 0.005  # of the axis: what a hand that points misses by


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What is drawn from left to right, without holes for nights and closed days.

    A step is one bar, or ``size`` bars that follow one another, bars missing in a gap included:
    ``rows`` are the stamps of all. ``labels`` name each step once, by its date, or by its first
    stamp in the calendar's own time. ``table`` has one row a step: ``open high low close volume``
    of the observed bars, NaN if there are none: first, highest, lowest, last, sum. ``made`` is the
    last filled close, or NaN; ``observed``, ``filled`` and ``missing`` are numbers of bars.
    """

    size: int
    rows: pd.DatetimeIndex
    labels: tuple[str, ...]
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Band:
    """Gaps of one state that touch on the axis, from step to step, both inclusive, and why."""

    first: int
    last: int
    state: GapState
    is_filled: bool
    story: str


def steps_of(report: PlotReport, *, most: int = MOST_CANDLES) -> Steps:
    """At most ``most`` steps; no high, low or unit of volume is lost."""
    import numpy as np
    import pandas as pd

    rows = rows_in(report)
    size = max(-(-len(rows) // most), 1)
    step = np.arange(len(rows)) // size
    is_made = report.bars["filled"].astype(bool)
    observed = report.bars[~is_made].reindex(rows)
    made = report.bars.loc[is_made, "close"].reindex(rows)
    kinds = pd.DataFrame({"observed": observed["close"].notna(), "filled": made.notna()})
    kinds["missing"] = ~kinds.any(axis=1)
    table = observed.groupby(step).agg(
        {"open": "first", "high": "max", "low": "min", "close": "last"}
    )
    table["volume"] = _sum(observed["volume"].to_numpy(), np.arange(0, len(rows), size))
    table["made"] = made.groupby(step).last()
    table = table.join(kinds.groupby(step).sum())
    return Steps(size, rows, labels_of(rows[::size], report.dataset.frequency, report.zone), table)


def _sum(values: Floats, starts: Any) -> Floats:  # noqa: ANN401  # row numbers
    """Sum of each group of values that begins at one of ``starts``; NaN if it has no finite value.

    Not by pandas' groups: their sums are compensated for rounding, and differ in the last digit.
    """
    import numpy as np

    sums: Floats = np.add.reduceat(np.nan_to_num(values), starts)
    return np.where(np.add.reduceat(np.isfinite(values).astype(int), starts) > 0, sums, np.nan)


def labels_of(stamps: pd.DatetimeIndex, frequency: Frequency, zone: str) -> tuple[str, ...]:
    """A name for each stamp, no two alike."""
    if bar_length(frequency) is None:
        return tuple(stamps.strftime("%Y-%m-%d"))
    labels = tuple(stamps.tz_convert(zone).strftime("%H:%M<br>%Y-%m-%d"))
    if len(set(labels)) == len(labels):
        return labels
    # The hour that comes twice when clocks go back, or stamps within one minute.
    return tuple(stamps.strftime("%H:%M:%S.%f UTC<br>%Y-%m-%d"))


def bands_of(report: PlotReport, steps: Steps) -> tuple[Band, ...]:
    """Bands over the steps that lack bars, from left to right."""
    import pandas as pd

    if not report.gaps or not len(steps):
        return ()
    firsts = steps.rows.searchsorted(pd.DatetimeIndex([gap.start for gap in report.gaps]))
    ends = pd.DatetimeIndex([gap.end for gap in report.gaps])
    lasts = steps.rows.searchsorted(ends, side="right") - 1
    runs: dict[tuple[GapState, bool], list[tuple[int, int, list[Gap]]]] = {}
    for gap, start, end in zip(report.gaps, firsts.tolist(), lasts.tolist(), strict=True):
        if end < start:
            continue  # it has no row here: it is beyond the bars
        first, last = start // steps.size, end // steps.size
        known = runs.setdefault((gap.state, gap.filled_by is not None), [])
        # Bands that touch only in a thinned picture are one: a screen cannot part them.
        if known and steps.size > 1 and first <= known[-1][1] + 1:
            first, _, gaps = known.pop()
            gaps.append(gap)
        else:
            gaps = [gap]
        known.append((first, last, gaps))
    frequency = report.dataset.frequency
    found = (
        Band(first, last, state, is_filled, gaps_story(tuple(gaps), frequency))
        for (state, is_filled), each in runs.items()
        for first, last, gaps in each
    )
    return tuple(sorted(found, key=lambda band: (band.first, band.last, band.state)))


def rows_in(report: PlotReport) -> pd.DatetimeIndex:
    """Stamps of all its bars and missing ones, in order."""
    import pandas as pd

    return pd.DatetimeIndex(report.bars.index).union(report.missing)


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Its rows, whose columns are attributes."""
    return iter(table.itertuples())


def stamps_between(
    steps: Steps, left: float, right: float, *, known: pd.DatetimeIndex
) -> tuple[datetime, datetime]:
    """First and last stamp, both inclusive, of the steps whose middle is in a range of the axis.

    The first step's middle is 0 and the next one's 1; ``left`` and ``right`` may be outside of what
    is drawn, as after zooming out. ``known`` are the rows of the whole dataset.
    """
    first, last = math.ceil(left), math.floor(right)
    if last < first:
        first = last = round((left + right) / 2)
    offset = int(known.searchsorted(steps.rows[0]))
    # The last step may hold fewer rows than the others.
    short = len(steps) * steps.size - len(steps.rows) if last >= len(steps) - 1 else 0
    end = offset + (last + 1) * steps.size - 1 - short
    return _stamps_at(known, offset + first * steps.size, end)


def stamps_around(known: pd.DatetimeIndex, gap: Gap, *, rows: int) -> tuple[datetime, datetime]:
    """First and last stamp of the gap and of so many rows on each side of it."""
    import pandas as pd

    first = int(known.searchsorted(pd.Timestamp(gap.start)))
    last = int(known.searchsorted(pd.Timestamp(gap.end), side="right")) - 1
    return _stamps_at(known, first - rows, last + rows)


def _stamps_at(known: pd.DatetimeIndex, first: int, last: int) -> tuple[datetime, datetime]:
    """The stamps of two rows; of the nearest ones where there are none."""
    most = len(known) - 1
    begin, end = (known[min(max(row, 0), most)].to_pydatetime() for row in (first, last))
    return begin, end


def gap_near(report: PlotReport, steps: Steps, step: int) -> Gap | None:
    """The gap on that step, or the nearest within what a hand misses by; a pending one first."""
    for distance in range(round(len(steps) * _REACH) + 1):
        for at in dict.fromkeys((step - distance, step + distance)):
            if 0 <= at < len(steps):
                rows = steps.rows[at * steps.size : (at + 1) * steps.size]
                found = [g for g in report.gaps if g.start <= rows[-1] and g.end >= rows[0]]
                if found:
                    return next((gap for gap in found if gap.is_pending), found[0])
    return None


def dates_of(
    range_: tuple[datetime, datetime], zone: str, dataset: DatasetId, known: pd.DatetimeIndex
) -> dict[str, date]:
    """Dates that hold the range, as arguments; an end that is the dataset's own is left open."""
    first, last = range_
    if bar_length(dataset.frequency) is not None:
        # A currency's session begins on the evening before its date.
        first = first.astimezone(ZoneInfo(zone))
        last = last.astimezone(ZoneInfo(zone)) + timedelta(days=1)
    start = {"start": first.date()} if range_[0] > known[0] else {}
    return start | ({"end": last.date()} if range_[1] < known[-1] else {})


def cut(report: PlotReport, first: datetime, last: datetime) -> PlotReport:
    """The report with nothing but what is from ``first`` to ``last``, both inclusive."""
    held, missing = (
        stamps.slice_indexer(first, last) for stamps in (report.bars.index, report.missing)
    )
    return replace(
        report,
        bars=report.bars[held],
        missing=report.missing[missing],
        gaps=tuple(gap for gap in report.gaps if gap.start <= last and gap.end >= first),
        findings=tuple(
            each
            for each in report.findings
            if each.stamp and each.stamp <= last and (each.end or each.stamp) >= first
        ),
        sources=tuple(
            each for each in report.sources if each.span.start <= last and each.span.end > first
        ),
    )
