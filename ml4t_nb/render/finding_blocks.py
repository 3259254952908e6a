"""Findings and what was decided about them, as tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC

from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Frequency, NextStep, bar_length
from ml4t_nb.render.alike_notes import Told, alike_notes, unread_notes
from ml4t_nb.render.folding import FEW
from ml4t_nb.render.format import day, labelled, many, one_line, stamp_range
from ml4t_nb.render.layout import Block, Headline, Note, Table, nothing_stored
from ml4t_nb.render.run_blocks import listing_blocks
from ml4t_nb.reports import DatasetFindings, ReviewReport

__all__ = ["evidence_words", "finding_bars", "review_blocks", "state_words"]

# From here on a fraction says nothing, and an exponent would be hard to read.
_WHOLE = 100_000
_HEADINGS = ("Dataset", "Bars", "Rule", "What was seen", "Evidence", "Found", "State", "Next")


def review_blocks(report: ReviewReport) -> Iterator[Block]:
    """A row for each finding, then how to decide, then datasets that have none."""
    number = len(report.datasets) + len(report.failed)
    if not number:
        yield nothing_stored(report.home)
        return
    rows = [
        (labelled(each.dataset, each.provider), *_row(finding, each.dataset.frequency))
        for each in report.datasets
        for finding in each.findings
    ]
    yield from listing_blocks(report, _headline(report), Table(_HEADINGS, rows))
    yield [
        Note(f"{each.dataset.symbol}: {finding.rule} of {_bar(finding, each)}", finding.step)
        for each in report.datasets
        for finding in each.findings
        if finding.step is not None and finding.is_open
    ]
    waiting = [each for each in report.datasets if any(f.is_to_decide for f in each.findings)]
    told = [_to_decide(each, is_one_of_many=len(waiting) > FEW) for each in waiting]
    yield list(alike_notes(told, report.home))
    yield list(unread_notes(report.failed, report.home))
    if number <= FEW:
        yield [
            Note(f"✅ {labelled(each.dataset, each.provider)}: {_nothing(report)}")
            for each in report.datasets
            if not each.findings
        ]


def _headline(report: ReviewReport) -> Headline:
    """How many findings of how many datasets, by what became of them."""
    number = len(report.datasets) + len(report.failed)
    having = [each for each in report.datasets if each.findings]
    findings = [finding for each in having for finding in each.findings]
    whole = many(number, "dataset")
    about = f"{many(len(report.failed), 'dataset')} not readable" if report.failed else ""
    if not findings:
        return Headline(f"{whole}: {_nothing(report)}", about)
    states = Counter(map(_kind, findings))
    counted = ", ".join(f"{each:,} {state}" for state, each in states.most_common())
    where = whole if len(having) == number else f"{len(having):,} of {whole}"
    return Headline(f"{many(len(findings), 'finding')} in {where}: {counted}", about)


def _nothing(report: ReviewReport) -> str:
    return "no findings" if report.every else "nothing to decide"


def _kind(finding: Finding) -> str:
    """What became of it in one word."""
    if finding.is_to_decide:
        return "to decide"
    return "noted" if finding.severity == "note" and finding.is_open else finding.state


def finding_bars(finding: Finding, frequency: Frequency) -> str:
    """The bar that a finding is of, or the first and the last."""
    if finding.stamp is None:
        return "-"
    return stamp_range(finding.stamp, finding.end or finding.stamp, frequency)


def evidence_words(finding: Finding) -> str:
    """Names and numbers that show it."""
    return ", ".join(f"{name} {_number(value)}" for name, value in finding.evidence)


def state_words(finding: Finding) -> str:
    """The state; of a decision also when it was made, by which verb, and why."""
    made = finding.decision
    if made is None:
        return finding.state if finding.severity != "note" else "note"
    return f"{finding.state} {day(made.at)} by {made.by}: {one_line(made.reason)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.5g}"


def _row(finding: Finding, frequency: Frequency) -> tuple[str, ...]:
    return (
        finding_bars(finding, frequency),
        finding.rule,
        one_line(finding.detail),
        evidence_words(finding),
        "-" if finding.seen is None else day(finding.seen),
        state_words(finding),
        _next(finding),
    )


def _next(finding: Finding) -> str:
    """What can be done about it."""
    if finding.decision is not None:
        version = finding.decision.version
        return f"undo --run {version}" if version else ""
    if not finding.is_to_decide:
        return ""
    if finding.is_hard:
        return "update, --accept or --reject"
    return "--accept or --reject"


def _bar(finding: Finding, of: DatasetFindings) -> str:
    return finding_bars(finding, of.dataset.frequency)


def _to_decide(of: DatasetFindings, *, is_one_of_many: bool) -> Told:
    """How many findings wait, and which command names the first of them, or all."""
    waiting = [each for each in of.findings if each.is_to_decide]
    words = (
        f"{many(len(waiting), 'finding')} to decide: --accept REASON keeps the bars, "
        "--reject REASON takes them out; dates or --rule choose among them"
    )
    all_of_it = NextStep("review", of.dataset)
    step = all_of_it if is_one_of_many else _choice(of.dataset, waiting[0])
    return Told(of.dataset, "⚠️ ", words, step)


def _choice(dataset: DatasetId, finding: Finding) -> NextStep:
    step = NextStep("review", dataset)
    if finding.stamp is None or bar_length(dataset.frequency) is not None:
        return step
    first, last = (
        each.astimezone(UTC).date() for each in (finding.stamp, finding.end or finding.stamp)
    )
    return NextStep("review", dataset, start=first, end=last)
