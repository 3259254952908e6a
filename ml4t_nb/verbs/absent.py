"""Whether an exchange was closed on a day that none of its datasets has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown, DatasetNotFound, StoreError
from ml4t_nb.model import DatasetId, SessionOverride, Span
from ml4t_nb.records import AbsentSession, Summary

if TYPE_CHECKING:
    from ml4t_nb.core.calendars.calendar import Calendar
    from ml4t_nb.core.session_states import StoredRange
    from ml4t_nb.reports import RunReport
    from ml4t_nb.workspace import Workspace

__all__ = ["absent", "declaration", "doubted", "with_absent"]

_FEW = 30


def absent(ws: Workspace, chosen: Collection[DatasetId]) -> tuple[AbsentSession, ...]:
    """Sessions that no dataset of a calendar has, one of the chosen among them, not declared."""
    return tuple(each for _, _, found in _by_calendar(ws, chosen) for each in found)


def doubted(ws: Workspace, chosen: Collection[DatasetId]) -> dict[DatasetId, tuple[Span, ...]]:
    """Where gaps of the chosen datasets may be days on which their exchange was closed."""
    return {
        dataset: tuple(dates.span(each.session, each.session, dataset.frequency) for each in found)
        for dates, datasets, found in _by_calendar(ws, chosen)
        for dataset in datasets
        if found
    }


def declaration(ws: Workspace, found: Sequence[AbsentSession]) -> str:
    """The setting that declares those closures, and what is declared already."""
    closures = [
        *ws.settings.closures,
        *(SessionOverride(each.calendar, each.session) for each in found),
    ]
    words = (f"{each.calendar}:{'+' if each.is_open else ''}{each.day}" for each in closures)
    return f"ML4T_DATA_CLOSURES={','.join(words)}"


def with_absent(
    ws: Workspace,
    report: RunReport,
    chosen: Collection[DatasetId],
    before: Collection[AbsentSession],
) -> RunReport:
    """The report with the sessions that no dataset has and that were not absent ``before``."""
    found = tuple(sorted(set(absent(ws, chosen)) - set(before)))
    return replace(report, absent=found, declaration=declaration(ws, found)) if found else report


def _by_calendar(
    ws: Workspace, chosen: Collection[DatasetId]
) -> Iterator[tuple[Calendar, Collection[DatasetId], tuple[AbsentSession, ...]]]:
    """Each calendar with its chosen datasets, and the sessions that no dataset on it has."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.session_states import absent_sessions

    # Of few datasets only those are looked at that can have lost a session, and then as few others
    # as show that the exchange was open.
    is_few = len(chosen) <= _FEW
    rows = ws.store.summaries(chosen if is_few else None)
    gapped = [each for each in rows if each.dataset in chosen and _has_gaps(each)]
    for name, group in groupby(sorted(gapped, key=_calendar_of), key=_calendar_of):
        asked = [*group]
        others = _others(ws, asked, None if is_few else rows)
        try:
            dates = calendar(name, ws.closures)
            found = absent_sessions(dates, _held(ws, asked), _held(ws, others))
        except CalendarUnknown:
            continue
        datasets = {each.dataset for each in asked}
        yield dates, datasets, tuple(AbsentSession(dates.name, *each) for each in found)


def _others(
    ws: Workspace, asked: Sequence[Summary], rows: Sequence[Summary] | None
) -> Iterator[Summary]:
    """The other datasets of their calendar, each once, those that decide the most first.

    Where there are no ``rows`` of all datasets yet, these are looked at only once some do not do.
    """
    known = {each.dataset for each in asked}
    if rows is None:
        classes = {each.dataset.asset_class for each in asked}
        some = [each for name in classes for each in ws.store.some(name, _FEW)]
        near = [each for each in ws.store.summaries(some) if not _has_gaps(each)]
        for each in near:
            if each.calendar == asked[0].calendar and each.dataset not in known:
                known.add(each.dataset)
                yield each
    rest = ws.store.summaries() if rows is None else rows
    # Those without a gap decide the most, and cost nothing to look at.
    for each in sorted(rest, key=_has_gaps):
        if each.calendar == asked[0].calendar and each.dataset not in known:
            yield each


def _calendar_of(summary: Summary) -> str:
    return summary.calendar


def _has_gaps(summary: Summary) -> bool:
    return bool(summary.gaps_open or summary.filled or summary.unserved or summary.damage)


def _held(ws: Workspace, summaries: Iterable[Summary]) -> Iterator[StoredRange]:
    """What each dataset holds and lacks; a manifest is read only where there are gaps."""
    from ml4t_nb.core.session_states import StoredRange

    for each in summaries:
        if each.first is None or each.last is None:
            continue
        try:
            gaps = ws.store.snapshot(each.dataset).manifest.gaps if _has_gaps(each) else ()
        except (StoreError, DatasetNotFound):
            continue
        yield StoredRange(each.dataset.frequency, each.first, each.last, gaps)
