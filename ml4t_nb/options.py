"""What a verb's signature may say of an option beyond its type, and how its words become values.

Each reader, ``as_...`` and `one_of`, raises an OptionError with a hint for what it cannot read.
"""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

from ml4t_nb.errors import OptionError
from ml4t_nb.model import DEFAULT_CALENDARS, Column, DatasetId, LoadArguments

__all__ = [
    "ColumnNames",
    "Day",
    "Doc",
    "KeepsOne",
    "Moment",
    "PathName",
    "Short",
    "Symbols",
    "Unserved",
    "Writes",
    "as_day",
    "as_folder",
    "as_moment",
    "as_number",
    "as_switch",
    "as_symbols",
    "as_whole",
    "as_word",
    "as_zone",
    "did_you_mean",
    "is_several",
    "load_arguments",
    "one_of",
    "zone_parts",
]

if TYPE_CHECKING:
    import numpy as np

    Day: TypeAlias = date | str | np.datetime64
    Moment: TypeAlias = datetime | date | str | np.datetime64
else:
    Day: TypeAlias = date | str
    """A date, inclusive, of the dataset's calendar; a word is read as ``YYYY-MM-DD``."""

    Moment: TypeAlias = datetime | date | str
    """An aware instant, or a bare date: after that session's close."""

Symbols: TypeAlias = str | Sequence[str]
"""One symbol or several."""

PathName: TypeAlias = Path | str
"""A file or folder; ``~`` is the home of who runs this."""

ColumnNames: TypeAlias = Column | Sequence[Column]
"""One column of bars or several, in the order in which they are wanted."""

_T = TypeVar("_T")
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Short:
    """The one-letter spelling of an option, such as ``-s``."""

    flag: str


@dataclass(frozen=True, slots=True)
class KeepsOne:
    """A word that is given by itself stays one, and is no list of one."""


@dataclass(frozen=True, slots=True)
class Doc:
    """What an option does, in lines, for all verbs that have no paragraph of their own for it."""

    text: str


@dataclass(frozen=True, slots=True)
class Writes:
    """With the option, a verb that else only reads changes the store, or asks a provider."""


@dataclass(frozen=True, slots=True)
class Unserved:
    """Not taken from a request over HTTP: it says where the machine that answers connects to."""


def _refused(option: str, value: object, reason: str, hint: str) -> OptionError:
    return OptionError(f"{option}: {value!r} {reason}", hint=hint)


def as_folder(folder: object, *, option: str) -> Path:
    """``folder``, with ``~`` and ``~name`` as the home of whom they mean."""
    name = os.fspath(folder) if isinstance(folder, str | os.PathLike) else None
    if not isinstance(name, str):
        raise _refused(option, folder, "is not a valid path", 'write it as "folder/name"')
    if not name.strip() or "\0" in name:
        raise _refused(option, name, "is not a valid path", "a path must not be empty")
    # What expands nothing, a crontab, a .env, a quoted word, would make a new, empty folder of it.
    name = os.path.expandvars(name)
    if unknown := re.search(r"\$(?:\w+|\{\w*\}?)", name):
        raise OptionError(f"{option}: {unknown[0]} is not set", hint="write the full path")
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise OptionError(
            f"{option} {folder} cannot be expanded: no such user", hint="write the full path"
        ) from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, whatever its case, or all of them."""
    words = sorted(known)
    spelled = {each.casefold(): each for each in reversed(words)}
    near = difflib.get_close_matches(word.casefold(), spelled, n=1, cutoff=0.5)
    return f"did you mean {spelled[near[0]]!r}?" if near else f"choose from {', '.join(words)}"


def load_arguments(
    dataset: DatasetId,
    provider: str,
    calendar: str,
    first: datetime | None,
    zone: str | None = None,
) -> LoadArguments | None:
    """What a ``load`` needs to fetch again a dataset whose ``first`` stamp, and source, are these.

    None if the source is not known.
    """
    if not provider:
        return None
    own = "" if calendar == DEFAULT_CALENDARS[dataset.asset_class] else calendar
    return LoadArguments(provider, own, first.date() if first else None, zone or "")


def one_of(value: _T, choices: object, *, what: str) -> _T:
    """``value`` if it is a member of the ``Literal`` ``choices``, or None."""
    known = get_args(choices)
    if value is not None and not (isinstance(value, str) and value in known):
        raise OptionError(f"unknown {what} {value!r}", hint=did_you_mean(str(value), known))
    return value


def is_several(value: object) -> TypeGuard[Iterable[object]]:
    """Whether ``value`` can be iterated: a numpy array of no dimension says so, and cannot."""
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) != 0


def as_symbols(symbol: object) -> tuple[str, ...]:
    """Symbols without repetition, in the order given; no provider has an empty one, or ``..``."""
    # Bytes would be taken for numbers, and a table for the names of its columns.
    is_one = isinstance(symbol, str | bytes | bytearray | memoryview) or hasattr(symbol, "columns")
    words = tuple(symbol) if is_several(symbol) and not is_one else (symbol,)
    for word in words:
        if not isinstance(word, str):
            raise OptionError(f"a symbol must be a string, not {word!r}", hint='write it as "AAPL"')
        if word.strip() in ("", ".", "..") or not word.isprintable():
            raise OptionError(
                f"{word!r} is not a valid symbol", hint="write it as the provider does"
            )
    return tuple(dict.fromkeys(as_word(word, option="symbol") for word in words))


def as_word(value: object, *, option: str) -> str:
    """The text that ``value`` is; plain, where it is numpy's or a member of an enumeration.

    An empty word is refused: it could mean a default, or everything.
    """
    if not isinstance(value, str):
        raise _refused(option, value, "is not a string", 'write it as "word"')
    if not value.strip():
        raise _refused(option, value, "is empty", "give a value, or leave it out")
    return str.__str__(value)


def as_switch(value: object, *, option: str) -> bool:
    """Whether ``value`` is on; a text such as "no" would be ambiguous."""
    if type(value).__name__ in ("bool", "bool_") or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise _refused(option, value, "is neither True nor False", "write True or False")


def as_whole(value: object, *, option: str) -> int:
    """The whole number that ``value`` is, or says."""
    number = _number(value, int)
    if number is None or number != int(number):
        hint = "write it as 5; the maximum is a million"
        raise _refused(option, value, "is not a whole number", hint)
    return int(number)


def as_number(value: object, *, option: str) -> float:
    """The finite number that ``value`` is, or says."""
    number = _number(value, float)
    if number is None:
        hint = "write it as 0.5; the maximum is a million"
        raise _refused(option, value, "is not a number", hint)
    return float(number)


def _number(value: object, of_word: Callable[[str], int | float]) -> int | float | None:
    """The number that ``value`` is or says; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | Real):
        return None
    try:
        plain = of_word(value) if isinstance(value, str) else value
        number = int(plain) if isinstance(plain, Integral) else float(plain)
        # More days, bars or threads than that do not occur, nor does a calendar have them.
        return number if math.isfinite(number) and abs(number) <= _MOST else None
    except (ValueError, OverflowError):
        return None


