"""Which of the bars about to be stored are suspicious, and which findings they end."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from ml4t_nb.core.adjust import adjusted, as_traded
from ml4t_nb.core.bars import Bars, Numbers, concat, observed
from ml4t_nb.core.findings import as_findings, judged_again
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import Span, bar_length
from ml4t_nb.pipeline.checks import Rewrite
from ml4t_nb.pipeline.frequencies import beyond_their_days

__all__ = ["findings_after"]

# What is usual shows in the bars before those that a run may change: so many, over weekends.
_BARS_BEFORE = 60
_WEEKEND = timedelta(days=4)

# What an answer showed of bars that the store does not show by itself.
_OF_ANSWERS: frozenset[Rule] = frozenset({"no volume", "kept", "partial", "dividend", "basis"})


def findings_after(
    rewrite: Rewrite, bars: Bars, extra: tuple[Finding, ...], news: tuple[Finding, ...]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings, and those that are new, once ``bars`` are stored where they may change.

    ``extra`` are of bars outside the calendar, ``news`` of rows that were kept out and of what
    the fetch showed.
    """
    run, start, got = rewrite.run, rewrite.start, rewrite.got
    off = run.context.rules.of_dataset(run.dataset).off
    real = observed(bars)
    held = real.index
    # A volume that is missing is 0 in the store, and not found a second time by that.
    without = {
        each.stamp
        for each in (*rewrite.before.findings, *news)
        if each.rule == "no volume" and each.rule not in off and each.state != "corrected"
    }
    found = [
        each
        for each in _suspicious(rewrite, real)
        if (start is None or _ends_after(each, start))
        and not (each.rule == "zero volume" and each.stamp in without)
    ]
    found += extra
    found += [
        each
        for each in news
        if each.rule not in off and (each.stamp is None or (each.stamp in held) != each.is_hard)
    ]

    def is_judged(known: Finding) -> bool:
        if known.stamp is None:
            return False
        if known.rule in off:
            return True
        if known.rule in _OF_ANSWERS:
            return any((known.end or known.stamp) in span for span in got.answered)
        return known.stamp in held if known.is_hard else start is None or _ends_after(known, start)

    return judged_again(rewrite.before.findings, found, is_judged=is_judged, as_of=run.as_of)


def _ends_after(finding: Finding, start: datetime) -> bool:
    last = finding.end or finding.stamp
    return last is None or last >= start


def _suspicious(rewrite: Rewrite, real: Bars) -> tuple[Finding, ...]:
    """Findings of the rules, in these bars and in some before them."""
    run = rewrite.run
    before = real[:0]
    if rewrite.start is not None:
        length = bar_length(run.dataset.frequency)
        days = timedelta(weeks=_BARS_BEFORE) if run.dataset.frequency == "weekly" else None
        reach = days or (_WEEKEND + _BARS_BEFORE * (length or timedelta(days=1.5)))
        before = observed(rewrite.tx.bars(Span(rewrite.start - reach, rewrite.start)))
    whole = concat([before, real]) if len(before) else real
    basis, allowed = run.config.basis, run.context.rules.of_dataset(run.dataset)
    found = suspects(
        whole,
        basis=basis,
        asset_class=run.dataset.asset_class,
        allowed=allowed,
        earlier_dividends=_earlier_dividends(rewrite, whole, real),
    )
    findings = as_findings(found, as_traded(whole, basis)) if found else ()
    if run.dataset.frequency != "daily":
        return findings
    traded = as_traded(real, basis)
    return (*findings, *as_findings(beyond_their_days(run, traded, allowed), traded))


def _earlier_dividends(rewrite: Rewrite, whole: Bars, real: Bars) -> Numbers:
    """Dividends before ``whole``, on its last split basis; none unless ``real`` has some too."""
    dividends = real["dividend"].to_numpy()
    if rewrite.start is None or not dividends.any():
        return np.empty(0)
    stored = rewrite.tx.bars()
    series = concat([observed(stored[stored.index < whole.index[0]]), whole])
    try:
        level = adjusted(series, "splits", basis=rewrite.run.config.basis)
    except BarsInvalid:
        return np.empty(0)
    return level["dividend"].to_numpy()[: len(series) - len(whole)]
