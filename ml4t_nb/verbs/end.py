"""The verb for a symbol that is not traded any more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.events import Changing
from ml4t_nb.options import Day, as_day
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, Class, Freq, Home, Selection
from ml4t_nb.verbs.runs import run_batch, run_one
from ml4t_nb.verbs.select import required, select_named

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["end"]


@served("job")
@verb
def end(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    on: Day | None = None,
    reason: str | None = None,
    reopen: bool = False,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Declare that a symbol is not traded any more: it is neither requested nor stale from then on.

    Parameters
    ----------
    symbol
        Symbols that ended; at least one.
    on
        The last date of each; if not given, that of its last stored bar.
    reason
        Why, such as a merger.
    reopen
        Take it back: the symbols are requested again.
    """
    from ml4t_nb.pipeline import EndRequest, run_end

    ws = ws.at(home)
    names = required(symbol, "end")
    day, moment = as_day(on, option="--on"), ws.resolve_as_of(as_of)
    if reopen and (day is not None or reason is not None):
        raise OptionError(
            "--reopen takes the end back, so that it has no date and no reason",
            hint="leave out --on and --reason",
        )
    chosen = select_named(ws, names, asset_class, frequency)
    why, now = " ".join((reason or "").split()), ws.clock()
    works = {
        each: partial(run_end, request=EndRequest(each, now, day, why, reopen)) for each in chosen
    }
    if len(works) == 1:
        (work,) = works.values()
        ws.observer(Changing(chosen))
        return run_one(ws, "end", work, moment)
    return run_batch(ws, "end", works, moment)
