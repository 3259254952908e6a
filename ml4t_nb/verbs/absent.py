"""Whether an exchange was closed on a day that none of its datasets has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown, DatasetNotFound, StoreError
from ml4t_nb.model import Closure, DatasetId, Span
from ml4t_nb.records import AbsentSession, Summary

if TYPE_CHECKING:
    from ml4t_nb.core.absent import Holding
    from ml4t_nb.workspace import Workspace

__all__ = ["absent", "declaration", "doubted"]


def absent(ws: Workspace) -> tuple[AbsentSession, ...]:
    """Sessions that no dataset of a calendar has, and that nobody has declared closed."""
    return tuple(each for _, found in _by_calendar(ws) for each in found)


def doubted(ws: Workspace) -> dict[DatasetId, tuple[Span, ...]]:
    """Where a dataset's gaps may be days on which its exchange was closed."""
    from ml4t_nb.core.calendars import calendar

    spans: dict[DatasetId, tuple[Span, ...]] = {}
    for summaries, found in _by_calendar(ws):
        for each in summaries if found else ():
            dates = calendar(each.calendar, ws.settings.closures)
            days = (day.session for day in found)
            spans[each.dataset] = tuple(
                dates.span(day, day, each.dataset.frequency) for day in days
            )
    return spans


def declaration(ws: Workspace, found: Sequence[AbsentSession]) -> str:
    """The setting that declares those closures, and what is declared already."""
    closures = [*ws.settings.closures, *(Closure(each.calendar, each.session) for each in found)]
    words = (f"{each.calendar}:{'+' if each.is_open else ''}{each.day}" for each in closures)
    return f"ML4T_DATA_CLOSURES={','.join(words)}"


def _by_calendar(
    ws: Workspace,
) -> Iterator[tuple[Sequence[Summary], tuple[AbsentSession, ...]]]:
    from ml4t_nb.core.absent import absent_sessions
    from ml4t_nb.core.calendars import calendar

    ordered = sorted(ws.store.summaries(), key=lambda each: each.calendar)
    for name, group in groupby(ordered, key=lambda each: each.calendar):
        summaries = [each for each in group if each.dataset.frequency != "weekly"]
        if not _may_lack_a_session(summaries):
            continue
        try:
            dates = calendar(name, ws.settings.closures)
            held = [holding for each in summaries for holding in _holding(ws, each)]
            found = absent_sessions(dates, held)
        except CalendarUnknown:
            continue
        yield summaries, tuple(AbsentSession(dates.name, day, number) for day, number in found)


def _may_lack_a_session(summaries: Sequence[Summary]) -> bool:
    """Whether no dataset without a gap spans all the others, which needs no manifest to be read."""
    reach = [(each.first, each.last) for each in summaries if each.first and each.last]
    holed = [
        each for each in summaries if each.gaps_open or each.filled or each.unserved or each.damage
    ]
    if len(reach) < 2 or not holed:  # noqa: PLR2004  # one dataset alone says nothing of its exchange
        return False
    first, last = min(first for first, _ in reach), max(last for _, last in reach)
    whole = [each for each in summaries if each not in holed]
    return not any(each.first == first and each.last == last for each in whole)


def _holding(ws: Workspace, summary: Summary) -> Iterator[Holding]:
    from ml4t_nb.core.absent import Holding

    try:
        manifest = ws.store.snapshot(summary.dataset).manifest
    except (StoreError, DatasetNotFound):
        return
    if manifest.first is not None and manifest.last is not None:
        yield Holding(summary.dataset.frequency, manifest.first, manifest.last, manifest.gaps)
