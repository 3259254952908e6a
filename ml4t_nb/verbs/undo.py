"""The verb that takes a run back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.events import Changing
from ml4t_nb.model import NextStep
from ml4t_nb.options import Symbols, as_symbols, as_whole
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, Class, Freq, Home, OneSymbol
from ml4t_nb.verbs.runs import run_one
from ml4t_nb.verbs.select import EXAMPLE, required, select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["undo"]


@served("job")
@verb
def undo(
    ws: Workspace,
    /,
    symbol: OneSymbol = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    run: int | None = None,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Take one run back: a correction, a restatement, a decision, or bars of another provider.

    Parameters
    ----------
    symbol
        The symbol; the number of a run may follow it.
    run
        Number of the run, as its history lists it; if not given, the last that can be undone.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close. What
        is undone does not depend on it.
    """
    from ml4t_nb.pipeline import UndoRequest, run_undo

    name, number = _meant(symbol, run)
    ws = ws.at(home)
    moment = ws.resolve_as_of(as_of)
    (dataset,) = select(ws, (name,), asset_class, frequency, former=False)
    ws.observer(Changing((dataset,)))
    return run_one(ws, "undo", partial(run_undo, request=UndoRequest(dataset, number)), moment)


def _meant(symbol: Symbols, run: int | None) -> tuple[str, int | None]:
    """The symbol, and the number of the run, which may be the word after it."""
    words = as_symbols(symbol)
    if run is None and len(words) == 2 and words[-1].isdecimal():  # noqa: PLR2004  # both in order
        run, words = as_whole(words[-1], option="--run"), words[:-1]
    if run is not None and run < 1:
        raise OptionError(f"--run must be at least 1, not {run}", hint=NextStep("history", EXAMPLE))
    (name,) = required(words, "undo", one=True)
    return name, run
