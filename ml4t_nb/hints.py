"""What a next step does: commands, and their spelling as calls in Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeAlias

from ml4t_nb.model import Command, DatasetId, Hint, NextStep, StepAction

__all__ = ["as_call", "at_home", "commands_of", "in_words", "rest_of", "selector"]

_Arguments: TypeAlias = dict[str, object]
_Call: TypeAlias = tuple[str, _Arguments, _Arguments]
"""A verb, and its arguments before the folder of the store and after it."""


def commands_of(step: NextStep) -> tuple[Command, ...]:
    """Commands to carry out in this order, each after the one before it succeeded."""
    named, where = selector(step.dataset), _given(home=step.home)
    dates = _given(start=step.start, end=step.end)
    asked = _given(provider=step.provider, switch=step.switch)
    names = [] if step.source is None else [each.name for each in fields(step.source)]
    source = _given(**{name: getattr(step.source, name) for name in names})
    load: _Call = ("load", source, {})
    remove: _Call = ("remove", dates, {"yes": True})
    calls: dict[StepAction, tuple[_Call, ...]] = {
        "load": (load,),
        "reload": (remove,) if step.source is None else (remove, load),
        "accept": (("update", asked, {"accept": True}),),
        "reset_as_of": (("update", {}, {"reset_as_of": True}),),
        "remove": (remove,),
        "forget": (("remove", {}, {"forget": True, "yes": True}),),
        "export": (("export", dates, {"out": _file(step, ".csv")}),),
        "plot": (("plot", dates, _given(run=step.version) or {"out": _file(step, ".html")}),),
        "gaps": (("gaps", dates, {}),),
        "all_gaps": (("gaps", dates, {"all": True}),),
        "update": (("update", {}, {}),),
        "end": (("end", _given(on=step.end), {}),),
        "reopen": (("end", {}, {"reopen": True}),),
        "rename": (("rename", {**_names(step), **_given(on=step.end)}, {}),),
        "review": (("review", dates, {}),),
        "undo": (("undo", _given(run=step.version), {}),),
        "history": (("history", {}, {}),),
        "compare": (("compare", _given(with_=step.provider, **dates), {}),),
        "reconcile": (("reconcile", _given(with_=step.provider, take=step.other, **dates), {}),),
    }
    return tuple(
        Command(verb, {**named, **before, **where, **after})
        for verb, before, after in calls[step.action]
    )


def rest_of(step: NextStep) -> str:
    """What only a person can do after the calls; mostly nothing."""
    is_lost = step.action == "reload" and step.source is None
    return ", then load it again from its provider" if is_lost else ""


def at_home(hint: Hint, home: Path) -> Hint:
    """``hint`` whose steps name the store they are about, unless they name one already."""
    if isinstance(hint, tuple):
        return tuple(part if isinstance(part, str) else _at(part, home) for part in hint)
    return hint if isinstance(hint, str) else _at(hint, home)


def as_call(command: Command) -> str:
    """The command as it is typed in Python."""
    package = __name__.partition(".")[0]
    keywords = ", ".join(_keyword(*each) for each in command.arguments.items())
    return f"{package}.{command.verb}({keywords})"


def _as_calls(step: NextStep) -> str:
    return "; ".join(map(as_call, commands_of(step))) + rest_of(step)


def in_words(hint: Hint, spelled: Callable[[NextStep], str] = _as_calls) -> str:
    """``hint`` as one sentence, its steps ``spelled``: as calls in Python, unless otherwise."""
    parts = hint if isinstance(hint, tuple) else (hint,)
    return "".join(part if isinstance(part, str) else spelled(part) for part in parts)


def _at(step: NextStep, home: Path) -> NextStep:
    return replace(step, home=step.home or home)


def _given(**arguments: object) -> _Arguments:
    return {name: value for name, value in arguments.items() if value}


def selector(dataset: DatasetId) -> _Arguments:
    """Arguments that select this dataset, no more than are needed for most."""
    usual = {"asset_class": "equities", "frequency": "daily"}
    others = {name: getattr(dataset, name) for name in usual}
    return {
        "symbol": (dataset.symbol,),
        **{name: each for name, each in others.items() if each != usual[name]},
    }


def _names(step: NextStep) -> _Arguments:
    """The old and the new name of a symbol."""
    return {"symbol": (step.dataset.symbol, step.other)}


def _file(step: NextStep, ending: str) -> Path:
    symbol = step.dataset.symbol
    plain = "".join(each if each.isalnum() or each in "._-" else "_" for each in symbol)
    return Path(plain + ending)


def _keyword(name: str, value: object) -> str:
    if isinstance(value, tuple):
        words = json.dumps(value[0] if len(value) == 1 else value, ensure_ascii=False)
        return words if name == "symbol" and len(value) == 1 else f"{name}={words}"
    is_plain = isinstance(value, bool | int | float)
    return f"{name}={repr(value) if is_plain else json.dumps(str(value), ensure_ascii=False)}"
