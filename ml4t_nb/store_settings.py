"""``ml4t.toml``: in the store's folder what holds for the store, wherever it is used from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from ml4t_nb.model import SessionOverride
from ml4t_nb.settings_file import SettingsTable

__all__ = ["STORE_SETTINGS", "StoreSettings"]

STORE_SETTINGS = "ml4t.toml"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The tables of the file, by name; what they hold is checked by those who use it.

    Parameters
    ----------
    path
        The file, whether it is there or not.
    rules
        From where on stored bars are suspicious, for all datasets and for single ones.
    closures
        Days on which a calendar is wrong, by its name.
    notify
        Whom to tell what.
    defaults
        What holds for every universe that does not say otherwise.
    universe
        What is to be stored.
    """

    path: Path
    rules: SettingsTable
    closures: SettingsTable
    notify: SettingsTable
    defaults: SettingsTable
    universe: tuple[SettingsTable, ...]

    @classmethod
    def read(cls, folder: Path) -> StoreSettings:
        """Those in ``folder``; without a file all are empty.

        Raises
        ------
        SettingsInvalid
            If the file cannot be read, is not TOML, or has a table that does not exist.
        """
        file = SettingsTable.read(folder / STORE_SETTINGS)
        known = [each.name for each in fields(cls) if each.name != "path"]
        file.require_known(tuple(known), what="setting")
        tables = {name: file.table(name) for name in known if name != "universe"}
        return cls(file.path, universe=file.tables("universe"), **tables)

    def overrides(self) -> tuple[SessionOverride, ...]:
        """The days of ``[closures]``, under the calendars' names as they are written.

        Raises
        ------
        SettingsInvalid
            For what is no list of days, and a day that is said to be both.
        """
        return tuple(day for name in self.closures for day in _days(self.closures, name))


def _days(table: SettingsTable, name: str) -> list[SessionOverride]:
    hint = f'write it as {name} = ["2024-01-09", "+2024-01-06"], + before a day that was a session'
    words = table[name]
    if not isinstance(words, list):
        raise table.error(name, f"{name} must be a list of days, not {words!r}", hint)
    found: dict[date, SessionOverride] = {}
    for word in words:
        plain = word.isoformat() if type(word) is date else word
        try:
            day = date.fromisoformat(plain.removeprefix("+"))
        except (AttributeError, ValueError):
            raise table.error(name, f"{word!r} of {name} is not a day", hint) from None
        each = SessionOverride(name, day, is_open=plain.startswith("+"))
        if found.setdefault(day, each) != each:
            raise table.error(name, f"{day} of {name} is both closed and a session", "keep one")
    return list(found.values())
