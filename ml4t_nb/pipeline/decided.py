"""Findings once bars of a dataset have been taken from another provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, within
from ml4t_nb.core.findings import as_findings, is_same_finding, judged_again
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.taking import OF_VOLUMES, Taking
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Decision, Finding, Rule
from ml4t_nb.model import Span
from ml4t_nb.storage.manifest import Manifest

__all__ = ["findings_with"]

# A rule looks at the bars beside one, so that better ones end findings there too.
_BESIDE = 3
_SHOWN_BY_BARS: frozenset[Rule] = frozenset(
    {"unit", "spike", "range", "frozen", "jump", "zero volume", "high volume"}
)


def findings_with(
    taking: Taking, state: Manifest, allowed: Thresholds, decision: Decision, as_of: datetime
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings, and those that are new: of bars that were taken, and of those beside them.

    One whose bars were all taken is corrected by the decision, unless the new bars show the same.
    """
    bars, basis = taking.bars, state.config.basis
    found = suspects(bars, basis=basis, asset_class=state.dataset.asset_class, allowed=allowed)
    judged = as_findings(found, adjusted(bars, "raw", basis=basis)) if found else ()
    beside = bars.loc[_beside(bars, taking.chosen.stamps)]

    def is_beside(finding: Finding) -> bool:
        return len(_bars_of(finding, beside)) > 0

    near = [each for each in judged if is_beside(each)]

    def decided(finding: Finding) -> Finding:
        if not finding.is_open or finding.severity == "note" or not _is_taken(finding, taking):
            return finding
        if any(is_same_finding(finding, each) for each in near):
            return finding
        return replace(finding, state="corrected", decision=decision)

    findings, opened = judged_again(
        [decided(each) for each in state.findings],
        near,
        is_judged=lambda each: each.rule in _SHOWN_BY_BARS and is_beside(each),
        as_of=as_of,
        number=decision.version,
    )
    return findings, opened


def _is_taken(finding: Finding, taking: Taking) -> bool:
    """Whether all of a finding's bars were taken: of one about volumes, those."""
    held = _bars_of(finding, taking.bars)
    if finding.rule in OF_VOLUMES:
        held = held[(held["volume"] > 0).to_numpy()]
        return len(held) > 0 and bool(held.index.isin(taking.chosen.stamps).all())
    prices = taking.chosen.stamps.difference(taking.chosen.volumes)
    return len(held) > 0 and bool(held.index.isin(prices).all())


def _bars_of(finding: Finding, bars: Bars) -> Bars:
    if finding.stamp is None:
        return bars[:0]
    return within(bars, Span(finding.stamp, (finding.end or finding.stamp) + TICK))


def _beside(bars: Bars, stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Stamps of some bars around each of ``stamps``."""
    rows = bars.index.get_indexer(stamps)[:, np.newaxis] + np.arange(-_BESIDE, _BESIDE + 1)
    inside = np.unique(rows[(rows >= 0) & (rows < len(bars))])
    return pd.DatetimeIndex(bars.index[inside])
