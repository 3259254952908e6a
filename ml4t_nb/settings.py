"""Settings: ``ML4T_DATA_*`` in the environment, then ``.env`` in the current folder."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

from ml4t_nb.errors import OptionError, SettingsInvalid
from ml4t_nb.model import Basis, DateOrder, DecimalSign, SessionOverride, Span, WeekDating
from ml4t_nb.options import as_folder, as_moment, as_zone, one_of

__all__ = [
    "Settings",
    "absolute",
    "current_folder",
    "default_home",
    "environment",
    "forget_notes",
]

_PREFIX = "ML4T_DATA_"
_NEAR = 0.75
_log = logging.getLogger(__name__)
_reported: set[str] = set()
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def default_home() -> Path:
    """The store's folder unless another is set."""
    try:
        return Path.home() / ".ml4t-data"
    except RuntimeError as error:
        raise SettingsInvalid(
            "this user has no home folder", hint="name a folder for the store in ML4T_DATA_HOME"
        ) from error


@dataclass(frozen=True, slots=True)
class Settings:
    """How this machine uses the toolkit.

    Each field is the setting ``ML4T_DATA_`` + its name in capitals; ``lock_timeout`` is
    ``ML4T_DATA_LOCK_TIMEOUT``.

    Parameters
    ----------
    home
        Folder of the store.
    provider
        Provider that ``load`` uses if none is named.
    log_level
        What the package logs to standard error.
    lock_timeout
        Seconds to wait for another writer of the same dataset.
    archive
        Folder in which the store's archive is now, if not where ``archive --to`` put it.
    as_of
        Run as of this time instead of now.
    synthetic_holes
        Spans in which the synthetic provider has no bars: ``START/END`` pairs of dates or
        instants, the end exclusive, comma-separated.
    closures
        Days on which a calendar is wrong: ``XHKG:2023-09-01`` was closed, ``XNYS:+2024-01-06``
        was a session; comma-separated.
    files
        Folder that the provider ``files`` reads.
    files_basis
        Whether prices in those files are ``as-traded``, or ``split-adjusted``: restated back
        through history at every split. If not given, what each file shows at its splits.
    files_dates
        How dates such as 01/02/2024 in those files are read where a file itself does not show it:
        ``day-first``, ``month-first`` or ``year-first``.
    files_decimal
        Whether a ``point`` or a ``comma`` parts the fraction of a number in those files, likewise.
    files_weeks
        Whether rows of weeks that are dated on a Sunday ``begin`` or ``end`` with it, where the
        program that wrote them is not known.
    files_zone
        Time zone of intraday stamps without a zone in those files: an IANA name, such as
        ``Europe/Athens``, or one and hours ahead, ``America/New_York+07:00``; the calendar's own
        if not set.
    read_tokens
        Tokens, comma-separated, with which the store is read over HTTP, and no more.
    yahoo_per_minute
        Maximum number of requests per minute to Yahoo.
    """

    home: Path = field(default_factory=default_home)
    provider: str = "yahoo"
    log_level: str = "WARNING"
    lock_timeout: float = 30.0
    archive: Path | None = None
    as_of: datetime | date | None = None
    synthetic_holes: tuple[Span, ...] = ()
    closures: tuple[SessionOverride, ...] = ()
    files: Path | None = None
    files_basis: Basis | None = None
    files_dates: DateOrder | None = None
    files_decimal: DecimalSign | None = None
    files_weeks: WeekDating | None = None
    files_zone: str | None = None
    read_tokens: tuple[str, ...] = field(default=(), repr=False)
    yahoo_per_minute: float = 60.0

    def __post_init__(self) -> None:
        for each in fields(self):
            # Text is read as the environment's is.
            if isinstance(word := getattr(self, each.name), str):
                object.__setattr__(self, each.name, _value(each.name, word))
        # Absolute from the start: a job goes on while the notebook changes its folder.
        object.__setattr__(self, "home", absolute(self.home))
        for name in ("files", "archive"):
            if (folder := getattr(self, name)) is not None:
                object.__setattr__(self, name, absolute(folder))

    @classmethod
    def read(cls, environ: Mapping[str, str], *, folder: Path | None) -> Settings:
        """Settings from ``environ``, then from ``folder / ".env"``.

        Parameters
        ----------
        folder
            None if there is none any more.

        Raises
        ------
        SettingsInvalid
            If a name is nearly one of ours, a value is invalid, or ``.env`` cannot be read. A
            name with our prefix that is not, such as ML4T_DATA_PATH of the package ml4t-data, is
            reported once.
        """
        notes: list[str] = []
        dotenv = {} if folder is None else _read_dotenv(folder / ".env", notes)
        known = {_PREFIX + each.name.upper(): each.name for each in fields(cls)}
        values: dict[str, Any] = {}
        for name, word in {**dotenv, **environ}.items():
            if name in known:
                values[known[name]] = word
            elif name.upper().startswith(_PREFIX):
                notes.append(_foreign(name, known))
        settings = cls(**values)
        if settings.log_level in ("DEBUG", "INFO", "WARNING"):
            for note in dict.fromkeys(notes):
                if note not in _reported:
                    _reported.add(note)
                    _log.warning("%s", note)
        return settings

    @classmethod
    def current(cls) -> Settings:
        """Settings of this process, in its current folder."""
        return cls.read(os.environ, folder=current_folder())


