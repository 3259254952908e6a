"""Bars as steps on the axis, as many to a step as a screen cannot distinguish; ranges of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import BarsFrequency, Gap, GapState, bar_length
from ml4t_nb.render.plots.step_columns import joined_column
from ml4t_nb.render.plots.theme import gaps_story
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.int64]

__all__ = [
    "MOST_CANDLES",
    "Band",
    "Steps",
    "bands_of",
    "bars_between",
    "cut",
    "labels_of",
    "rows_in",
    "rows_of",
    "steps_of",
]

MOST_CANDLES = 1000
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False)
class Steps:
    """What is drawn from left to right, without holes for nights and closed days.

    A step is one bar, or ``size`` bars that follow one another, bars missing in a gap included:
    ``rows`` are the stamps of all, and ``first`` is the number of the first of them among the
    ``total`` rows of the report. ``table`` has one row a step: ``open high low close volume`` of
    the observed bars, NaN if there are none: first, highest, lowest, last, sum; the sum of
    ``dividend`` and the product of ``split``. ``made`` is the last filled close, or NaN;
    ``observed``, ``filled`` and ``missing`` are numbers of bars.
    """

    report: PlotReport
    size: int
    first: int
    total: int
    rows: pd.DatetimeIndex
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def middles(self) -> Rows | Floats:
        """The places of the steps on the axis of the whole report's rows."""
        import numpy as np

        begins = np.arange(len(self)) * self.size
        if self.size == 1:
            return begins + self.first
        ends = np.minimum(begins + self.size, len(self.rows))
        return self.first + (begins + ends - 1) / 2

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """Bands over the steps that lack bars, from left to right."""
        return bands_of(self.report, self)

    @cached_property
    def session_days(self) -> tuple[Rows, Rows]:
        """The session of each row of intraday bars, as days since 1970, and the rows."""
        import numpy as np

        report = self.report
        rows = np.arange(len(self.rows)) + self.first
        local: Any = self.rows.tz_convert(report.zone).tz_localize(None)
        days = local.to_numpy("M8[D]").astype(np.int64)
        if report.hours is not None and len(report.hours):
            opens = report.hours["open"].to_numpy("M8[us]")
            at = np.searchsorted(opens, self.rows.to_numpy("M8[us]"), side="right") - 1
            sessions = report.hours.index.to_numpy("M8[D]").astype(np.int64)
            # A currency's evening is of the next day; a bar before the open is of its own.
            days = np.where(at >= 0, np.maximum(sessions[np.maximum(at, 0)], days), days)
        return np.maximum.accumulate(days), rows

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1

    def rows_between(self, spans: Iterable[tuple[datetime, datetime]]) -> list[range]:
        """Of each span, both ends inclusive, the rows of the bars that meet it."""
        import numpy as np
        import pandas as pd

        ends = pd.DatetimeIndex([end for span in spans for end in span])
        if self.report.derived is None:
            starts = self.rows.searchsorted(ends[::2])
        else:  # it may begin within a longer bar
            starts = np.maximum(self.rows.searchsorted(ends[::2], side="right") - 1, 0)
        stops = self.rows.searchsorted(ends[1::2], side="right")
        pairs = zip((starts + self.first).tolist(), (stops + self.first).tolist(), strict=True)
        return [range(start, stop) for start, stop in pairs]

    def rows_at(self, stamps: pd.DatetimeIndex) -> list[int]:
        """The rows of bars with those stamps."""
        at: list[int] = (self.rows.searchsorted(stamps) + self.first).tolist()
        return at

    def step_of(self, row: int) -> int:
        """The step that a row is in."""
        return (row - self.first) // self.size


@dataclass(frozen=True, slots=True)
class Band:
    """Gaps of one state that touch on the axis, and why.

    Parameters
    ----------
    first, last
        Steps, both inclusive.
    left, right
        Rows, both inclusive.
    gaps, missing
        Numbers of gaps, and of bars that they lack.
    """

    first: int
    last: int
    left: int
    right: int
    state: GapState
    is_filled: bool
    gaps: int
    missing: int
    story: str


