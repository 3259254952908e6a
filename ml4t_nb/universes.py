"""Universes: which datasets a store is to hold, as ``ml4t.toml`` declares them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from ml4t_nb.errors import OptionError, SettingsInvalid
from ml4t_nb.model import AssetClass, Frequency, Hint
from ml4t_nb.options import as_symbols
from ml4t_nb.settings_file import SettingsTable
from ml4t_nb.store_settings import STORE_SETTINGS, StoreSettings

__all__ = ["Universe", "UniverseFile", "read_universes"]

_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Universe:
    """Symbols that are to be stored, all in the same way.

    What is None, or empty, is as `load` and `update` have it without the option.

    Parameters
    ----------
    start, end
        First and last date, both inclusive.
    fallback
        Providers to ask, one after the other, when the first fails.
    table, defaults
        Where it is declared, for errors.
    """

    name: str
    symbols: tuple[str, ...]
    start: date | None = None
    end: date | None = None
    frequency: Frequency = "daily"
    asset_class: AssetClass | None = None
    calendar: str | None = None
    provider: str | None = None
    fallback: tuple[str, ...] = ()
    table: SettingsTable = field(default_factory=lambda: SettingsTable(Path()), compare=False)
    defaults: SettingsTable = field(default_factory=lambda: SettingsTable(Path()), compare=False)

    @property
    def listed(self) -> str:
        """The key that lists the symbols."""
        return "file" if "file" in self.table else "symbols"

    def error(self, key: str, message: str, hint: Hint = "") -> SettingsInvalid:
        """An error about one of its settings, which names the line that has it."""
        return _owner(key, self.table, self.defaults).error(key, message, hint)

    def place(self, key: str | None = None) -> str:
        """File and line of one of its settings, or of the whole."""
        table = self.table if key is None else _owner(key, self.table, self.defaults)
        return f"{table.path}, line {table.line(key)}"


@dataclass(frozen=True, slots=True)
class UniverseFile:
    """All universes, and the file that declares them, whether it is there or not."""

    path: Path
    universes: tuple[Universe, ...]


def read_universes(folder: Path | None, home: Path) -> UniverseFile:
    """Universes of the file in ``folder`` if it declares any, else of that in ``home``.

    Raises
    ------
    SettingsInvalid
        For a file that cannot be read, and for anything in it that cannot be meant.
    """
    found = [StoreSettings.read(each) for each in (folder, home) if each is not None]
    chosen = next((each for each in found if each.universe or each.defaults), found[-1])
    _require_own(chosen, home)
    defaults = _defaults(chosen.defaults)
    universes: dict[str, Universe] = {}
    for table in chosen.universe:
        universe = _universe(table, chosen.defaults, defaults)
        if before := universes.get(universe.name):
            raise table.error(
                "name",
                f"the name {universe.name!r} is that of the universe of line {before.table.line()}",
                "give one of them another name",
            )
        universes[universe.name] = universe
    _require_agreement(tuple(universes.values()))
    return UniverseFile(chosen.path, tuple(universes.values()))


def _require_own(chosen: StoreSettings, home: Path) -> None:
    """Raise SettingsInvalid for a table that holds for a store, in a file that is not the store's.

    It would have no effect, as a store is to be the same wherever it is used from.
    """
    if chosen.path.parent.absolute() == home.absolute():
        return
    for table in (chosen.rules, chosen.closures, chosen.notify):
        if table:
            name = table.where[-1]
            raise table.error(
                None,
                f"[{name}] has no effect here, since it is a setting of a store",
                f"move it to {home / STORE_SETTINGS}",
            )


def _universe(table: SettingsTable, defaults: SettingsTable, given: dict[str, Any]) -> Universe:
    table.require_known((*_OWN, *_READERS), what="setting of a universe")
    values = {**given, **_values(table)}
    universe = Universe(_name(table), _symbols(table), **values, table=table, defaults=defaults)
    if universe.start and universe.end and universe.end < universe.start:
        raise universe.error(
            "end", f"end {universe.end} lies before start {universe.start}", "swap them"
        )
    if universe.provider in universe.fallback:
        raise universe.error(
            "fallback",
            f"fallback names {universe.provider!r}, which is asked first",
            "name only providers to ask after it",
        )
    return universe


def _require_agreement(universes: Sequence[Universe]) -> None:
    """Raise SettingsInvalid for a symbol that two universes would store in two ways as one dataset.

    Of another frequency, or class, it is another dataset.
    """
    first: dict[tuple[str, Frequency], list[Universe]] = {}
    for universe in universes:
        for symbol in universe.symbols:
            before = first.setdefault((symbol, universe.frequency), [])
            for other in before:
                _require_alike(symbol, other, universe)
            before.append(universe)


def _require_alike(symbol: str, one: Universe, other: Universe) -> None:
    if one.asset_class and other.asset_class and one.asset_class != other.asset_class:
        return
    for key in _READERS:
        was, now = getattr(one, key), getattr(other, key)
        if was != now:
            raise other.error(
                other.listed,
                f"{symbol} is in {one.name} (line {one.table.line()}) and in {other.name} with "
                f"another {key}: {_said(was)} and {_said(now)}",
                "declare it once, or in both alike",
            )


def _said(value: object) -> str:
    words = ", ".join(value) if isinstance(value, tuple) else value
    return f"{words}" if words else "none"


def _defaults(table: SettingsTable) -> dict[str, Any]:
    for key in table:
        if key in _OWN:
            raise table.error(key, f"{key} is each universe's own", "write it below [[universe]]")
    table.require_known(tuple(_READERS), what="default")
    return _values(table)


def _values(table: SettingsTable) -> dict[str, Any]:
    return {key: read(table, key) for key, read in _READERS.items() if key in table}


def _owner(key: str, table: SettingsTable, defaults: SettingsTable) -> SettingsTable:
    return table if key in table or key not in defaults else defaults


def _name(table: SettingsTable) -> str:
    name = table.get("name")
    if name is None:
        raise table.error(None, "a universe needs a name", 'add name = "core"')
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise table.error(
            "name", f"name must be one word, not {name!r}", 'write it as name = "core"'
        )
    return name


def _symbols(table: SettingsTable) -> tuple[str, ...]:
    """Symbols in the order they are listed, here or in the file that is named."""
    if ("symbols" in table) == ("file" in table):
        word = "symbols or file, not both" if "file" in table else "symbols"
        raise table.error(
            "file" if "file" in table else None,
            f"a universe needs {word}",
            'write symbols = ["AAPL", "MSFT"], or file = "sp500.txt" with one symbol a line',
        )
    if "file" in table:
        return tuple(dict.fromkeys(_listed(table)))
    words = table["symbols"]
    if not isinstance(words, list) or not words:
        raise table.error(
            "symbols",
            f"symbols must be a list, not {words!r}" if words != [] else "symbols is empty",
            'write it as symbols = ["AAPL", "MSFT"]',
        )
    return _valid(table, "symbols", words)


def _valid(
    table: SettingsTable, key: str, words: Sequence[object], *, at: str = ""
) -> tuple[str, ...]:
    try:
        return as_symbols(words)
    except OptionError as error:
        raise table.error(key, f"{at}{error.message}", error.advice) from error


def _listed(table: SettingsTable) -> Iterator[str]:
    """Symbols of the file that is named, relative to the folder of the settings."""
    name = table.word("file")
    path = table.path.parent / Path(name).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise table.error("file", f"{path} is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        hint = "write its path from the folder of the settings file, or the full one"
        raise table.error("file", f"{path} cannot be read: {error.strerror}", hint) from error
    found = False
    for number, line in enumerate(text.splitlines(), start=1):
        word = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if not word:
            continue
        found = True
        if re.search(r"[,;\t]", word):
            raise table.error(
                "file", f"{path}, line {number}: {word!r} is not one symbol", "write one a line"
            )
        yield from _valid(table, "file", [word], at=f"{path}, line {number}: ")
    if not found:
        raise table.error("file", f"{path} lists no symbol", "write one a line")


def _providers(table: SettingsTable, key: str) -> tuple[str, ...]:
    words = table[key]
    if not isinstance(words, list) or not all(isinstance(each, str) and each for each in words):
        raise table.error(
            key,
            f"{key} must be a list of providers, not {words!r}",
            f'write it as {key} = ["files"]',
        )
    return tuple(dict.fromkeys(words))


_OWN = ("name", "symbols", "file")
_READERS: dict[str, Callable[[SettingsTable, str], object]] = {
    "start": SettingsTable.day,
    "end": SettingsTable.day,
    "frequency": partial(SettingsTable.choice, choices=Frequency),
    "asset_class": partial(SettingsTable.choice, choices=AssetClass),
    "calendar": SettingsTable.word,
    "provider": SettingsTable.word,
    "fallback": _providers,
}
