"""A plan as tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ml4t_nb.plans import DatasetPlan, PossibleReason
from ml4t_nb.render.folding import FEW
from ml4t_nb.render.format import count, duration, instant, labelled, many, size, span_words, stamp
from ml4t_nb.render.layout import Block, Headline, Note, Table, none_is_due, nothing_stored
from ml4t_nb.reports import PlanReport

__all__ = ["plan_blocks", "plan_words"]

_HEADINGS = ("Dataset", "Provider", "Requests>", "Asked for", "New bars>", "Size>", "Compared>")
_WHY: dict[PossibleReason, str] = {
    "identify": "if the symbol is of another class or exchange than is assumed",
    "restated": "if the provider has restated what a run that broke off was answered",
    "jump": "if prices jump from one answer to the next",
    "splits": "if the bars turn out to be on the basis of later splits",
    "whole": "if an answer contradicts what is stored, or has too few bars in common with it",
    "retry": "if all of them failed as often as a request is repeated",
}


def plan_blocks(report: PlanReport) -> Iterator[Block]:
    """What is asked for in all, then of each dataset, and what may come besides."""
    if not report.datasets:
        none_due = none_is_due(report.waiting, report.next_due)
        yield none_due if report.waiting else nothing_stored(report.home)
        return
    yield Headline(_sentence(report), "nothing was requested, and nothing was written")
    asked = [each for each in report.datasets if each.requests]
    if asked:
        yield Table(_HEADINGS, tuple(map(_row, asked[:FEW])))
    if len(asked) > FEW:
        yield [Note(f"and {many(len(asked) - FEW, 'more dataset')}", "to_frame() has all of them")]
    yield [note for each in report.datasets for note in _errors(each)]
    yield list(_notes(report))


def plan_words(report: PlanReport) -> str:
    """``27 requests, up to 81 more, at least 2:40 minutes, about 1.2 MB``."""
    at_most = sum(each.at_most for each in report.datasets)
    parts = (
        many(report.requests, "request") if report.requests else "no request",
        f"up to {at_most:,} more" if at_most else "",
        f"at least {duration(seconds)} minutes" if round(seconds := report.minutes * 60) else "",
        f"about {size(report.bytes)}" if report.bytes else "",
        f"{many(len(report.failed), 'dataset')} cannot be planned" if report.failed else "",
    )
    return ", ".join(filter(None, parts))


def _sentence(report: PlanReport) -> str:
    planned = len(report.datasets) - len(report.failed)
    words = [f"{report.verb} of {many(planned, 'dataset')} would send "]
    words.append(many(report.requests, "request"))
    if report.minutes:
        words.append(f", which take at least {duration(report.minutes * 60)} minutes")
    if grown := report.bytes:
        words.append(f", and store about {size(grown)}")
    if report.failed:
        words.append(f"; {len(report.failed)} cannot be planned")
    if report.waiting:
        words.append(f"; {report.waiting:,} not due")
    return "".join(words)


def _row(plan: DatasetPlan) -> tuple[str, ...]:
    frequency = plan.dataset.frequency
    spans = [each.span for each in plan.requests]
    first, last = min(spans), max(spans, key=lambda each: each.end)
    return (
        labelled(plan.dataset, plan.provider),
        plan.provider,
        count(len(plan.requests)),
        span_words(type(first)(first.start, last.end), frequency),
        count(plan.bars),
        size(plan.bytes),
        count(plan.compared),
    )


def _errors(plan: DatasetPlan) -> Iterator[Note]:
    if plan.error is not None:
        yield Note(f"❌ {plan.dataset}: {plan.error.message}", plan.error.hint)


def _notes(report: PlanReport) -> Iterator[Note]:
    """What may come besides, and what is about to be lost."""
    possible: Counter[PossibleReason] = Counter()
    for each in report.datasets:
        for more in each.possible:
            possible[more.reason] += more.at_most
    for reason, number in possible.items():
        yield Note(f"up to {many(number, 'more request')} {_WHY[reason]}")
    if stake := sum(each.at_stake for each in report.datasets):
        yield Note(f"{many(stake, 'stored bar')} would be replaced if all were restated")
    for each in report.datasets[:FEW]:
        if each.vanishing is not None and each.lost_from is not None:
            bar = stamp(each.vanishing, each.dataset.frequency)
            lost = f"bars of {bar} and later are lost from {instant(each.lost_from)} on"
            yield Note(f"⚠️ {each.dataset}: {lost}")
        for note in each.notes:
            yield Note(f"{each.dataset}: {note}")
