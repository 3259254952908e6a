"""The page of all public names, written from their docstrings.

``python -m tests.docs.api_page`` writes it anew.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from docstring_parser import Docstring, DocstringStyle, parse

import ml4t_nb
from ml4t_nb import errors, model, options, providers, records, reports, testing
from ml4t_nb.core import bars
from ml4t_nb.testing import strategies

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"

HEAD = """\
# API reference

This page is generated from the docstrings in the code, by `python -m tests.docs.api_page`;
`help(ml4t_nb.load)` shows the same words. [Options and settings](options.md) has the values and
defaults of each option, and how a shell and a notebook spell it.

* [Functions](#functions) of `ml4t_nb`
* [Settings and workspace](#settings-and-workspace)
* [Reports](#reports), which the functions return
* [Values](#values) in them
* [Errors](#errors)
* [Providers](#providers): the interface of one
* [Testing](#testing) of one
* [Words](#words) that an argument or a field may be
"""

SECTIONS = {
    "Functions": "`import ml4t_nb`. Nothing heavy is imported before a function needs it.",
    "Settings and workspace": "Of `ml4t_nb` too. The functions take both from the environment.",
    "Reports": "`from ml4t_nb.reports import RunReport`. Frozen; a notebook shows one as a table.",
    "Values": "Of `ml4t_nb.records` and `ml4t_nb.model`. Frozen.",
    "Errors": (
        "`from ml4t_nb.errors import LockTimeout`. Each is an `Ml4tError`, and one of the standard "
        "library's where that means the same. Its `message` says what happened, its `hint` what to "
        "do next, and `str` gives both."
    ),
    "Providers": (
        "`from ml4t_nb.providers import Request`. "
        "[Write a provider](howto/write-a-provider.md) has an example."
    ),
    "Testing": "`ml4t_nb.testing` needs `pip install 'ml4t-nb[testing]'`.",
    "Words": "Of `ml4t_nb.model`, `ml4t_nb.options`, `ml4t_nb.records` and `ml4t_nb.reports`.",
}
_OF_PROVIDERS = ("make_bars", "empty_bars", "require_bars")


def page() -> str:
    """The whole page, as it should be."""
    top = [getattr(ml4t_nb, name) for name in ml4t_nb.__all__]
    verbs = _functions(ml4t_nb, ml4t_nb.__all__)
    written: dict[str, Iterable[str]] = {
        "Functions": _all_of(verbs),
        "Settings and workspace": (_class(each) for each in top if _is_value(each)),
        "Reports": map(_class, _classes(reports)),
        "Values": map(_class, (*_classes(records), *_classes(model))),
        "Errors": [_errors()],
        "Providers": [
            *map(_class, _classes(providers)),
            *_all_of(_functions(providers, providers.__all__)),
            "The bars of an answer are made by functions of `ml4t_nb.core.bars`.\n",
            *_all_of(_functions(bars, _OF_PROVIDERS)),
        ],
        "Testing": [
            _class(testing.ProviderContract),
            *_all_of(_functions(testing, testing.__all__)),
            "The strategies are of `ml4t_nb.testing.strategies`.\n",
            *_all_of(_functions(strategies, strategies.__all__)),
        ],
        "Words": [_table(("word", ""), sorted(_words()))],
    }
    parts = (f"## {name}\n\n{SECTIONS[name]}\n\n" + "\n".join(written[name]) for name in SECTIONS)
    return "\n".join([HEAD, *parts])


def _is_value(each: object) -> bool:
    return inspect.isclass(each) and not issubclass(each, BaseException)


def _classes(module: ModuleType) -> list[type]:
    return [each for name in module.__all__ if _is_value(each := getattr(module, name))]


def _functions(module: ModuleType, names: Iterable[str]) -> dict[str, Callable[..., Any]]:
    return {name: each for name in names if inspect.isfunction(each := getattr(module, name))}


def _all_of(functions: Mapping[str, Callable[..., Any]]) -> Iterator[str]:
    return (_function(name, function) for name, function in functions.items())


def _function(name: str, function: Callable[..., Any]) -> str:
    told = _told(function)
    signature = inspect.signature(function)
    given = signature.parameters.values()
    types, texts = inspect.unwrap(function).__globals__, _described(told)
    rows = [
        (f"`{each.name}`", f"`{_plain(each.annotation, types)}`", texts.get(each.name, ""))
        for each in given
    ]
    back = _plain(signature.return_annotation)
    parts = [
        f"### {name}\n",
        f"```py\n{_call(name, given)}\n```\n",
        _prose(told),
        _table(("parameter", "type", ""), rows) if rows else "",
        f"Returns {_linked(back)}.{_returned(told)}\n" if back != "None" else "",
        _raised(told),
    ]
    return "\n".join(filter(None, parts))


def _call(name: str, given: Iterable[inspect.Parameter]) -> str:
    """How it is called, a few parameters a line."""
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in given]
    words = str(inspect.Signature(plain))
    if len(words) < 90 - len(name):
        return f"{name}{words}"
    lines, line = [], "   "
    for word in words[1:-1].split(", "):
        if len(line) + len(word) > 90:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([f"{name}(", *lines, line, ")"])


def _class(kind: type) -> str:
    told = _told(kind)
    described = _described(told)
    types = inspect.get_annotations(kind)
    rows = [
        (f"`{name}`", f"`{_plain(types[name])}`", described.get(name, ""))
        for name in (types if dataclasses.is_dataclass(kind) else described)
        if name[0] != "_"
    ]
    more = [
        (*_member(name, member), _prose(_told(member)).strip().replace("\n", " "))
        for name, member in vars(kind).items()
        if name[0] != "_" and not name.startswith("test_") and name not in types
        if _is_told(member)
    ]
    parts = [
        f"### {kind.__name__}\n",
        _prose(told),
        _table(("name", "type", ""), [*rows, *more]) if rows or more else "",
    ]
    return "\n".join(filter(None, parts))


def _member(name: str, member: object) -> tuple[str, str]:
    """How a property or a method is read, and the type of what it gives."""
    if isinstance(member, property):
        return f"`{name}`", f"`{_plain(inspect.signature(member.fget).return_annotation)}`"  # type: ignore[arg-type]  # it has one
    signature = inspect.signature(getattr(member, "__func__", member))  # type: ignore[arg-type]  # a method
    given = list(signature.parameters)[1:]
    return f"`{name}({', '.join(given)})`", f"`{_plain(signature.return_annotation)}`"


def _is_told(member: object) -> bool:
    is_callable = inspect.isfunction(member) or isinstance(member, classmethod)
    return bool((is_callable or isinstance(member, property)) and inspect.getdoc(member))


def _errors() -> str:
    # In the order of the module, where each follows what it is a kind of.
    kinds = [each for name, each in vars(errors).items() if name in errors.__all__]
    rows = []
    for kind in filter(inspect.isclass, kinds):
        others = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
        told = _told(kind)
        own = "; ".join(f"`{name}`: {text}" for name, text in _described(told).items())
        words = _prose(told).strip().replace("\n", " ")
        rows.append((f"`{kind.__name__}`", others, f"{words} {own}".strip()))
    return _table(("error", "is a", ""), rows)


def _words() -> Iterator[tuple[str, str]]:
    for module in (model, options, records, reports):
        for name in module.__all__:
            each = getattr(module, name)
            if _is_value(each) or inspect.isfunction(each) or name.isupper():
                continue
            choices = get_args(each)
            if choices and all(isinstance(choice, str) for choice in choices):
                yield f"`{name}`", ", ".join(f"`{choice}`" for choice in choices)
            else:
                yield f"`{name}`", f"`{_plain(each)}`"


def _told(each: object) -> Docstring:
    return parse(inspect.getdoc(each) or "", DocstringStyle.NUMPYDOC)


def _prose(told: Docstring) -> str:
    parts = (told.short_description, told.long_description)
    return "".join(f"{_marked(part)}\n\n" for part in parts if part).removesuffix("\n")


def _described(told: Docstring) -> dict[str, str]:
    """Parameters, attributes or fields, each with its text; several may share one."""
    return {
        name.strip(): _marked(each.description or "")
        for each in told.params
        for name in each.arg_name.split(",")
    }


def _returned(told: Docstring) -> str:
    words = told.returns.description if told.returns else None
    return f" {_marked(words)}" if words else ""


def _raised(told: Docstring) -> str:
    lines = [f"* `{each.type_name}`: {_marked(each.description or '')}\n" for each in told.raises]
    return f"Raises\n\n{''.join(lines)}" if lines else ""


def _marked(words: str) -> str:
    """Words of a docstring in the page's own markup."""
    return " ".join(words.replace("``", "`").split())


def _plain(annotation: object, types: Mapping[str, object] | None = None) -> str:
    """A type as one reads it, without what only the parser of words needs.

    Parameters
    ----------
    types
        Names that may stand for such a type.
    """
    meant = (types or {}).get(annotation) if isinstance(annotation, str) else None
    if get_origin(meant) is Annotated:
        return _named(get_args(meant)[0])
    words = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    words = re.sub(r"Annotated\[(.*?)(?:, (?:Short\('.*?'\)|Writes\(\)))+\]", r"\1", words)
    return re.sub(r"\b(?:ml4t_nb|typing|datetime|pathlib|collections)\.(?:\w+\.)*", "", words)


def _named(kind: object) -> str:
    """A type by the name it has in the model or the options, if it has one."""
    parts = _parts(kind) - {NoneType}
    own = {name: getattr(module, name) for module in (model, options) for name in module.__all__}
    known = (name for name, each in own.items() if get_args(each) and _parts(each) == parts)
    plain = next(known, " | ".join(sorted(map(inspect.formatannotation, parts))))
    return f"{plain} | None" if NoneType in _parts(kind) else plain


def _parts(kind: object) -> set[object]:
    return set(get_args(kind)) if get_origin(kind) in (Union, UnionType) else {kind}


def _linked(name: str) -> str:
    here = {each.__name__ for module in (reports, records, model) for each in _classes(module)}
    return f"[`{name}`](#{name.lower()})" if name in here else f"`{name}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ((" ".join(cell.split()).replace("|", "\\|") for cell in row) for row in lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
