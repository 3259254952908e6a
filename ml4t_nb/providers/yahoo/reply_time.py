"""Which bars were over when Yahoo's reply was made: a reply may be yesterday's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ml4t_nb.core.bars import as_instant
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.timestamps import from_micros, to_micros, week_start
from ml4t_nb.model import Frequency, Span, bar_length
from ml4t_nb.providers.base import Request

__all__ = ["made_at", "over_before"]

# The last quote before a weekend may come some minutes before trading ends.
_SLACK = timedelta(minutes=10)
_BREAK = timedelta(hours=1)
# A share whose last trade is older than this is halted, or delisted, rather than the reply old.
_OLD = timedelta(days=7)
_NEAR = timedelta(days=15)


def made_at(meta: Mapping[str, Any]) -> datetime | None:
    """The last trade that a reply knows of; None if it does not say."""
    seconds = meta.get("regularMarketTime")
    if not isinstance(seconds, int | float) or seconds <= 0:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def over_before(meta: Mapping[str, Any], request: Request, delay: timedelta) -> datetime | None:
    """Exclusive bound of the stamps whose bars were over when the reply was made.

    Of shares only weeks are judged: within a session, a reply of noon cannot be distinguished from
    one about a share that was last traded at noon. None if it says nothing that the as-of does not.
    """
    made, frequency = made_at(meta), request.dataset.frequency
    if made is None or made >= request.as_of:
        return None
    dates = request.calendar
    over: datetime | None
    match dates.name:
        case "24/7":
            over = dates.final_before(made, frequency, timedelta(0))
        case "fx":
            zone = ZoneInfo(str(meta.get("exchangeTimezoneName") or "Europe/London"))
            over = _interbank(made, dates, frequency, zone)
        case _ if frequency == "weekly" and request.as_of - made <= _OLD:
            day = made.astimezone(dates.zone).date()
            over = dates.final_before(dates.closing(day, timedelta(0)), frequency, timedelta(0))
        case _:
            over = None
    due = dates.final_before(request.as_of, frequency, delay)
    return None if over is None or over >= due else over


def _interbank(
    made: datetime, dates: Calendar, frequency: Frequency, zone: ZoneInfo
) -> datetime | None:
    """The bound for currencies, whose days end at midnight in ``zone``, and on Friday before."""
    length = bar_length(frequency)
    ends = made + (_SLACK if length is None else min(length, _SLACK))
    is_pause = dates.stamps(Span(ends, ends + _BREAK), "1m").empty
    if length is not None:
        return dates.final_before(ends if is_pause else made, frequency, timedelta(0))
    local = made.astimezone(zone)
    if local.time() == time():
        # It is the start of the day's row, as where the time of the last trade is not known.
        return None
    day = datetime.combine(local.date(), time(), UTC) + timedelta(days=is_pause)
    if frequency == "daily":
        return day
    following = as_instant(dates.stamps(Span(day, day + _NEAR), "daily")[0])
    return from_micros(week_start(to_micros(following)))
