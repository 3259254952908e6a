"""Datasets and gaps as rows to choose from, and as tables to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from ml4t_nb.model import Frequency, Gap, bar_length
from ml4t_nb.records import Summary
from ml4t_nb.render.format import count, labelled, many, plain, stamp
from ml4t_nb.render.layout import Block, Note
from ml4t_nb.render.report_blocks import blocks
from ml4t_nb.reports import GapsReport

__all__ = [
    "HEADING",
    "besides_blocks",
    "by_need",
    "dataset_row",
    "gap_rows",
    "kept_blocks",
    "local_words",
]

HEADING = ("First", "Last", "Missing", "State", "Filled", "Why")
_KEPT = 100
_SPACE = "\u00a0"  # a list of a browser makes one of several plain blanks


def by_need(stored: Iterable[Summary]) -> list[Summary]:
    """Datasets with pending gaps first, then by name."""
    return sorted(stored, key=lambda each: (not each.gaps_open, each.dataset))


def dataset_row(summary: Summary) -> str:
    """A dataset, and whether something is to be done about it."""
    name = plain(labelled(summary.dataset, summary.provider))
    if summary.damage:
        return f"{name}: damaged"
    if not summary.gaps_open:
        return f"{name}: no gap open"
    return f"{name}: {many(summary.gaps_open, 'gap')} open, {many(summary.missing, 'bar')} missing"


def gap_rows(gaps: Sequence[Gap], frequency: Frequency) -> tuple[str, list[str]]:
    """A heading and a row for each gap, in columns of characters of one width."""
    table = [HEADING, *(_cells(gap, frequency) for gap in gaps)]
    widths = [max(len(row[at]) for row in table) for at in range(len(HEADING) - 1)]
    heading, *rows = (
        "".join(
            f"{cell.rjust(wide) if at == HEADING.index('Missing') else cell.ljust(wide)}  "
            for at, (cell, wide) in enumerate(zip(row, (*widths, 0), strict=True))
        ).rstrip()
        for row in table
    )
    return heading, [row.replace(" ", _SPACE) for row in rows]


def local_words(gap: Gap, frequency: Frequency, zone: str) -> str:
    """Where a gap within a session is on the plot's axis, which is in the calendar's own time."""
    if bar_length(frequency) is None:
        return ""
    start, end = (each.astimezone(ZoneInfo(zone)) for each in (gap.start, gap.end))
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"in the plot: {start:%Y-%m-%d %H:%M} … {last}, {zone}"


def _cells(gap: Gap, frequency: Frequency) -> tuple[str, ...]:
    start, end = stamp(gap.start, frequency), stamp(gap.end, frequency)
    date, _, clock = end.partition(" ")
    why = gap.error or gap.reason or ("left open on request" if gap.is_left_open else "")
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
    yield from blocks(replace(report, datasets=(replace(listed, gaps=listed.gaps[:_KEPT]),)))
    more = len(listed.gaps) - _KEPT
    if more > 0:
        yield [Note(f"and {many(more, 'more gap')}")]


def besides_blocks(report: GapsReport) -> Iterator[Block]:
    """Spans that were never answered; if there are no gaps either, that there are none."""
    (listed,) = report.datasets
    if listed.unanswered or not listed.gaps:
        yield from blocks(replace(report, datasets=(replace(listed, gaps=()),)))
