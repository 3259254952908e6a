"""yfinance's frames as bars: Yahoo's stamps, empty rows and live rows put right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import COLUMNS, PRICES, Bars, as_stamps, make_bars
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.model import Finding, Frequency, Span, bar_length
from ml4t_nb.providers.yahoo.client import ChartReply
from ml4t_nb.providers.yahoo.corporate_actions import REACH, assign_actions

__all__ = ["asked_as", "daily_bars", "expected", "intraday_bars"]


_HOUR, _NIGHT = pd.Timedelta(hours=1), pd.Timedelta(hours=6)
_RULES: Mapping[str, str] = {
    "open": "first",
    "high": "max",
    "low": "min",
    "close": "last",
    "volume": "sum",
    "dividend": "sum",
    "split": "prod",
    "filled": "all",
}


def expected(calendar: Calendar, span: Span, frequency: Frequency) -> pd.DatetimeIndex:
    """Stamps the calendar expects in ``span``, as far as it knows."""
    known = calendar.span(None, None, frequency)
    return calendar.stamps(Span(max(span.start, known.start), min(span.end, known.end)), frequency)


def daily_bars(
    chart: ChartReply, calendar: Calendar, window: Span
) -> tuple[Bars, tuple[Finding, ...]]:
    """Daily bars of one reply, each stamped by its local date, and what was odd about its events.

    Rows without prices stay where the calendar has a session: it depends on the as-of whether one
    is a bar that is missing or a day that has only begun.
    """
    stamps = as_stamps(pd.DatetimeIndex(chart.frame.index).tz_localize(None).normalize())
    bars = _bars(stamps, chart.frame)
    sessions = expected(calendar, window, "daily")
    bars = bars[~(_is_void(bars) & ~bars.index.isin(sessions))]
    return assign_actions(
        bars, pd.DatetimeIndex(bars.index), chart.actions, reach=REACH, sessions=sessions
    )


def intraday_bars(
    chart: ChartReply, calendar: Calendar, window: Span, frequency: Frequency
) -> tuple[Bars, tuple[Finding, ...]]:
    """Intraday bars of one reply, and what was odd about its events.

    Rows without prices and without a volume are periods without a trade, not bars.

    Parameters
    ----------
    chart
        Bars of the frequency that `asked_as` says.
    """
    local = pd.DatetimeIndex(chart.frame.index)
    bars = _bars(as_stamps(local), chart.frame)
    is_bar = ~_is_void(bars)
    asked = asked_as(frequency, calendar, window)
    served, length = bar_length(asked), bar_length(frequency)
    assert served is not None
    assert length is not None
    if len(bars) and _is_live(bars, served):
        is_bar[-1] = False
    bars = bars[is_bar]
    if asked != frequency:
        bars = _of_quarters(bars, expected(calendar, window, frequency), length)
    days = as_stamps(
        pd.DatetimeIndex(bars.index).tz_convert(local.tz).tz_localize(None).normalize()
    )
    sessions = expected(calendar, window, "daily")
    return assign_actions(bars, days, chart.actions, reach=timedelta(0), sessions=sessions)


def asked_as(frequency: Frequency, calendar: Calendar, window: Span) -> Frequency:
    """The frequency that Yahoo is asked for, to make bars of ``frequency`` of.

    yfinance would make half hours of quarters too, but on the full and half hour, where not every
    exchange opens (Bombay, 09:15). Yahoo's own hours run on through a lunch break, while bars
    begin again where trading resumes (Tokyo, 12:30).
    """
    if frequency == "30m":
        return "15m"
    if frequency == "hourly":
        steps = pd.Series(expected(calendar, window, frequency)).diff()
        if ((steps > _HOUR) & (steps < _NIGHT)).any():
            return "15m"
    return frequency


def _of_quarters(quarters: Bars, grid: pd.DatetimeIndex, length: timedelta) -> Bars:
    """Longer bars that begin where the calendar says; elsewhere on whole multiples of theirs.

    One with a quarter that lacks a price has no prices.
    """
    stamps = pd.DatetimeIndex(quarters.index)
    starts = stamps.floor(pd.Timedelta(length))
    if len(grid):
        nearest = grid[np.maximum(grid.searchsorted(stamps, side="right") - 1, 0)]
        is_inside = (stamps >= nearest) & (stamps - nearest < pd.Timedelta(length))
        starts = starts.where(~is_inside, nearest)
    longer = quarters.groupby(as_stamps(starts)).agg(_RULES)[list(COLUMNS)]
    hollow = starts[quarters[list(PRICES)].isna().any(axis=1).to_numpy()]
    longer.loc[longer.index.isin(hollow), list(PRICES)] = np.nan
    return longer


def _bars(stamps: pd.DatetimeIndex, frame: pd.DataFrame) -> Bars:
    names = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}
    return make_bars(stamps, {ours: frame[theirs] for ours, theirs in names.items()})


def _is_void(bars: Bars) -> npt.NDArray[np.bool_]:
    """Rows without any price or volume."""
    nothing = bars[list(PRICES)].isna().all(axis=1) & (bars["volume"] == 0)
    return np.asarray(nothing)


def _is_live(bars: Bars, length: timedelta) -> bool:
    """Whether the last row is the last trade, which Yahoo appends, and not a bar.

    Its stamp is the trade's. Bars begin on whole minutes; those shorter than an hour on multiples
    of their length, hours like the hour before.
    """
    last = bars.index[-1]
    if last.second or last.microsecond:
        return True
    if length < timedelta(hours=1):
        return bool(last.minute % (length // timedelta(minutes=1)))
    return len(bars) > 1 and last - bars.index[-2] < length
