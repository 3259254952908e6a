"""Gaps and what can be done about them, as tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ml4t_nb.model import Frequency, Gap, NextStep
from ml4t_nb.render.alike_notes import Told, alike_notes, unread_notes
from ml4t_nb.render.folding import FEW, one_command
from ml4t_nb.render.format import count, first_of, labelled, many, span_words, stamp
from ml4t_nb.render.layout import Block, Headline, Note, Table, nothing_stored
from ml4t_nb.render.run_blocks import absent_notes, listing_blocks
from ml4t_nb.reports import GapsReport

__all__ = ["gap_blocks"]

_HEADINGS = ("Dataset", "First", "Last", "Missing>", "State", "Requests>", "Next")
_NAMED = 8


def gap_blocks(report: GapsReport) -> Iterator[Block]:
    """What was done, a row for each gap, then what else there is to say."""
    number = len(report.datasets) + len(report.failed)
    if not number:
        yield nothing_stored(report.home)
        return
    rows = [
        (labelled(each.dataset, each.provider), *_gap(gap, each.dataset.frequency))
        for each in report.datasets
        for gap in each.gaps
    ]
    yield from listing_blocks(report, _headline(report), Table(_HEADINGS, rows))
    told = [
        Told(
            each.dataset,
            "⚠️ ",
            f"{span_words(failed.span, each.dataset.frequency)} was requested "
            f"{many(failed.attempts, 'time')} without a reply: {failed.error}",
            NextStep("update", each.dataset),
        )
        for each in report.datasets
        for failed in each.unanswered
    ]
    yield list(alike_notes(told, report.home))
    yield list(absent_notes(report))
    yield list(unread_notes(report.failed, report.home))
    yield list(_suspect(report))
    if number <= FEW:
        yield [
            Note(f"✅ {labelled(each.dataset, each.provider)}: {_nothing(report)}")
            for each in report.datasets
            if not each.gaps and not each.unanswered
        ]


def _headline(report: GapsReport) -> Headline:
    """How many gaps of how many datasets, by state."""
    number = len(report.datasets) + len(report.failed)
    having = [each for each in report.datasets if each.gaps]
    gaps = [gap for each in having for gap in each.gaps]
    whole = many(number, "dataset")
    about = [f"{many(len(report.failed), 'dataset')} not readable"] * bool(report.failed)
    if not gaps:
        return Headline(f"{whole}: {_nothing(report)}", " · ".join(about))
    states = Counter(gap.state for gap in gaps)
    counted = ", ".join(f"{each:,} {state}" for state, each in states.most_common())
    lacking = sum(gap.missing for gap in gaps if gap.filled_by is None and gap.state != "closed")
    filled = sum(gap.missing for gap in gaps if gap.filled_by is not None)
    about.insert(0, f"{many(lacking, 'bar')} missing")
    about[1:1] = [f"{many(filled, 'bar')} filled"] * bool(filled)
    where = whole if len(having) == number else f"{len(having):,} of {whole}"
    return Headline(f"{many(len(gaps), 'gap')} in {where}: {counted}", " · ".join(about))


def _nothing(report: GapsReport) -> str:
    return "no gaps" if report.every else "no open gaps"


def _suspect(report: GapsReport) -> Iterator[Note]:
    """In one line, how many findings wait for a decision, which gaps are not."""
    doubted = [each for each in report.datasets if each.suspect]
    if not doubted:
        return
    names = ", ".join(first_of((each.dataset.symbol for each in doubted), _NAMED))
    steps = ((each.dataset, NextStep("review", each.dataset)) for each in doubted)
    step = one_command(steps, report.home)
    number = many(sum(each.suspect for each in doubted), "finding")
    yield Note(f"⚠️ {names}: {number} to decide", step)


def _gap(gap: Gap, frequency: Frequency) -> tuple[str, ...]:
    start, end = stamp(gap.start, frequency), stamp(gap.end, frequency)
    state = gap.state if gap.filled_by is None else f"{gap.state}, filled {gap.filled_by}"
    return (start, end, count(gap.missing), state, count(gap.attempts), "; ".join(_next(gap)))


def _next(gap: Gap) -> Iterator[str]:
    """What was the matter, and what can be done about it."""
    if gap.error:
        yield gap.error
    match gap.state:
        case "closed":
            yield gap.reason
        case "confirmed":
            yield (
                "the provider has no bars: --refetch requests them anyway, "
                "--close REASON closes the gap"
            )
        case "rejected":
            yield (
                "its bars were rejected: reconcile takes them from another provider, "
                "undo puts them back, --refill METHOD fills it"
            )
        case _ if gap.is_left_open:
            yield "left open: update requests the bars again, --refill METHOD fills it"
        case _:
            fills = "" if gap.filled_by else ", and fills the gap if it is short"
            yield f"update requests the bars again{fills}"
