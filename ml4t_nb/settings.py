"""Settings: ``ML4T_DATA_*`` in the environment, then ``.env`` in the current folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ml4t_nb.errors import OptionError, SettingsInvalid
from ml4t_nb.model import Basis, Closure, DateOrder, DecimalSign, Span, WeekDating
from ml4t_nb.options import as_folder, as_moment, did_you_mean, one_of
from ml4t_nb.zones import as_zone

__all__ = ["Settings"]

_PREFIX = "ML4T_DATA_"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def _default_home() -> Path:
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
        Who is asked on ``load`` when no provider is named.
    log_level
        What the package logs to standard error.
    lock_timeout
        Seconds to wait for another writer of the same dataset.
    as_of
        Pretend that now is then.
    synthetic_holes
        Spans in which the synthetic provider has no bars: ``START/END`` pairs of dates or
        instants, the end exclusive, parted by commas.
    closures
        Days on which a calendar is wrong: ``XHKG:2023-09-01`` was closed, ``XNYS:+2024-01-06``
        was a session; parted by commas.
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
        Time zone of stamps within a day in those files that say none: an IANA name, such as
        ``Europe/Athens``, or one and hours ahead, ``America/New_York+07:00``; the calendar's own
        if not set.
    yahoo_per_minute
        How many requests a minute Yahoo is sent at most.
    """

    home: Path = field(default_factory=_default_home)
    provider: str = "yahoo"
    log_level: str = "WARNING"
    lock_timeout: float = 30.0
    as_of: datetime | date | None = None
    synthetic_holes: tuple[Span, ...] = ()
    closures: tuple[Closure, ...] = ()
    files: Path | None = None
    files_basis: Basis | None = None
    files_dates: DateOrder | None = None
    files_decimal: DecimalSign | None = None
    files_weeks: WeekDating | None = None
    files_zone: str | None = None
    yahoo_per_minute: float = 60.0

    def __post_init__(self) -> None:
        for each in fields(self):
            # Text is read as the environment's is.
            if isinstance(word := getattr(self, each.name), str):
                value = _value(_PREFIX + each.name.upper(), each.name, word)
                object.__setattr__(self, each.name, value)
        # Absolute from the start: a job goes on while the notebook changes its folder.
        object.__setattr__(self, "home", self.home.absolute())
        if self.files is not None:
            object.__setattr__(self, "files", self.files.absolute())

    @classmethod
    def read(cls, environ: Mapping[str, str], *, folder: Path) -> Settings:
        """Settings from ``environ``, then from ``folder / ".env"``.

        Raises
        ------
        SettingsInvalid
            If a name with our prefix is unknown, or a value makes no sense.
        """
        words = {**_dotenv(folder / ".env"), **environ}
        ours = {name: word for name, word in words.items() if name.upper().startswith(_PREFIX)}
        known = {_PREFIX + each.name.upper(): each.name for each in fields(cls)}
        values: dict[str, Any] = {}
        for name, word in ours.items():
            if name not in known:
                raise SettingsInvalid(f"no setting {name}", hint=did_you_mean(name, known))
            values[known[name]] = _value(name, known[name], word)
        return cls(**values)

    @classmethod
    def current(cls) -> Settings:
        """Settings of this process, in its current folder."""
        return cls.read(os.environ, folder=Path.cwd())


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {name: word for name, word in dotenv_values(path).items() if word is not None}


def _value(name: str, setting: str, word: str) -> object:
    try:
        return _READERS.get(setting, str)(word)
    except (ValueError, OptionError) as error:
        reason = error.message if isinstance(error, OptionError) else str(error)
        raise SettingsInvalid(
            f"{name}={word!r} makes no sense: {reason}",
            hint="set it in the environment or in .env, or take it out",
        ) from error


def _level(word: str) -> str:
    if word.upper() not in _LEVELS:
        raise ValueError(f"a level is one of {', '.join(_LEVELS)}")
    return word.upper()


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 0 <= seconds < float("inf"):
        raise ValueError("seconds are zero or more")
    return seconds


def _rate(word: str) -> float:
    rate = float(word)
    if not 0 < rate < float("inf"):
        raise ValueError("a rate is more than zero")
    return rate


def _folder(word: str) -> Path:
    if not word.strip():
        raise ValueError("a folder has a name")
    return as_folder(word, option="a folder")


def _spans(word: str) -> tuple[Span, ...]:
    return tuple(_span(part) for part in word.split(",") if part.strip())


def _span(word: str) -> Span:
    start, bar, end = word.partition("/")
    if not bar:
        raise ValueError(f"{word!r} is not START/END")
    return Span(_instant(start), _instant(end))


def _instant(word: str) -> datetime:
    moment = as_moment(word, option="a span")
    if isinstance(moment, datetime):
        return moment
    assert moment is not None
    return datetime.fromisoformat(f"{moment}T00:00+00:00")


def _closures(word: str) -> tuple[Closure, ...]:
    return tuple(sorted({_closure(part.strip()) for part in word.split(",") if part.strip()}))


def _closure(word: str) -> Closure:
    name, colon, day = word.partition(":")
    if not colon or not name:
        raise ValueError(f"{word!r} is not CALENDAR:DATE")
    return Closure(name, date.fromisoformat(day.removeprefix("+")), is_open=day.startswith("+"))


_READERS: dict[str, Callable[[str], object]] = {
    "home": _folder,
    "log_level": _level,
    "lock_timeout": _seconds,
    "as_of": lambda word: as_moment(word, option="as of"),
    "synthetic_holes": _spans,
    "closures": _closures,
    "files": _folder,
    "files_basis": lambda word: one_of(word, Basis, what="basis"),
    "files_dates": lambda word: one_of(word, DateOrder, what="order"),
    "files_decimal": lambda word: one_of(word, DecimalSign, what="sign"),
    "files_weeks": lambda word: one_of(word, WeekDating, what="end"),
    "files_zone": lambda word: as_zone(word, option="a zone"),
    "yahoo_per_minute": _rate,
}
