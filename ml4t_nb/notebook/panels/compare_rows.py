"""Bars that another provider has and the store has not, or has differently, and how to take one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from ml4t_nb.model import Command, DatasetId, Gap, TakenKind
from ml4t_nb.notebook.panels.inbox_commands import dates_meeting
from ml4t_nb.notebook.panels.panel_command import Arguments, of_dataset
from ml4t_nb.render.format import many, plain, stamp
from ml4t_nb.render.html import INK
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.comparison import TwoLines
from ml4t_nb.reports import CompareReport

__all__ = [
    "TakeableBar",
    "bars_to_take",
    "beside",
    "reconcile_command",
    "remarks_html",
    "undo_run_command",
]


@dataclass(frozen=True, slots=True)
class TakeableBar:
    """A bar that can be taken: what it is to ``reconcile``, its dates, and a row in words."""

    stamp: datetime
    kind: TakenKind
    dates: tuple[date, date]
    words: str


def bars_to_take(
    report: CompareReport, whole: TwoLines, gaps: Iterable[Gap], zone: str
) -> tuple[TakeableBar, ...]:
    """Those that differ, the furthest apart first, and then those that are not stored."""
    rejected = [gap for gap in gaps if gap.state == "rejected"]
    return tuple(_bars(report, whole, rejected, zone))


def _bars(
    report: CompareReport, whole: TwoLines, rejected: list[Gap], zone: str
) -> Iterator[TakeableBar]:
    dataset, other = report.dataset, plain(report.other)
    differing = [each for each in whole.differences if each is not None]
    for each in sorted(differing, key=lambda each: -abs(each.share)):
        when = stamp(each.stamp, dataset.frequency)
        share = f"{100 * each.share:+.4g} %".replace("-", "\N{MINUS SIGN}")
        apart = f"{each.stored:,.6g} here, {each.other:,.6g} there, {share}"
        words = f"{when}: {each.column} {apart}"
        yield TakeableBar(each.stamp, "different", _dates(dataset, each.stamp, zone), words)
    closes = dict(zip(whole.stamps.to_pydatetime().tolist(), whole.other.tolist(), strict=True))
    for at in report.only_other:
        is_rejected = any(gap.start <= at <= gap.end for gap in rejected)
        kind: TakenKind = "rejected" if is_rejected else "missing"
        words = f"{stamp(at, dataset.frequency)}: {kind} here, close {closes[at]:,.6g} there"
        yield TakeableBar(at, kind, _dates(dataset, at, zone), f"{words} ({other})")


def _dates(dataset: DatasetId, at: datetime, zone: str) -> tuple[date, date]:
    return dates_meeting(dataset, at, at, zone)[0]


def beside(bar: TakeableBar, bars: Iterable[TakeableBar]) -> str:
    """What else is taken with it, since verbs take whole dates; empty if nothing."""
    others = sum(each.dates == bar.dates and each.kind == bar.kind for each in bars) - 1
    if not others:
        return ""
    return f"Verbs take whole dates: {many(others, 'other bar')} there will be taken with it."


def remarks_html(report: CompareReport, unlisted: int) -> str:
    """What is to be known before a bar is taken: what the other provider says, and what is left."""
    words = list(report.notes)
    if unlisted > 0:
        words.append(f"{many(unlisted, 'more bar')} not listed; reconcile a range")
    return fragment(element("div", each, style=INK) for each in words)


def reconcile_command(bar: TakeableBar, report: CompareReport, *, shared: Arguments) -> Command:
    """Take it from the other provider."""
    start, end = bar.dates
    what = {"with_": report.other, "take": bar.kind, "start": start, "end": end}
    return Command("reconcile", {**of_dataset(report.dataset), **what, **shared})


def undo_run_command(dataset: DatasetId, run: int, *, shared: Arguments) -> Command:
    """Take back what that run did."""
    return Command("undo", {**of_dataset(dataset), "run": run, **shared})
