"""Days as people write them: where the month stands, a whole column must show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NoReturn

from ml4t_nb.model import DateOrder
from ml4t_nb.providers.files.problems import Unreadable

__all__ = ["iso_dates", "parts_of", "require_all"]

_TIME = (
    r"(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?: ?(?P<half>[AaPp][Mm]))?"
    r"(?: ?(?P<offset>Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?"
)
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_WAYS = {
    way: re.compile(way + _TIME)
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
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MAX_MONTH = 12
_MAX_DAY = 31
_SOME, _WEEK, _YEAR = 2, 7, 300
# As POSIX has it.
_CENTURY = 69


def require_all(is_sound: Sequence[bool], texts: Sequence[str]) -> None:
    """Raise Unreadable unless all texts are sound: not as the first, or no instants at all."""
    wrong = [
        (place, f"{texts[place]!r} is not in the same format as {texts[0]!r}")
        for place, each in enumerate(is_sound)
        if not each
    ]
    if wrong:
        raise Unreadable(wrong[0][1], wrong[0][0], others=wrong[1:])


def parts_of(texts: Sequence[str]) -> list[dict[str, str | None]]:
    """The parts of dates, all written in one of the ways."""
    way = next((each for each in _WAYS.values() if each.fullmatch(texts[0])), None)
    if way is None:
        raise Unreadable(f"{texts[0]!r} is not a valid date", 0)
    matches = [way.fullmatch(text) for text in texts]
    require_all([match is not None for match in matches], texts)
    parts = [match.groupdict() for match in matches if match is not None]
    if "yy" in parts[0]:
        return [{**each, "y": _year(each["yy"] or "")} for each in parts]
    return parts


def _year(digits: str) -> str:
    return f"{20 if int(digits) < _CENTURY else 19}{digits}"


def iso_dates(
    parts: Sequence[Mapping[str, str | None]], texts: Sequence[str], preferred: DateOrder | None
) -> list[str]:
    """ISO dates, perhaps of days that do not exist."""
    if "a" in parts[0]:
        return _ordered(parts, texts, preferred)
    if "name" in parts[0]:
        for place, each in enumerate(parts):
            if str(each["name"])[:3].lower() not in _MONTHS:
                raise Unreadable(f"{texts[place]!r} is not a valid date", place)
        return [
            f"{p['y']}-{_MONTHS.index(str(p['name'])[:3].lower()) + 1:02}-{int(p['d'] or 0):02}"
            for p in parts
        ]
    return [f"{p['y']}-{int(p['m'] or 0):02}-{int(p['d'] or 0):02}" for p in parts]


def _ordered(
    parts: Sequence[Mapping[str, str | None]], texts: Sequence[str], preferred: DateOrder | None
) -> list[str]:
    """ISO dates of three numbers; the whole column decides which of them is the month."""
    numbers = [(int(p["a"] or 0), int(p["b"] or 0), str(p["y"])) for p in parts]
    readings: dict[DateOrder, list[tuple[str, int, int]]] = {
        "month-first": [(year, a, b) for a, b, year in numbers],
        "day-first": [(year, b, a) for a, b, year in numbers],
    }
    if "yy" in parts[0]:
        readings["year-first"] = [(_year(f"{a:02}"), b, int(year[-2:])) for a, b, year in numbers]
    possible = {
        order: [f"{year}-{month:02}-{day:02}" for year, month, day in dates]
        for order, dates in readings.items()
        if all(1 <= month <= _MAX_MONTH and 1 <= day <= _MAX_DAY for _, month, day in dates)
    }
    if not possible:
        _refuse_order(numbers, texts)
    if "year-first" in possible:
        possible = _of_near_rows(possible)
    if len({tuple(dates) for dates in possible.values()}) == 1:
        return next(iter(possible.values()))
    if preferred in possible:
        return possible[preferred]
    readable = " or ".join(dates[0] for dates in possible.values())
    raise Unreadable(
        f"{texts[0]!r} may be {readable}, and no row shows which comes first, day or month",
        0,
        hint=f"set ML4T_DATA_FILES_DATES to {' or '.join(sorted(possible))}",
    )


def _of_near_rows(possible: dict[DateOrder, list[str]]) -> dict[DateOrder, list[str]]:
    """Readings without those whose rows are years apart, where another's are days apart.

    A day that is taken for a year, or a year for a day, moves by years from one row to the next.
    """
    apart: dict[DateOrder, int] = {}
    for order, dates in possible.items():
        days = sorted({int(y) * 372 + int(m) * 31 + int(d) for y, m, d in map(_split, dates)})
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


def _split(iso: str) -> list[str]:
    return iso.split("-")


def _refuse_order(numbers: Sequence[tuple[int, int, str]], texts: Sequence[str]) -> NoReturn:
    """Raise Unreadable for a column whose dates are in no one order."""
    days_first = next((place for place, (a, _, _) in enumerate(numbers) if a > _MAX_MONTH), None)
    days_last = next((place for place, (_, b, _) in enumerate(numbers) if b > _MAX_MONTH), None)
    if days_first is None or days_last is None:
        lost = next(
            place
            for place, (a, b, _) in enumerate(numbers)
            if not (0 < a <= _MAX_DAY and 0 < b <= _MAX_DAY)
        )
        raise Unreadable(f"{texts[lost]!r} is not a valid date", lost)
    if days_first == days_last:
        raise Unreadable(f"{texts[days_first]!r} is not a valid date", days_first)
    words = f"{texts[days_last]!r} and {texts[days_first]!r} have the month in different positions"
    raise Unreadable(words, max(days_first, days_last))
