"""Findings: what is doubtful in a dataset's numbers, and what a person decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from ml4t_nb.model import NextStep, Span

__all__ = ["Decision", "Finding", "FindingState", "Refusal", "Rule", "Ruling", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "note"]
FindingState: TypeAlias = Literal["open", "accepted", "rejected", "corrected"]
Ruling: TypeAlias = Literal["accepted", "rejected"]
Rule: TypeAlias = Literal[
    "nan",
    "price",
    "volume",
    "no volume",
    "action",
    "duplicate",
    "range",
    "frozen",
    "jump",
    "extra",
    "partial",
    "basis",
    "dividend",
    "kept",
    "spike",
    "unit",
    "zero volume",
    "high volume",
    "large dividend",
    "repeated dividend",
    "dividend unit",
    "intraday range",
    "unknown symbol",
    "currency",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a finding.

    Parameters
    ----------
    at
        Wall clock of the decision; a decision holds for every reading, whatever its as-of.
    by
        The verb.
    reason
        Why, in the person's words.
    version
        Number of the commit that made it; it can be undone by that.
    """

    at: datetime
    by: str
    reason: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that a decision took out of a dataset: they are not taken again while they are equal.

    Parameters
    ----------
    version
        Number of the commit that took them out; the log of revisions has them by it.
    splits
        Ex-date and ratio of splits that restated the dataset since: the provider's answer is on
        the basis after them.
    """

    version: int
    splits: tuple[tuple[datetime, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A bar that breaks a rule, or several in a row; a fact until better bars or a person end it.

    Parameters
    ----------
    stamp
        The bar's stamp, or that of the first; None if it had none that could be read.
    rule
        ``nan``, ``price``, ``volume``, ``action`` (a dividend or split that is invalid) and
        ``duplicate`` are hard: such a row is not stored. The others are soft: stored and
        reported, since real feeds have them. ``kept`` is a stored bar that the provider has
        spoilt since.
    detail
        What was seen, in words.
    step
        What a person may do about it; None if there is nothing but to look.
    end
        Stamp of the last bar, inclusive; None if it is one bar.
    evidence
        Names and numbers that show it.
    values
        Prices of the first and the last bar as they were traded, by which it is recognised again:
        a split does not change them, a correction does.
    seen
        As-of of the run that found it first.
    opened
        Number of that run's commit.
    state
        ``open``; ``accepted`` or ``rejected`` by a person; ``corrected`` by better bars.
    decision
        None unless a person decided.
    """

    stamp: datetime | None
    rule: Rule
    detail: str
    step: NextStep | None = None
    end: datetime | None = None
    evidence: tuple[tuple[str, float], ...] = ()
    values: tuple[float, ...] = ()
    seen: datetime | None = None
    opened: int = 0
    state: FindingState = "open"
    decision: Decision | None = None

    @property
    def is_hard(self) -> bool:
        """Whether the row was kept out of the store."""
        return self.rule in ("nan", "price", "volume", "action", "duplicate")

    @property
    def severity(self) -> Severity:
        """``error`` if the row is not stored, ``warning`` if its numbers are to be looked at.

        A ``note`` says where a bar is, or what a provider named, and puts no number in doubt.
        """
        if self.is_hard:
            return "error"
        return "note" if self.rule in ("extra", "partial", "dividend") else "warning"

    def meets(self, span: Span) -> bool:
        """Whether one of its bars may be in ``span``; one that has no stamp is in none."""
        first = self.stamp
        return first is not None and first < span.end and (self.end or first) >= span.start

    @property
    def is_to_decide(self) -> bool:
        """Whether it is open and puts a number in doubt."""
        return self.is_open and self.severity != "note"

    @property
    def dated(self) -> str:
        """What was seen, after the day it was seen on."""
        return self.detail if self.stamp is None else f"{self.stamp:%Y-%m-%d} {self.detail}"

    @property
    def is_open(self) -> bool:
        """Whether nobody decided about it, and no better bar came."""
        return self.state == "open"
