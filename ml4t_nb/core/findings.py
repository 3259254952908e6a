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

__all__ = ["GROWING", "as_findings", "as_traded", "is_same_finding", "judged_again"]

GROWING: frozenset[Rule] = frozenset({"unit", "frozen"})
"""Rules whose findings are stretches that may last: each new bar of them is no news."""

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


def is_same_finding(one: Finding, other: Finding) -> bool:
    """Whether both say the same of the same bars: of a changed bar a finding is a new one.

    A stretch that has grown is the same stretch.
    """
    if (one.rule, one.stamp) != (other.rule, other.stamp):
        return False
    if one.end != other.end and one.rule not in GROWING:
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
    kept: list[Finding] = []
    for each in known:
        again = next((new for new in left if is_same_finding(each, new)), None)
        is_over = each.state == "corrected" or _is_taken_out(each)
        if again is not None and not is_over:
            left.remove(again)
            grown = replace(again, state=each.state, seen=each.seen, opened=each.opened)
            grown = replace(grown, decision=each.decision)
            kept.append(each if each.end == again.end else grown)
        elif again is None and each.is_open and is_judged(each):
            kept.append(replace(each, state="corrected"))
        elif again is None or is_over:
            kept.append(each)
    opened = tuple(replace(each, seen=as_of, opened=number) for each in left)
    return tuple(sorted((*kept, *opened), key=_place)), opened


def _is_taken_out(finding: Finding) -> bool:
    """Whether a person had its bars taken out of the store."""
    return finding.state == "rejected" and not finding.is_hard and finding.rule != "kept"


def _place(finding: Finding) -> tuple[float, str]:
    stamp = finding.stamp
    return (float("-inf") if stamp is None else stamp.timestamp(), finding.rule)
