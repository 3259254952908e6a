"""The verb that looks up what runs did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, StoreError
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.options import as_symbols
from ml4t_nb.reports import DatasetHistory, HistoryReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOfUnused, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.past import number_of
from ml4t_nb.verbs.runs import unread_datasets
from ml4t_nb.verbs.select import select
from ml4t_nb.version_names import KnownVersion, VersionName, as_pair

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    diff: tuple[VersionName, VersionName] | None = None,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> HistoryReport:
    """List what each run added, revised, found and decided.

    Parameters
    ----------
    limit
        Runs of each dataset, the newest; a hundred are kept, and of past versions as many as can be
        read.
    diff
        Instead, how the second of these versions differs from the first: bars added, taken
        out and changed, restatements, configuration and gaps. Each is the number of a run, or the
        day on which it was known, in any order.
    """
    if limit < 1:
        raise OptionError(f"--limit must be at least 1, not {limit}", hint="1 or more")
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    ws.resolve_as_of(as_of)
    if diff is not None:
        both = as_pair(diff, option="--diff")
        return _difference(ws, as_symbols(symbol), asset_class, frequency, both)
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
        kept = frozenset(ws.store.versions(each).numbers)
        if damage:
            unread[each] = damage[0]
        listed.append(
            DatasetHistory(each, manifest.config.provider, records, manifest.findings, kept)
        )
    if unread and not listed and symbol:
        raise next(iter(unread.values()))
    failed = unread_datasets(unread, ws.settings.home)
    return HistoryReport(tuple(listed), failed=failed, home=ws.settings.home)


def _difference(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
    both: tuple[KnownVersion, KnownVersion],
) -> HistoryReport:
    """How two versions of a dataset differ; it may have been removed since."""
    from ml4t_nb.verbs.version_diff import version_diff

    if len(symbols) != 1:
        raise OptionError("--diff is of one dataset", hint="name one symbol, such as AAPL")
    first = ws.reading(lambda versions: number_of(ws, versions, both[0]))
    (dataset,) = select(first, symbols, asset_class, frequency)
    versions = ws.store.versions(dataset)
    before, after = (number_of(ws, versions, each) for each in both)
    diff = version_diff(ws.store, dataset, before, after)
    return HistoryReport((), home=ws.settings.home, diff=diff)
