"""Stamps as people write them: one way of writing for a whole column, or none is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import as_stamps
from ml4t_nb.model import DateOrder
from ml4t_nb.providers.files.dialects import Dialect
from ml4t_nb.providers.files.problems import Unreadable

__all__ = ["Written", "from_texts"]

_ISO = (
    r"^(?P<wall>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?)"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?$"
)
_ISO_DAY = r"^(?:1[7-9]|2[01])\d{2}-\d{2}-\d{2}$"
_EPOCH = re.compile(r"\d{9,19}(?:\.0*)?")
# Digits of an instant between 1973 and 2286, by unit.
_UNITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
_MOST = np.iinfo(np.int64).max
_TIME = (
    r"(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?: ?(?P<half>[AaPp][Mm]))?"
    r"(?: ?(?P<offset>Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?"
)
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_WAYS = tuple(
    re.compile(way + _TIME)
    for way in (
        r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})",
        r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})",
        rf"(?P<d>\d{{1,2}})[-/. ]{_NAME}[-/ ,]+(?P<y>\d{{4}})",
        rf"(?P<d>\d{{1,2}})[-/. ]{_NAME}[-/ ,]+(?P<yy>\d{{2}})",
        rf"{_NAME}[-/ ](?P<d>\d{{1,2}})(?:, ?|[-/ ])(?P<y>\d{{4}})",
        r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<y>\d{4})",
        r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<yy>\d{2})",
        r"(?P<a>\d{2})(?P<b>\d{2})(?P<yy>\d{2})",
    )
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAX_MONTH, _MAX_DAY, _NOON = 12, 31, 12
# As POSIX has it.
_CENTURY = 69
_SOME, _WEEK, _YEAR = 2, 7, 300

_Parts: TypeAlias = Mapping[str, str | None]
_Date: TypeAlias = tuple[int, int, int]
"""Year, month and day, perhaps of a day that does not exist."""


@dataclass(frozen=True, slots=True)
class Written:
    """Stamps as they stand in a file: naive, and as UTC where the file says of which zone."""

    wall: pd.DatetimeIndex
    instants: pd.DatetimeIndex | None = None


def from_texts(texts: Sequence[str], dialect: Dialect, preferred: DateOrder | None) -> Written:
    """Stamps of a column of texts, all written in one way; Unreadable if it may be read in two.

    ISO 8601, ``20240131``, ``31-Jan-2024``, ``Jan 31, 2024``, ``31/01/2024`` or ``01/31/2024``
    (which of the two, the column must show), each with a time of day and an offset or without; or
    seconds, milliseconds, microseconds or nanoseconds since 1970. Years of two digits are those
    from 1969 to 2068. The dialect's own formats go first; where the column does not show where the
    day stands, it is where it is preferred.
    """
    if not texts:
        return Written(pd.DatetimeIndex([]))
    for each in dialect.formats:
        wall = pd.to_datetime(pd.Index(texts), format=each, errors="coerce")
        if not wall.hasnans:
            return Written(pd.DatetimeIndex(wall))
    if (iso := _all_iso(texts)) is not None:
        return iso
    if _EPOCH.fullmatch(texts[0]):
        return _since_1970(texts, has_mixed_units=dialect.has_mixed_units)
    way = next((each for each in _WAYS if each.fullmatch(texts[0])), None)
    if way is None:
        raise _invalid(texts, 0)
    matches = [way.fullmatch(text) for text in texts]
    _require_all([match is not None for match in matches], texts)
    parts = [match.groupdict() for match in matches if match is not None]
    stamps = [
        f"{year:04}-{month:02}-{day:02}T{_time(each)}"
        for (year, month, day), each in zip(_dates(parts, texts, preferred), parts, strict=True)
    ]
    wall = pd.DatetimeIndex(pd.to_datetime(pd.Index(stamps), format="ISO8601", errors="coerce"))
    if wall.hasnans:
        raise _invalid(texts, int(wall.isna().argmax()))
    offsets = [each["offset"] or "" for each in parts]
    for place, offset in enumerate(offsets):
        if bool(offset) != bool(offsets[0]):
            words = f"{texts[place]!r} is not in the same format as {texts[0]!r}"
            raise Unreadable((place, f"{words}: only one has a zone"))
    return _with_offsets(wall, offsets)


def _invalid(texts: Sequence[str], place: int) -> Unreadable:
    return Unreadable((place, f"{texts[place]!r} is not a valid date"))


def _require_all(is_sound: Sequence[bool], texts: Sequence[str]) -> None:
    """Raise Unreadable unless all texts are sound: not as the first, or no instants at all."""
    wrong = [
        (place, f"{texts[place]!r} is not in the same format as {texts[0]!r}")
        for place, each in enumerate(is_sound)
        if not each
    ]
    if wrong:
        raise Unreadable(*wrong)


def _all_iso(texts: Sequence[str]) -> Written | None:
    """Stamps in plain ISO 8601, the way of large files, read in bulk; None if one is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pa.array(texts, pa.string())
    if pc.all(pc.match_substring_regex(column, _ISO_DAY)).as_py():
        try:
            days = pc.cast(column, pa.timestamp("us"))
        except pa.ArrowInvalid:  # such as the 30th of February
            return None
        return Written(pd.DatetimeIndex(days.to_numpy(zero_copy_only=False)))
    parts = pc.extract_regex(column, _ISO)
    if parts.null_count:
        return None
    walls, offsets = parts.field("wall").to_numpy(False), parts.field("offset").to_numpy(False)
    wall = pd.DatetimeIndex(pd.to_datetime(walls, format="ISO8601", errors="coerce"))
    is_bare = offsets == ""
    return None if wall.hasnans or is_bare.any() != is_bare.all() else _with_offsets(wall, offsets)


