"""Datasets that a verb means, in one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.options import Symbols, as_symbols
from ml4t_nb.records import Summary
from ml4t_nb.verbs.parameters import ClassFilter, FreqFilter
from ml4t_nb.verbs.select import select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["summaries"]


def summaries(
    ws: Workspace, symbol: Symbols, asset_class: ClassFilter, frequency: FreqFilter
) -> tuple[Summary, ...]:
    """The selected datasets, one row each.

    Raises
    ------
    DatasetNotFound
        If a symbol named is not stored.
    """
    by_dataset = {each.dataset: each for each in ws.store.summaries()}
    names = as_symbols(symbol)
    chosen = select(tuple(by_dataset), names, asset_class, frequency)
    return tuple(by_dataset[dataset] for dataset in chosen)
