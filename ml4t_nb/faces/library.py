"""The verbs as plain functions, on the workspace of this process' settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from ml4t_nb import verbs
from ml4t_nb.workspace import Workspace

__all__ = [
    "bars",
    "export",
    "files",
    "gaps",
    "health",
    "list_",
    "load",
    "providers_",
    "remove",
    "update",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _bound(verb: Callable[Concatenate[Workspace, _P], _R]) -> Callable[_P, _R]:
    """``verb`` without its workspace, which is opened at each call."""

    @wraps(verb)
    def call(*args: _P.args, **options: _P.kwargs) -> _R:
        return verb(Workspace.open(), *args, **options)

    signature = inspect.signature(verb)
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]  # read by inspect
        parameters=list(signature.parameters.values())[1:]
    )
    return call


load = _bound(verbs.load)
update = _bound(verbs.update)
health = _bound(verbs.health)
list_ = _bound(verbs.list_)
gaps = _bound(verbs.gaps)
export = _bound(verbs.export)
remove = _bound(verbs.remove)
# A bare ``providers`` is the package's own folder of that name.
providers_ = _bound(verbs.providers)
bars = _bound(verbs.bars)
files = _bound(verbs.files)
