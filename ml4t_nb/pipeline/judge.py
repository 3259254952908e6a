"""Which of the bars about to be stored are suspicious, and which findings they end."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, concat, observed
from ml4t_nb.core.findings import as_findings, judged_again
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, Span, bar_length
from ml4t_nb.pipeline.checks import Rewrite

__all__ = ["findings_after"]

# What is usual shows in the bars before those that a run may change: so many, over weekends.
_BARS_BEFORE = 60
_WEEKEND = timedelta(days=4)


def findings_after(
    rewrite: Rewrite, bars: Bars, extra: tuple[Finding, ...], news: tuple[Finding, ...]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings, and those that are new, once ``bars`` are stored where they may change.

    ``extra`` are of bars outside the calendar, ``news`` of rows that were kept out and of what
    the fetch showed.
    """
    run, start = rewrite.run, rewrite.start
    real = observed(bars)
    held = set(real.index)
    found = [
        each for each in _suspicious(rewrite, real) if start is None or _ends_after(each, start)
    ]
    found += extra
    found += [each for each in news if each.stamp is None or (each.stamp in held) != each.is_hard]

    def is_judged(known: Finding) -> bool:
        if known.stamp is None:
            return False
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
    found = suspects(whole, basis=basis, asset_class=run.dataset.asset_class, allowed=allowed)
    return as_findings(found, _as_traded(whole, basis)) if found else ()


def _as_traded(bars: Bars, basis: Basis) -> Bars:
    """Prices as they were traded; as they are, where the splits leave none that a float holds."""
    try:
        return adjusted(bars, "raw", basis=basis)
    except BarsInvalid:
        return bars
