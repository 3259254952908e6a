"""A settings file in TOML: its tables, and the line of everything in them, for errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias, get_args

from ml4t_nb.errors import OptionError, SettingsInvalid
from ml4t_nb.model import Hint
from ml4t_nb.options import as_day, as_word, did_you_mean

__all__ = ["SettingsTable"]

_Where: TypeAlias = tuple[str | int, ...]
_CLOSING = ("]", "}", '"""', "'''")


@dataclass(frozen=True, eq=False)
class SettingsTable(Mapping[str, Any]):
    """One table of a file: a mapping of its keys, that also knows where each of them is written.

    Parameters
    ----------
    path
        The file, whether it is there or not.
    content
        What TOML makes of it.
    where
        The keys that lead to this table from the top of the file, and the number of a table in a
        list; empty for the whole file.
    text
        The whole file.
    """

    path: Path
    content: Mapping[str, Any] = field(default_factory=dict)
    where: _Where = ()
    text: str = field(default="", repr=False)

    @classmethod
    def read(cls, path: Path) -> SettingsTable:
        """The whole file; empty if there is none.

        Raises
        ------
        SettingsInvalid
            If it cannot be read, or is not TOML.
        """
        # Most runs have no such file.
        import tomllib

        text = _text(path)
        try:
            return cls(path, tomllib.loads(text), text=text)
        except tomllib.TOMLDecodeError as error:
            # The message ends with line and column.
            raise SettingsInvalid(
                f"{path} is not TOML: {error}", hint="correct it, or move it away"
            ) from error

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  # whatever TOML holds
        return self.content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)

    def line(self, key: str | None = None) -> int:
        """The line of ``key``, or else of the table; 0 where it is not known."""
        lines = _lines(self.text)
        where = self.where if key is None else (*self.where, key)
        ends = range(len(where), 0, -1)
        return next((lines[where[:end]] for end in ends if where[:end] in lines), 0)

    def error(self, key: str | None, message: str, hint: Hint = "") -> SettingsInvalid:
        """An error about ``key``, or about the table as a whole: its message names file and line.

        Parameters
        ----------
        message
            What is wrong; it names the key.
        """
        parts = [str(self.path), f"line {line}" if (line := self.line(key)) else "", self._label]
        return SettingsInvalid(f"{', '.join(filter(None, parts))}: {message}", hint=hint)

    def table(self, key: str) -> SettingsTable:
        """The table below ``key``; empty if there is none.

        Raises
        ------
        SettingsInvalid
            If something else is there.
        """
        value = self.content.get(key, {})
        if not isinstance(value, Mapping):
            raise self.error(
                key, f"{key} must be a table, not {_kind_of(value)}", f"write it below [{key}]"
            )
        return SettingsTable(self.path, value, (*self.where, key), self.text)

    def tables(self, key: str) -> tuple[SettingsTable, ...]:
        """The tables of the list below ``key``; none if there is no such list.

        Raises
        ------
        SettingsInvalid
            If something else is there.
        """
        values = self.content.get(key, [])
        if not isinstance(values, list) or not all(isinstance(each, Mapping) for each in values):
            what = "one table" if isinstance(values, Mapping) else _kind_of(values)
            raise self.error(
                key, f"{key} must be a list of tables, not {what}", f"begin each with [[{key}]]"
            )
        return tuple(
            SettingsTable(self.path, each, (*self.where, key, at), self.text)
            for at, each in enumerate(values)
        )

    def require_known(self, known: tuple[str, ...], *, what: str) -> None:
        """Raise SettingsInvalid if a key is not one of the ``known``, of which each is a ``what``.

        A table or a list of tables is named as it is written.
        """
        for key, value in self.content.items():
            if key in known:
                continue
            word = f"{what} {key!r}"
            if isinstance(value, Mapping):
                word = f"table [{key}]"
            elif isinstance(value, list) and value and isinstance(value[0], Mapping):
                word = f"table [[{key}]]"
            raise self.error(key, f"unknown {word}", did_you_mean(key, known))

    def word(self, key: str) -> str:
        """The text below ``key``."""
        try:
            return as_word(self.content[key], option=key)
        except OptionError as error:
            raise self.error(key, error.message, f'write it as {key} = "..."') from error

    def day(self, key: str) -> date:
        """The date below ``key``, in quotes or without."""
        value = self.content[key]
        is_day = isinstance(value, str) or type(value) is date
        try:
            day = as_day(value, option=key) if is_day else None
        except OptionError:
            day = None
        if day is None:
            raise self.error(
                key,
                f"{key} must be a date, not {_shown(value)}",
                f"write it as {key} = 2010-01-04",
            )
        return day

    def choice(self, key: str, *, choices: object) -> str:
        """The word below ``key``, which is one of a ``Literal``."""
        value, known = self.content[key], get_args(choices)
        if value not in known:
            what = key.replace("_", " ")
            raise self.error(
                key, f"unknown {what} {_shown(value)}", did_you_mean(str(value), known)
            )
        return str(value)

    def resolved(self, key: str, environ: Mapping[str, str]) -> str:
        """The text below ``key``; of ``"$NAME"``, what that name has in the environment.

        So a secret need not be in the file, nor does the error repeat it.
        """
        word = self.word(key)
        if not word.startswith("$"):
            return word
        name = word.removeprefix("$").removeprefix("{").removesuffix("}")
        if name not in environ:
            raise self.error(key, f"{key}: {word} is not set", f"set {name} in the environment")
        return environ[name]

    @property
    def _label(self) -> str:
        """The table's header as TOML writes it; empty for the whole file."""
        names = [_quoted(each) for each in self.where if isinstance(each, str)]
        if not names:
            return ""
        label = f"[{'.'.join(names)}]"
        return f"[{label}]" if isinstance(self.where[-1], int) else label


