"""What a verb's signature declares of its arguments, and their conversion: one for every caller."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, wraps
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from ml4t_nb.errors import OptionError
from ml4t_nb.frequencies import as_frequency, source_frequency
from ml4t_nb.options import (
    Doc,
    KeepsOne,
    Short,
    Unserved,
    Writes,
    as_day,
    as_folder,
    as_moment,
    as_number,
    as_switch,
    as_symbols,
    as_whole,
    as_word,
    did_you_mean,
    is_several,
)
from ml4t_nb.verbs.docstrings import with_shared
from ml4t_nb.version_names import VersionName, as_pair, as_version

__all__ = [
    "ALIASES",
    "Option",
    "OptionKind",
    "Served",
    "complete",
    "convert",
    "declared",
    "served",
    "served_as",
    "verb",
]

OptionKind: TypeAlias = Literal[
    "switch", "choice", "choices", "whole", "version", "pair", "number", "path", "moment", "day",
    "word", "frequency",
]  # fmt: skip

Served: TypeAlias = Literal["read", "job"]
"""How a verb is answered over HTTP: at once, since it only reads, or in the background."""

_P = ParamSpec("_P")
_R = TypeVar("_R")
_V = TypeVar("_V", bound=Callable[..., Any])
_SERVED: dict[Callable[..., Any], Served] = {}

ALIASES = {"frequency": {"minute": "1m"}}
"""Other words for a value, by parameter."""

_THINGS = {
    "refill": "fill method", "fail_on": "health state", "chunk": "chunk period",
    "columns": "column",
}  # fmt: skip
_METAVARS = {
    "close": "REASON", "accept": "REASON", "reject": "REASON", "refill": "METHOD",
    "fill_method": "METHOD", "fail_on": "STATES",
}  # fmt: skip
# A datetime is a date, and a bool an int: the first type that fits counts.
_KINDS: dict[OptionKind, tuple[object, Callable[..., object], str]] = {
    "switch": (bool, as_switch, ""),
    "moment": (datetime, as_moment, "DATE_OR_INSTANT"),
    "day": (date, as_day, "DATE"),
    "number": (float, as_number, "X"),
    "whole": (int, as_whole, "N"),
    "path": (Path, as_folder, "PATH"),
    "version": (VersionName, as_version, "N_OR_DATE"),
    "pair": (tuple[VersionName, VersionName], as_pair, "N_OR_DATE"),
    "word": (str, as_word, ""),
}
"""The type that declares each, what reads it, and what stands for it in help if not its name."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a verb, as shell, notebook and Python need it.

    Without ``choices`` it is open; of the kind ``choices`` it takes several of them, as one word
    with commas between them; of the kind ``frequency`` it takes minutes besides, such as ``45m``.
    ``is_repeated`` takes several words, where one that ``keeps_one`` leaves a single word what it
    is; those of one that ``is_bare`` may stand without a flag.
    With one that ``writes``, a verb that only reads changes the store, or asks a provider.
    One that ``is_served`` is taken from a request over HTTP.
    ``short`` is its one-letter flag, and ``help`` what its type says, or its paragraph in the
    verb's docstring; each may be empty.
    """

    name: str
    kind: OptionKind
    default: object
    choices: tuple[str, ...] = ()
    is_repeated: bool = False
    is_bare: bool = False
    may_be_none: bool = False
    keeps_one: bool = False
    writes: bool = False
    is_served: bool = True
    short: str = ""
    help: str = ""

    @property
    def flag(self) -> str:
        """How a command line spells it."""
        return f"--{self.name.rstrip('_').replace('_', '-')}"

    @property
    def flags(self) -> tuple[str, ...]:
        """Spellings that give it a value or switch it on, the short one first."""
        if self.is_bare and not self.is_repeated:
            # One word in one place needs no flag; several could stand between other words.
            return ()
        return (self.short, self.flag) if self.short else (self.flag,)

    @property
    def metavar(self) -> str:
        """What stands for its value in help."""
        _, _, of_kind = _KINDS.get(self.kind, ("", "", ""))
        return _METAVARS.get(self.name) or of_kind or self.flag[2:].upper()

    @property
    def off_flags(self) -> tuple[str, ...]:
        """Spellings that switch it off; only for a switch that is not off by default."""
        is_on = self.kind == "switch" and self.default is not False
        return (self.flag.replace("--", "--no-"),) if is_on else ()


def verb(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """``function``, its arguments converted to what its signature declares, its docstring complete.

    Shell, cell, panel and Python all call it, so that none of them takes another view of what an
    argument means.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: _P.args, **options: _P.kwargs) -> _R:
        _check_names(function, signature, args, options)
        try:
            given = signature.bind(*args, **options)
        except TypeError as error:
            raise OptionError(f"{_spelled(function)}: {error}") from None
        for each in declared(function):
            if each.name in given.arguments:
                value = given.arguments[each.name]
                given.arguments[each.name] = convert(value, each)
        return function(*given.args, **given.kwargs)

    if documented := inspect.getdoc(function):
        call.__doc__ = complete(documented, function)
    return call


def served(how: Served) -> Callable[[_V], _V]:
    """Let a verb be asked for over HTTP; one that says nothing is not."""

    def declare(function: _V) -> _V:
        _SERVED[inspect.unwrap(function)] = how
        return function

    return declare


def served_as(function: Callable[..., Any]) -> Served | None:
    """How the verb is answered over HTTP; None if it is not."""
    return _SERVED.get(inspect.unwrap(function))


