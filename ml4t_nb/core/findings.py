"""The life of findings: opened by a run, recognised by the next, ended by bars or by a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from math import prod

import numpy as np

from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, Split, as_instant, prices_of
from ml4t_nb.core.rules.suspect import Suspect
from ml4t_nb.finding import Finding, Rule

__all__ = [
    "GROWING",
    "as_findings",
    "as_traded",
    "is_same_finding",
    "judged_again",
    "most_needed",
]

GROWING: frozenset[Rule] = frozenset({"unit", "frozen", "zero volume"})
"""Rules whose findings are stretches that may last: each new bar of them is no news."""

# What the last bar seems to be, and what it proves to be once the bars after it are there.
_SHARPER: dict[Rule, tuple[Rule, ...]] = {"jump": ("spike", "unit"), "range": ("spike",)}

# A price as traded, computed from an adjusted one, is off in its last digits.
_SAME = 1e-6


def as_findings(suspects: Iterable[Suspect], traded: Bars) -> tuple[Finding, ...]:
    """Findings of what rules found in rows of bars, given with prices as they were traded."""
    stamps, prices = traded.index, prices_of(traded)
    return tuple(
        Finding(
            stamp=as_instant(stamps[each.first]),
            rule=each.rule,
            detail=each.detail,
            end=None if each.last == each.first else as_instant(stamps[each.last]),
            evidence=each.evidence,
            values=tuple(prices[sorted({each.first, each.last})].ravel().tolist()),
        )
        for each in suspects
    )


def as_traded(finding: Finding, splits: Sequence[Split], *, pending: float = 1.0) -> Finding:
    """A finding of a fetched row with the values that it had before later splits restated it.

    So it is recognised again after one. ``pending`` is the ratio of splits that the provider has
    worked into its prices before they are stored.
    """
    if finding.stamp is None or not finding.values:
        return finding
    stamp = finding.stamp
    ratio = pending * prod(ratio for at, ratio in splits if at > stamp)
    if ratio == 1:
        return finding
    rows = np.array(finding.values).reshape(-1, len(NUMBERS if finding.is_hard else PRICES))
    finer = np.full(rows.shape[1], ratio)
    finer[len(PRICES) :] = (1 / ratio, ratio, 1.0)[: len(finer) - len(PRICES)]
    with np.errstate(over="ignore"):
        values = rows * finer
    return replace(finding, values=tuple(np.where(np.isfinite(values), values, 0.0).ravel()))


def most_needed(findings: Sequence[Finding], most: int) -> tuple[Finding, ...]:
    """At most so many of them, in their order: those to be decided before those that were.

    What was decided comes back if it is forgotten; what was corrected, or is a note, does not.
    """
    if len(findings) <= most:
        return tuple(findings)

    def rank(at: int) -> tuple[int, int]:
        each = findings[at]
        is_over = each.state == "corrected" or each.severity == "note"
        return (2 if is_over else 0 if each.is_open else 1, -at)

    return tuple(findings[at] for at in sorted(sorted(range(len(findings)), key=rank)[:most]))


def is_same_finding(one: Finding, other: Finding) -> bool:
    """Whether both say the same of the same bars: of a changed bar a finding is a new one.

    A stretch that has grown is the same stretch.
    """
    return one.rule == other.rule and _is_of_same_bars(one, other)


def _is_of_same_bars(one: Finding, other: Finding) -> bool:
    if one.stamp != other.stamp:
        return False
    if one.end != other.end and other.rule not in GROWING:
        return False
    # Of a row that was kept out all numbers count, for any of them may be the bad one.
    most = len(one.values) if one.is_hard else len(PRICES)
    shared = min(len(one.values), len(other.values), most)
    return np.allclose(one.values[:shared], other.values[:shared], rtol=_SAME, atol=0)


def judged_again(
    known: Sequence[Finding],
    found: Sequence[Finding],
    *,
    is_judged: Callable[[Finding], bool],
    as_of: datetime,
    number: int = 0,
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings after a run, by stamp, and those among them that the run opened.

    None is lost, and none that was accepted comes back.

    A finding that the run found again stays as it is, accepted ones too. One whose bars were
    judged and passed is corrected. One that was corrected before and is found again is open again,
    and so is one whose bars were rejected and are stored again.

    Parameters
    ----------
    found
        Those of this run.
    is_judged
        Whether the run looked at the bars of a known finding.
    number
        Of the run's commit.
    """
    left = list(found)
    recognised = [_taken(left, each, is_same_finding) for each in known]
    kept: list[Finding] = []
    for each, same in zip(known, recognised, strict=True):
        again = same or _taken(left, each, _is_sharper)
        if again is not None:
            grown = replace(again, state=each.state, seen=each.seen, opened=each.opened)
            grown = replace(grown, decision=each.decision)
            kept.append(each if (each.rule, each.end) == (again.rule, again.end) else grown)
        elif each.is_open and is_judged(each):
            kept.append(replace(each, state="corrected"))
        else:
            kept.append(each)
    opened = tuple(replace(each, seen=as_of, opened=number) for each in left)
    return tuple(sorted((*kept, *opened), key=_place)), opened


def _taken(
    left: list[Finding], known: Finding, is_again: Callable[[Finding, Finding], bool]
) -> Finding | None:
    """The finding that is ``known``, taken out of those left; what was corrected is new again."""
    if known.state == "corrected" or _is_taken_out(known):
        return None
    again = next((new for new in left if is_again(known, new)), None)
    if again is not None:
        left.remove(again)
    return again


def _is_sharper(known: Finding, new: Finding) -> bool:
    """Whether a new finding says better what is wrong with the same bar."""
    return new.rule in _SHARPER.get(known.rule, ()) and _is_of_same_bars(known, new)


def _is_taken_out(finding: Finding) -> bool:
    """Whether a person had its bars taken out of the store."""
    return finding.state == "rejected" and not finding.is_hard and finding.rule != "kept"


def _place(finding: Finding) -> tuple[float, str]:
    stamp = finding.stamp
    return (float("-inf") if stamp is None else stamp.timestamp(), finding.rule)