def _kind_of(value: object) -> str:
    """What is in the place of a table; a text may be a secret."""
    if isinstance(value, str | list):
        return "a text" if isinstance(value, str) else "a list"
    return repr(value)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, date) else repr(value)


def _quoted(name: str) -> str:
    is_bare = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    return name if is_bare else f'"{name}"'


def _text(path: Path) -> str:
    """The file's text; empty without one."""
    try:
        return path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"{path} is not UTF-8", hint="save it as UTF-8") from error
    except OSError as error:
        raise SettingsInvalid(
            f"{path} cannot be read: {error.strerror}", hint="fix its permissions"
        ) from error


def _lines(text: str) -> dict[_Where, int]:
    """The first line of every table and key, by where they are.

    The parser tells no lines. A text that is valid as a whole is cut into its statements by that
    same parser: a statement is as many lines as it takes to be valid on its own.
    """
    import tomllib

    lines: dict[_Where, int] = {}
    numbers: dict[_Where, int] = {}
    table: _Where = ()
    statement, first = "", 1
    for number, line in enumerate(text.split("\n"), start=1):
        is_continued = bool(statement)
        statement += f"{line}\n"
        if is_continued and not any(mark in line for mark in _CLOSING):
            # Nothing that takes several lines can end here; a list may take thousands.
            continue
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            table = _header(parsed, numbers)
            lines.setdefault(table, first)
            lines.setdefault(table[:-1] if isinstance(table[-1], int) else table, first)
        else:
            for where in _keys(parsed, table):
                lines.setdefault(where, first)
        statement, first = "", number + 1
    return lines


def _header(parsed: Mapping[str, Any], numbers: dict[_Where, int]) -> _Where:
    """Where the table is that a header begins, which is ``parsed`` alone.

    ``numbers`` are those of the last tables of each list, of which it may begin another one.
    """
    where: _Where = ()
    value: Any = parsed
    while value:
        ((key, value),) = value.items()
        where = (*where, key)
        if isinstance(value, list):
            numbers[where] = numbers.get(where, -1) + 1
            return (*where, numbers[where])
        if where in numbers:
            where = (*where, numbers[where])
    return where


def _keys(parsed: Mapping[str, Any], table: _Where) -> Iterator[_Where]:
    """Where the keys of a statement are, which is ``parsed`` alone below that table."""
    for key, value in parsed.items():
        yield (*table, key)
        if isinstance(value, Mapping):
            yield from _keys(value, (*table, key))