def complete(docstring: str, function: Callable[..., Any]) -> str:
    """``docstring`` of ``function``, with the help that the types of its parameters bring."""
    return with_shared(docstring, {each.name: each.help for each in declared(function)})


def declared(function: Callable[..., Any]) -> tuple[Option, ...]:
    """Parameters of ``function`` in the order of its signature, but for the positional-only."""
    return _declared(inspect.unwrap(function))


@cache
def _declared(function: Callable[..., Any]) -> tuple[Option, ...]:
    parameters = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.kind is not each.POSITIONAL_ONLY
    ]
    hints = _hints(function, [each.name for each in parameters])
    return tuple(_option(each, hints[each.name]) for each in parameters)


def convert(value: object, wanted: Option) -> object:
    """``value`` as its parameter declares it, from whatever represents it; else OptionError."""
    if value is None and wanted.may_be_none:
        return None
    if wanted.is_repeated:
        if symbols := as_symbols(value):
            return symbols[0] if wanted.keeps_one and isinstance(value, str) else symbols
        # Left out it means everything, or is asked for; who selects nothing means neither.
        raise OptionError(
            f"an empty list of {wanted.name}s selects nothing",
            hint=f"check the selection; to select all, leave {wanted.name} out",
        )
    if wanted.kind == "choice":
        return _choice(value, wanted)
    if wanted.kind == "frequency":
        others = ALIASES["frequency"]
        known = others.get(value, value) if isinstance(value, str) else value
        return as_frequency(known, option=wanted.flag)
    if wanted.kind == "choices":
        words = value.split(",") if isinstance(value, str) else value
        several = tuple(words) if is_several(words) else (words,)
        return tuple(dict.fromkeys(_choice(_stripped(each), wanted) for each in several or ("",)))
    _, read, _ = _KINDS[wanted.kind]
    return read(value, option=wanted.flag)


def _stripped(word: object) -> object:
    return word.strip() if isinstance(word, str) else word


def _choice(value: object, wanted: Option) -> str:
    others = ALIASES.get(wanted.name, {})
    if isinstance(value, str) and (value in wanted.choices or value in others):
        return as_word(others.get(value, value), option=wanted.flag)
    what = _THINGS.get(wanted.name, wanted.name.replace("_", " "))
    hint = did_you_mean(str(value), (*wanted.choices, *others))
    if wanted.name == "frequency" and (source := source_frequency(value)):
        hint = f"bars and export derive {value} bars from stored ones: choose {source} here"
    raise OptionError(f"unknown {what} {value!r}", hint=hint)


def _check_names(
    function: Callable[..., Any],
    signature: inspect.Signature,
    args: Sequence[object],
    options: Mapping[str, object],
) -> None:
    """Raise OptionError unless each argument has a parameter."""
    parameters = signature.parameters.values()
    known = [each.name for each in parameters if each.kind is not each.POSITIONAL_ONLY]
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known)
            raise OptionError(f"{_spelled(function)} has no option {name!r}", hint=hint)
    bare = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
    if len(args) > len(bare):
        word = bare[-1] if bare and bare[-1] in known else ""
        hint = f'give several in a list: ["AAPL", "MSFT"], and options by name: {known[-1]}=...'
        raise OptionError(
            f"{_spelled(function)} takes {f'one {word}' if word else 'its options by name'}, "
            f"but got {args[len(bare)]!r} besides",
            hint=hint if word == "symbol" else f"name it, such as {known[-1]}=...",
        )


def _spelled(function: Callable[..., Any]) -> str:
    return function.__name__.rstrip("_")


def _hints(function: Callable[..., Any], names: Iterable[str]) -> dict[str, Any]:
    # The workspace and the report are imported for type checkers only, so the annotations of the
    # whole function cannot be evaluated; those of its options can.
    annotations = {name: function.__annotations__[name] for name in names}
    holder = types.SimpleNamespace(__annotations__=annotations)
    namespace = getattr(function, "__globals__", {})
    return get_type_hints(holder, globalns=namespace, include_extras=True)


def _option(parameter: inspect.Parameter, hint: object) -> Option:
    plain, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    members = get_args(plain) if get_origin(plain) in (Union, types.UnionType) else (plain,)
    concrete = [each for each in members if each is not types.NoneType]
    is_sequence = any(_is_sequence(each) for each in concrete)
    kind: OptionKind = "choices" if is_sequence else "choice"
    words = [word for each in concrete for word in get_args(each) if get_origin(each) is Literal]
    if words and str in concrete and not is_sequence:
        # Words that are not the only ones: of minutes there may be any number.
        kind = "frequency"
    elif {int, datetime} <= {*concrete}:
        kind = "version"
    elif not words:
        kind = next((kind for kind, (member, *_) in _KINDS.items() if member in concrete), "word")
    return Option(
        name=parameter.name,
        kind=kind,
        default=parameter.default,
        choices=tuple(words),
        is_repeated=is_sequence and kind != "choices",
        is_bare=parameter.kind is parameter.POSITIONAL_OR_KEYWORD,
        may_be_none=types.NoneType in members,
        keeps_one=any(isinstance(each, KeepsOne) for each in extras),
        writes=any(isinstance(each, Writes) for each in extras),
        is_served=kind != "path" and not any(isinstance(each, Unserved) for each in extras),
        short=next((each.flag for each in extras if isinstance(each, Short)), ""),
        help=next((each.text for each in extras if isinstance(each, Doc)), ""),
    )


def _is_sequence(member: object) -> bool:
    origin, is_open = get_origin(member), get_args(member)[1:] in ((), (...,))
    return is_open and isinstance(origin, type) and issubclass(origin, Sequence)
