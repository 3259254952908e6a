"""Commands by which the findings inbox reads and decides: those that a person would type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from ml4t_nb.finding import Finding
from ml4t_nb.model import Command, DatasetId, Frequency, bar_length
from ml4t_nb.notebook.panels.panel_command import Arguments, ask, of_dataset
from ml4t_nb.render.format import many
from ml4t_nb.render.review.evidence import Evidence, evidence_of
from ml4t_nb.render.review.inbox_html import InboxItem
from ml4t_nb.reports import ListReport, PlotReport, ProvidersReport, ReviewReport

__all__ = [
    "DecisionTarget", "FindingKey", "compare_command", "currencies", "dates_meeting",
    "decide_command", "decision_target", "key_of", "likely_target", "list_findings", "listed_again",
    "other_providers", "read_evidence", "take_command", "undo_command",
]  # fmt: skip

FindingKey: TypeAlias = tuple[object, ...]
"""By what a finding is found again in the next list."""

_Dates: TypeAlias = "tuple[date, date] | None"

_DAY, _NONE = timedelta(days=1), timedelta()
_EVENING = 17
# So that some hundred bars before it show what is usual, and a dozen follow.
_BEFORE: dict[Frequency, int] = {
    "weekly": 2000, "daily": 400, "hourly": 60, "30m": 30, "15m": 20, "5m": 10, "1m": 6,
}  # fmt: skip
_AFTER: dict[Frequency, int] = {"weekly": 120, "daily": 30}
_AFTER_INTRADAY = 6


@dataclass(frozen=True, slots=True)
class DecisionTarget:
    """Dates of its calendar, both inclusive, by which verbs act on a finding.

    Parameters
    ----------
    dates
        None of a finding without a stamp.
    findings
        All open ones of its rule that the dates meet, the finding itself among them.
    """

    item: InboxItem
    dates: _Dates
    findings: tuple[Finding, ...]

    @property
    def arguments(self) -> dict[str, Any]:
        """The dataset and the dates as arguments."""
        dates = {} if self.dates is None else dict(zip(("start", "end"), self.dates, strict=True))
        return {**of_dataset(self.item.dataset), **dates}

    @property
    def warning(self) -> str:
        """What else a decision reaches; empty if nothing."""
        others = len(self.findings) - 1
        if not others:
            return ""
        which = many(others, "other finding")
        return f"Verbs take whole dates: {which} of this rule there will be decided with it."


def key_of(item: InboxItem) -> FindingKey:
    """What the finding is, whatever its state."""
    finding = item.finding
    return (item.dataset, finding.rule, finding.stamp, finding.values)


def list_findings(symbols: tuple[str, ...], *, shared: Arguments) -> ReviewReport:
    """All findings of the symbols, or of all, decided ones too."""
    chosen = {"symbol": symbols} if symbols else {}
    return ask(ReviewReport, "review", all=True, **chosen, **shared)


def listed_again(report: ReviewReport, dataset: DatasetId, *, shared: Arguments) -> ReviewReport:
    """The report with what is known of one dataset by now: a store may have a thousand others."""
    now = ask(ReviewReport, "review", all=True, **of_dataset(dataset), **shared)
    found = {each.dataset: each for each in now.datasets}
    again = tuple(found.get(each.dataset, each) for each in report.datasets)
    return replace(report, as_of=now.as_of, datasets=again)


def currencies(*, shared: Arguments) -> dict[DatasetId, str]:
    """What the prices of each dataset are in, where its provider says so."""
    listed = ask(ListReport, "list", **shared).datasets
    return {each.dataset: each.currency for each in listed if each.currency}


def other_providers(dataset: DatasetId, provider: str, *, shared: Arguments) -> tuple[str, ...]:
    """Whom one can ask for a second opinion; nobody makes bars up for that."""
    home = {name: value for name, value in shared.items() if name == "home"}
    known = ask(ProvidersReport, "providers", **home).providers
    return tuple(
        each.name
        for each in known
        if each.name not in (provider, "synthetic")
        and dataset.frequency in each.frequencies
        and dataset.asset_class in each.asset_classes
    )


def read_evidence(
    item: InboxItem, others: tuple[Finding, ...], *, shared: Arguments
) -> Evidence | None:
    """The bars of a finding; None where there are none."""
    finding = item.finding
    if finding.stamp is None:
        return None
    last = finding.end or finding.stamp
    report = _around(item, finding.stamp, finding.stamp, shared)
    is_first = not len(report.bars) or report.bars.index[0] >= finding.stamp
    if is_first and last != finding.stamp:
        # It begins with the first bar: the end of the stretch is the edge that shows it.
        report = _around(item, last, last, shared)
    return evidence_of(finding, report, others)


def _around(item: InboxItem, first: datetime, last: datetime, shared: Arguments) -> PlotReport:
    frequency = item.dataset.frequency
    start = first.date() - timedelta(days=_BEFORE[frequency])
    end = last.date() + timedelta(days=_AFTER.get(frequency, _AFTER_INTRADAY))
    asked = {**of_dataset(item.dataset), **shared}
    return ask(PlotReport, "plot", start=start, end=end, **asked)


def likely_target(item: InboxItem, zone: str, others: Iterable[Finding]) -> DecisionTarget:
    """What the finding's dates are, and which of the listed findings they meet; nothing is read."""
    (dates, *_), rule = _dates(item, zone), item.finding.rule
    findings = tuple(
        each
        for each in others
        if each.is_open
        and each.rule == rule
        and _meet(_dates(replace(item, finding=each), zone), dates)
    )
    return DecisionTarget(item, dates, findings)


