"""Datasets, gaps and what a provider changed: as rows to choose from, and as tables to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ml4t_nb.model import Frequency, Gap
from ml4t_nb.records import Revision, Summary, UpdateRecord, Verdict
from ml4t_nb.render.format import count, instant, labelled, many, plain, ratio, stamp, stamp_in
from ml4t_nb.render.layout import Block, Headline, Note, Table
from ml4t_nb.render.report_blocks import blocks
from ml4t_nb.reports import GapsReport

__all__ = [
    "besides_blocks", "dataset_row", "gap_rows", "kept_blocks", "revision_blocks",
    "revision_title",
]  # fmt: skip

_HEADING = ("First", "Last", "Missing", "State", "Filled", "Why")
_SIDES = "<<><<"  # of all but the last
_KEPT = 100
_LOGGED_REVISIONS = 100
_MEANINGS: dict[Verdict, str] = {
    "same": "the provider returned the stored values again",
    "corrected": "the provider corrected values; the new ones are stored",
    "restated": "the provider moved the whole history to another basis",
    "suspicious": "the reply contradicts the stored bars",
    "insufficient": "too few bars in common to compare",
}
_SPACE = "\u00a0"  # a list of a browser makes one of several plain blanks


def dataset_row(summary: Summary) -> str:
    """A dataset, and whether something is to be done about it."""
    name = plain(labelled(summary.dataset, summary.provider))
    if summary.damage:
        return f"{name}: damaged"
    if not summary.gaps_open:
        return f"{name}: no gap open"
    return f"{name}: {many(summary.gaps_open, 'gap')} open, {many(summary.missing, 'bar')} missing"


def gap_rows(gaps: Sequence[Gap], frequency: Frequency, zone: str) -> tuple[str, list[str]]:
    """A heading and a row for each gap, in columns of characters of one width.

    Its times are those of ``zone``, as on the plot's axis.
    """
    table = [_HEADING, *(_cells(gap, frequency, zone) for gap in gaps)]
    *widths, _ = (max(map(len, column)) for column in zip(*table, strict=True))
    columns = (f"{{:{side}{width}}}  " for side, width in zip(_SIDES, widths, strict=True))
    line = "".join((*columns, "{}"))
    heading, *rows = (line.format(*row).rstrip() for row in table)
    return heading, [row.replace(" ", _SPACE) for row in rows]


def _cells(gap: Gap, frequency: Frequency, zone: str) -> tuple[str, ...]:
    start, end = (stamp_in(each, frequency, zone) for each in (gap.start, gap.end))
    date, _, clock = end.partition(" ")
    why = gap.error or gap.reason or ("left open on request" if gap.is_left_open else "")
    why = why or ("its bars were rejected" if gap.state == "rejected" else "")
    return (
        start,
        clock if clock and start.startswith(date) else end,
        count(gap.missing),
        gap.state,
        gap.filled_by or "-",
        plain(" ".join(why.split())),
    )


def kept_blocks(report: GapsReport) -> Iterator[Block]:
    """Gaps of one dataset as a saved notebook keeps them: of thousands, the first hundred."""
    (listed,) = report.datasets
    kept = replace(report, datasets=(replace(listed, gaps=listed.gaps[:_KEPT]),))
    # A headline would count those that are kept.
    yield from (each for each in blocks(kept) if not isinstance(each, Headline))
    more = len(listed.gaps) - _KEPT
    if more > 0:
        yield [Note(f"and {many(more, 'more gap')}")]


def besides_blocks(report: GapsReport) -> Iterator[Block]:
    """Spans that were never answered; if there are no gaps either, that there are none."""
    (listed,) = report.datasets
    if listed.unanswered or not listed.gaps:
        yield from blocks(replace(report, datasets=(replace(listed, gaps=()),)))


def revision_title(record: UpdateRecord | None) -> str:
    """That versions are there, and the verdict in a few words."""
    if record is None or record.verdict is None:
        return "Versions, and what the provider changed last: nothing was compared"
    changed = f", {many(len(record.revisions), 'value')}" if record.revisions else ""
    return f"Versions, and what the provider changed last: {record.verdict}{changed}"


def revision_blocks(record: UpdateRecord | None, frequency: Frequency) -> Iterator[Block]:
    """The run, its verdict, and every value that changed, old and new."""
    if record is None:
        yield [Note("no recorded run fetched bars from the provider")]
        return
    yield list(_notes(record))
    if record.revisions:
        rows = tuple(_row(each, frequency, record.verdict) for each in record.revisions)
        yield Table(("Bar", "Field", "Old>", "New>", "Change>", "Verdict"), rows)


def _notes(record: UpdateRecord) -> Iterator[Note]:
    run = f"last run ({record.verb}) as of {instant(record.at)}, provider {record.provider}"
    if record.verdict is None:
        yield Note(f"{run}: nothing was stored before, so nothing was compared")
    else:
        replaced = record.verdict in ("suspicious", "insufficient") and record.outcome != "failed"
        what = f"{record.verdict}: {_MEANINGS[record.verdict]}"
        yield Note(f"{run}: {what}{'; it was replaced' if replaced else ''}")
    if record.restatement is not None:
        splits = record.restatement.splits
        days = (f"{ratio(value)} on {stamp(day, 'daily')}" for day, value in splits)
        why = ", ".join(days) or "the provider reports none"
        what = f"restated {ratio(record.restatement.ratio)} (splits: {why})"
        yield Note(f"{what}; old values are shown on the new basis")
    if record.error is not None:
        yield Note(f"failed: {record.error.message}", record.error.hint)
    if len(record.revisions) >= _LOGGED_REVISIONS:
        changed = many(record.revised, "bar")
        yield Note(f"{changed} changed; a history keeps the first {_LOGGED_REVISIONS} values")


def _row(revision: Revision, frequency: Frequency, verdict: Verdict | None) -> tuple[str, ...]:
    return (
        stamp(revision.stamp, frequency),
        revision.column,
        f"{revision.old:.10g}",
        f"{revision.new:.10g}",
        f"{(revision.new / revision.old - 1) * 100:+.4g} %" if revision.old else "-",
        verdict or "-",
    )
