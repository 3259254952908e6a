"""Options of a verb, read from its signature and the Parameters section of its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, TypeAlias

from ml4t_nb.commands.dashboard import dashboard
from ml4t_nb.commands.schedule import schedule
from ml4t_nb.commands.serving import serve_
from ml4t_nb.commands.watch import watch
from ml4t_nb.verbs import (
    archive,
    backup,
    bars,
    check,
    check_backup,
    compare,
    end,
    export,
    gaps,
    health,
    history,
    list_,
    load,
    notify,
    pin,
    pins,
    plot,
    providers,
    rechunk,
    recompress,
    reconcile,
    remove,
    rename,
    review,
    sql,
    sync,
    undo,
    update,
)
from ml4t_nb.verbs.arguments import Option, complete, declared, served_as
from ml4t_nb.verbs.docstrings import paragraphs

__all__ = [
    "SERVED",
    "SHELL",
    "USED_MOST",
    "VERBS",
    "Option",
    "Program",
    "ProgramName",
    "Verb",
    "options",
    "summary",
    "taken",
]

Verb: TypeAlias = Callable[..., Any]
ProgramName: TypeAlias = Literal["ml4t-data", "%ml4t", "ml4t_nb"]
"""What a reader types into: a shell, a cell, Python."""

_IN_ORDER = (
    load, update, sync, health, list_, gaps, review, history, undo, plot, compare, reconcile,
    export, sql, pin, pins, check, archive, recompress, rechunk, backup, check_backup, end,
    rename, remove, providers, notify,
)  # fmt: skip
VERBS: dict[str, Verb] = {each.__name__.rstrip("_").replace("_", "-"): each for each in _IN_ORDER}
"""The verbs by their spelling, in the order of a person's first day with them."""

SERVED: dict[str, Verb] = {
    name: each for name, each in (*VERBS.items(), ("bars", bars)) if served_as(each)
}
"""The verbs that are asked for over HTTP."""

USED_MOST = ("load", "update", "health", "plot", "review")
"""What most days need."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What is typed before a verb, the verbs that may follow, and those of another program."""

    name: ProgramName
    verbs: Mapping[str, Verb]
    elsewhere: tuple[str, ...] = ()


_ALONE: Mapping[str, Verb] = {
    "panel": dashboard,
    "schedule": schedule,
    "serve": serve_,
    "watch": watch,
}
SHELL = Program("ml4t-data", {**VERBS, **_ALONE}, elsewhere=("jobs",))
"""The command of a shell, whose panel is a page, and which serves the others and the store."""


def summary(verb: Verb) -> str:
    """The first line of the verb's docstring."""
    return _docstring(verb).partition("\n")[0]


@cache
def options(verb: Verb) -> tuple[Option, ...]:
    """Options of ``verb`` in the order of its signature; its positional-only workspace is none."""
    helps = paragraphs(_docstring(verb))
    return tuple(replace(each, help=helps.get(each.name, "")) for each in declared(verb))


@cache
def taken(verb: Verb) -> dict[str, Option]:
    """Options that a request may give, by their spelling there.

    None is a path: a request names no folder, and no file, of the machine that answers it; nor
    who else works for it.
    """
    return {each.name.rstrip("_"): each for each in options(verb) if each.is_served}


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
