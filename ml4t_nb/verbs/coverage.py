"""How many of its bars each session has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ml4t_nb.finding import Finding
from ml4t_nb.model import Gap, bar_length
from ml4t_nb.records import Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from ml4t_nb.core.gapfill import ExpectedGrid

    Rows = npt.NDArray[np.int64]

__all__ = ["Expectation", "sessions_of"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the calendar expects of a dataset, and what of it was not observed.

    Parameters
    ----------
    expected, lacking
        Stamps from the first to the last observed bar, and those of them without one.
    gaps
        By stamp that is lacking, the number of its gap; -1 for none.
    """

    grid: ExpectedGrid
    expected: pd.DatetimeIndex
    lacking: pd.DatetimeIndex
    gaps: Rows


def sessions_of(
    wanted: Expectation,
    bars: pd.DataFrame,
    gaps: Sequence[Gap],
    findings: Sequence[Finding] = (),
    sources: Sequence[Source] = (),
) -> pd.DataFrame:
    """One row a session (weekly: a week), as `PlotReport.sessions` describes it.

    Parameters
    ----------
    bars
        Observed and filled ones.
    findings, sources
        Those in the range.
    """
    import numpy as np
    import pandas as pd

    from ml4t_nb.core.session_states import tally

    days = _days(wanted, wanted.expected)
    sessions, which = np.unique(days, return_inverse=True)
    lacking = wanted.expected.isin(wanted.lacking)
    made = lacking & wanted.expected.isin(bars.index[bars["filled"].to_numpy()])
    counts = tally(which, lacking, made, wanted.gaps, gaps)
    frame = pd.DataFrame(counts, index=sessions)
    outside = _outside(wanted, bars, sessions)
    shut = _shut(wanted, np.concatenate([sessions, outside.index]))
    whole = pd.concat([each for each in (frame, outside, shut) if len(each)] or [frame])
    whole = whole.sort_index()
    doubtful = [(each.stamp, each.end or each.stamp) for each in findings if each.stamp]
    taken = [(each.span.start, each.span.end - timedelta.resolution) for each in sources]
    whole["finding"] = _first_of(wanted, doubtful, whole.index.to_numpy())
    whole["source"] = _first_of(wanted, taken, whole.index.to_numpy())
    whole.index = pd.DatetimeIndex(whole.index.to_numpy().astype("datetime64[us]"), tz="UTC")
    whole.index.name = "session"
    return whole


def _first_of(
    wanted: Expectation, ranges: Sequence[tuple[datetime, datetime]], sessions: Rows
) -> Rows:
    """Of each session the number of the first range that meets it; -1 for none."""
    import numpy as np
    import pandas as pd

    first: Rows = np.full(len(sessions), -1)
    if not ranges or not len(wanted.expected):
        return first
    stamps = pd.DatetimeIndex([end for range_ in ranges for end in range_])
    # A row that was not stored may have any stamp; the calendar's end somewhere.
    known = wanted.expected[0], wanted.expected[-1]
    days = _days(
        wanted, stamps.where(stamps > known[0], known[0]).where(stamps < known[1], known[1])
    )
    for number, (start, end) in reversed([*enumerate(ranges)]):
        if end >= known[0] and start <= known[1]:
            ends = days[2 * number : 2 * number + 2]
            first[sessions.searchsorted(ends[0]) : sessions.searchsorted(ends[1], "right")] = number
    return first


def _days(wanted: Expectation, stamps: pd.DatetimeIndex) -> Rows:
    """The session of each stamp, as microseconds of its date's midnight in UTC."""
    import numpy as np

    at: Rows = stamps.as_unit("us").asi8
    if bar_length(wanted.grid.frequency) is None or not len(at):
        return at
    known = wanted.grid.calendar.sessions
    return known.days[np.searchsorted(known.closes, at, side="right")]


def _shut(wanted: Expectation, known: Rows) -> pd.DataFrame:
    """Sessions of the exchange's own rules that the user declared closed, where none of ours is."""
    import numpy as np
    import pandas as pd

    from ml4t_nb.core.calendars.calendar import period_starts
    from ml4t_nb.core.timestamps import to_micros

    dates = wanted.grid.calendar
    days = np.array(sorted(to_micros(day) for day in dates.closed), dtype=np.int64)
    own = replace(dates, closed=frozenset(), extra=frozenset()).sessions
    days = days[np.isin(days, own.days)]
    if wanted.grid.frequency == "weekly":
        days = period_starts(days, "weekly")
    if len(known):
        days = days[(known.min() < days) & (days < known.max())]
    days = days[~np.isin(days, known)]
    return pd.DataFrame(
        {"expected": 0, "observed": 0, "filled": 0, "gap": -1, "state": "closed"}, index=days
    )


def _outside(wanted: Expectation, bars: pd.DataFrame, sessions: Rows) -> pd.DataFrame:
    """Days that hold bars although the calendar has no session."""
    import numpy as np
    import pandas as pd

    from ml4t_nb.core.gap_detection import StampMatch

    stamps = pd.DatetimeIndex(bars.index)
    extra = StampMatch(stamps, wanted.expected, wanted.grid.slack).extra
    local = extra.tz_localize(None)
    if bar_length(wanted.grid.frequency) is not None:
        local = extra.tz_convert(wanted.grid.calendar.zone).tz_localize(None)
    days, counts = np.unique(local.normalize().as_unit("us").asi8, return_counts=True)
    new = ~np.isin(days, sessions)
    rows = {"expected": 0, "observed": counts[new], "filled": 0, "gap": -1, "state": "extra"}
    return pd.DataFrame(rows, index=days[new])
