"""How many of its bars each session has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import Frequency, Gap, bar_length

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from ml4t_nb.core.calendars.calendar import Calendar

    Rows = npt.NDArray[np.int64]

__all__ = ["Expectation", "gap_of", "sessions_of"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the calendar expects of a dataset, and what of it was not observed.

    Parameters
    ----------
    expected, lacking
        Stamps from the first to the last observed bar, and those of them without one.
    slack
        How far a bar may be from its expected stamp.
    """

    dates: Calendar
    frequency: Frequency
    expected: pd.DatetimeIndex
    lacking: pd.DatetimeIndex
    slack: timedelta


def gap_of(stamps: pd.DatetimeIndex, gaps: Sequence[Gap]) -> Rows:
    """Number of the gap that each stamp is in; -1 for none. The gaps are sorted, disjoint."""
    import numpy as np
    import pandas as pd

    if not gaps:
        return np.full(len(stamps), -1)
    starts = pd.DatetimeIndex([each.start for each in gaps]).as_unit("us").asi8
    ends = pd.DatetimeIndex([each.end for each in gaps]).as_unit("us").asi8
    at = stamps.as_unit("us").asi8
    rows = np.searchsorted(starts, at, side="right") - 1
    return np.where((rows >= 0) & (at <= ends[rows]), rows, -1)


def sessions_of(
    wanted: Expectation,
    bars: pd.DataFrame,
    gaps: Sequence[Gap],
) -> pd.DataFrame:
    """One row a session (weekly: a week), as `PlotReport.sessions` describes it.

    Parameters
    ----------
    bars
        Observed and filled ones.
    """
    import numpy as np
    import pandas as pd

    days = _days(wanted, wanted.expected)
    sessions, which, counts = np.unique(days, return_inverse=True, return_counts=True)
    lacking = which[wanted.expected.searchsorted(wanted.lacking)]
    made = wanted.lacking.isin(bars.index[bars["filled"].to_numpy()])
    holes = gap_of(wanted.lacking, gaps)
    gap = np.full(len(sessions), -1)
    # Backwards, so that of several gaps in one session the first is named.
    gap[lacking[::-1]] = holes[::-1]
    frame = pd.DataFrame(
        {
            "expected": counts,
            "observed": counts - np.bincount(lacking, minlength=len(sessions)),
            "filled": np.bincount(lacking[made], minlength=len(sessions)),
            "gap": gap,
        },
        index=sessions,
    )
    frame["state"] = _states(frame, gaps)
    outside = _outside(wanted, bars, sessions)
    shut = _shut(wanted, np.concatenate([sessions, outside.index]))
    whole = pd.concat([each for each in (frame, outside, shut) if len(each)] or [frame])
    whole = whole.sort_index()
    whole.index = pd.DatetimeIndex(whole.index.to_numpy().astype("datetime64[us]"), tz="UTC")
    whole.index.name = "session"
    return whole


def _days(wanted: Expectation, stamps: pd.DatetimeIndex) -> Rows:
    """The session of each stamp, as microseconds of its date's midnight in UTC."""
    import numpy as np

    at: Rows = stamps.as_unit("us").asi8
    if bar_length(wanted.frequency) is None or not len(at):
        return at
    known = wanted.dates.sessions
    return known.days[np.searchsorted(known.closes, at, side="right")]


def _states(frame: pd.DataFrame, gaps: Sequence[Gap]) -> Any:  # noqa: ANN401  # an array of words
    import numpy as np

    is_closed = np.array(
        [at >= 0 and gaps[at].state == "closed" for at in frame["gap"]], dtype=bool
    )
    expected, observed, filled = (frame[name] for name in ("expected", "observed", "filled"))
    choices = (
        (observed == expected, "present"),
        ((filled > 0) & (observed + filled == expected), "filled"),
        (observed + filled > 0, "partly"),
        (is_closed, "closed"),
    )
    return np.select([mask for mask, _ in choices], [word for _, word in choices], "missing")


def _shut(wanted: Expectation, known: Rows) -> pd.DataFrame:
    """Sessions of the exchange's own rules that the user declared closed, where none of ours is."""
    import numpy as np
    import pandas as pd

    from ml4t_nb.core.calendars.calendar import week_starts
    from ml4t_nb.core.timestamps import to_micros

    days = np.array(sorted(to_micros(day) for day in wanted.dates.closed), dtype=np.int64)
    own = replace(wanted.dates, closed=frozenset(), extra=frozenset()).sessions
    days = days[np.isin(days, own.days)]
    if wanted.frequency == "weekly":
        days = week_starts(days)
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

    from ml4t_nb.core.gap_detection import extra_stamps

    stamps = pd.DatetimeIndex(bars.index)
    extra = extra_stamps(stamps, wanted.expected, tolerance=wanted.slack)
    local = extra.tz_localize(None)
    if bar_length(wanted.frequency) is not None:
        local = extra.tz_convert(wanted.dates.zone).tz_localize(None)
    days, counts = np.unique(local.normalize().as_unit("us").asi8, return_counts=True)
    new = ~np.isin(days, sessions)
    rows = {"expected": 0, "observed": counts[new], "filled": 0, "gap": -1, "state": "extra"}
    return pd.DataFrame(rows, index=days[new])
