"""When the exchanges of a store close, by the clocks of each: what a schedule is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml4t_nb.errors import CalendarUnknown
from ml4t_nb.model import bar_length
from ml4t_nb.verbs.due import Terms, terms_of

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["MarketHours", "market_hours"]

_SESSIONS = 260  # a year has each weekday that an exchange opens on, and both sides of the summer


@dataclass(frozen=True, slots=True)
class MarketHours:
    """One calendar of a store, in its own zone.

    Parameters
    ----------
    zone
        An IANA name.
    days
        Weekdays on which bars of a session become final, from Monday, 0.
    final
        Minutes after midnight at which the day's bars are.
    opens
        Minutes after midnight from which on intraday bars are, if any are stored; None if none
        are. 0 where a session begins on the day before.
    """

    calendar: str
    zone: str
    days: tuple[int, ...]
    final: int
    opens: int | None


def market_hours(ws: Workspace) -> tuple[MarketHours, ...]:
    """Those of each calendar in the store, but of symbols that have ended."""
    terms = terms_of(ws, ws.resolve_as_of(None))
    found: dict[str, list[tuple[Terms, bool]]] = {}
    for each in ws.store.summaries():
        if each.ended is not None:
            continue
        is_intraday = bar_length(each.dataset.frequency) is not None
        try:
            found.setdefault(each.calendar, []).append((terms(each), is_intraday))
        except CalendarUnknown:
            continue  # health says so
    return tuple(_hours(name, held) for name, held in sorted(found.items()) if held)


def _hours(name: str, held: Iterable[tuple[Terms, bool]]) -> MarketHours:
    rows = list(held)
    own = rows[0][0]
    delay = max(terms.delay for terms, _ in rows)
    known = own.calendar.sessions
    end = min(own.calendar.closed_by(own.as_of) + 1, len(known))
    recent = known.pick(slice(max(end - _SESSIONS, 0), end))
    zone = own.calendar.zone
    finals = [_local(at, zone) + delay for at in recent.closes]
    opens = [_local(at, zone) for at in recent.opens]
    days = {each.weekday() for each in finals}
    first: int | None = None
    if any(is_intraday for _, is_intraday in rows):
        days |= {each.weekday() for each in opens}
        is_one_day = all(a.date() == b.date() for a, b in zip(opens, finals, strict=True))
        first = min(map(_minutes, opens)) if is_one_day else 0
    return MarketHours(name, str(zone), tuple(sorted(days)), max(map(_minutes, finals)), first)


def _local(at: int, zone: ZoneInfo) -> datetime:
    from ml4t_nb.core.timestamps import from_micros

    return from_micros(int(at)).astimezone(zone)


def _minutes(at: datetime) -> int:
    return (at - at.replace(hour=0, minute=0)) // timedelta(minutes=1)