def current_folder() -> Path | None:
    """The current folder; None if it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return None


def absolute(path: Path) -> Path:
    """``path``, wherever the process goes from now on; it may be relative to a folder now gone."""
    try:
        return path.expanduser().absolute()
    except OSError as error:
        raise OptionError(
            f"{path} is relative to the current folder, which no longer exists",
            hint="write the full path",
        ) from error


def environment() -> dict[str, str]:
    """The environment of this process, with what ``.env`` in the current folder adds to it."""
    folder = current_folder()
    dotenv = {} if folder is None else _read_dotenv(folder / ".env", [])
    return {**dotenv, **os.environ}


def forget_notes() -> None:
    """Report again, from now on, what was reported once."""
    _reported.clear()


def _foreign(name: str, known: Mapping[str, str]) -> str:
    """What to say of a setting that is none of ours, nor nearly one, which would have no effect."""
    words = {each.removeprefix(_PREFIX): each for each in known}
    word = name.upper().removeprefix(_PREFIX)
    if near := get_close_matches(word, words, n=1, cutoff=_NEAR):
        raise SettingsInvalid(f"unknown setting {name}", hint=f"did you mean {words[near[0]]!r}?")
    return f"{name} is not a setting of ml4t_nb and is ignored"


def _value(setting: str, word: str) -> object:
    try:
        return _READERS.get(setting, str)(word)
    except (ValueError, OptionError) as error:
        reason = error.message if isinstance(error, OptionError) else str(error)
        raise SettingsInvalid(
            f"{_PREFIX}{setting.upper()}={word!r} is invalid: {reason}",
            hint="correct it in the environment or in .env, or remove it",
        ) from error


def _level(word: str) -> str:
    if word.upper() not in _LEVELS:
        raise ValueError(f"a level must be one of {', '.join(_LEVELS)}")
    return word.upper()


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 0 <= seconds < float("inf"):
        raise ValueError("seconds must be zero or more")
    return seconds


def _rate(word: str) -> float:
    rate = float(word)
    if not 0 < rate < float("inf"):
        raise ValueError("a rate must be more than zero")
    return rate


def _folder(word: str) -> Path:
    if not word.strip():
        raise ValueError("a folder must have a name")
    return as_folder(word, option="a folder")


def _parts(word: str) -> Iterator[str]:
    return filter(None, map(str.strip, word.split(",")))


def _span(word: str) -> Span:
    start, bar, end = word.partition("/")
    if not bar:
        raise ValueError(f"{word!r} is not START/END")
    return Span(_instant(start), _instant(end))


def _instant(word: str) -> datetime:
    moment = as_moment(word, option="a span")
    if isinstance(moment, datetime):
        return moment
    return datetime.fromisoformat(f"{moment}T00:00+00:00")


def _closure(word: str) -> SessionOverride:
    name, colon, day = word.partition(":")
    if not colon or not name:
        raise ValueError(f"{word!r} is not CALENDAR:DATE")
    return SessionOverride(
        name, date.fromisoformat(day.removeprefix("+")), is_open=day.startswith("+")
    )


_READERS: dict[str, Callable[[str], object]] = {
    "home": _folder,
    "archive": _folder,
    "log_level": _level,
    "lock_timeout": _seconds,
    "as_of": lambda word: as_moment(word, option="as of"),
    "synthetic_holes": lambda word: tuple(map(_span, _parts(word))),
    "closures": lambda word: tuple(sorted(set(map(_closure, _parts(word))))),
    "files": _folder,
    "files_basis": lambda word: one_of(word, Basis, what="basis"),
    "files_dates": lambda word: one_of(word, DateOrder, what="order"),
    "files_decimal": lambda word: one_of(word, DecimalSign, what="sign"),
    "files_weeks": lambda word: one_of(word, WeekDating, what="end"),
    "files_zone": lambda word: as_zone(word, option="a zone"),
    "read_tokens": lambda word: tuple(_parts(word)),
    "yahoo_per_minute": _rate,
}


# As the documentation of ml4t-data has it; no environment can hold a name with a blank.
_SPACED = re.compile(r"^(\s*(?:export\s+)?)(ML4T Data_(\w+))(?=\s*=)", re.IGNORECASE | re.MULTILINE)


def _read_dotenv(path: Path, notes: list[str]) -> dict[str, str]:
    """Names and values in the file, if it is there; what there is to remark on joins ``notes``.

    Lines of other programs are ignored, even malformed ones. A line of ours that is, or a file that
    cannot be read, is an error: it may name another store.
    """
    from dotenv.main import resolve_variables
    from dotenv.parser import parse_stream

    def unspaced(found: re.Match[str]) -> str:
        name = f"{_PREFIX}{found[3].upper()}"
        notes.append(f"{path}: {found[2]} is read as {name}; write it so")
        return found[1] + name

    bindings = list(parse_stream(StringIO(_SPACED.sub(unspaced, _text(path)))))
    for each in bindings:
        line = each.original
        if each.error and _PREFIX.casefold() in line.string.casefold():
            raise SettingsInvalid(
                f"{path}, line {line.line}: {line.string.strip()!r} is not a valid setting",
                hint=f"write it as {_PREFIX}HOME=/data/bars",
            )
    pairs = [(each.key, each.value) for each in bindings if each.key is not None]
    resolved = resolve_variables(pairs, override=True)
    return {name: word for name, word in resolved.items() if word is not None}


def _text(path: Path) -> str:
    """The file's text; empty without one."""
    try:
        return path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except FileNotFoundError:
        return ""
    except (UnicodeDecodeError, OSError) as error:
        reason, remedy = "is not UTF-8, so what it sets cannot be read", "save it as UTF-8"
        if isinstance(error, OSError):
            reason, remedy = f"cannot be read: {error.strerror}", "fix its permissions"
        raise SettingsInvalid(
            f"{path} {reason}", hint=f"{remedy}, or run from another folder"
        ) from error