def _with_offsets(wall: pd.DatetimeIndex, offsets: Sequence[str]) -> Written:
    """Stamps that are so far ahead of UTC; none of them says if the first does not."""
    if not offsets[0]:
        return Written(wall)
    codes, kinds = pd.factorize(np.asarray(offsets, dtype=object))
    ahead = np.array([_minutes(kind) for kind in kinds], dtype="timedelta64[m]")[codes]
    return Written(wall, as_stamps(wall - pd.TimedeltaIndex(ahead)))


def _minutes(offset: str) -> int:
    digits = offset[1:].replace(":", "")
    if not digits.isdigit():
        return 0
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return -minutes if offset[0] == "-" else minutes


def _since_1970(texts: Sequence[str], *, has_mixed_units: bool) -> Written:
    digits = [text.partition(".")[0] for text in texts]
    units = [
        _UNITS.get(len(count)) if _EPOCH.fullmatch(text) else None
        for count, text in zip(digits, texts, strict=True)
    ]
    if units[0] is None:
        raise Unreadable((0, f"{texts[0]!r} is not a plausible count of time since 1970"))
    # Exchanges went on from milliseconds to microseconds within one file.
    allowed = {"ms", "us"} if units[0] in ("ms", "us") else {units[0]}
    allowed |= {"s", "ms"} if has_mixed_units else set()
    _require_all([unit in allowed for unit in units], texts)
    _require_all([int(count) <= _MOST for count in digits], texts)
    written = pd.Series(map(int, digits), dtype="int64")
    parts = [pd.to_datetime(rows, unit=unit) for unit, rows in written.groupby(pd.Index(units))]
    instants = as_stamps(pd.DatetimeIndex(pd.concat(parts).sort_index()))
    return Written(instants.tz_localize(None), instants)


def _time(part: _Parts) -> str:
    """Time of day, 24 hours."""
    hour, _, rest = (part["time"] or "0:00").partition(":")
    if part["half"] is None:
        return f"{int(hour):02}:{rest}"
    # 12 AM is midnight, 12 PM is noon.
    if not 1 <= int(hour) <= _NOON:
        return "no time"
    is_afternoon = part["half"].lower() == "pm"
    return f"{int(hour) % _NOON + _NOON * is_afternoon:02}:{rest}"


