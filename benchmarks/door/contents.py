"""What a store holds: names, and bars that differ from name to name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from benchmarks.bars import DAILY, KINDS, MINUTE, MINUTES, Floats, Made, made

__all__ = ["KEPT", "LOADED", "MINUTES_OF", "SHORT", "Contents", "bars_of", "contents"]

SHORT = 252
"""Bars of the datasets that are there only to be many: a year."""

KEPT = "K0000"
"""The dataset with as many records as are kept."""

MINUTES_OF = "M0000"
"""The dataset of minutes, five years of them."""

LOADED = date(2024, 6, 14)
"""The session up to which all are loaded."""

_MANY = 500
_VARIANTS = 200


@dataclass(frozen=True, slots=True)
class Contents:
    """Names of the datasets of one store.

    Parameters
    ----------
    long
        Twenty years of days: those that are read.
    updated
        The same, made by a provider on this machine: those that are updated.
    short
        A year of days: the others.
    """

    long: tuple[str, ...]
    updated: tuple[str, ...]
    short: tuple[str, ...]

    @property
    def read(self) -> tuple[str, ...]:
        """Every dataset but those that are updated, and the minutes."""
        return (*self.long, KEPT, *self.short)


def contents(count: int, share: float) -> Contents:
    """Of a store of ``count`` datasets of days; 500 of them long, 500 updated, at full size."""
    most = max(int(_MANY * share), 2)
    long = min(most, count // 2)
    updated = min(most, count - long - 1)
    return Contents(
        tuple(f"L{number:04}" for number in range(long)),
        tuple(f"U{number:04}" for number in range(updated)),
        tuple(f"S{number:05}" for number in range(count - long - updated - 1)),
    )


def bars_of(name: str, share: float) -> Made:
    """Bars of the dataset of that name: prices of its own, so that no two can be mixed up."""
    kind = MINUTE if name == MINUTES_OF else DAILY
    if kind is MINUTE:
        first = kind.loaded - max(int(kind.loaded * share) // MINUTES, 4) * MINUTES
    else:
        first = kind.loaded - (SHORT if name.startswith("S") else kind.loaded)
    bars = made(kind.name).cut(first, KINDS[kind.name].loaded)
    return Made(bars.stamps, _priced(bars.numbers, int(name[1:]) % _VARIANTS), bars.filled)


def _priced(numbers: Mapping[str, Floats], variant: int) -> dict[str, Floats]:
    priced = ("open", "high", "low", "close")
    return {
        name: np.round(line * (1 + variant / _VARIANTS), 2) if name in priced else line
        for name, line in numbers.items()
    }
