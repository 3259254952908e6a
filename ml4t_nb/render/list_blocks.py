"""What is stored, as a table and lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ml4t_nb.model import NextStep
from ml4t_nb.records import Summary
from ml4t_nb.render.alike_notes import Told, alike_notes
from ml4t_nb.render.format import count, currency_words, day, many, size, stamp
from ml4t_nb.render.layout import Block, Headline, Table, nothing_stored
from ml4t_nb.reports import ListReport

__all__ = ["list_blocks"]

_HEADINGS = ("Dataset", "Provider", "Bars>", "First", "Last", "Updated", "Size>", "Currency")


def list_blocks(report: ListReport) -> Iterator[Block]:
    """A row for each dataset, then what is to be said of some."""
    if not report.datasets:
        yield nothing_stored(report.home)
        return
    if len(report.datasets) > 1:
        yield _headline(report.datasets)
    # Few providers say it: a column of blanks would say nothing.
    shown = len(_HEADINGS) - (not any(each.currency for each in report.datasets))
    yield Table(_HEADINGS[:shown], tuple(_stored(each)[:shown] for each in report.datasets))
    told = [each for summary in report.datasets for each in _remarks(summary, report.archive)]
    yield list(alike_notes(told, report.home))


def _headline(datasets: Sequence[Summary]) -> Headline:
    bars = many(sum(each.rows for each in datasets), "bar")
    about = [size(sum(each.bytes for each in datasets))]
    about += [f"from {', '.join(dict.fromkeys(each.provider for each in datasets))}"]
    return Headline(f"{many(len(datasets), 'dataset')}, {bars}", " · ".join(about))


def _stored(summary: Summary) -> tuple[str, ...]:
    frequency = summary.dataset.frequency
    return (
        str(summary.dataset),
        summary.provider,
        count(summary.rows),
        stamp(summary.first, frequency),
        stamp(summary.last, frequency),
        day(summary.updated),
        size(summary.bytes),
        currency_words(summary.currency),
    )


def _remarks(summary: Summary, archive: Path | None) -> Iterator[Told]:
    of = summary.dataset
    if summary.damage:
        yield Told(of, "❌ ", summary.damage)
    if summary.last_error:
        yield Told(of, "⚠️ ", f"the last run failed: {summary.last_error}")
    if summary.suspect:
        what = f"{many(summary.suspect, 'finding')} to decide: {summary.finding}"
        yield Told(of, "⚠️ ", what, NextStep("review", of))
    if summary.gaps_open:
        lacking = many(summary.missing, "bar")
        yield Told(of, "⚠️ ", f"{many(summary.gaps_open, 'gap')} open, {lacking} missing")
    if summary.filled:
        yield Told(of, "", f"{many(summary.filled, 'bar')} made by filling")
    if summary.archived:
        where = ""
        if summary.apart:
            number = "" if summary.apart == summary.archived else f", {summary.apart:,} of them"
            where = f"{number} in {archive or 'the archive, which is not known'}"
        yield Told(of, "", f"{many(summary.archived, 'bar')} archived{where}")
