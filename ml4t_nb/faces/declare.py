"""Options of a verb, read from its signature and the Parameters section of its docstring."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from ml4t_nb import verbs
from ml4t_nb.faces import shows
from ml4t_nb.options import Short

__all__ = ["SHOWS", "VERBS", "Kind", "Option", "Verb", "options", "summary"]

Verb: TypeAlias = Callable[..., Any]
Kind: TypeAlias = Literal["switch", "choice", "whole", "number", "path", "moment", "day", "word"]

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

SHOWS: dict[str, Verb] = {"panel": shows.panel, "jobs": shows.jobs}
"""What a notebook has besides, declared in the same way."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option, as every face needs to know it.

    Parameters
    ----------
    name
        The verb's parameter.
    flags
        Spellings that give it a value or switch it on, the short one first.
    off_flags
        Spellings that switch it off; only for a switch that is on by default.
    default
        The verb's own default.
    choices
        All values there are; empty if it is open.
    help
        Its paragraph in the docstring, on one line.
    is_repeated
        Whether it may be given several times and collects.
    is_bare
        Whether its words may stand without a flag.
    """

    name: str
    flags: tuple[str, ...]
    kind: Kind
    default: object
    help: str
    choices: tuple[str, ...] = ()
    off_flags: tuple[str, ...] = ()
    is_repeated: bool = False
    is_bare: bool = False


def summary(verb: Verb) -> str:
    """The first line of the verb's docstring."""
    return (inspect.getdoc(verb) or "").partition("\n")[0]


@cache
def options(verb: Verb) -> tuple[Option, ...]:
    """Options of ``verb`` in the order of its signature; its positional-only workspace is none."""
    parameters = [
        each
        for each in inspect.signature(verb).parameters.values()
        if each.kind is not inspect.Parameter.POSITIONAL_ONLY
    ]
    hints = _hints(verb, [each.name for each in parameters])
    paragraphs = dict(_paragraphs(inspect.getdoc(verb) or ""))
    return tuple(_option(each, hints[each.name], paragraphs[each.name]) for each in parameters)


def _hints(verb: Verb, names: Sequence[str]) -> dict[str, Any]:
    # The workspace and the report are imported for type checkers only, so the annotations of the
    # whole function cannot be evaluated; those of its options can.
    annotations = {name: verb.__annotations__[name] for name in names}
    holder = types.SimpleNamespace(__annotations__=annotations)
    namespace = getattr(verb, "__globals__", {})
    return get_type_hints(holder, globalns=namespace, include_extras=True)


def _option(parameter: inspect.Parameter, hint: object, paragraph: str) -> Option:
    hint, short = _without_short(hint)
    members = [each for each in _members(hint) if each is not types.NoneType]
    word = parameter.name.rstrip("_").replace("_", "-")
    kind = _kind(members)
    is_on = kind == "switch" and parameter.default is True
    is_bare = parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    is_repeated = any(_is_sequence(each) for each in members)
    return Option(
        name=parameter.name,
        # One word in one place needs no flag; several could stand between other words.
        flags=()
        if is_bare and not is_repeated
        else (*((short.flag,) if short else ()), f"--{word}"),
        kind=kind,
        default=parameter.default,
        help=paragraph,
        choices=tuple(get_args(members[0])) if kind == "choice" else (),
        off_flags=(f"--no-{word}",) if is_on else (),
        is_repeated=is_repeated,
        is_bare=is_bare,
    )


def _without_short(hint: object) -> tuple[object, Short | None]:
    if get_origin(hint) is not Annotated:
        return hint, None
    plain, *extras = get_args(hint)
    return plain, next((each for each in extras if isinstance(each, Short)), None)


def _members(hint: object) -> tuple[object, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _is_sequence(member: object) -> bool:
    origin = get_origin(member)
    return isinstance(origin, type) and issubclass(origin, Sequence)


def _kind(members: Sequence[object]) -> Kind:
    if get_origin(members[0]) is Literal:
        return "choice"
    kinds: tuple[tuple[type, Kind], ...] = (
        (bool, "switch"),
        (datetime, "moment"),
        (date, "day"),
        (float, "number"),
        (int, "whole"),
        (Path, "path"),
    )
    return next((kind for member, kind in kinds if member in members), "word")


def _paragraphs(docstring: str) -> Iterator[tuple[str, str]]:
    """Names and paragraphs of a numpydoc Parameters section."""
    _, _, section = docstring.partition("Parameters\n----------\n")
    names: tuple[str, ...] = ()
    words: list[str] = []
    for line in [*section.splitlines(), ""]:
        if line.startswith(" "):
            words.append(line.strip())
            continue
        yield from ((name, " ".join(words)) for name in names)
        if not line:
            return
        names = tuple(name.strip() for name in line.partition(" : ")[0].split(","))
        words = []
