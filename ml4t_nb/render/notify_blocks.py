"""Whom a store tells, and the messages about a run, as tables and lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from ml4t_nb.notice import NoticeState, TargetStatus
from ml4t_nb.render.format import day, many
from ml4t_nb.render.layout import Block, Note, Table
from ml4t_nb.reports import NotifyReport, RunReport
from ml4t_nb.store_settings import STORE_SETTINGS

__all__ = ["delivery_notes", "notify_blocks", "undelivered_notes"]


def notify_blocks(report: NotifyReport) -> Iterator[Block]:
    """A row for each target; then what is wrong with some, and what they were told."""
    if not report.targets:
        hint = f'add a target to {STORE_SETTINGS} in its folder: [notify], mail = "$ML4T_MAIL"'
        yield [Note(f"{report.home} tells nobody", hint)]
        return
    last = "Test" if report.is_test else ""
    headings = tuple(filter(None, ("Target", "Sent to", "Told of", "Knows of", last)))
    yield Table(headings, tuple(_row(each)[: len(headings)] for each in report.targets))
    yield [Note(f"❌ {each.name}: {each.error}") for each in report.targets if each.error]
    known = {each for target in report.targets for each in target.conditions}
    whom = {
        each: ", ".join(target.name for target in report.targets if each in target.conditions)
        for each in sorted(known, key=lambda each: (each.dataset, each.since, each.state))
    }
    yield [
        Note(f"{each.dataset}: {each.state}, told on {day(each.since)} to {names}")
        for each, names in whom.items()
    ]


def _row(status: TargetStatus) -> tuple[str, ...]:
    is_every = len(status.on) == len(get_args(NoticeState))
    return (
        status.name,
        status.url,
        "all" if is_every else ", ".join(status.on),
        many(len(status.conditions), "condition"),
        "✅ sent" if status.arrived else "❌ not sent",
    )


def delivery_notes(report: RunReport) -> Iterator[Note]:
    """Who was told about a run, and who could not be."""
    for each in report.deliveries:
        if not each.error:
            yield Note(f"{each.target} was told: {many(each.notices, 'change')} of state")
    yield from undelivered_notes(report)


def undelivered_notes(report: RunReport) -> Iterator[Note]:
    """Who could not be told about a run, one line for each reason."""
    failed = [each for each in report.deliveries if each.error]
    for error in dict.fromkeys(each.error for each in failed):
        names = ", ".join(each.target for each in failed if each.error == error and each.target)
        yield Note(f"⚠️ {names or 'the targets of the store'} could not be told: {error}")
