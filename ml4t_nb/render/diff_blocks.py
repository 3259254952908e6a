"""How two versions of a dataset differ, as tables and lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ml4t_nb.model import Frequency
from ml4t_nb.records import Restatement
from ml4t_nb.render.format import (
    count,
    first_of,
    gap_words,
    instant,
    many,
    restated_words,
    stamp,
    stamp_range,
)
from ml4t_nb.render.layout import Block, Note, Table
from ml4t_nb.version_diff import VersionDiff

__all__ = ["diff_blocks"]

_SHOWN = 5
_WORDS = {"added": "added", "removed": "taken out", "replaced": "changed"}


def diff_blocks(diff: VersionDiff) -> Iterator[Block]:
    """The bars that differ, by kind and by column, and what explains it."""
    title = (
        f"{diff.dataset}: from version {_version(diff.before, diff.before_at)} "
        f"to version {_version(diff.after, diff.after_at)}"
    )
    if diff.is_empty:
        yield [Note(f"{title}: nothing changed")]
        return
    frequency = diff.dataset.frequency
    if diff.changes:
        rows = [
            (
                _WORDS[each.change],
                count(each.bars),
                stamp(each.first, frequency),
                stamp(each.last, frequency),
            )
            for each in diff.changes
        ]
        yield Table(("Bars", "Number>", "First", "Last"), tuple(rows), title)
    else:
        yield [Note(f"{title}: the same bars")]
    yield [*_restated(diff, frequency)]
    if diff.columns:
        rows_of = [
            (
                each.column,
                count(each.bars),
                stamp(each.stamp, frequency),
                f"{each.before:.10g}",
                f"{each.after:.10g}",
                "" if each.share is None else f"{each.share:+.2%}",
            )
            for each in diff.columns
        ]
        whole = "The largest change by column" + (", restatement aside" if diff.restated else "")
        headings = ("Column", "Bars>", "At", "Before>", "After>", "Apart>")
        yield Table(headings, tuple(rows_of), whole)
    yield [*_config(diff), *_gaps(diff, frequency)]


def _version(number: int, at: datetime | None) -> str:
    return f"{number}" if at is None else f"{number} of {instant(at)}"


def _restated(diff: VersionDiff, frequency: Frequency) -> Iterator[Note]:
    if not diff.restated:
        return
    whole = Restatement(1 / diff.restated[0].factor, diff.splits)
    yield Note(restated_words(whole))
    for each in diff.restated:
        where = stamp_range(each.first, each.last, frequency)
        bars = many(each.bars, "bar")
        yield Note(f"{where}: all prices of {bars} are {each.factor:.10g} times as high")


def _config(diff: VersionDiff) -> Iterator[Note]:
    for each in diff.config:
        yield Note(f"{each.name.replace('_', ' ')}: {each.before} → {each.after}")


def _gaps(diff: VersionDiff, frequency: Frequency) -> Iterator[Note]:
    for gaps, what in ((diff.gaps_added, "new"), (diff.gaps_removed, "not there any more")):
        if gaps:
            words = (f"{gap_words(each, frequency)} ({each.state})" for each in gaps)
            shown = "; ".join(first_of(words, _SHOWN))
            yield Note(f"{many(len(gaps), 'gap')} {what}: {shown}")