def steps_of(
    report: PlotReport, *, most: int = MOST_CANDLES, window: tuple[int, int] | None = None
) -> Steps:
    """At most ``most`` steps; no high, low or unit of volume is lost.

    Parameters
    ----------
    window
        First and last row, both inclusive; all of them if it is None.
    """
    import numpy as np
    import pandas as pd

    whole = rows_in(report)
    begin, end = (0, len(whole) - 1) if window is None else window
    begin, end = max(begin, 0), min(end, len(whole) - 1)
    rows = whole[begin : end + 1]
    size = max(-(-len(rows) // most), 1)
    bars = bars_between(report.bars, rows)
    # Where none is missing, each bar is a row: half a million need not be looked for.
    is_whole = len(bars) == len(rows)
    at = np.arange(len(rows)) if is_whole else rows.searchsorted(pd.DatetimeIndex(bars.index))
    is_made = bars["filled"].to_numpy(bool)
    own = slice(None) if not is_made.any() else ~is_made
    starts = np.arange(0, len(rows), size)
    columns: dict[str, Any] = {}
    for name in (*_PRICES, "volume", "dividend", "split"):
        values = np.full(len(rows), np.nan)
        values[at[own]] = bars[name].to_numpy(float)[own]
        columns[name] = joined_column(name, values, starts)
    made = np.full(len(rows), np.nan)
    made[at[is_made]] = bars["close"].to_numpy(float)[is_made]
    columns["made"] = joined_column("close", made, starts)
    kinds = {"observed": at[~is_made], "filled": at[is_made]}
    for name, places in kinds.items():
        columns[name] = np.bincount(places // size, minlength=len(starts))
    held = np.diff(np.append(starts, len(rows)))
    columns["missing"] = held - columns["observed"] - columns["filled"]
    table = pd.DataFrame(columns, index=range(len(starts)))
    return Steps(report, size, begin, len(whole), rows, table)


def bars_between(bars: pd.DataFrame, rows: pd.DatetimeIndex) -> pd.DataFrame:
    """The bars from the first to the last of some rows, both inclusive."""
    if not len(rows):
        return bars.iloc[:0]
    # A search by label makes an index of all bars first.
    first = int(bars.index.searchsorted(rows[0]))
    return bars.iloc[first : int(bars.index.searchsorted(rows[-1], side="right"))]


def labels_of(stamps: pd.DatetimeIndex, frequency: BarsFrequency, zone: str) -> tuple[str, ...]:
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
    if not report.gaps or not len(steps):
        return ()
    runs: dict[tuple[GapState, bool], list[tuple[int, int, list[Gap]]]] = {}
    spans = steps.rows_between((gap.start, gap.end) for gap in report.gaps)
    for gap, rows in zip(report.gaps, spans, strict=True):
        if not rows:
            continue  # it has no row here: it is beyond the bars
        left, right = rows[0], rows[-1]
        known = runs.setdefault((gap.state, gap.filled_by is not None), [])
        # Bands that touch only in a thinned picture are one: a screen cannot part them.
        if known and steps.size > 1 and steps.step_of(left) <= steps.step_of(known[-1][1]) + 1:
            left, _, gaps = known.pop()
            gaps.append(gap)
        else:
            gaps = [gap]
        known.append((left, right, gaps))
    dataset, zone = report.dataset, report.zone
    found = (
        Band(
            steps.step_of(left),
            steps.step_of(right),
            left,
            right,
            state,
            is_filled,
            len(gaps),
            sum(each.missing for each in gaps),
            gaps_story(tuple(gaps), dataset.frequency, zone),
        )
        for (state, is_filled), each in runs.items()
        for left, right, gaps in each
    )
    return tuple(sorted(found, key=lambda band: (band.left, band.right, band.state)))


def rows_in(report: PlotReport) -> pd.DatetimeIndex:
    """Stamps of all its bars and missing ones, in order."""
    import numpy as np
    import pandas as pd

    index = pd.DatetimeIndex(report.bars.index)
    if not len(report.missing):
        return index
    if index.unit != report.missing.unit:
        return pd.DatetimeIndex(index.union(report.missing))
    held, missing = index.to_numpy("M8[us]"), report.missing.to_numpy("M8[us]")
    at = np.searchsorted(held, missing)
    # Without sorting half a million stamps that are sorted already.
    return pd.DatetimeIndex(np.insert(held, at, missing), tz="UTC")


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Its rows, whose columns are attributes."""
    return iter(table.itertuples())


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
