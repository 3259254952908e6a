"""The calendars of this process: sessions that one store has built or loaded serve them all."""

from __future__ import annotations

from collections.abc import Iterable

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.calendars.exchanges import CalendarCache
from ml4t_nb.model import SessionOverride

__all__ = ["CALENDARS", "calendar"]

CALENDARS = CalendarCache()


def calendar(name: str, overrides: Iterable[SessionOverride] = ()) -> Calendar:
    """The calendar of that name: an exchange by MIC (``XNYS``), ``24/7`` or ``fx``.

    Of ``overrides``, days on which the user knows better, those of other calendars are passed over.
    """
    return Calendar.of(name, overrides, CALENDARS)
