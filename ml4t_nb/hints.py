"""What a next step does: verbs to call, and the call as Python has it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeAlias, get_args

from ml4t_nb.model import AssetClass, DatasetId, Hint, LoadArguments, NextStep

__all__ = ["Call", "at_home", "calls_of", "in_words", "keywords_of", "rest_of"]

Call: TypeAlias = tuple[str, dict[str, object]]
"""A verb, and the keywords to call it with."""


def calls_of(step: NextStep) -> tuple[Call, ...]:  # noqa: C901, PLR0911  # one for each action
    """Verbs to call, one after the other, each once the one before it went well."""
    named = _named(step.dataset)
    where = {} if step.home is None else {"home": step.home}
    between = {"start": step.start, "end": step.end}
    dates: dict[str, object] = {name: day for name, day in between.items() if day}
    other = {"provider": step.provider, "switch": step.switch}
    asked: dict[str, object] = {name: value for name, value in other.items() if value}
    load = {**named, **keywords_of(step.source), **where}
    remove = {**named, **dates, **where, "yes": True}
    match step.action:
        case "load":
            return (("load", load),)
        case "reload":
            return (("remove", remove), *((("load", load),) if step.source else ()))
        case "accept":
            return (("update", {**named, **asked, **where, "accept": True}),)
        case "reset_as_of":
            return (("update", {**named, **where, "reset_as_of": True}),)
        case "remove":
            return (("remove", remove),)
        case "export":
            return (("export", {**named, **dates, **where, "out": _file(step, ".csv")}),)
        case "plot":
            return (("plot", {**named, **dates, **where, "out": _file(step, ".html")}),)
        case "gaps":
            return (("gaps", {**named, **dates, **where}),)
        case "all_gaps":
            return (("gaps", {**named, **dates, **where, "all": True}),)
        case "update":
            return (("update", {**named, **where}),)


def keywords_of(source: LoadArguments | None) -> dict[str, object]:
    """Where to load from; without what a load takes by itself."""
    names = [] if source is None else [each.name for each in fields(source)]
    return {name: value for name in names if (value := getattr(source, name))}


def rest_of(step: NextStep) -> str:
    """What only a person can do after the calls; mostly nothing."""
    is_lost = step.action == "reload" and step.source is None
    return ", then load it from where it came" if is_lost else ""


def at_home(hint: Hint, home: Path) -> Hint:
    """``hint`` whose steps name the store they are about, unless they name one already."""
    match hint:
        case str():
            return hint
        case NextStep():
            return replace(hint, home=hint.home or home)
        case tuple():
            parts = (part if isinstance(part, str) else at_home(part, home) for part in hint)
            return tuple(part for part in parts if not isinstance(part, tuple))


def in_words(hint: Hint) -> str:
    """``hint`` as one sentence, its steps as calls in Python."""
    match hint:
        case str():
            return hint
        case NextStep():
            return "; ".join(map(_called, calls_of(hint))) + rest_of(hint)
        case tuple():
            return "".join(map(in_words, hint))


def _named(dataset: DatasetId) -> dict[str, object]:
    usual = {"asset_class": get_args(AssetClass)[0], "frequency": "daily"}
    own = {name: getattr(dataset, name) for name in usual}
    others = {name: each for name, each in own.items() if each != usual[name]}
    return {"symbol": (dataset.symbol,), **others}


def _file(step: NextStep, ending: str) -> Path:
    symbol = step.dataset.symbol
    plain = "".join(each if each.isalnum() or each in "._-" else "_" for each in symbol)
    return Path(plain + ending)


def _called(call: Call) -> str:
    package = __name__.partition(".")[0]
    verb, keywords = call
    return f"{package}.{verb}({', '.join(_keyword(*each) for each in keywords.items())})"


def _keyword(name: str, value: object) -> str:
    if name == "symbol" and isinstance(value, tuple):
        return json.dumps(value[0], ensure_ascii=False)
    word = repr(value) if isinstance(value, bool) else json.dumps(str(value), ensure_ascii=False)
    return f"{name}={word}"
