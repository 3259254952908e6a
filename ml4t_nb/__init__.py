"""Market history in a notebook: loaded, kept current, trusted.

In a notebook: ``%load_ext ml4t_nb``, then ``%ml4t load AAPL``. In a shell: ``ml4t-data load AAPL``.
In Python: ``ml4t_nb.load("AAPL")`` and ``ml4t_nb.bars("AAPL")``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml4t_nb.api import (
        archive,
        backup,
        bars,
        check,
        check_backup,
        compare,
        connect,
        end,
        export,
        files,
        gaps,
        health,
        history,
        list_,
        load,
        notify,
        pin,
        pins,
        plot,
        providers_,
        rechunk,
        recompress,
        reconcile,
        remove,
        rename,
        review,
        scan,
        sql,
        sync,
        undo,
        update,
    )
    from ml4t_nb.errors import Ml4tError
    from ml4t_nb.notebook.panel_verbs import jobs, panel
    from ml4t_nb.reading.citation import cite
    from ml4t_nb.settings import Settings
    from ml4t_nb.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "Ml4tError",
    "Settings",
    "Workspace",
    "archive",
    "backup",
    "bars",
    "check",
    "check_backup",
    "cite",
    "compare",
    "connect",
    "end",
    "export",
    "files",
    "gaps",
    "health",
    "history",
    "jobs",
    "list_",
    "load",
    "notify",
    "panel",
    "pin",
    "pins",
    "plot",
    "providers_",
    "rechunk",
    "recompress",
    "reconcile",
    "remove",
    "rename",
    "review",
    "scan",
    "sql",
    "sync",
    "undo",
    "update",
]

_HOMES = {
    "cite": "ml4t_nb.reading.citation",
    "Ml4tError": "ml4t_nb.errors",
    "Settings": "ml4t_nb.settings",
    "jobs": "ml4t_nb.notebook.panel_verbs",
    "panel": "ml4t_nb.notebook.panel_verbs",
    "Workspace": "ml4t_nb.workspace",
    # What %load_ext ml4t_nb and %unload_ext ml4t_nb call.
    "load_ipython_extension": "ml4t_nb.notebook.magics",
    "unload_ipython_extension": "ml4t_nb.notebook.magics",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever that name represents
    if name not in {*__all__, *_HOMES}:
        raise AttributeError(f"module 'ml4t_nb' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "ml4t_nb.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_HOMES})
