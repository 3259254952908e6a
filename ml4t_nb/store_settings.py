"""Settings of a store: ``ml4t.toml`` in its folder, which goes wherever the store goes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.options import did_you_mean

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
    """

    path: Path
    rules: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Path) -> StoreSettings:
        """Those of the store in ``home``; without a file all are empty.

        Raises
        ------
        SettingsInvalid
            If the file cannot be read, is not TOML, or has a table that does not exist.
        """
        path = home / STORE_SETTINGS
        tables = _tables(path)
        known = [each.name for each in fields(cls) if each.name != "path"]
        for name, table in tables.items():
            if name not in known:
                what = f"table [{name}]" if isinstance(table, Mapping) else f"setting {name!r}"
                raise SettingsInvalid(f"{path}: unknown {what}", hint=did_you_mean(name, known))
            if not isinstance(table, Mapping):
                raise SettingsInvalid(
                    f"{path}: {name} must be a table, not {table!r}",
                    hint=f"write it below [{name}]",
                )
        return cls(path, **tables)


def _tables(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            return {}
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # The message ends with line and column.
        raise SettingsInvalid(
            f"{path} is not TOML: {error}", hint="correct it, or move it away"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"{path} is not UTF-8", hint="save it as UTF-8") from error
    except OSError as error:
        raise SettingsInvalid(
            f"{path} cannot be read: {error.strerror}", hint="fix its permissions"
        ) from error
