"""The verb that lists what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ml4t_nb.options import Moment, PathName, Short, Symbols
from ml4t_nb.reports import (
    ListReport,
)
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.select import Class, Freq
from ml4t_nb.verbs.summaries import summaries

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["list_"]


@verb
def list_(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    as_of: Moment | None = None,
    home: PathName | None = None,
) -> ListReport:
    """List what is stored: range, rows, provider, last update, size.

    Parameters
    ----------
    symbol
        Symbols to list; everything that is stored if none is named.
    asset_class
        Only datasets of this class.
    frequency
        Only datasets of this frequency.
    as_of
        Accepted by every verb; what is stored does not depend on it.
    home
        Folder of the store.
    """
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    ws.moment(as_of)
    return ListReport(summaries(ws, symbol, asset_class, frequency), ws.settings.home)
