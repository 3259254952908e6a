"""What a dataset has of each day of its history, as spans that a row of the board draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Literal, TypeAlias

from ml4t_nb.errors import Ml4tError
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Gap, bar_length
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask
from ml4t_nb.notebook.panels.repair import remedy_of
from ml4t_nb.records import Health
from ml4t_nb.render.format import count, many
from ml4t_nb.reports import GapsReport, ReviewReport

__all__ = ["SpanKind", "Strip", "day_number", "merged", "strip_of", "strips_of"]

SpanKind: TypeAlias = Literal["absent", "filled", "gap", "suspect"]
"""What is not simply stored, the worst last: it is drawn over the others.

``absent`` is what the provider has not, or a person rejected: nothing more can be asked for.
"""

DaySpan: TypeAlias = tuple[int, int]
"""Days since 1970, the end exclusive."""

_EPOCH = date(1970, 1, 1).toordinal()
# A strip is at most some hundreds of pixels wide.
_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Strip:
    """Spans of days by kind, and the sentence that says the same."""

    spans: tuple[tuple[SpanKind, tuple[DaySpan, ...]], ...]
    words: str


def day_number(moment: datetime, zone: tzinfo = UTC) -> int:
    """The days from 1970 to the date of an instant there."""
    return moment.astimezone(zone).date().toordinal() - _EPOCH


def strips_of(
    datasets: Sequence[Health], *, days: int, shared: Arguments = NO_ARGUMENTS
) -> dict[DatasetId, Strip]:
    """Strips of these datasets, all drawn on a scale of so many days.

    One that cannot be read has nothing but its range.
    """
    found = {each.dataset: strip_of(each, (), (), days=days) for each in datasets}
    by_kind: dict[tuple[str, str], dict[DatasetId, Health]] = {}
    for each in datasets:
        if each.state != "error" or remedy_of(each) == "update":
            kind = each.dataset.asset_class, each.dataset.frequency
            by_kind.setdefault(kind, {})[each.dataset] = each
    for (asset_class, frequency), held in by_kind.items():
        names = tuple(each.symbol for each in held)
        given = {**shared, "symbol": names, "asset_class": asset_class, "frequency": frequency}
        try:
            listed = ask(GapsReport, "gaps", all=True, **given).datasets
            doubts = ask(ReviewReport, "review", **given).datasets
        except Ml4tError:
            continue  # one was removed meanwhile: the board is about to be read again
        findings = {each.dataset: each.findings for each in doubts}
        for each_of in listed:
            if (health := held.get(each_of.dataset)) is not None:
                doubted = findings.get(health.dataset, ())
                found[health.dataset] = strip_of(health, each_of.gaps, doubted, days=days)
    return found


def strip_of(
    health: Health, gaps: Iterable[Gap], findings: Iterable[Finding], *, days: int
) -> Strip:
    """The strip of one dataset."""
    zone = UTC if bar_length(health.dataset.frequency) is None else _zone_of(health)
    longer = 6 if health.dataset.frequency == "weekly" else 0

    def span(first: datetime, last: datetime) -> DaySpan:
        return day_number(first, zone), day_number(last, zone) + longer + 1

    spans: dict[SpanKind, list[DaySpan]] = {"absent": [], "filled": [], "gap": [], "suspect": []}
    missing = dict.fromkeys(spans, 0)
    for gap in gaps:
        if (kind := _kind(gap)) is not None:
            spans[kind].append(span(gap.start, gap.end))
            missing[kind] += gap.missing
    for each in findings:
        if each.stamp is not None and each.is_to_decide:
            spans["suspect"].append(span(each.stamp, each.end or each.stamp))
    step = max(days // _STEPS, 1)
    drawn = tuple((kind, merged(held, step)) for kind, held in spans.items() if held)
    numbers = {kind: len(held) for kind, held in spans.items()}
    return Strip(drawn, _words(health, numbers, missing, zone))


def merged(spans: Iterable[DaySpan], step: int) -> tuple[DaySpan, ...]:
    """The spans in order, those joined that no pixel would keep apart."""
    found: list[DaySpan] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] < step:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


def _kind(gap: Gap) -> SpanKind | None:
    if gap.filled_by is not None:
        return "filled"
    if gap.is_pending:
        return "gap"
    return None if gap.state == "closed" else "absent"


def _zone_of(health: Health) -> tzinfo:
    return UTC if health.due is None else health.due.tzinfo or UTC


def _words(
    health: Health, numbers: dict[SpanKind, int], missing: dict[SpanKind, int], zone: tzinfo
) -> str:
    if health.first is None or health.last is None:
        return "no bars"
    first, last = (each.astimezone(zone).date() for each in (health.first, health.last))
    return "; ".join(
        (f"{count(health.rows)} bars from {first} to {last}", *_more(health, numbers, missing))
    )


def _more(
    health: Health, numbers: dict[SpanKind, int], missing: dict[SpanKind, int]
) -> Iterator[str]:
    if numbers["suspect"]:
        yield f"{many(numbers['suspect'], 'finding')} to decide"
    if numbers["gap"]:
        yield f"{many(missing['gap'], 'bar')} missing in {many(numbers['gap'], 'gap')}"
    if numbers["filled"]:
        yield f"{many(missing['filled'], 'bar')} filled"
    if numbers["absent"]:
        yield f"{many(missing['absent'], 'bar')} that nobody has"
    if health.sessions_behind:
        yield f"{many(health.sessions_behind, 'session')} due"
