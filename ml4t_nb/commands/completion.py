"""Words that may come next: verbs, options, values, stored symbols."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ml4t_nb.commands.declaration import SHELL, VERBS, Option, Program, Verb, options
from ml4t_nb.commands.parser import flags, tree, values
from ml4t_nb.errors import Ml4tError
from ml4t_nb.verbs.select import calendar_names
from ml4t_nb.workspace import Workspace

__all__ = ["candidates", "complete_shell", "stored"]


def candidates(words: Sequence[str], fragment: str, *, program: Program) -> tuple[str, ...]:
    """Words that begin with ``fragment`` and may follow ``words``.

    Parameters
    ----------
    words
        What stands before, without the program's name.
    program
        Whose verbs.
    """
    verbs = program.verbs
    if not words:
        return _beginning(fragment, (*verbs, "--help", "--version"))
    verb = words[0]
    if verb not in verbs:
        return ()
    flag, sign, value = fragment.partition("=")
    if sign and flag.startswith("--"):
        chosen = _option(verbs[verb], flag)
        is_path = chosen is not None and chosen.kind == "path"
        found = _paths(value) if is_path else _beginning(value, _values(chosen, words))
        return tuple(f"{flag}={each}" for each in found)
    option = _option(verbs[verb], words[-1])
    if option is not None and option.kind == "path":
        return _paths(fragment)
    if option is not None and option.kind != "switch":
        return _beginning(fragment, _values(option, words))
    long = tuple(each for each in flags(verb, program) if each.startswith("--"))
    bare = next((each for each in options(verbs[verb]) if each.is_bare), None)
    return _beginning(fragment, (*_values(bare, words), *long))


def stored(home: Path | None = None) -> tuple[str, ...]:
    """Symbols in the store.

    Raises
    ------
    Ml4tError
        If the settings make no sense, or the store cannot be read.
    """
    report = VERBS["list"](Workspace.open(), home=home)
    return tuple(sorted({each.dataset.symbol for each in report.datasets}))


def complete_shell() -> None:
    """Answer the shell that asked by argcomplete's variables, and leave the process."""
    import argcomplete
    from argcomplete.completers import FilesCompleter, SuppressCompleter

    root, parsers = tree()
    for verb, parser in parsers.items():
        for action in parser._actions:  # noqa: SLF001  # argcomplete's own way to attach completers
            option = _option(SHELL.verbs[verb], next(iter(action.option_strings), "--symbol"))
            if option is None or option.kind == "switch" or option.choices:
                continue
            known: Any = FilesCompleter() if option.kind == "path" else _Words(option)
            action.completer = known  # type: ignore[attr-defined]  # argcomplete reads it
    argcomplete.autocomplete(
        root, always_complete_options="long", default_completer=SuppressCompleter()
    )


class _Words:
    """Values of an option, as argcomplete asks for them."""

    def __init__(self, option: Option) -> None:
        self._option = option

    def __call__(self, prefix: str, parsed_args: object, **_: object) -> list[str]:
        home = getattr(parsed_args, "home", None)
        words = () if home is None else ("--home", str(home))
        return list(_beginning(prefix, _values(self._option, words)))


def _option(verb: Verb, flag: str) -> Option | None:
    return next((option for option in options(verb) if flag in option.flags), None)


def _values(option: Option | None, words: Sequence[str]) -> tuple[str, ...]:
    if option is None:
        return ()
    try:
        if option.name == "symbol":
            return stored(_home(words))
        if option.name == "provider":
            return tuple(each.name for each in VERBS["providers"](Workspace.open()).providers)
        if option.name == "calendar":
            return calendar_names()
    except Ml4tError:
        # The command itself will say what is wrong; completion is not the place for it.
        return ()
    return values(option)


def _paths(fragment: str) -> tuple[str, ...]:
    """Files and folders whose path begins so, in the spelling begun."""
    folder, _, name = fragment.rpartition("/")
    above = f"{folder}/" if "/" in fragment else ""
    try:
        found = sorted(Path(above or ".").expanduser().iterdir())
    except (OSError, RuntimeError):
        return ()
    return tuple(
        f"{above}{each.name}{'/' if each.is_dir() else ''}"
        for each in found
        if each.name.startswith(name) and (name or not each.name.startswith("."))
    )


def _home(words: Sequence[str]) -> Path | None:
    for word, following in pairwise((*words, "")):
        if word == "--home" and following:
            return Path(following).expanduser()
        if word.startswith("--home="):
            return Path(word.removeprefix("--home=")).expanduser()
    return None


def _beginning(fragment: str, words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word.startswith(fragment))