def decision_target(item: InboxItem, zone: str, *, shared: Arguments) -> DecisionTarget | None:
    """The fewest dates that the verb itself says meet the finding; None if it is gone."""
    asked = {"rule": item.finding.rule, **of_dataset(item.dataset), **shared}
    for dates in _dates(item, zone):
        given = {} if dates is None else {"start": dates[0], "end": dates[1]}
        (listed,) = ask(ReviewReport, "review", **given, **asked).datasets
        if item.finding in listed.findings:
            return DecisionTarget(item, dates, listed.findings)
    return None


def _meet(theirs: tuple[_Dates, ...], dates: _Dates) -> bool:
    first = theirs[0]
    if first is None or dates is None:
        return first is dates
    return first[0] <= dates[1] and first[1] >= dates[0]


def _dates(item: InboxItem, zone: str) -> tuple[_Dates, ...]:
    """Dates that may meet it, the likeliest first."""
    finding = item.finding
    if finding.stamp is None:
        return (None,)
    return dates_meeting(item.dataset, finding.stamp, finding.end or finding.stamp, zone)


def dates_meeting(
    dataset: DatasetId, first: datetime, last: datetime, zone: str
) -> tuple[tuple[date, date], ...]:
    """Dates of its calendar, both inclusive, that may hold these bars, the likeliest first."""
    is_intraday = bar_length(dataset.frequency) is not None
    local = [each.astimezone(ZoneInfo(zone) if is_intraday else UTC) for each in (first, last)]
    one, other = (each.date() for each in local)
    plain = (one, other), (one + _DAY, other + _DAY), (one, other + _DAY)
    if not is_intraday or dataset.asset_class != "fx":
        return plain
    # A currency's session begins on the evening before its date.
    evening = [each.date() + (_DAY if each.hour >= _EVENING else _NONE) for each in local]
    return (evening[0], evening[1]), *plain


def decide_command(target: DecisionTarget, how: str, reason: str, *, shared: Arguments) -> Command:
    """``how`` is ``accept`` or ``reject``."""
    arguments = {"rule": target.item.finding.rule, how: reason}
    return Command("review", {**target.arguments, **arguments, **shared})


def compare_command(evidence: Evidence, provider: str, *, shared: Arguments) -> Command:
    """What a second provider says of the bars in sight."""
    ends = evidence.bars[0].stamp.date(), evidence.bars[-1].stamp.date()
    dates = {"start": ends[0], "end": ends[1]}
    return Command(
        "compare", {**of_dataset(evidence.dataset), "with_": provider, **dates, **shared}
    )


def take_command(target: DecisionTarget, provider: str, what: str, *, shared: Arguments) -> Command:
    """Store the second provider's bar instead."""
    chosen = {"with_": provider, "take": what}
    return Command("reconcile", {**target.arguments, **chosen, **shared})


def undo_command(item: InboxItem, version: int, *, shared: Arguments) -> Command:
    """Take back what the commit of that number did."""
    return Command("undo", {**of_dataset(item.dataset), "run": version, **shared})
