"""The file ``.env`` of a folder, which may belong to another program."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from ml4t_nb.errors import SettingsInvalid

__all__ = ["read_dotenv"]

# As the documentation of ml4t-data has it; no environment can hold a name with a blank.
_SPACED = re.compile(r"^(\s*(?:export\s+)?)(ML4T Data_(\w+))(?=\s*=)", re.IGNORECASE | re.MULTILINE)


def read_dotenv(path: Path, *, prefix: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Names and values in the file, and what there is to remark on.

    Lines of other programs are ignored, even malformed ones.

    Raises
    ------
    SettingsInvalid
        If the file is there and cannot be read, since it may name another store; or if a line of
        ours in it cannot be.
    """
    from dotenv.main import resolve_variables
    from dotenv.parser import parse_stream

    text = _text(path)
    notes = tuple(
        f"{path}: {found[2]} is read as {_unspaced(found)}; write it so"
        for found in _SPACED.finditer(text)
    )
    bindings = list(parse_stream(StringIO(_SPACED.sub(lambda m: m[1] + _unspaced(m), text))))
    for each in bindings:
        line = each.original
        if each.error and prefix.casefold() in line.string.casefold():
            raise SettingsInvalid(
                f"{path}, line {line.line}: {line.string.strip()!r} is not a valid setting",
                hint=f"write it as {prefix}HOME=/data/bars",
            )
    pairs = [(each.key, each.value) for each in bindings if each.key is not None]
    resolved = resolve_variables(pairs, override=True)
    return {name: word for name, word in resolved.items() if word is not None}, notes


def _unspaced(found: re.Match[str]) -> str:
    return f"ML4T_DATA_{found[3].upper()}"


def _text(path: Path) -> str:
    """The file's text; empty without one."""
    try:
        return path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise SettingsInvalid(
            f"{path} is not UTF-8, so what it sets cannot be read",
            hint="save it as UTF-8, or run from another folder",
        ) from error
    except OSError as error:
        raise SettingsInvalid(
            f"{path} cannot be read: {error.strerror}",
            hint="fix its permissions, or run from another folder",
        ) from error
