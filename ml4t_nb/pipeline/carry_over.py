"""What of a dataset goes on in that of the symbol's new name, beside its bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd

from ml4t_nb.core.findings import is_same_finding
from ml4t_nb.core.renamed import JoinedNames
from ml4t_nb.core.request_spans import with_attempts, without
from ml4t_nb.core.sources import source_of, sources_after
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Decision, Finding, Refusal
from ml4t_nb.model import FetchAttempt, Gap, Span
from ml4t_nb.records import Source
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.row_log import CarriedRows
from ml4t_nb.storage.transaction import Transaction

__all__ = ["CarryOver"]

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Both datasets as they were, and the first stamp of the new one.

    Numbers of the old dataset's commits are not those of the new one's: where one could be taken
    for the other, there is none, and logged rows have numbers below zero.
    """

    old: Manifest
    new: Manifest
    cut: datetime

    def gaps(self) -> tuple[Gap, ...]:
        """Gaps of both, each with its state; of the old name, those before the new one's bars."""
        before = (
            replace(each, end=min(each.end, self.cut - TICK))
            for each in self.old.gaps
            if each.start < self.cut
        )
        return (*before, *self.new.gaps)

    def findings(self, renamed: Decision) -> tuple[Finding, ...]:
        """Findings of both: what was decided under the old name stays decided."""
        known = list(self.new.findings)
        for each in self._findings_of_old(renamed):
            at = next((n for n, other in enumerate(known) if is_same_finding(each, other)), None)
            if at is None:
                known.append(each)
            elif known[at].is_open and each.decision is not None:
                known[at] = replace(known[at], state=each.state, decision=each.decision)
        return tuple(sorted(known, key=_place))

    def _findings_of_old(self, renamed: Decision) -> Iterator[Finding]:
        """As the new dataset keeps them; that the old symbol is unknown has been explained."""
        for each in self.old.findings:
            decision, state = each.decision, each.state
            if each.rule == "unknown symbol" and each.state != "corrected":
                decision, state = renamed, "accepted"
            elif decision is not None:
                decision = replace(decision, version=0)
            step = each.step and replace(each.step, dataset=self.new.dataset)
            yield replace(each, step=step, opened=0, state=state, decision=decision)

    def fetch_log(self) -> tuple[FetchAttempt, ...]:
        """What was asked for under the old name before the new one's bars, and under that."""
        before = without(self.old.fetch_log, Span(self.cut, _EVER))
        return with_attempts(before, self.new.fetch_log)

    def logged(self, gone: Transaction) -> CarriedRows:
        """Rows that the old dataset logged, numbered below all commits of the new one."""
        shift = self.old.sequence + 1
        rejected, revised = (
            rows.assign(version=rows["version"] - shift)
            for rows in (gone.rejected_rows(), gone.revised_rows())
        )
        return CarriedRows(rejected, revised)

    def refusals(self, joined: JoinedNames) -> tuple[Refusal, ...]:
        """Those of both: what was refused under the old name is refused, on the new one's basis."""
        shift, splits = self.old.sequence + 1, joined.splits
        if joined.ratio != 1 and not splits:
            splits = ((self.cut, joined.ratio),)
        before = (
            Refusal(each.version - shift, (*each.splits, *splits)) for each in self.old.refusals
        )
        return (*before, *self.new.refusals)

    def sources(self, stamps: pd.DatetimeIndex, taken: pd.DatetimeIndex) -> tuple[Source, ...]:
        """Whose the bars are, once those ``taken`` are among them."""
        own, found = self.new.config.provider, self.new.sources
        names = source_of(taken, self.old.sources, self.old.config.provider)
        for name in sorted(set(names)):
            chosen = stamps.isin(taken[names == name])
            found = sources_after(found, stamps, chosen, provider=name, own=own)
        return found


def _place(finding: Finding) -> tuple[float, str]:
    stamp = finding.stamp
    return (float("-inf") if stamp is None else stamp.timestamp(), finding.rule)
