"""What a verb's signature may say of an option beyond its type, and how its words become values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeAlias, TypeVar, get_args

from ml4t_nb.errors import OptionError
from ml4t_nb.model import DEFAULT_CALENDARS, AssetClass, DatasetId

__all__ = [
    "Day",
    "Moment",
    "Short",
    "Symbols",
    "anew",
    "as_day",
    "as_folder",
    "as_moment",
    "as_symbols",
    "did_you_mean",
    "named",
    "one_of",
    "source",
]

Day: TypeAlias = date | str
"""A date, inclusive, of the dataset's calendar; a word is read as ``YYYY-MM-DD``."""

Moment: TypeAlias = datetime | date | str
"""An aware instant, or a bare date: after that session's close."""

Symbols: TypeAlias = str | Sequence[str]
"""One symbol or several."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Short:
    """The one-letter spelling of an option, such as ``-s``."""

    flag: str


def as_folder(folder: Path | str, *, option: str) -> Path:
    """``folder``, with ``~`` and ``~name`` as the home of whom they mean.

    Raises
    ------
    OptionError
        If that is nobody who has one.
    """
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise OptionError(
            f"{option} {folder} is in nobody's home", hint="write the folder out"
        ) from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(words)}"


def named(dataset: DatasetId) -> str:
    """The options that name ``dataset`` in a command line, quoted for a shell."""
    symbol = dataset.symbol
    plain = re.fullmatch(r"[A-Za-z0-9._=^/-]+", symbol)
    word = symbol if plain else "'" + symbol.replace("'", "'\\''") + "'"
    # Standing alone, a word that begins with a dash would pass for an option.
    parts = [f"--symbol={word}" if symbol.startswith("-") else f"-s {word}"]
    if dataset.asset_class != get_args(AssetClass)[0]:
        parts.append(f"-a {dataset.asset_class}")
    if dataset.frequency != "daily":
        parts.append(f"-f {dataset.frequency}")
    return " ".join(parts)


def source(
    dataset: DatasetId, provider: str, calendar: str, first: datetime | None
) -> tuple[str, ...]:
    """Words that let a ``load`` ask again for what is stored; without them it asks the defaults.

    Parameters
    ----------
    provider, calendar
        Those of the dataset.
    first
        Its first stamp.
    """
    from_ = ("-p", provider) if provider else ()
    by = () if calendar == DEFAULT_CALENDARS[dataset.asset_class] else ("--calendar", calendar)
    since = ("--start", f"{first:%Y-%m-%d}") if first else ()
    return (*from_, *by, *since)


def anew(dataset: DatasetId, words: Sequence[str]) -> str:
    """A line that fetches a damaged dataset again: over it, a load alone is refused.

    Parameters
    ----------
    words
        Of ``source``; none if nobody knows where it came from.
    """
    name = named(dataset)
    remove = f"ml4t-data remove {name} --yes"
    if not words:
        return f"{remove}, then load it from where it came"
    return f"{remove} && ml4t-data load {name} {' '.join(words)}"


def one_of(value: _T, choices: object, *, what: str) -> _T:
    """``value`` if it is a member of the ``Literal`` ``choices``, or None.

    Raises
    ------
    OptionError
        If it is not; the hint names the nearest member.
    """
    known = get_args(choices)
    if value is not None and value not in known:
        raise OptionError(f"no {what} {value!r}", hint=did_you_mean(str(value), known))
    return value


def as_symbols(symbol: Symbols) -> tuple[str, ...]:
    """Symbols without repetition, in the order given.

    Raises
    ------
    OptionError
        If one is empty, a dot or two, or holds a control character: no provider has such.
    """
    words = (symbol,) if isinstance(symbol, str) else tuple(symbol)
    for word in words:
        if not isinstance(word, str):
            raise OptionError(f"a symbol is a word, not {word!r}", hint='write it as "AAPL"')
        if word.strip() in ("", ".", "..") or not word.isprintable():
            raise OptionError(f"{word!r} is no symbol", hint="write it as the provider does")
    return tuple(dict.fromkeys(words))


def as_day(value: Day | None, *, option: str) -> date | None:
    """The date that ``value`` says.

    Raises
    ------
    OptionError
        If it says none.
    """
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    if isinstance(value, datetime):
        return value.date()
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise OptionError(
            f"{option}: {value!r} is no date", hint="write it as 2024-01-31"
        ) from None


def as_moment(value: Moment | None, *, option: str) -> datetime | date | None:
    """The instant (aware, UTC) or bare date that ``value`` says.

    Raises
    ------
    OptionError
        If it says neither, or an instant without a zone.
    """
    if isinstance(value, str):
        word = value.strip()
        try:
            value = date.fromisoformat(word) if len(word) <= 10 else datetime.fromisoformat(word)  # noqa: PLR2004
        except ValueError:
            raise OptionError(
                f"{option}: {value!r} is neither a date nor an instant",
                hint="write it as 2024-01-31 or 2024-01-31T16:30-05:00",
            ) from None
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise OptionError(
            f"{option}: {value.isoformat()} has no time zone",
            hint="add one, such as 2024-01-31T21:30+00:00",
        )
    return value.astimezone(UTC)
