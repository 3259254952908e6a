"""What a provider changed in the bars that the last run asked for again."""

from __future__ import annotations

from collections.abc import Iterator

from ml4t_nb.model import Frequency
from ml4t_nb.records import Restatement, Revision, UpdateRecord, Verdict
from ml4t_nb.render.format import instant, many, ratio, stamp
from ml4t_nb.render.layout import Block, Note, Table

__all__ = ["revision_blocks", "revision_title"]

_KEPT = 100
_MEANINGS: dict[Verdict, str] = {
    "same": "the provider returned the stored values again",
    "corrected": "the provider corrected values; the new ones are stored",
    "restated": "the provider moved the whole history to another basis",
    "suspicious": "the answer contradicts what was stored",
    "insufficient": "too few bars in common to compare",
}


def revision_title(record: UpdateRecord | None) -> str:
    """The verdict in a few words."""
    if record is None or record.verdict is None:
        return "What the provider changed last: nothing was compared"
    changed = f", {many(len(record.revisions), 'value')}" if record.revisions else ""
    return f"What the provider changed last: {record.verdict}{changed}"


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
        yield Note(_restated(record.restatement))
    if record.error is not None:
        yield Note(f"❌ {record.error.message}", record.error.hint)
    if len(record.revisions) >= _KEPT:
        changed = many(record.revised, "bar")
        yield Note(f"{changed} changed; a history keeps the first {_KEPT} values")


def _restated(restatement: Restatement) -> str:
    days = (f"{ratio(value)} on {stamp(day, 'daily')}" for day, value in restatement.splits)
    why = ", ".join(days) or "the provider reports none"
    return (
        f"restated {ratio(restatement.ratio)} (splits: {why}); old values are shown on the new "
        "basis"
    )


def _row(revision: Revision, frequency: Frequency, verdict: Verdict | None) -> tuple[str, ...]:
    return (
        stamp(revision.stamp, frequency),
        revision.column,
        f"{revision.old:.10g}",
        f"{revision.new:.10g}",
        f"{(revision.new / revision.old - 1) * 100:+.4g} %" if revision.old else "-",
        verdict or "-",
    )
