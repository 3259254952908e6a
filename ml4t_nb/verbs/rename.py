"""The verb for a symbol that is listed under another name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import OptionError
from ml4t_nb.events import Changing
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.options import Day, Doc, Short, Symbols, as_day, as_symbols
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, Class, Freq, Home
from ml4t_nb.verbs.runs import run_one
from ml4t_nb.verbs.select import EXAMPLE, renaming, select_named

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["rename"]

_TWO = 2


@served("job")
@verb
def rename(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s"), Doc("The old name and the new one, both stored.")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    on: Day | None = None,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Join the history of a symbol's old name to that of its new one, if three bars agree.

    Parameters
    ----------
    on
        Last date under the old name; if not given, that of its last stored bar.
    """
    from ml4t_nb.pipeline import RenameRequest, run_rename
    from ml4t_nb.telling import keep_renamed

    ws = ws.at(home)
    names = as_symbols(symbol)
    if len(names) != _TWO:
        raise OptionError(
            "rename takes two symbols, the old name and the new one",
            hint=NextStep("rename", replace(EXAMPLE, symbol="FB"), other="META"),
        )
    until, moment = as_day(on, option="--on"), ws.resolve_as_of(as_of)
    (old,) = select_named(ws, names[:1], asset_class, frequency)
    new = replace(old, symbol=names[1])
    _require_free(ws, new)
    ws.observer(Changing((old, new)))
    request = RenameRequest(old, new, ws.clock(), until)
    report = run_one(ws, "rename", partial(run_rename, request=request), moment)
    keep_renamed(ws.settings.home, old, new)
    return report


def _require_free(ws: Workspace, new: DatasetId) -> None:
    """Raise OptionError if the new name is a former one: it would mean two, or lead in a circle."""
    for dataset, names in ws.store.former_names().items():
        for name in names:
            if name.symbol == new.symbol:
                known = renaming(name.symbol, dataset, name.until)
                raise OptionError(
                    f"{known}: as a new name it would mean two",
                    hint=f"keep both, or rename to {dataset.symbol}",
                )
