"""Stamps as people write them: one way of writing for a whole column, or none is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import as_stamps
from ml4t_nb.model import DateOrder
from ml4t_nb.providers.files.dates import iso_dates, parts_of, require_all
from ml4t_nb.providers.files.problems import Unreadable

__all__ = ["Written", "as_written", "from_texts"]

_ISO = (
    r"^(?P<wall>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?)"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?$"
)
_EPOCH = re.compile(r"\d{9,19}(?:\.0*)?")
# Digits of an instant between 1973 and 2286, by unit.
_UNITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
_MOST = np.iinfo(np.int64).max
_NOON = 12


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


def as_written(stamps: pd.DatetimeIndex) -> Written:
    """Stamps that a file holds as such."""
    if stamps.tz is None:
        return Written(stamps)
    return Written(stamps.tz_localize(None), as_stamps(stamps))


def from_texts(
    texts: Sequence[str],
    *,
    formats: Sequence[str] = (),
    preferred: DateOrder | None = None,
    has_mixed_units: bool = False,
) -> Written:
    """Stamps of a column of texts, all written in one way.

    ISO 8601, ``20240131``, ``31-Jan-2024``, ``Jan 31, 2024``, ``31/01/2024`` or ``01/31/2024``
    (which of the two, the column must show), each with a time of day and an offset or without; or
    seconds, milliseconds, microseconds or nanoseconds since 1970. Years of two digits are those
    from 1969 to 2068.

    Parameters
    ----------
    formats
        Formats of `strptime` to try before.
    preferred
        Where the day stands, where the column does not show it.
    has_mixed_units
        Whether one row may count seconds and another milliseconds.

    Raises
    ------
    Unreadable
        If one is not, or the column may be read in two ways.
    """
    if not texts:
        return Written(pd.DatetimeIndex([]))
    for each in formats:
        wall = pd.to_datetime(pd.Index(texts), format=each, errors="coerce")
        if not wall.hasnans:
            return Written(pd.DatetimeIndex(wall))
    if (iso := _all_iso(texts)) is not None:
        return iso
    if _EPOCH.fullmatch(texts[0]):
        return _since_1970(texts, has_mixed_units=has_mixed_units)
    parts = parts_of(texts)
    dates = iso_dates(parts, texts, preferred)
    times = [_time(each) for each in parts]
    wall = _wall([f"{day}T{time}" for day, time in zip(dates, times, strict=True)], texts)
    offsets = [each["offset"] for each in parts]
    if offsets[0] is None and not any(offsets):
        return Written(wall)
    return Written(wall, as_stamps(wall - _offsets(offsets, texts)))


def _all_iso(texts: Sequence[str]) -> Written | None:
    """Stamps in plain ISO 8601, the way of large files, read in bulk; None if one is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = pc.extract_regex(pa.array(texts, pa.string()), _ISO)
    if parts.null_count:
        return None
    walls, offsets = parts.field("wall").to_numpy(False), parts.field("offset").to_numpy(False)
    wall = pd.DatetimeIndex(pd.to_datetime(walls, format="ISO8601", errors="coerce"))
    codes, kinds = pd.factorize(offsets)
    if wall.hasnans or (len(kinds) > 1 and "" in kinds):
        return None
    if kinds[0] == "":
        return Written(wall)
    ahead = np.array([_minutes(str(kind)) for kind in kinds], dtype="timedelta64[m]")[codes]
    return Written(wall, as_stamps(wall - pd.TimedeltaIndex(ahead)))


def _since_1970(texts: Sequence[str], *, has_mixed_units: bool) -> Written:
    units = [
        _UNITS.get(len(text.partition(".")[0])) if _EPOCH.fullmatch(text) else None
        for text in texts
    ]
    if units[0] is None:
        raise Unreadable(f"{texts[0]!r} is not a plausible count of time since 1970", 0)
    # Exchanges went on from milliseconds to microseconds within one file.
    allowed = {"ms", "us"} if units[0] in ("ms", "us") else {units[0]}
    allowed |= {"s", "ms"} if has_mixed_units else set()
    require_all([unit in allowed for unit in units], texts)
    counts = [int(text.partition(".")[0]) for text in texts]
    require_all([count <= _MOST for count in counts], texts)
    written = pd.Series(counts, dtype="int64")
    parts = [pd.to_datetime(rows, unit=unit) for unit, rows in written.groupby(pd.Index(units))]
    instants = as_stamps(pd.DatetimeIndex(pd.concat(parts).sort_index()))
    return Written(instants.tz_localize(None), instants)


def _time(part: Mapping[str, str | None]) -> str:
    """Time of day, 24 hours."""
    time, half = part["time"], part["half"]
    if time is None:
        return "00:00"
    hour, _, rest = time.partition(":")
    if half is not None:
        # 12 AM is midnight, 12 PM is noon.
        if not 1 <= int(hour) <= _NOON:
            return "no time"
        hour = str(int(hour) % _NOON + (_NOON if half.lower() == "pm" else 0))
    return f"{int(hour):02}:{rest}"


def _wall(iso: Sequence[str], texts: Sequence[str]) -> pd.DatetimeIndex:
    wall = pd.DatetimeIndex(pd.to_datetime(pd.Index(iso), format="ISO8601", errors="coerce"))
    lost = np.flatnonzero(wall.isna())
    if len(lost):
        raise Unreadable(f"{texts[int(lost[0])]!r} is not a valid date", int(lost[0]))
    return wall


def _offsets(offsets: Sequence[str | None], texts: Sequence[str]) -> pd.TimedeltaIndex:
    """How far ahead of UTC each is."""
    for place, each in enumerate(offsets):
        if (each is None) != (offsets[0] is None):
            words = (
                f"{texts[place]!r} is not in the same format as {texts[0]!r}: only one has a zone"
            )
            raise Unreadable(words, place)
    minutes = [_minutes(each or "Z") for each in offsets]
    return pd.to_timedelta(np.array(minutes, dtype="int64"), unit="m")


def _minutes(offset: str) -> int:
    digits = offset[1:].replace(":", "")
    if not digits.isdigit():
        return 0
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return -minutes if offset[0] == "-" else minutes
