"""``ml4t.toml``: in the store's folder what holds for the store, wherever it is used from."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from ml4t_nb.model import SessionOverride
from ml4t_nb.settings_file import SettingsTable

__all__ = ["STORE_SETTINGS", "Retention", "StoreSettings"]

STORE_SETTINGS = "ml4t.toml"

_KEEP = re.compile(r"all|([1-9][0-9]{0,5}) ?d|last ([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Retention:
    """Which past versions of a dataset stay; None for no limit.

    Parameters
    ----------
    days
        So long a version stays after a commit changed rows of it. One that later commits only added
        to costs next to nothing, and stays with those after it.
    last
        So many of the newest versions stay, the one in force among them.
    """

    days: int | None = 90
    last: int | None = None


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
    retention
        How long past versions stay.
    defaults
        What holds for every universe that does not say otherwise.
    universe
        What is to be stored.
    """

    path: Path
    rules: SettingsTable
    closures: SettingsTable
    notify: SettingsTable
    retention: SettingsTable
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

    def kept_versions(self) -> Retention:
        """What ``[retention]`` says of past versions.

        Raises
        ------
        SettingsInvalid
            For a key that does not exist, and for what says neither an age nor a number.
        """
        table = self.retention
        table.require_known(("keep",), what="setting")
        if "keep" not in table:
            return Retention()
        keep = table.word("keep")
        found = _KEEP.fullmatch(keep.strip())
        if not found:
            hint = 'write it as keep = "all", "90d", or "last 20"'
            raise table.error("keep", f"keep must be an age or a number, not {keep!r}", hint)
        days, last = (int(word) if word else None for word in found.groups())
        return Retention(days, last)


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
