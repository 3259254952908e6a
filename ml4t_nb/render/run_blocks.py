"""The report of ``load`` and ``update`` as tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ml4t_nb.model import Finding, Frequency
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render.format import (
    absent_words,
    change,
    count,
    first_of,
    gap_words,
    instant,
    judgement,
    many,
    outcome_mark,
    pending,
    restated,
    span_words,
    stamp,
)
from ml4t_nb.render.layout import Block, Lines, Note, Table, nothing_stored
from ml4t_nb.reports import GapsReport, RunReport

__all__ = ["absent_notes", "news", "run_blocks", "summary_line"]

_SHOWN = 3
_NAMED = 8
_HISTORY = 10


def run_blocks(report: RunReport) -> Iterator[Block]:
    """A row for each dataset, then what there is to say about some, then how the run ended."""
    if report.results:
        yield _table(report)
    notes = [note for result in report.results for note in _notes(result)]
    notes += absent_notes(report)
    if notes:
        yield Lines(tuple(notes))
    if report.detailed:
        for result in report.results:
            yield from _details(result)
    if not report.results and not report.left:
        yield nothing_stored(report.home)
    elif len(report.results) != 1 or report.left:
        yield Lines((Note(summary_line(report)),))


def news(report: RunReport) -> Iterator[Note]:
    """Restatements, fills and findings of a run, and days that no dataset of an exchange has."""
    for result in report.results:
        record = result.record
        if record.restatement is not None:
            yield Note(restated(result.dataset, record.restatement, result.rows))
        if record.filled:
            yield Note(f"{result.dataset.symbol}: {many(record.filled, 'bar')} filled")
        yield from _found(result)
    yield from absent_notes(report)


def absent_notes(report: RunReport | GapsReport) -> list[Note]:
    """Sessions that no dataset of an exchange has, and how to declare that it was closed."""
    declare = f"then set {report.declaration}, and they are no gaps"
    return [
        Note(absent_words(each), declare if each is report.absent[-1] else "")
        for each in report.absent
    ]


def summary_line(report: RunReport) -> str:
    """The run in one sentence: how many datasets, what became of them, who was not reached."""
    outcomes = Counter(result.record.outcome for result in report.results)
    words = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    if not report.left:
        return f"{report.verb}: {many(len(report.results), 'dataset')}, {words}"
    done, total = len(report.results), len(report.results) + len(report.left)
    names = ", ".join(first_of((each.symbol for each in report.left), _NAMED))
    told = f" ({words})" if words else ""
    return (
        f"{report.verb} stopped, {report.stopped}: {done} of {total} done{told}, "
        f"{len(report.left)} left: {names}"
    )


def _table(report: RunReport) -> Table:
    named = (result.record.provider for result in report.results)
    providers = [name for name in dict.fromkeys(named) if name]
    several = len(providers) > 1
    source = f" from {', '.join(providers)}" if providers else ""
    title = f"{report.verb}{source}, as of {instant(report.as_of)}"
    headings = ("Dataset", *(("Provider",) if several else ()), "", "Change")
    return Table(
        headings=(*headings, "Bars>", "First", "Last", "Gaps"),
        rows=tuple(_row(result, several_providers=several) for result in report.results),
        title=title,
    )


def _row(result: UpdateResult, *, several_providers: bool) -> tuple[str, ...]:
    dataset, record = result.dataset, result.record
    return (
        str(dataset),
        *((record.provider,) if several_providers else ()),
        outcome_mark(record.outcome),
        change(record),
        count(result.rows),
        stamp(result.first, dataset.frequency),
        stamp(result.last, dataset.frequency),
        pending(result.gaps),
    )


def _notes(result: UpdateResult) -> Iterator[Note]:
    dataset, record = result.dataset, result.record
    name = dataset.symbol
    if record.error is not None:
        mark = outcome_mark(record.outcome if record.outcome == "failed" else "partial")
        yield Note(f"{mark} {name}: {record.error.message}", record.error.hint)
    if record.restatement is not None:
        yield Note(restated(dataset, record.restatement, result.rows))
    for note in record.notes:
        yield Note(f"{name}: {note}")
    yield from _revised(result)
    yield from _found(result)
    waiting = [gap for gap in result.gaps if gap.is_pending]
    for words in first_of(
        (gap_words(gap, dataset.frequency) + f" ({gap.state})" for gap in waiting), _SHOWN
    ):
        yield Note(f"{name}: {words}")


def _revised(result: UpdateResult) -> Iterator[Note]:
    record = result.record
    if record.restatement is not None or not record.revisions:
        return
    frequency = result.dataset.frequency
    words = (
        f"{each.column} of {stamp(each.stamp, frequency)} {each.old:.10g} → {each.new:.10g}"
        for each in record.revisions
    )
    yield Note(f"{result.dataset.symbol}: revised: {', '.join(first_of(words, _SHOWN))}")


def _found(result: UpdateResult) -> Iterator[Note]:
    hard = [finding for finding in result.findings if finding.is_hard]
    soft = [finding for finding in result.findings if not finding.is_hard]
    name, frequency = result.dataset.symbol, result.dataset.frequency
    for findings, what in ((hard, "not stored"), (soft, "stored, but suspect")):
        if findings:
            words = (_finding(each, frequency) for each in findings)
            line = "; ".join(first_of(words, _SHOWN))
            step = next((each.step for each in findings if each.step), "")
            yield Note(f"⚠️ {name}: {many(len(findings), 'row')} {what}: {line}", step)


def _finding(finding: Finding, frequency: Frequency) -> str:
    where = f"{stamp(finding.stamp, frequency)} " if finding.stamp is not None else ""
    return f"{where}{finding.detail} ({finding.rule})"


def _details(result: UpdateResult) -> Iterator[Block]:
    record, frequency = result.record, result.dataset.frequency
    spans = ", ".join(first_of((span_words(each, frequency) for each in record.spans), _NAMED))
    yield Lines(
        (
            Note(f"{result.dataset}: version {result.version}, {record.seconds:.2f} s"),
            Note(f"  before     {judgement(result.before)}"),
            Note(f"  after      {judgement(result.after)}"),
            Note(f"  requested  {spans or 'nothing'}"),
            Note(f"  written    {many(record.chunks_written, 'chunk')}"),
            Note(f"  overlap    {record.verdict or 'nothing was stored before'}"),
        )
    )
    yield Table(
        ("Run at", "Verb", "Provider", "Outcome", "Change", "Gaps>", "Seconds>", "Error"),
        tuple(_past(each) for each in reversed(result.history[-_HISTORY:])),
        title=f"last {many(min(len(result.history), _HISTORY), 'run')} of {result.dataset}",
    )


def _past(record: UpdateRecord) -> tuple[str, ...]:
    return (
        instant(record.at),
        record.verb,
        record.provider,
        f"{outcome_mark(record.outcome)} {record.outcome}",
        change(record),
        count(record.gaps_open),
        f"{record.seconds:.2f}",
        record.error.message if record.error is not None else "",
    )
