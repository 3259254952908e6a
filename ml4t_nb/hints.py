"""What a next step does: commands, and their spelling as calls in Python."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

from ml4t_nb.model import AssetClass, Command, DatasetId, Hint, LoadArguments, NextStep

__all__ = ["as_call", "at_home", "commands_of", "in_words", "keywords_of", "rest_of", "selector"]


def commands_of(step: NextStep) -> tuple[Command, ...]:  # noqa: C901, PLR0911  # one for each action
    """Commands to carry out in this order, each after the one before it succeeded."""
    named = selector(step.dataset)
    where = {} if step.home is None else {"home": step.home}
    between = {"start": step.start, "end": step.end}
    dates: dict[str, object] = {name: day for name, day in between.items() if day}
    other = {"provider": step.provider, "switch": step.switch}
    asked: dict[str, object] = {name: value for name, value in other.items() if value}
    load = {**named, **keywords_of(step.source), **where}
    remove = {**named, **dates, **where, "yes": True}
    match step.action:
        case "load":
            return (Command("load", load),)
        case "reload":
            again = () if step.source is None else (Command("load", load),)
            return (Command("remove", remove), *again)
        case "accept":
            return (Command("update", {**named, **asked, **where, "accept": True}),)
        case "reset_as_of":
            return (Command("update", {**named, **where, "reset_as_of": True}),)
        case "remove":
            return (Command("remove", remove),)
        case "export":
            return (Command("export", {**named, **dates, **where, "out": _file(step, ".csv")}),)
        case "plot":
            return (Command("plot", {**named, **dates, **where, "out": _file(step, ".html")}),)
        case "gaps":
            return (Command("gaps", {**named, **dates, **where}),)
        case "all_gaps":
            return (Command("gaps", {**named, **dates, **where, "all": True}),)
        case "update":
            return (Command("update", {**named, **where}),)


def selector(dataset: DatasetId) -> dict[str, object]:
    """Arguments that select this dataset."""
    usual = {"asset_class": get_args(AssetClass)[0], "frequency": "daily"}
    own = {name: getattr(dataset, name) for name in usual}
    others = {name: each for name, each in own.items() if each != usual[name]}
    return {"symbol": (dataset.symbol,), **others}


def keywords_of(source: LoadArguments | None) -> dict[str, object]:
    """Where to load from; without what a load takes by itself."""
    names = [] if source is None else [each.name for each in fields(source)]
    return {name: value for name in names if (value := getattr(source, name))}


def rest_of(step: NextStep) -> str:
    """What only a person can do after the calls; mostly nothing."""
    is_lost = step.action == "reload" and step.source is None
    return ", then load it again from its provider" if is_lost else ""


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


def as_call(command: Command) -> str:
    """The command as it is typed in Python."""
    package = __name__.partition(".")[0]
    keywords = ", ".join(_keyword(*each) for each in command.arguments.items())
    return f"{package}.{command.verb}({keywords})"


def in_words(hint: Hint) -> str:
    """``hint`` as one sentence, its steps as calls in Python."""
    match hint:
        case str():
            return hint
        case NextStep():
            return "; ".join(map(as_call, commands_of(hint))) + rest_of(hint)
        case tuple():
            return "".join(map(in_words, hint))


def _file(step: NextStep, ending: str) -> Path:
    symbol = step.dataset.symbol
    plain = "".join(each if each.isalnum() or each in "._-" else "_" for each in symbol)
    return Path(plain + ending)


def _keyword(name: str, value: object) -> str:
    if name == "symbol" and isinstance(value, tuple):
        words = json.dumps(value[0] if len(value) == 1 else value, ensure_ascii=False)
        return words if len(value) == 1 else f"{name}={words}"
    is_plain = isinstance(value, bool | int | float)
    return f"{name}={repr(value) if is_plain else json.dumps(str(value), ensure_ascii=False)}"
