"""Days on which exchanges are open, for pictures whose axis is made of sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["session_days"]


def session_days(
    ws: Workspace, names: Iterable[str], first: int, end: int
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Spans of days in a row with a session, of each calendar, from ``first`` to before ``end``.

    Days are counted from 1970, and the end of a span is exclusive. Days that a calendar does not
    cover have none; a calendar that is not known is left out.
    """
    from ml4t_nb.calendars import calendar

    found = {}
    for name in dict.fromkeys(names):
        try:
            sessions = calendar(name, ws.closures).sessions
        except CalendarUnknown:
            continue
        found[name] = sessions.day_spans(first, end)
    return found
