"""What a click on the axis, or a range of it, means in stamps and gaps."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml4t_nb.model import DatasetId, Gap, bar_length
from ml4t_nb.render.plots.downsample import Steps
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cut", "dates_of", "gap_near", "stamps_around", "stamps_between"]

_REACH = 0.005  # of the axis: what a hand that points misses by


def stamps_between(
    steps: Steps, left: float, right: float, *, known: pd.DatetimeIndex
) -> tuple[datetime, datetime]:
    """First and last stamp, both inclusive, of the steps whose middle is in a range of the axis.

    Parameters
    ----------
    left, right
        Numbers on the axis, on which the first step's middle is 0 and the next one's 1. They may
        are outside of what is drawn, as after zooming out.
    known
        The rows of the whole dataset, of which those of ``steps`` are a part.
    """
    first, last = math.ceil(left), math.floor(right)
    if last < first:
        first = last = round((left + right) / 2)
    offset = int(known.searchsorted(steps.rows[0]))
    begin = offset + first * steps.size
    # The last step may hold fewer rows than the others.
    short = len(steps) * steps.size - len(steps.rows) if last >= len(steps) - 1 else 0
    end = offset + (last + 1) * steps.size - 1 - short
    most = len(known) - 1
    return _instant(known[min(max(begin, 0), most)]), _instant(known[min(max(end, 0), most)])


def stamps_around(known: pd.DatetimeIndex, gap: Gap, *, rows: int) -> tuple[datetime, datetime]:
    """First and last stamp of the gap and of so many rows on each side of it."""
    import pandas as pd

    first = int(known.searchsorted(pd.Timestamp(gap.start))) - rows
    last = int(known.searchsorted(pd.Timestamp(gap.end), side="right")) - 1 + rows
    most = len(known) - 1
    return _instant(known[min(max(first, 0), most)]), _instant(known[min(max(last, 0), most)])


def gap_near(report: PlotReport, steps: Steps, step: int) -> Gap | None:
    """The gap on that step, or the nearest within what a hand misses by; a pending one first."""
    reach = max(round(len(steps) * _REACH), 0)
    for distance in range(reach + 1):
        for at in dict.fromkeys((step - distance, step + distance)):
            if found := _gaps_on(report, steps, at):
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
    import pandas as pd

    low, high = pd.Timestamp(first), pd.Timestamp(last)
    held, missing = pd.DatetimeIndex(report.bars.index), report.missing
    return replace(
        report,
        bars=report.bars[(held >= low) & (held <= high)],
        missing=missing[(missing >= low) & (missing <= high)],
        gaps=tuple(gap for gap in report.gaps if gap.start <= last and gap.end >= first),
    )


def _gaps_on(report: PlotReport, steps: Steps, step: int) -> tuple[Gap, ...]:
    if not 0 <= step < len(steps):
        return ()
    rows = steps.rows[step * steps.size : (step + 1) * steps.size]
    return tuple(gap for gap in report.gaps if gap.start <= rows[-1] and gap.end >= rows[0])


def _instant(stamp: pd.Timestamp) -> datetime:
    instant: datetime = stamp.to_pydatetime()
    return instant
