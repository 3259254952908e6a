"""yfinance's frames as bars: Yahoo's stamps, empty rows and live rows put right."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, as_stamps, make_bars
from ml4t_nb.core.calendars import Calendar
from ml4t_nb.model import Finding, Frequency, Span, bar_length
from ml4t_nb.providers.yahoo_client import Chart
from ml4t_nb.providers.yahoo_events import REACH, book

__all__ = ["daily_bars", "expected", "intraday_bars"]


def expected(calendar: Calendar, span: Span, frequency: Frequency) -> pd.DatetimeIndex:
    """Stamps the calendar expects in ``span``, as far as it knows."""
    known = calendar.span(None, None, frequency)
    return calendar.stamps(Span(max(span.start, known.start), min(span.end, known.end)), frequency)


def daily_bars(chart: Chart, calendar: Calendar, window: Span) -> tuple[Bars, tuple[Finding, ...]]:
    """Daily bars of one reply, each stamped by its local date, and what was odd about its events.

    Rows without prices stay where the calendar has a session: it depends on the as-of whether one
    is a bar that is missing or a day that has only begun.
    """
    stamps = as_stamps(pd.DatetimeIndex(chart.frame.index).tz_localize(None).normalize())
    bars = _bars(stamps, chart.frame)
    sessions = expected(calendar, window, "daily")
    bars = bars[~(_is_void(bars) & ~bars.index.isin(sessions))]
    return book(bars, pd.DatetimeIndex(bars.index), chart.events, reach=REACH, sessions=sessions)


def intraday_bars(
    chart: Chart, calendar: Calendar, window: Span, frequency: Frequency
) -> tuple[Bars, tuple[Finding, ...]]:
    """Intraday bars of one reply, and what was odd about its events.

    Rows without prices and without a volume are stretches without a trade, no bars.
    """
    local = pd.DatetimeIndex(chart.frame.index)
    bars = _bars(as_stamps(local), chart.frame)
    days = as_stamps(local.tz_localize(None).normalize())
    is_bar = ~_is_void(bars)
    length = bar_length(frequency)
    assert length is not None
    if len(bars) and _is_live(bars, length):
        is_bar[-1] = False
    sessions = expected(calendar, window, "daily")
    return book(bars[is_bar], days[is_bar], chart.events, reach=timedelta(0), sessions=sessions)


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
