"""The verb that lists what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.reports import (
    ListReport,
)
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOfUnused, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.summaries import summaries

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["list_"]


@verb
def list_(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> ListReport:
    """List what is stored: range, rows, provider, last update, size."""
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    ws.resolve_as_of(as_of)
    return ListReport(summaries(ws, symbol, asset_class, frequency), ws.settings.home)
