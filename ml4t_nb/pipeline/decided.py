"""Findings once bars of a dataset have been taken from another provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ml4t_nb.core.bars import within
from ml4t_nb.core.taking import OF_VOLUMES, Taking
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import Span
from ml4t_nb.pipeline.context import RunContext
from ml4t_nb.pipeline.rejudge import OF_ANSWERS, judged_around
from ml4t_nb.storage.manifest import Manifest

__all__ = ["findings_with"]


def findings_with(
    context: RunContext, taking: Taking, state: Manifest, decision: Decision, as_of: datetime
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings, and those that are new.

    One whose bars were all taken is corrected by the decision, unless the new bars show the same.
    """
    findings, opened = judged_around(
        context,
        state,
        taking.bars,
        taking.chosen.stamps,
        extra=(),
        as_of=as_of,
        number=decision.version,
    )
    waiting = {each for each in state.findings if each.is_open and each.severity != "note"}

    def decided(finding: Finding) -> Finding:
        is_over = finding.state == "corrected" or finding.is_hard or finding.rule in OF_ANSWERS
        if is_over and replace(finding, state="open") in waiting and _is_taken(finding, taking):
            return replace(finding, state="corrected", decision=decision)
        return finding

    return tuple(map(decided, findings)), opened


def _is_taken(finding: Finding, taking: Taking) -> bool:
    """Whether all of a finding's bars were taken: of one about volumes, those."""
    if finding.stamp is None:
        return False
    held = within(taking.bars, Span(finding.stamp, (finding.end or finding.stamp) + TICK))
    chosen = taking.chosen.stamps
    if finding.rule in OF_VOLUMES:
        is_there = (held["volume"] > 0).to_numpy()
        return len(held) > 0 and bool((held.index.isin(chosen) & is_there).all())
    prices = chosen.difference(taking.chosen.volumes)
    return len(held) > 0 and bool(held.index.isin(prices).all())
