"""The report of ``load`` and ``update`` as tables and lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ml4t_nb.finding import Finding
from ml4t_nb.hints import at_home
from ml4t_nb.model import Frequency, Gap, NextStep
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render.folding import FEW
from ml4t_nb.render.format import (
    OUTCOME_MARKS,
    change_words,
    count,
    first_of,
    gap_words,
    instant,
    judgement,
    many,
    past_words,
    restated_words,
    span_words,
    stamp,
)
from ml4t_nb.render.layout import (
    Block,
    Folded,
    Headline,
    NextCommands,
    Note,
    Table,
    none_is_due,
    nothing_stored,
)
from ml4t_nb.render.notify_blocks import delivery_notes, undelivered_notes
from ml4t_nb.render.run_groups import again, cost_words, run_commands, run_groups, run_headline
from ml4t_nb.reports import ActionReport, GapsReport, RunReport

__all__ = ["absent_notes", "listing_blocks", "news", "run_blocks", "stopped_line"]

_SHOWN = 3
_NAMED = 8
_HISTORY = 10
_HEADINGS = ("What happened", "Datasets", "Bars>", "Last>")
_MEMBERS = ("to_frame()", "failed", "changed")


def listing_blocks(report: ActionReport, headline: Headline, table: Table) -> Iterator[Block]:
    """What was done about what is listed, or a sentence about it if it is much; then its rows."""
    if report.run is not None:
        yield from run_blocks(report.run)
    elif len(report.datasets) + len(report.failed) > 1 or len(table.rows) > 1:
        yield headline
    if table.rows:
        yield table


def run_blocks(report: RunReport) -> Iterator[Block]:
    """A row for each dataset, or of many for each cause, and what there is to say about some."""
    number = len(report.results) + len(report.left)
    if not number:
        yield _nothing_done(report)
        return
    table = _table(report)
    if number == 1 and report.results:
        yield table
    else:
        yield run_headline(report)
        table = replace(table, title="")
    if number > FEW:
        yield Folded(_HEADINGS, run_groups(report), number, table, _MEMBERS)
        yield list(absent_notes(report))
        if commands := run_commands(report):
            yield NextCommands(commands)
    else:
        if report.results and number > 1:
            yield table
        notes = [note for result in report.results for note in _notes(result, report.home)]
        yield [*notes, *absent_notes(report)]
    yield list(delivery_notes(report))
    if report.left and number <= FEW:
        yield [*_not_reached(report)]
    elif report.left and report.verb != "update":
        # What an update types next is among the commands.
        yield [Note(f"{many(len(report.left), 'dataset')} not reached", again(report))]
    if report.detailed:
        for result in report.results:
            yield from _details(result)


def _nothing_done(report: RunReport) -> list[Note]:
    if report.stopped:
        return [Note(f"{report.verb}: {report.stopped}")]
    if report.waiting:
        return none_is_due(report.waiting, report.next_due)
    return nothing_stored(report.home)


def news(report: RunReport) -> Iterator[Note]:
    """What a run found that the next will not repeat, and who could not be told about it."""
    for result in report.results:
        yield from _restated(result)
        if result.record.filled:
            yield Note(f"{result.dataset.symbol}: {many(result.record.filled, 'bar')} filled")
        yield from _found(result, report.home)
    yield from absent_notes(report)
    yield from undelivered_notes(report)


def absent_notes(report: RunReport | GapsReport) -> Iterator[Note]:
    """Sessions that no dataset of an exchange has, and how to declare that it was closed."""
    declare = f"if so, set {report.declaration}: these days are then not gaps"
    for each in report.absent:
        yield Note(
            f"⚠️ {each.calendar}: none of {each.datasets} datasets has a bar of {each.session}: "
            "was the exchange closed?",
            declare if each is report.absent[-1] else "",
        )


def _not_reached(report: RunReport) -> Iterator[Note]:
    """Who was not reached, and where providers had reasons of their own, why."""
    by_reason = report.left_by_reason
    for reason, datasets in by_reason.items():
        names = ", ".join(each.symbol for each in datasets)
        why = f" ({reason})" if len(by_reason) > 1 else ""
        is_last = datasets[-1] is [*by_reason.values()][-1][-1]
        yield Note(f"not reached: {names}{why}", again(report) if is_last else "")


def stopped_line(report: RunReport) -> str:
    """A run that ended early in one sentence: why, what became of how many, who was not reached."""
    names = ", ".join(first_of((each.symbol for each in report.left), _NAMED))
    return f"{report.verb} stopped, {report.stopped}; {run_headline(report).text}: {names}"


def _table(report: RunReport) -> Table:
    named = (result.record.provider for result in report.results)
    providers = [name for name in dict.fromkeys(named) if name]
    source = f" from {', '.join(providers)}" if providers else ""
    headings = ("Dataset", "Provider", "", "Change", "Bars>", "First", "Last", "Gaps")
    rows = [headings, *map(_row, report.results)]
    if len(providers) <= 1:
        rows = [(dataset, *others) for dataset, _, *others in rows]
    if report.verb == "sync":
        verbs = ("Run", *(each.record.verb for each in report.results))
        rows = [(row[0], run, *row[1:]) for row, run in zip(rows, verbs, strict=True)]
    # What nothing was requested for takes no time worth a word.
    cost = f" · {cost_words(report)}" if report.requests else ""
    title = f"{report.verb}{source}, as of {instant(report.as_of)}{cost}"
    return Table(rows[0], tuple(rows[1:]), title)


def _row(result: UpdateResult) -> tuple[str, ...]:
    dataset, record = result.dataset, result.record
    return (
        str(dataset),
        record.provider,
        OUTCOME_MARKS[record.outcome],
        change_words(record),
        count(result.rows),
        stamp(result.first, dataset.frequency),
        stamp(result.last, dataset.frequency),
        _pending(result.gaps),
    )


def _pending(gaps: Iterable[Gap]) -> str:
    """How many gaps wait, and how many bars they lack."""
    waiting = [gap for gap in gaps if gap.is_pending]
    if not waiting:
        # The provider has none of a confirmed gap's bars: nothing waits, and yet they are missing.
        is_whole = all(gap.filled_by or gap.state == "closed" for gap in gaps)
        return "none" if is_whole else "none open"
    return f"{len(waiting):,} ({many(sum(gap.missing for gap in waiting), 'bar')})"


def _notes(result: UpdateResult, home: Path | None) -> Iterator[Note]:
    record, frequency = result.record, result.dataset.frequency
    name = result.dataset.symbol
    if record.error is not None:
        mark = OUTCOME_MARKS[record.outcome if record.outcome == "failed" else "partial"]
        yield Note(f"{mark} {name}: {record.error.message}", record.error.hint)
    yield from _restated(result)
    for note in record.notes:
        yield Note(f"{name}: {note}")
    if record.revisions and record.restatement is None:
        revised = (
            f"{each.column} of {stamp(each.stamp, frequency)} {each.old:.10g} → {each.new:.10g}"
            for each in record.revisions
        )
        words = f"{name}: revised: {', '.join(first_of(revised, _SHOWN))}"
        yield Note(words, changed=result.dataset)
    yield from _found(result, home)
    waiting = (
        f"{gap_words(gap, frequency)} ({gap.state})" for gap in result.gaps if gap.is_pending
    )
    for words in first_of(waiting, _SHOWN):
        yield Note(f"{name}: {words}")


def _restated(result: UpdateResult) -> Iterator[Note]:
    """What a restatement did, and why."""
    restatement = result.record.restatement
    if restatement is None:
        return
    kept = f", {many(restatement.kept, 'bar')} kept that the provider no longer has"
    yield Note(
        f"{result.dataset.symbol}: {restated_words(restatement)}: history replaced, "
        f"{many(result.rows, 'bar')}{kept if restatement.kept else ''}",
        changed=result.dataset,
    )


def _found(result: UpdateResult, home: Path | None) -> Iterator[Note]:
    """What the run found, and below the last of it how to decide."""
    notes = list(_findings_of(result))
    if notes and not notes[-1].step and any(each.is_to_decide for each in result.findings):
        step = NextStep("review", result.dataset)
        notes[-1] = replace(notes[-1], step=step if home is None else at_home(step, home))
    yield from notes


def _findings_of(result: UpdateResult) -> Iterator[Note]:
    name, frequency = result.dataset.symbol, result.dataset.frequency
    of_bars = [each for each in result.findings if each.stamp is not None or each.is_hard]
    for finding in result.findings:
        if finding not in of_bars:
            yield Note(f"⚠️ {name}: {finding.detail}", finding.step or "")
    for is_hard, what in ((True, "not stored"), (False, "stored, but suspect")):
        findings = [finding for finding in of_bars if finding.is_hard is is_hard]
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
    facts = (
        f"{result.dataset}: version {result.version}, {record.seconds:.2f} s",
        f"  before     {judgement(result.before)}",
        f"  after      {judgement(result.after)}",
        f"  requested  {spans or 'nothing'}",
        f"  written    {many(record.chunks_written, 'chunk')}",
        f"  overlap    {record.verdict or 'nothing was stored before'}",
    )
    yield list(map(Note, facts))
    last = result.history[-_HISTORY:]
    yield Table(
        ("Run at", "Verb", "Provider", "Outcome", "Change", "Gaps>", "Seconds>", "Error"),
        tuple(_past(each) for each in reversed(last)),
        title=f"last {many(len(last), 'run')} of {result.dataset}",
    )


def _past(record: UpdateRecord) -> tuple[str, ...]:
    return (
        instant(record.at),
        record.verb,
        record.provider,
        f"{OUTCOME_MARKS[record.outcome]} {record.outcome}",
        past_words(record),
        count(record.gaps_open),
        f"{record.seconds:.2f}",
        record.error.message if record.error is not None else "",
    )
