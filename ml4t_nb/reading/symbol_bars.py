"""Bars of one symbol on their way into a frame of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ml4t_nb.model import BarsFrequency, DatasetId
from ml4t_nb.storage.manifest import Manifest

__all__ = ["TEXT", "SymbolBars", "symbols_index"]

TEXT = pd.Series(["text"]).dtype
"""How pandas keeps text: as objects before 3."""


@dataclass(frozen=True, slots=True, eq=False)
class SymbolBars:
    """Bars of one dataset, as they were asked for, and the manifest that they are of."""

    manifest: Manifest
    bars: pd.DataFrame
    frequency: BarsFrequency

    @property
    def dataset(self) -> DatasetId:
        """The dataset."""
        return self.manifest.dataset


def symbols_index(symbols: Sequence[str]) -> pd.Index:
    """Symbols as pandas keeps text, none of them too."""
    return pd.Index(pd.Series(symbols, dtype=TEXT, name="symbol"))
