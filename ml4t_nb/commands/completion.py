"""Words that may come next: verbs, options, values, stored symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ml4t_nb.commands.declaration import SHELL, VERBS, Option, Program, options
from ml4t_nb.commands.parser import flags, said_of, several, tree
from ml4t_nb.errors import Ml4tError
from ml4t_nb.settings import current_folder
from ml4t_nb.universes import read_universes
from ml4t_nb.verbs.arguments import ALIASES
from ml4t_nb.verbs.select import calendar_names
from ml4t_nb.verbs.sql import sql_names
from ml4t_nb.workspace import Workspace

__all__ = ["about", "candidates", "complete_shell", "stored"]

_PROVIDERS = ("provider", "with_")
_FOLDER = "files:"
"""Before a folder that is a provider."""


def candidates(words: Sequence[str], fragment: str, *, program: Program) -> tuple[str, ...]:
    """Words that begin with ``fragment`` and may follow ``words`` after the program's name."""
    if not words:
        return _beginning(fragment, (*program.verbs, "--help", "--version"))
    if words[0] not in program.verbs:
        return ()
    known = options(program.verbs[words[0]])
    by_flag = {flag: option for option in known for flag in option.flags}
    flag, sign, value = fragment.partition("=")
    if sign and flag.startswith("--"):
        return tuple(f"{flag}={each}" for each in _offered(by_flag.get(flag), value, words))
    option = by_flag.get(words[-1])
    if option is not None and option.kind != "switch":
        return _offered(option, fragment, words)
    bare = next((each for each in known if each.is_bare), None)
    long = [each for each in flags(words[0], program) if each.startswith("--")]
    return (*_offered(bare, fragment, words), *_beginning(fragment, long))


def about(words: Sequence[str], candidate: str, *, program: Program) -> str:
    """What a candidate after ``words`` is, in a few words to stand beside it."""
    if not words:
        return said_of(program.verbs[candidate]) if candidate in program.verbs else "option"
    if words[0] not in program.verbs:
        return ""
    flag, sign, _ = candidate.partition("=")
    known = options(program.verbs[words[0]])
    of = next((each for each in known if words[-1] in each.flags and each.kind != "switch"), None)
    if of is None and flag.startswith("--"):
        named = (each for each in known if flag in (*each.flags, *each.off_flags))
        option = next(named, None)
        return "option" if option is None or sign else option.help.partition(". ")[0].rstrip(".")
    name = several(words[0], program) or "symbol" if of is None else of.name
    return name.rstrip("_").replace("_", " ")


def stored(home: Path | str | None = None) -> tuple[str, ...]:
    """Symbols in the store, former names too.

    An Ml4tError if the settings make no sense, or it cannot be read.
    """
    report = VERBS["list"](Workspace.open(), home=home)
    former = {name.symbol for each in report.datasets for name in each.former_names}
    return tuple(sorted({each.dataset.symbol for each in report.datasets} | former))


def complete_shell() -> None:
    """Answer the shell that asked by argcomplete's variables, and leave the process."""
    import argcomplete
    from argcomplete.completers import FilesCompleter, SuppressCompleter

    root, parsers = tree()
    for verb, parser in parsers.items():
        by_name = {each.name: each for each in options(SHELL.verbs[verb])}
        for action in parser._actions:  # noqa: SLF001  # argcomplete's own way to attach completers
            option = by_name.get(several(verb) if action.dest == "bare" else action.dest)
            if option is not None and option.kind != "switch":
                known: Any = FilesCompleter() if option.kind == "path" else _completer(option)
                action.completer = known  # type: ignore[attr-defined]  # argcomplete reads it
    argcomplete.autocomplete(
        root, always_complete_options="long", default_completer=SuppressCompleter()
    )


def _completer(option: Option) -> Callable[..., list[str]]:
    """Values of ``option``, as argcomplete asks for them."""

    def complete(prefix: str, parsed_args: object, **_: object) -> list[str]:
        home = getattr(parsed_args, "home", None)
        words = () if home is None else ("--home", str(home))
        return list(_offered(option, prefix, words))

    return complete


def _offered(option: Option | None, fragment: str, words: Sequence[str]) -> tuple[str, ...]:
    """Values of ``option`` that begin with ``fragment``."""
    if option is None:
        return ()
    if option.kind == "path":
        return _paths(fragment)
    if option.name in _PROVIDERS and fragment.startswith(_FOLDER):
        return tuple(
            f"{_FOLDER}{each}"
            for each in _paths(fragment.removeprefix(_FOLDER))
            if each.endswith("/")
        )
    begun, comma, _ = fragment.rpartition(",") if option.kind == "choices" else ("", "", "")
    known = (each for each in _values(option, words) if each not in begun.split(","))
    return _beginning(fragment, (f"{begun}{comma}{each}" for each in known))


def _values(option: Option, words: Sequence[str]) -> tuple[str, ...]:  # noqa: PLR0911  # one a kind
    try:
        match option.name:
            case _ if option.kind in ("day", "moment", "version", "pair"):
                return _days(words)
            case "symbol":
                return stored(_home(words))
            case name if name in _PROVIDERS:
                return tuple(each.name for each in VERBS["providers"](Workspace.open()).providers)
            case "universe":
                home = Workspace.open().at(_home(words)).settings.home
                return tuple(each.name for each in read_universes(current_folder(), home).universes)
            case "query":
                return sql_names(Workspace.open().at(_home(words)))
            case "calendar":
                return calendar_names()
    except Ml4tError:
        # The command itself will say what is wrong; completion is not the place for it.
        return ()
    return (*option.choices, *ALIASES.get(option.name, ()))


def _days(words: Sequence[str]) -> tuple[str, ...]:
    """Today, and the first and the last day stored of the symbols on the line, oldest first."""
    ws = Workspace.open()
    report = VERBS["list"](ws, home=_home(words))
    named = [each for each in report.datasets if each.dataset.symbol in words]
    stamps = [stamp for each in named for stamp in (each.first, each.last) if stamp is not None]
    days = {f"{each:%Y-%m-%d}" for each in (*stamps, ws.resolve_as_of(None))}
    return tuple(sorted(days))


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


def _home(words: Sequence[str]) -> str | None:
    for word, following in pairwise((*words, "")):
        flag, _, value = word.partition("=")
        if flag == "--home" and (value or following):
            return value or following
    return None


def _beginning(fragment: str, words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word.startswith(fragment))
