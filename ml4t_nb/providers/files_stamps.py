"""Stamps as people write them: one way of writing for a whole column, or none is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import as_stamps

__all__ = ["Unreadable", "Written", "as_written", "from_texts"]

_TIME = r"(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[AaPp][Mm])?))?"
_OFFSET = r" ?(?P<offset>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_YMD = r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
_WAYS = {
    "2024-01-31": _YMD,
    "20240131": r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})",
    "31-Jan-2024": rf"(?P<d>\d{{1,2}})[-/ ]{_NAME}[-/ ,]+(?P<y>\d{{4}})",
    "Jan 31, 2024": rf"{_NAME} (?P<d>\d{{1,2}}),? (?P<y>\d{{4}})",
    "31/01/2024": r"(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4})",
}
_PATTERNS = {name: re.compile(way + _TIME + _OFFSET) for name, way in _WAYS.items()}
_EPOCH = re.compile(r"-?\d{9,19}(?:\.0*)?")
# Digits of an instant between 1973 and 2286, by unit.
_UNITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}


class Unreadable(ValueError):
    """A stamp that is none, or may be one of two.

    Parameters
    ----------
    place
        Which of the column's values.
    """

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Written:
    """Stamps as they stand in a file.

    Parameters
    ----------
    wall
        Naive: the date and time of day as written.
    instants
        UTC, where the file says of which zone they are; None if it does not.
    """

    wall: pd.DatetimeIndex
    instants: pd.DatetimeIndex | None = None

    def dates(self, zone: ZoneInfo) -> pd.DatetimeIndex:
        """The session's date of each, at 00:00 UTC.

        The date as written; but where times of day and a zone are written as well, it is the date
        in ``zone``.
        """
        is_date = bool((self.wall == self.wall.normalize()).all())
        if self.instants is None or is_date:
            return as_stamps(self.wall.normalize())
        return as_stamps(self.instants.tz_convert(zone).tz_localize(None).normalize())

    def opens(self, zone: ZoneInfo) -> pd.DatetimeIndex:
        """The instant of each; a stamp without a zone is of ``zone``.

        Raises
        ------
        Unreadable
            If such a stamp happens twice or never, where clocks are set back or forward.
        """
        if self.instants is not None:
            return self.instants
        local = self.wall.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
        lost = np.flatnonzero(local.isna())
        if len(lost):
            place = int(lost[0])
            words = f"{self.wall[place]} is no single instant in {zone}; write its offset"
            raise Unreadable(words, place)
        return as_stamps(local)


def as_written(stamps: pd.DatetimeIndex) -> Written:
    """Stamps that a file holds as such."""
    if stamps.tz is None:
        return Written(stamps)
    return Written(stamps.tz_localize(None), as_stamps(stamps))


def from_texts(texts: Sequence[str]) -> Written:
    """Stamps of a column of texts, all written in one way.

    ISO 8601, ``20240131``, ``31-Jan-2024``, ``Jan 31, 2024``, ``31/01/2024`` or ``01/31/2024``
    (which of the two, the column must show), each with a time of day and an offset or without; or
    seconds, milliseconds, microseconds or nanoseconds since 1970.

    Raises
    ------
    Unreadable
        If one is not, or the column may be read in two ways.
    """
    if not texts:
        return Written(pd.DatetimeIndex([]))
    if _EPOCH.fullmatch(texts[0]):
        return _epoch(texts)
    way = next((name for name, way in _PATTERNS.items() if way.fullmatch(texts[0])), None)
    if way is None:
        raise Unreadable(f"{texts[0]!r} is no date", 0)
    found = [_PATTERNS[way].fullmatch(text) for text in texts]
    for place, match in enumerate(found):
        if match is None:
            raise Unreadable(f"{texts[place]!r} is not written like {texts[0]!r}", place)
    parts = [match.groupdict() for match in found if match is not None]
    iso = _iso(parts, texts)
    return _parsed(iso, [each["offset"] for each in parts], texts)
