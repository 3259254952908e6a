"""The verb that removes datasets, or bars of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.events import Changing
from ml4t_nb.model import DatasetId
from ml4t_nb.reports import RemoveReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, Class, End, Freq, Home, Selection, Start
from ml4t_nb.verbs.select import days, required, select_named

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["remove"]


@served("job")
@verb
def remove(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    yes: bool = False,
    as_of: AsOf = None,
    home: Home = None,
) -> RemoveReport:
    """Remove datasets, or part of them up to a date or from a date on.

    Parameters
    ----------
    symbol
        Symbols to remove; at least one.
    start
        First date to remove, inclusive.
    end
        Last date to remove, inclusive.
    yes
        Confirm the removal; without it, list what would be removed and exit with 2.
    """
    from ml4t_nb.pipeline import run_remove
    from ml4t_nb.telling import forget

    ws = ws.at(home)
    symbols = required(symbol, "remove")
    range_ = days(start, end)
    moment = ws.resolve_as_of(as_of)
    chosen = select_named(ws, symbols, asset_class, frequency)
    if not yes:
        raise OptionError(
            f"remove would delete bars of {', '.join(str(each) for each in chosen)}",
            hint="add --yes to confirm",
        )
    ws.observer(Changing(chosen))
    removed: list[tuple[DatasetId, int | None]] = []
    for each in chosen:
        try:
            bars = run_remove(ws.store, each, *range_, moment, limits=ws.limits)
        except Ml4tError as error:
            if removed:
                gone = ", ".join(
                    f"{'bars' if count is None else f'{count:,} bars'} of {other}"
                    for other, count in removed
                )
                error.message += f" (removed before: {gone})"
            raise
        removed.append((each, bars))
        if each not in ws.store.stored_as(each.symbol, each.asset_class, each.frequency):
            forget(ws.settings.home, each)
    ws.sweep()
    return RemoveReport(tuple(removed), whole=range_ == (None, None))
