"""Time zones as people name them: by the IANA name, or by one and hours ahead of it."""

from __future__ import annotations

import difflib
import re
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from ml4t_nb.errors import OptionError

__all__ = ["as_zone", "zone_parts"]

_AHEAD = re.compile(r"(?P<base>.+?)(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>[0-5]\d))?")
_MOST_AHEAD = 14


def as_zone(word: str, *, option: str) -> str:
    """A time zone as it is kept: an IANA name, or one and hours ahead of it.

    Servers of MetaTrader keep ``America/New_York+07:00``, which has no name of its own.

    Raises
    ------
    OptionError
        If there is none; the hint names the nearest.
    """
    known = {name.lower(): name for name in available_timezones()}
    found = known.get(word.strip().lower())
    if found is not None:
        return found
    parts = _AHEAD.fullmatch(word.strip())
    base = known.get(parts["base"].lower()) if parts else None
    if parts is None or base is None or int(parts["hours"]) > _MOST_AHEAD:
        near = difflib.get_close_matches(word.strip().lower(), known, n=1, cutoff=0.6)
        raise OptionError(
            f"{option}: unknown time zone {word!r}",
            hint=f"did you mean {known[near[0]]!r}?"
            if near
            else "write an IANA name, such as Europe/Athens or UTC",
        )
    return f"{base}{parts['sign']}{int(parts['hours']):02}:{parts['minutes'] or '00'}"


def zone_parts(zone: str) -> tuple[ZoneInfo, timedelta]:
    """The zone of a name that `as_zone` gave, and how far ahead of it the clocks are."""
    parts = re.fullmatch(r"(.+)([+-])(\d\d):(\d\d)", zone)
    if parts is None:
        return ZoneInfo(zone), timedelta(0)
    ahead = timedelta(hours=int(parts[3]), minutes=int(parts[4]))
    return ZoneInfo(parts[1]), -ahead if parts[2] == "-" else ahead
