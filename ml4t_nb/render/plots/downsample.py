"""Bars as steps on the axis: one each, or as many to a step as a screen cannot distinguish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import Frequency, Gap, GapState, bar_length
from ml4t_nb.render.plots.theme import gaps_story
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

__all__ = ["MOST_CANDLES", "Band", "Steps", "bands_of", "rows_in", "rows_of", "steps_of"]

MOST_CANDLES = 1500


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What is drawn from left to right, without holes for nights and closed days.

    A step is one bar, or ``size`` bars that follow one another, bars missing in a gap included.

    Parameters
    ----------
    rows
        Stamps of all bars and missing ones, of which every ``size`` make a step.
    labels
        Names of the steps, each once: dates, or first stamps in the calendar's own time.
    table
        One row a step. ``open high low close volume`` of the observed bars, NaN if there are
        none: first, highest, lowest, last, sum. ``made`` the last filled close, or NaN;
        ``observed``, ``filled`` and ``missing`` how many bars of each sort there are.
    """

    size: int
    rows: pd.DatetimeIndex
    labels: tuple[str, ...]
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Band:
    """Gaps of one state that touch on the axis.

    Parameters
    ----------
    first, last
        Its first and last step, both inclusive.
    is_filled
        Whether flagged bars stand in for them.
    story
        Why, in lines.
    """

    first: int
    last: int
    state: GapState
    is_filled: bool
    story: str


def steps_of(report: PlotReport, *, most: int = MOST_CANDLES) -> Steps:
    """At most ``most`` steps; no high, low or unit of volume is lost."""
    import numpy as np
    import pandas as pd

    bars = report.bars
    rows = rows_in(report)
    size = max(-(-len(rows) // most), 1)
    starts = np.arange(0, len(rows), size)
    at = rows.searchsorted(bars.index)
    made = bars["filled"].to_numpy()
    columns = {}
    for name in ("open", "high", "low", "close", "volume"):
        columns[name] = _spread(bars[name].to_numpy()[~made], at[~made], len(rows))
    columns["made"] = _spread(bars["close"].to_numpy()[made], at[made], len(rows))
    kinds = {
        "observed": np.isfinite(columns["close"]),
        "filled": np.isfinite(columns["made"]),
    }
    kinds["missing"] = ~(kinds["observed"] | kinds["filled"])
    if not len(starts):
        return Steps(size, rows, (), pd.DataFrame({**columns, **kinds}, dtype="float64"))
    values = {
        "open": _first(columns["open"], starts),
        "high": np.fmax.reduceat(columns["high"], starts),
        "low": np.fmin.reduceat(columns["low"], starts),
        "close": _last(columns["close"], starts),
        "volume": _sum(columns["volume"], starts),
        "made": _last(columns["made"], starts),
        **{name: np.add.reduceat(mask.astype(int), starts) for name, mask in kinds.items()},
    }
    labels = _labels(rows[starts], report.dataset.frequency, report.zone)
    return Steps(size, rows, labels, pd.DataFrame(values))


def bands_of(report: PlotReport, steps: Steps) -> tuple[Band, ...]:
    """Bands over the steps that lack bars, from left to right."""
    import pandas as pd

    if not report.gaps or not len(steps):
        return ()
    starts = pd.DatetimeIndex([gap.start for gap in report.gaps])
    ends = pd.DatetimeIndex([gap.end for gap in report.gaps])
    firsts = steps.rows.searchsorted(starts)
    lasts = steps.rows.searchsorted(ends, side="right") - 1
    runs: dict[tuple[GapState, bool], list[tuple[int, int, list[Gap]]]] = {}
    for gap, *ends_of_it in zip(report.gaps, firsts.tolist(), lasts.tolist(), strict=True):
        if ends_of_it[1] < ends_of_it[0]:
            continue  # it has no row here: it is beyond the bars
        first, last = (row // steps.size for row in ends_of_it)
        known = runs.setdefault((gap.state, gap.filled_by is not None), [])
        # Bands that touch only in a thinned picture are one: a screen cannot part them.
        if known and steps.size > 1 and first <= known[-1][1] + 1:
            begin, _, gaps = known[-1]
            gaps.append(gap)
            known[-1] = (begin, last, gaps)
        else:
            known.append((first, last, [gap]))
    frequency = report.dataset.frequency
    found = [
        Band(first, last, state, is_filled, gaps_story(tuple(gaps), frequency))
        for (state, is_filled), each in runs.items()
        for first, last, gaps in each
    ]
    return tuple(sorted(found, key=lambda band: (band.first, band.last, band.state)))


def rows_in(report: PlotReport) -> pd.DatetimeIndex:
    """Stamps of all its bars and missing ones, in order."""
    import pandas as pd

    return pd.DatetimeIndex(report.bars.index).union(report.missing)


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Its rows, whose columns are attributes."""
    return iter(table.itertuples())


def _spread(values: Floats, at: Any, length: int) -> Floats:  # noqa: ANN401  # row numbers
    import numpy as np

    spread = np.full(length, np.nan)
    spread[at] = values
    return spread


def _sum(values: Floats, starts: Any) -> Floats:  # noqa: ANN401
    import numpy as np

    sums: Floats = np.add.reduceat(np.nan_to_num(values), starts)
    return np.where(np.add.reduceat(np.isfinite(values).astype(int), starts) > 0, sums, np.nan)


def _last(values: Floats, starts: Any) -> Floats:  # noqa: ANN401
    import numpy as np

    rows = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.reduceat(rows, starts)
    return np.where(last >= 0, values[last], np.nan)


def _first(values: Floats, starts: Any) -> Floats:  # noqa: ANN401
    import numpy as np

    beyond = len(values)
    rows = np.where(np.isfinite(values), np.arange(beyond), beyond)
    first = np.minimum.reduceat(rows, starts)
    return np.where(first < beyond, np.append(values, np.nan)[first], np.nan)


def _labels(stamps: pd.DatetimeIndex, frequency: Frequency, zone: str) -> tuple[str, ...]:
    if bar_length(frequency) is None:
        return tuple(stamps.strftime("%Y-%m-%d"))
    labels = tuple(stamps.tz_convert(zone).strftime("%H:%M<br>%Y-%m-%d"))
    if len(set(labels)) == len(labels):
        return labels
    # The hour that comes twice when clocks go back, or stamps within one minute.
    return tuple(stamps.strftime("%H:%M:%S.%f UTC<br>%Y-%m-%d"))
