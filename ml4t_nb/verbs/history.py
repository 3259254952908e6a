"""The verb that looks up what runs did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.options import as_symbols
from ml4t_nb.reports import DatasetHistory, HistoryReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOfUnused, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.runs import unread_datasets
from ml4t_nb.verbs.select import select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["history"]


@served("read")
@verb
def history(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    limit: int = 10,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> HistoryReport:
    """List what each run added, revised, found and decided.

    Parameters
    ----------
    limit
        Runs of each dataset, the newest; a hundred are kept, and of past versions as many as can be
        read.
    """
    if limit < 1:
        raise OptionError(f"--limit must be at least 1, not {limit}", hint="1 or more")
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    ws.resolve_as_of(as_of)
    chosen = select(ws, as_symbols(symbol), asset_class, frequency, keep=False)
    listed: list[DatasetHistory] = []
    unread: dict[DatasetId, Ml4tError] = {}
    for each in chosen:
        try:
            snapshot = ws.store.snapshot(each)
        except (StoreError, DatasetNotFound) as error:
            unread[each] = error
            continue
        manifest = snapshot.manifest
        records, damage = snapshot.readable_history(limit)
        if damage:
            unread[each] = damage[0]
        listed.append(DatasetHistory(each, manifest.config.provider, records, manifest.findings))
    if unread and not listed and symbol:
        raise next(iter(unread.values()))
    failed = unread_datasets(unread, ws.settings.home)
    return HistoryReport(tuple(listed), failed=failed, home=ws.settings.home)
