"""What runs did to datasets, as tables and lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ml4t_nb.model import Frequency, NextStep
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.finding_blocks import finding_bars
from ml4t_nb.render.format import (
    OUTCOME_MARKS,
    change_words,
    count,
    first_of,
    instant,
    labelled,
    many,
    one_line,
    restated_words,
    stamp,
)
from ml4t_nb.render.layout import Block, Note, Table, nothing_stored
from ml4t_nb.reports import DatasetHistory, HistoryReport

__all__ = ["history_blocks"]

_HEADINGS = ("Run>", "As of", "Verb", "Provider", "Outcome", "Change", "Chunks>", "What")
_SHOWN = 3


def history_blocks(report: HistoryReport) -> Iterator[Block]:
    """A table for each dataset, the newest run first."""
    if not report.datasets and not report.failed:
        yield nothing_stored(report.home)
        return
    for each in report.datasets:
        title = f"last {many(len(each.records), 'run')} of {labelled(each.dataset, each.provider)}"
        rows = tuple(_row(record, each) for record in reversed(each.records))
        yield Table(_HEADINGS, rows, title)
    yield [note for each in report.datasets for note in _undoable(each, report.home)]
    yield [
        Note(f"❌ {each.dataset}: {each.error.message}", each.error.hint) for each in report.failed
    ]


def _undoable(of: DatasetHistory, home: Path | None) -> Iterator[Note]:
    """The newest run that may be undone, and how."""
    undone = {each.undid for each in of.records}
    for each in reversed(of.records):
        if each.version and each.is_undoable and each.version not in undone:
            step = NextStep("undo", of.dataset, home, version=each.version)
            yield Note(f"{of.dataset.symbol}: run {each.version} can be undone", step)
            return


def _row(record: UpdateRecord, of: DatasetHistory) -> tuple[str, ...]:
    return (
        count(record.version) if record.version else "-",
        instant(record.at),
        record.verb,
        record.provider,
        f"{OUTCOME_MARKS[record.outcome]} {record.outcome}",
        change_words(record),
        count(record.chunks_written),
        "; ".join(_what(record, of)),
    )


def _what(record: UpdateRecord, of: DatasetHistory) -> Iterator[str]:
    """What there is to say about a run, in words."""
    frequency = of.dataset.frequency
    if record.error is not None:
        yield one_line(record.error.message)
    if record.restatement is not None:
        yield restated_words(record.restatement)
    elif record.revisions:
        yield ", ".join(first_of(_revised(record, frequency), _SHOWN))
    yield from map(one_line, record.notes)
    if record.version:
        opened = [each for each in of.findings if each.opened == record.version]
        words = (f"{each.rule} of {finding_bars(each, frequency)}" for each in opened)
        if opened:
            yield f"found: {', '.join(first_of(words, _SHOWN))}"


def _revised(record: UpdateRecord, frequency: Frequency) -> Iterator[str]:
    for each in record.revisions:
        old, new = f"{each.old:.10g}", f"{each.new:.10g}"
        yield f"{each.column} of {stamp(each.stamp, frequency)} {old} → {new}"
