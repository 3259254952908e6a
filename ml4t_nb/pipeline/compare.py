"""Bars of a provider that is not the dataset's own, to be compared with what is stored."""

from __future__ import annotations

from dataclasses import dataclass

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, within
from ml4t_nb.core.currencies import requoted_words
from ml4t_nb.errors import RangeRefused
from ml4t_nb.finding import Finding
from ml4t_nb.model import Span
from ml4t_nb.pipeline.context import DatasetRun, RunContext
from ml4t_nb.pipeline.fetch import fetch_order
from ml4t_nb.pipeline.pieces import Order
from ml4t_nb.pipeline.requests import require_served
from ml4t_nb.storage.manifest import Manifest

__all__ = ["OtherBars", "fetch_other", "other_bars"]


@dataclass(frozen=True, slots=True)
class OtherBars:
    """Final bars of another provider, on the split basis of the last, and what it says of them.

    ``currency`` is what it quotes, empty if it does not say; ``findings`` are what it found itself,
    and of rows that are left out.
    """

    bars: Bars
    notes: tuple[str, ...]
    currency: str = ""
    findings: tuple[Finding, ...] = ()


def fetch_other(context: RunContext, found: Manifest, provider: str, span: Span) -> OtherBars:
    """What ``provider`` has in ``span`` of a stored dataset; nothing is written.

    Raises ProviderError if not all of it could be had.
    """
    other = context.provider(provider)
    require_served(other, found.dataset)
    run = DatasetRun.of(context, "compare", found.dataset, found.config, other, found=None)
    wanted = Span(span.start, min(span.end, run.final_before))
    if not wanted:
        raise RangeRefused(
            f"no bar of {found.dataset} is final in that range",
            provider=provider,
            hint="choose an earlier --start, or a later --as-of",
        )
    return other_bars(run, wanted)


def other_bars(run: DatasetRun, span: Span) -> OtherBars:
    """What the provider of a run, which is not the dataset's own, has in ``span``.

    Raises ProviderError if not all of it could be had.
    """
    got = fetch_order(run, Order(span))
    if got.error is not None:
        raise got.error
    basis = got.basis or run.config.basis
    bars = within(adjusted(got.final, "splits", basis=basis), span)
    was, now, name = run.config.currency, got.currency, run.provider.name
    change = requoted_words(was, now, name, is_own=False) if was and now != was else ""
    notes = (change, *got.notes) if now and change else got.notes
    return OtherBars(bars, notes, now, got.findings)
