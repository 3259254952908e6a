"""Where the axis of a chart has ticks: times, sessions, weeks, months, quarters, years."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import BarsFrequency, bar_length
from ml4t_nb.render.plots.chart_facts import TickLevel
from ml4t_nb.render.plots.price_words import MONTHS, stamp_words
from ml4t_nb.render.plots.steps import Steps
from ml4t_nb.render.plots.theme import bold, in_lines
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

__all__ = ["chosen_level", "session_starts", "tick_levels", "tick_words"]

_MINUTES = (5, 15, 30, 60, 120, 360)
_MOST = 400  # ticks of a level: more are for a finer drawing
_DAY_ROOM, _SESSION_ROOM, _TIME_ROOM = 48, 72, 56
_EARLY = 4  # a first bar of so early a day of a month begins it
_DECADES = (2, 5, 10)


def tick_levels(report: PlotReport, steps: Steps) -> tuple[TickLevel, ...]:
    """Levels of ticks in what is drawn, the finest first."""
    if not len(steps):
        return ()
    levels = [each for each in _levels(report, steps) if 0 < len(each.rows) <= _MOST]
    return tuple(levels) or _ends(report, steps)


def chosen_level(
    levels: Sequence[TickLevel], left: float, right: float, *, wide: float
) -> TickLevel | None:
    """The finest level whose ticks have room where so many pixels show that range."""
    for level in levels:
        number = sum(left <= row <= right for row in level.rows)
        if number and number * level.room <= wide:
            return level
    return levels[-1] if levels else None


def tick_words(level: TickLevel, left: float, right: float) -> tuple[list[int], list[str]]:
    """Rows and words of the ticks in that range; the second line where it begins."""
    rows, words, before = [], [], ""
    for row, label, below in zip(level.rows, level.labels, level.below, strict=True):
        if left <= row <= right:
            rows.append(row)
            words.append(in_lines(label, bold(below)) if below not in ("", before) else label)
            before = below
    return rows, words


def session_starts(report: PlotReport, steps: Steps) -> TickLevel | None:
    """First rows of the sessions of intraday bars."""
    if bar_length(report.frequency) is None or not len(steps):
        return None
    days, rows = steps.session_days
    at = _changes(days, is_begun=steps.first == 0)
    labels = _day_words(days[at])
    below = [label[-4:] for label in labels]
    return TickLevel(
        "session", _ints(rows[at]), tuple(each[:-5] for each in labels), tuple(below), _SESSION_ROOM
    )


def _levels(report: PlotReport, steps: Steps) -> Iterator[TickLevel]:
    import numpy as np

    frequency = report.frequency
    if bar_length(frequency) is not None:
        days, rows = steps.session_days
        yield from _times(report, steps)
        at = _changes(days, is_begun=steps.first == 0)
        days, rows = days[at], rows[at]
        if len(days) <= _MOST and (starts := session_starts(report, steps)) is not None:
            yield starts
        if not len(days):
            return  # all of it is within one session
        yield _dated("day", days, rows)
    else:
        days = steps.rows.to_numpy("M8[D]").astype(np.int64)
        rows = np.arange(len(days)) + steps.first
        if frequency in ("daily", "weekly"):
            yield _dated("day", days, rows)
    dates = days.astype("M8[D]")
    years = dates.astype("M8[Y]").astype(np.int64) + 1970
    months = dates.astype("M8[M]").astype(np.int64)
    if frequency not in ("weekly", "monthly", "quarterly", "yearly"):
        at = _changes((days + 3) // 7, is_begun=False)  # 1970 began on a Thursday
        yield _dated("week", days[at], rows[at])
    is_early = (dates - dates.astype("M8[M]")).astype(np.int64) < _EARLY
    for name, periods in (("month", months), ("quarter", months // 3)):
        at = _changes(periods, is_begun=bool(is_early[0]))
        if frequency != "yearly":
            labels = [MONTHS[month] for month in (months[at] % 12).tolist()]
            below = tuple(map(str, years[at].tolist()))
            yield TickLevel(name, _ints(rows[at]), tuple(labels), below, _DAY_ROOM)
    for every in (1, *_DECADES):
        at = _changes(years // every, is_begun=every == 1 and bool(months[0] % 12 == 0))
        words = tuple(map(str, years[at].tolist()))
        yield TickLevel("year", _ints(rows[at]), words, ("",) * len(words), _DAY_ROOM)


def _dated(name: str, days: Ints, rows: Ints) -> TickLevel:
    # One of more ticks is not used: it need not be written.
    days, rows = days[: _MOST + 1], rows[: _MOST + 1]
    labels = [each.split(" ", 1)[1] for each in _day_words(days)]
    below = tuple(label[-4:] for label in labels)
    return TickLevel(name, _ints(rows), tuple(label[:-5] for label in labels), below)


def _times(report: PlotReport, steps: Steps) -> Iterator[TickLevel]:
    """Whole hours and parts of them in the exchange's time, or the bars next to them."""
    import numpy as np

    days, _ = steps.session_days
    begins = _changes(days, is_begun=True)
    if len(begins) > _MOST:
        return  # each session has a tick
    local = steps.rows.tz_convert(report.zone)
    minutes = (local.hour * 60 + local.minute).to_numpy()
    is_first = np.zeros(len(days), dtype=bool)
    is_first[begins] = True
    for every in _MINUTES:
        at = np.flatnonzero((minutes % every == 0) & (local.second == 0))
        if not len(at):
            parts = minutes // every
            at = np.flatnonzero(~is_first & (np.append(parts[:1], parts[:-1]) != parts))
        labels = local[at[: _MOST + 1]].strftime("%H:%M").tolist()
        if len(labels) <= _MOST:
            blank = ("",) * len(labels)
            yield TickLevel("time", _ints(at + steps.first), tuple(labels), blank, _TIME_ROOM)


def _ends(report: PlotReport, steps: Steps) -> tuple[TickLevel, ...]:
    """The first and the last bar, where no level has a tick."""
    rows = sorted({steps.first, steps.last})
    stamps = steps.rows[[row - steps.first for row in rows]]
    labels = stamp_words(stamps, report.frequency, report.zone, zoned=False)
    return (TickLevel("ends", tuple(rows), tuple(labels), ("",) * len(rows)),)


def _changes(values: Ints, *, is_begun: bool) -> Ints:
    """Rows with another value than the one before; with the first one, if it ``is_begun``."""
    import numpy as np

    return np.flatnonzero(np.append(is_begun, values[1:] != values[:-1])[: len(values)])


def _day_words(days: Ints) -> list[str]:
    import pandas as pd

    stamps = pd.DatetimeIndex(days.astype("M8[D]").astype("M8[us]"), tz="UTC")
    frequency: BarsFrequency = "daily"
    return stamp_words(stamps, frequency, "UTC")


def _ints(rows: Any) -> tuple[int, ...]:  # noqa: ANN401  # of numpy
    return tuple(int(row) for row in rows)
