"""What runs did to datasets, as tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ml4t_nb.model import Frequency, NextStep
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.alike_notes import Told, alike_notes, unread_notes
from ml4t_nb.render.diff_blocks import diff_blocks
from ml4t_nb.render.finding_blocks import finding_bars
from ml4t_nb.render.folding import FEW, next_commands
from ml4t_nb.render.format import (
    OUTCOME_MARKS,
    count,
    first_of,
    instant,
    labelled,
    many,
    one_line,
    past_words,
    restated_words,
    stamp,
)
from ml4t_nb.render.layout import (
    Block,
    Folded,
    Headline,
    NextCommands,
    Table,
    nothing_stored,
)
from ml4t_nb.render.run_groups import newest_groups
from ml4t_nb.reports import DatasetHistory, HistoryReport

__all__ = ["history_blocks"]

_HEADINGS = ("Run>", "As of", "Verb", "Provider", "Outcome", "Change", "Chunks>", "What")
_NEWEST = ("Newest run", "Datasets", "Bars>", "As of>")
_SHOWN = 3


def history_blocks(report: HistoryReport) -> Iterator[Block]:
    """A table for each dataset, the newest run first; of many datasets their newest runs."""
    if report.diff is not None:
        yield from diff_blocks(report.diff)
        return
    number = len(report.datasets) + len(report.failed)
    if not number:
        yield nothing_stored(report.home)
        return
    if number > 1:
        yield _headline(report)
    if number > FEW:
        rows = tuple(row for each in report.datasets for row in _table(each).rows)
        groups = newest_groups(report.datasets)
        yield Folded(_NEWEST, groups, len(report.datasets), Table(_HEADINGS, rows))
    else:
        yield from map(_table, report.datasets)
    told = [told for each in report.datasets for told in _undoable(each)]
    if len(told) > FEW:
        steps = ((each.dataset, each.step) for each in told)
        yield NextCommands(next_commands(steps, report.home))
    else:
        yield list(alike_notes(told, report.home))
    yield list(unread_notes(report.failed, report.home))


def _headline(report: HistoryReport) -> Headline:
    """How many runs there are, and what came of them."""
    records = [record for each in report.datasets for record in each.records]
    whole = f"{many(len(records), 'run')} of {many(len(report.datasets), 'dataset')}"
    about = [f"{many(len(report.failed), 'dataset')} not readable"] * bool(report.failed)
    if not records:
        return Headline(whole, " · ".join(about))
    outcomes = Counter(record.outcome for record in records)
    counted = ", ".join(
        f"{each:,} {'in part' if outcome == 'partial' else outcome}"
        for outcome, each in outcomes.most_common()
    )
    newest = max(record.at for record in records)
    return Headline(
        f"{whole}: {counted}", " · ".join([f"the newest as of {instant(newest)}", *about])
    )


def _table(of: DatasetHistory) -> Table:
    title = f"last {many(len(of.records), 'run')} of {labelled(of.dataset, of.provider)}"
    return Table(_HEADINGS, tuple(_row(record, of) for record in reversed(of.records)), title)


def _undoable(of: DatasetHistory) -> Iterator[Told]:
    """The newest run that may be undone, and how."""
    undone = {each.undid for each in of.records}
    for each in reversed(of.records):
        if each.version and each.is_undoable and each.version not in undone:
            step = NextStep("undo", of.dataset, version=each.version)
            yield Told(of.dataset, "", f"run {each.version} can be undone", step)
            return


def _row(record: UpdateRecord, of: DatasetHistory) -> tuple[str, ...]:
    return (
        _numbers(record),
        instant(record.at),
        record.verb,
        record.provider,
        f"{OUTCOME_MARKS[record.outcome]} {record.outcome}",
        past_words(record),
        count(record.chunks_written),
        "; ".join(_what(record, of)),
    )


def _numbers(record: UpdateRecord) -> str:
    """Numbers of its commits."""
    if not record.version:
        return "-"
    first = f"{count(record.first_version)}-" if record.repeated else ""
    return f"{first}{count(record.version)}"


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
    if record.version and of.kept and record.version not in of.kept:
        yield "the version is gone"
    if record.version:
        opened = [each for each in of.findings if each.opened == record.version]
        words = (f"{each.rule} of {finding_bars(each, frequency)}" for each in opened)
        if opened:
            yield f"found: {', '.join(first_of(words, _SHOWN))}"


def _revised(record: UpdateRecord, frequency: Frequency) -> Iterator[str]:
    for each in record.revisions:
        old, new = f"{each.old:.10g}", f"{each.new:.10g}"
        yield f"{each.column} of {stamp(each.stamp, frequency)} {old} → {new}"
