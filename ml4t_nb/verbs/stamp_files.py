"""Files that say what was read: those that `check` records, and citations of a paper."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ml4t_nb.citations import Citation, citation_of
from ml4t_nb.codec import is_later_form
from ml4t_nb.errors import OptionError, StoreNewer, StoreNotWritable
from ml4t_nb.verbs.formats import write_whole

__all__ = ["read_stamps", "stamp_file", "write_stamps"]

_FORM = "ml4t_nb reads 1"  # another with every change of what a later version must understand
_HINT = "it holds what check recorded, or what cite(frame).to_json() gives"


def stamp_file(named: Path) -> Path:
    """Where what a notebook has read is recorded: beside it; any other file is that itself."""
    return named.with_suffix(".ml4t.json") if named.suffix == ".ipynb" else named


def read_stamps(path: Path) -> tuple[Citation, ...]:
    """What was read, as the file says: one citation, a list of them, one a line, or a record.

    OptionError if it is not there, or says anything else, StoreNewer if a later version of the
    package wrote it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise OptionError(
            f"nothing is recorded in {path}", hint="record it in the notebook: check --record"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read: {error}", hint=_HINT) from error
    try:
        plain = _listed(text)
        if is_later_form(plain, _FORM):
            raise StoreNewer(f"{path}")
        found = tuple(map(citation_of, _reads(plain)))
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{path} does not say what was read: {error}", hint=_HINT) from error
    if not found:
        raise OptionError(f"{path} does not say what was read: it is empty", hint=_HINT)
    return found


def _listed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        # One citation a line, as a script prints them.
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _reads(plain: object) -> list[Any]:
    if not isinstance(plain, dict) or "form" not in plain:
        return plain if isinstance(plain, list) else [plain]
    if plain["form"] != _FORM or not isinstance(plain.get("reads"), list):
        raise ValueError(f"its form is {plain['form']!r}")
    reads: list[Any] = plain["reads"]
    return reads


def write_stamps(path: Path, reads: Iterable[Citation]) -> None:
    """Replace the file in one step; the same reads give the same bytes."""
    lines = ",\n  ".join(each.to_json() for each in reads)
    text = f'{{"form": "{_FORM}", "reads": [\n  {lines}\n]}}\n'
    try:
        write_whole(path, lambda file: file.write(text.encode("ascii")))
    except StoreNotWritable as error:
        error.advice = "name another file"
        raise
