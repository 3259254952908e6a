"""The calendars of this process: sessions that one store has built or loaded serve them all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ml4t_nb.model import SessionOverride

if TYPE_CHECKING:
    from ml4t_nb.core.calendars.calendar import Calendar
    from ml4t_nb.core.calendars.exchanges import CalendarCache

__all__ = ["calendar", "keep_sessions_in", "save_sessions"]

# A store is opened, and listed, without any calendar: what builds them is imported by the first.
_cache: CalendarCache | None = None
_home: Path | None = None
_making = Lock()


def calendar(name: str, overrides: Iterable[SessionOverride] = ()) -> Calendar:
    """The calendar of that name: an exchange by MIC (``XNYS``), ``24/7`` or ``fx``.

    Of ``overrides``, days on which the user knows better, those of other calendars are passed over.
    """
    from ml4t_nb.core.calendars.calendar import Calendar

    return Calendar.of(name, overrides, _made())


def keep_sessions_in(home: Path) -> None:
    """From now on, load sessions from the store in ``home``, and save there what is built."""
    global _home  # noqa: PLW0603  # of the process, as the calendars are
    with _making:
        _home = home
        if _cache is not None:
            _attach(_cache, home)


def save_sessions() -> None:
    """Save what was built and could not be saved until now."""
    if _cache is not None:
        _cache.save()


def _made() -> CalendarCache:
    global _cache  # noqa: PLW0603  # likewise
    with _making:
        if _cache is None:
            from ml4t_nb.core.calendars.exchanges import CalendarCache

            made = CalendarCache()
            if _home is not None:
                _attach(made, _home)
            _cache = made
        return _cache


def _attach(cache: CalendarCache, home: Path) -> None:
    from ml4t_nb.storage.session_cache import DiskSessionCache

    cache.disk = DiskSessionCache(home)
