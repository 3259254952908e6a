"""What was measured: one number a round for each workload and contender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

__all__ = ["Book", "Key", "Ratio"]

Key = tuple[str, str]
"""Workload and contender."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio taken within each round: its median, and the lowest and the highest."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Book:
    """All numbers, in the order they were first entered.

    Parameters
    ----------
    values
        Median of what was measured in each round.
    bests
        The least of it: what a busy machine disturbs least.
    units
        Of each workload.
    """

    values: dict[Key, list[float]] = field(default_factory=dict)
    bests: dict[Key, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def enter(self, workload: str, contender: str, values: Sequence[float], unit: str) -> None:
        """Add what was measured in a round."""
        self.units[workload] = unit
        self.values.setdefault((workload, contender), []).append(median(values))
        self.bests.setdefault((workload, contender), []).append(min(values))

    def median(self, workload: str, contender: str) -> float | None:
        """Over all rounds; None if it was not measured."""
        found = self.values.get((workload, contender))
        return median(found) if found else None

    def best(self, workload: str, contender: str) -> float | None:
        """The least that was measured at all."""
        return min(self.bests.get((workload, contender), ()), default=None)

    def ratio(self, above: Key, below: Key) -> Ratio | None:
        """Of two series, round by round, so that a slow minute of the machine hits both."""
        upper, lower = self.values.get(above), self.values.get(below)
        if not upper or not lower:
            return None
        ratios = sorted(a / b for a, b in zip(upper, lower, strict=False) if b)
        return Ratio(median(ratios), ratios[0], ratios[-1]) if ratios else None

    def contenders(self, workloads: Sequence[str]) -> list[str]:
        """Who has a number for one of these workloads."""
        return list(dict.fromkeys(who for what, who in self.values if what in workloads))
