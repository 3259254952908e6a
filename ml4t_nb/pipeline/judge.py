"""Which of the bars about to be stored are suspicious, and which findings they end."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import adjusted, traded_bars
from ml4t_nb.core.bars import Bars, Numbers, as_instant, concat, observed, splits_in
from ml4t_nb.core.findings import GROWING, as_findings, as_traded, judged_again
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import Span
from ml4t_nb.pipeline.checks import Rewrite
from ml4t_nb.pipeline.frequencies import beyond_their_days

__all__ = ["findings_after"]

# What is usual shows in so many bars before those that a run may change.
_BARS_BEFORE = 60
_USUAL = 30

# They come with an answer, and not from what is stored: where nothing was answered they stay.
_OF_ANSWERS: frozenset[Rule] = frozenset({"no volume", "partial", "dividend", "kept", "basis"})
_STANDING = ("open", "accepted")


def findings_after(
    rewrite: Rewrite,
    real: Bars,
    extra: tuple[Finding, ...],
    news: tuple[Finding, ...],
    *,
    pending: float = 1.0,
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings, and those that are new, once ``real`` bars are stored where they may change.

    ``extra`` are of bars outside the calendar, ``news`` of rows that were kept out and of what
    the fetch showed, on a basis that splits of the ratio ``pending`` have restated already.
    """
    run = rewrite.run
    off = run.context.rules.of_dataset(run.dataset).off
    judgement = _Judgement.of(rewrite, real)
    suspicious = judgement.suspicious()
    if judgement.cuts_stretch(suspicious):
        judgement = judgement.of_all()
        suspicious = judgement.suspicious()
    # A volume that is missing is 0 in the store, and not found a second time by that.
    without_volume = {
        each.stamp
        for each in (*rewrite.before.findings, *news)
        if each.rule == "no volume" and each.rule not in off and each.state != "corrected"
    }
    found = [
        *(each for each in suspicious if not _is_lost(each, without_volume)),
        *extra,
        *(each for each in judgement.of_answers(news, pending) if each.rule not in off),
    ]
    return judged_again(
        rewrite.before.findings,
        found,
        is_judged=judgement.is_judged,
        as_of=run.as_of,
        number=rewrite.tx.number,
    )


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Observed bars, about to be stored, that rules are applied to.

    Parameters
    ----------
    before
        Stored bars before those that may change.
    real
        Observed bars about to be stored where they may change.
    start
        Stamp from which on findings are judged again; None for all.
    """

    rewrite: Rewrite
    before: Bars
    real: Bars
    start: datetime | None

    @classmethod
    def of(cls, rewrite: Rewrite, real: Bars) -> _Judgement:
        """On these and some before them."""
        return cls(rewrite, rewrite.last_before(_BARS_BEFORE), real, rewrite.start)

    def of_all(self) -> _Judgement:
        """On all bars of the dataset."""
        first, start = self.rewrite.before.first, self.rewrite.start
        if first is None or start is None:
            return self
        before = observed(self.rewrite.tx.bars(Span(first, start)))
        return replace(self, before=before, start=None)

    @property
    def whole(self) -> Bars:
        """All of its bars."""
        return concat([self.before, self.real]) if len(self.before) else self.real

    def suspicious(self) -> list[Finding]:
        """Findings of the rules."""
        run, whole = self.rewrite.run, self.whole
        basis, allowed = run.config.basis, run.context.rules.of_dataset(run.dataset)
        found = suspects(
            whole,
            basis=basis,
            asset_class=run.dataset.asset_class,
            allowed=allowed,
            earlier_dividends=self._earlier_dividends(whole),
        )
        findings = list(as_findings(found, traded_bars(whole, basis))) if found else []
        findings += beyond_their_days(run, self.real, allowed)
        return [each for each in findings if self._is_reached(each)]

    def _earlier_dividends(self, whole: Bars) -> Numbers:
        """Dividends before ``whole``, on its last split basis; none unless there are some to judge.

        They are few, and so are looked at in all that is stored and can be read.
        """
        if self.start is None or not self.real["dividend"].to_numpy().any():
            return np.empty(0)
        stored = self.rewrite.tx.readable_bars(as_instant(whole.index[0]))
        series = concat([observed(stored), whole])
        try:
            level = adjusted(series, "splits", basis=self.rewrite.run.config.basis)
        except BarsInvalid:
            return np.empty(0)
        return level["dividend"].to_numpy()[: len(series) - len(whole)]

    def cuts_stretch(self, found: Iterable[Finding]) -> bool:
        """Whether a stretch that these bars show, or that is known, may have begun before them.

        Of one edge alone nothing says on which side of it the stretch is.
        """
        first = self.rewrite.before.first
        if first is None or not len(self.before) or self.before.index[0] <= first:
            return False
        begin = as_instant(self.before.index[0])
        known = (each for each in self.rewrite.before.findings if each.state in _STANDING)
        stretches = [each for each in known if each.rule in GROWING and self._is_reached(each)]
        # What is usual before a stretch must show as well.
        usual = as_instant(self.before.index[min(_USUAL, len(self.before) - 1)])
        if any(each.stamp is not None and each.stamp < usual for each in stretches):
            return True
        return any(each.rule == "unit" or _is_from(each, begin) for each in found)

    def of_answers(self, news: Iterable[Finding], pending: float) -> list[Finding]:
        """What the answers showed, unless another bar than that is stored."""
        basis = self.rewrite.run.config.basis
        splits = splits_in(self.real) if basis == "split-adjusted" else ()
        return [
            as_traded(each, splits, pending=pending if each.is_hard else 1.0)
            for each in news
            if each.stamp is None or self._is_held(each.stamp) != each.is_hard
        ]

    def is_judged(self, known: Finding) -> bool:
        """Whether a finding would have been found again, were it still so."""
        stamp, run, asked = known.stamp, self.rewrite.run, self.rewrite.got.judged
        if known.rule in run.context.rules.of_dataset(run.dataset).off:
            return True
        is_own = run.provider.name == run.config.provider
        if known.rule == "unknown symbol":
            return is_own
        if stamp is None:
            return known.is_hard and is_own and self.rewrite.is_whole
        last = known.end or stamp
        is_answered = any(stamp in span and last in span for span in asked)
        if known.is_hard:
            return self._is_held(stamp) or (is_answered and is_own)
        return is_answered if known.rule in _OF_ANSWERS else self._is_reached(known)

    def _is_reached(self, finding: Finding) -> bool:
        last = finding.end or finding.stamp
        return last is None or self.start is None or last >= self.start

    def _is_held(self, stamp: datetime) -> bool:
        place = int(self.real.index.searchsorted(pd.Timestamp(stamp)))
        return place < len(self.real) and self.real.index[place] == stamp


def _is_lost(finding: Finding, without_volume: Container[datetime | None]) -> bool:
    return finding.rule == "zero volume" and finding.stamp in without_volume


def _is_from(finding: Finding, begin: datetime) -> bool:
    return finding.rule in GROWING and finding.stamp == begin