def as_day(value: object, *, option: str) -> date | None:
    """The date that ``value`` says."""
    plain = _plain(value)
    if isinstance(plain, datetime):
        return plain.date()
    if plain is None or isinstance(plain, date):
        return plain
    try:
        return date.fromisoformat(plain.strip())
    except (AttributeError, TypeError, ValueError):
        hint = "write it as 2024-01-31"
        raise _refused(option, value, "is not a valid date", hint) from None


def as_moment(value: object, *, option: str) -> datetime | date | None:
    """The instant (aware, UTC) or bare date that ``value`` says."""
    example = "2024-01-31T16:30-05:00"
    plain: Any = _plain(value)
    if not (plain is None or isinstance(plain, date)):
        try:
            word = plain.strip()
            plain = date.fromisoformat(word) if len(word) <= 10 else datetime.fromisoformat(word)  # noqa: PLR2004
        except (AttributeError, TypeError, ValueError):
            hint = f"write it as 2024-01-31 or {example}"
            raise _refused(option, value, "is not a valid date or time", hint) from None
    if not isinstance(plain, datetime):
        return plain  # type: ignore[no-any-return]  # a date, or None
    if plain.tzinfo is None:
        hint = "add one, such as 2024-01-31T21:30+00:00"
        raise OptionError(f"{option}: {plain.isoformat()} has no time zone", hint=hint)
    try:
        return plain.astimezone(UTC)
    except OverflowError:
        raise OptionError(
            f"{option}: {plain.isoformat()} is outside the supported years",
            hint=f"write it as {example}",
        ) from None


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever a caller may give
    """Pandas' and numpy's dates as the standard library's, those without a value as they are."""
    if isinstance(value, str | bytes) or value is None:
        return value
    kind = type(value).__name__
    if kind == "Timestamp":
        return value.to_pydatetime(warn=False)
    if kind != "datetime64":
        return repr(value) if kind == "NaTType" else value
    # A month or a year is not a day: it could mean its first day or its last.
    unit = str(value.dtype).partition("[")[2].rstrip("]")
    if unit in ("Y", "M", "W", "") or str(value) == "NaT":
        return repr(value)
    return value.astype("datetime64[D]" if unit == "D" else "datetime64[us]").item()


_AHEAD = re.compile(r"(?P<base>.+?)(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>[0-5]\d))?")
_MOST_AHEAD = 14


def as_zone(word: str, *, option: str) -> str:
    """A time zone as it is kept: an IANA name, or one and hours ahead of it.

    Servers of MetaTrader keep ``America/New_York+07:00``, which has no name of its own.
    """
    known = {name.lower(): name for name in available_timezones()}
    lower = word.strip().lower()
    if lower in known:
        return known[lower]
    parts = _AHEAD.fullmatch(lower)
    base = known.get(parts["base"]) if parts else None
    if parts is None or base is None or int(parts["hours"]) > _MOST_AHEAD:
        near = difflib.get_close_matches(lower, known, n=1, cutoff=0.6)
        hint = "write an IANA name, such as Europe/Athens or UTC"
        hint = f"did you mean {known[near[0]]!r}?" if near else hint
        raise OptionError(f"{option}: unknown time zone {word!r}", hint=hint)
    return f"{base}{parts['sign']}{int(parts['hours']):02}:{parts['minutes'] or '00'}"


def zone_parts(zone: str) -> tuple[ZoneInfo, timedelta]:
    """The zone of a name that `as_zone` gave, and how far ahead of it the clocks are."""
    parts = re.fullmatch(r"(.+)([+-])(\d\d):(\d\d)", zone)
    if parts is None:
        return ZoneInfo(zone), timedelta(0)
    ahead = timedelta(hours=int(parts[3]), minutes=int(parts[4]))
    return ZoneInfo(parts[1]), -ahead if parts[2] == "-" else ahead
