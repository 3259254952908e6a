"""The verbs that list what is stored, and where bars come from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from ml4t_nb.model import Frequency
from ml4t_nb.reports import ListReport, ProviderInfo, ProvidersReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOfUnused, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.select import summaries

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["list_", "providers"]


@served("read")
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
    found = summaries(ws, symbol, asset_class, frequency)
    archive = ws.store.archive_folder() if any(each.apart for each in found) else None
    return ListReport(found, ws.settings.home, archive)


@served("read")
@verb
def providers(ws: Workspace, /, *, as_of: AsOfUnused = None, home: Home = None) -> ProvidersReport:
    """List the providers, what they serve, and their limits."""
    from ml4t_nb.providers import known

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    return ProvidersReport(tuple(_info(ws, name) for name in known()))


def _info(ws: Workspace, name: str) -> ProviderInfo:
    provider = ws.provider(name)
    limits = provider.limits
    return ProviderInfo(
        name=name,
        summary=provider.summary,
        asset_classes=limits.asset_classes,
        frequencies=limits.frequencies,
        basis=provider.basis,
        span_days=_in_days(limits.max_span),
        age_days=_in_days(limits.max_age),
    )


def _in_days(limit: Mapping[Frequency, timedelta]) -> tuple[tuple[Frequency, float], ...]:
    return tuple((frequency, length / timedelta(days=1)) for frequency, length in limit.items())