def _dates(
    parts: Sequence[_Parts], texts: Sequence[str], preferred: DateOrder | None
) -> Sequence[_Date]:
    def numbers(name: str) -> list[int]:
        return [int(each[name] or 0) for each in parts]

    is_short = "yy" in parts[0]
    years = [_year(each) for each in numbers("yy")] if is_short else numbers("y")
    if "a" in parts[0]:
        numbered = list(zip(years, numbers("a"), numbers("b"), strict=True))
        return _ordered(numbered, texts, preferred, is_short=is_short)
    if "m" in parts[0]:
        return list(zip(years, numbers("m"), numbers("d"), strict=True))
    names = [str(each["name"])[:3].lower() for each in parts]
    for place, name in enumerate(names):
        if name not in _MONTHS:
            raise _invalid(texts, place)
    months = [_MONTHS.index(name) + 1 for name in names]
    return list(zip(years, months, numbers("d"), strict=True))


def _year(two_digits: int) -> int:
    return two_digits + (2000 if two_digits < _CENTURY else 1900)


def _ordered(
    numbers: Sequence[_Date], texts: Sequence[str], preferred: DateOrder | None, *, is_short: bool
) -> Sequence[_Date]:
    """Dates of a year and two numbers; the whole column decides which of them is the month.

    Where years are short, the first number may be the year, and what stands for it the day.
    """
    readings: dict[DateOrder, list[_Date]] = {
        "month-first": list(numbers),
        "day-first": [(year, month, day) for year, day, month in numbers],
    }
    if is_short:
        readings["year-first"] = [(_year(a), month, year % 100) for year, a, month in numbers]
    possible = {
        order: dates
        for order, dates in readings.items()
        if all(1 <= month <= _MAX_MONTH and 1 <= day <= _MAX_DAY for _, month, day in dates)
    }
    if not possible:
        raise _no_order(numbers, texts)
    if "year-first" in possible:
        possible = _of_near_rows(possible)
    if len(set(map(tuple, possible.values()))) == 1:
        return next(iter(possible.values()))
    if preferred in possible:
        return possible[preferred]
    firsts = (dates[0] for dates in possible.values())
    readable = " or ".join(f"{year:04}-{month:02}-{day:02}" for year, month, day in firsts)
    raise Unreadable(
        (0, f"{texts[0]!r} may be {readable}, and no row shows which comes first, day or month"),
        hint=f"set ML4T_DATA_FILES_DATES to {' or '.join(sorted(possible))}",
    )


def _of_near_rows(possible: dict[DateOrder, list[_Date]]) -> dict[DateOrder, list[_Date]]:
    """Readings without those whose rows are years apart, where another's are days apart.

    A day that is taken for a year, or a year for a day, moves by years from one row to the next.
    """
    apart: dict[DateOrder, int] = {}
    for order, dates in possible.items():
        days = sorted({year * 372 + month * 31 + day for year, month, day in dates})
        gaps = sorted(later - before for before, later in pairwise(days))
        apart[order] = gaps[len(gaps) // 2] if len(gaps) >= _SOME else 0
    nearest = min(apart.values())
    if not nearest or nearest > _WEEK:
        return possible
    year_apart = apart["year-first"] > _YEAR
    is_year_first = nearest == apart["year-first"]
    return {
        order: dates
        for order, dates in possible.items()
        if not (year_apart if order == "year-first" else is_year_first and apart[order] > _YEAR)
    }


def _no_order(numbers: Sequence[_Date], texts: Sequence[str]) -> Unreadable:
    """The error for a column whose dates are in no one order."""
    first, last = (
        next((place for place, each in enumerate(numbers) if each[at] > _MAX_MONTH), None)
        for at in (1, 2)
    )
    if first is None or last is None:
        first = last = next(
            place
            for place, (_, a, b) in enumerate(numbers)
            if not (0 < a <= _MAX_DAY and 0 < b <= _MAX_DAY)
        )
    if first == last:
        return _invalid(texts, first)
    words = f"{texts[last]!r} and {texts[first]!r} have the month in different positions"
    return Unreadable((max(first, last), words))
