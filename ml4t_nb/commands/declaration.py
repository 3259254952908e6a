"""Options of a verb, read from its signature and the Parameters section of its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from ml4t_nb import verbs
from ml4t_nb.verbs.arguments import Declared, OptionKind, complete, declared
from ml4t_nb.verbs.docstrings import paragraphs

__all__ = ["SHELL", "VERBS", "Option", "Program", "ProgramName", "Verb", "options", "summary"]

Verb: TypeAlias = Callable[..., Any]
ProgramName: TypeAlias = Literal["ml4t-data", "%ml4t", "ml4t_nb"]
"""What a reader types into: a shell, a cell, Python."""

VERBS: dict[str, Verb] = {
    "load": verbs.load,
    "update": verbs.update,
    "health": verbs.health,
    "list": verbs.list_,
    "gaps": verbs.gaps,
    "plot": verbs.plot,
    "export": verbs.export,
    "remove": verbs.remove,
    "providers": verbs.providers,
}
"""The verbs by their spelling, in the order of a person's first day with them."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What is typed before a verb, and the verbs that may follow.

    Parameters
    ----------
    name
        As help and hints spell it.
    elsewhere
        Verbs that only another program has.
    """

    name: ProgramName
    verbs: Mapping[str, Verb]
    elsewhere: tuple[str, ...] = ()


SHELL = Program("ml4t-data", VERBS, elsewhere=("panel", "jobs"))
"""The command of a shell."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option, as shell, notebook and Python need it.

    Parameters
    ----------
    name
        The verb's parameter.
    flags
        Spellings that give it a value or switch it on, the short one first.
    off_flags
        Spellings that switch it off; only for a switch that is not off by default.
    default
        The verb's own default.
    choices
        All values there are; empty if it is open.
    help
        Its paragraph in the docstring, or what its type brings, on one line.
    is_repeated
        Whether it may be given several times and collects.
    is_bare
        Whether its words may stand without a flag.
    declared
        Its type, which converts its words.
    """

    name: str
    flags: tuple[str, ...]
    kind: OptionKind
    default: object
    help: str
    declared: Declared
    choices: tuple[str, ...] = ()
    off_flags: tuple[str, ...] = ()
    is_repeated: bool = False
    is_bare: bool = False


def summary(verb: Verb) -> str:
    """The first line of the verb's docstring."""
    return _docstring(verb).partition("\n")[0]


@cache
def options(verb: Verb) -> tuple[Option, ...]:
    """Options of ``verb`` in the order of its signature; its positional-only workspace is none."""
    parameters = inspect.signature(verb).parameters
    helps = paragraphs(_docstring(verb))
    return tuple(
        _option(parameters[each.name], each, helps.get(each.name, "")) for each in declared(verb)
    )


def _option(parameter: inspect.Parameter, wanted: Declared, paragraph: str) -> Option:
    is_on = wanted.kind == "switch" and parameter.default is not False
    is_bare = parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    return Option(
        name=parameter.name,
        # One word in one place needs no flag; several could stand between other words.
        flags=()
        if is_bare and not wanted.is_repeated
        else (*((wanted.short,) if wanted.short else ()), wanted.flag),
        kind=wanted.kind,
        default=parameter.default,
        help=paragraph,
        declared=wanted,
        choices=wanted.choices,
        off_flags=(wanted.flag.replace("--", "--no-"),) if is_on else (),
        is_repeated=wanted.is_repeated,
        is_bare=is_bare,
    )


def _docstring(verb: Verb) -> str:
    """The verb's docstring; with ``python -OO``, which drops them, that of its source."""
    if found := inspect.getdoc(verb):
        return found
    import ast

    try:
        source = ast.parse(inspect.getsource(inspect.unwrap(verb)))
        own = ast.get_docstring(source.body[0]) or ""  # type: ignore[arg-type]  # a function
        return complete(own, verb)
    except OSError:
        return ""
