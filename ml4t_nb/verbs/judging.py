"""Health of many datasets at an as-of, and what each of their last sessions has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import CalendarUnknown, DatasetNotFound, Ml4tError, StoreError
from ml4t_nb.records import Health, Summary
from ml4t_nb.reports import RecentSession
from ml4t_nb.verbs.select import latest, run_instant

if TYPE_CHECKING:
    from ml4t_nb.core.calendars.calendar import Calendar
    from ml4t_nb.core.session_states import StoredRange
    from ml4t_nb.providers import Limits
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.workspace import Workspace

__all__ = ["judge_all", "recent_sessions", "when_of"]

When: TypeAlias = "Callable[[Summary], tuple[Calendar, datetime, timedelta]]"
"""A dataset's calendar, the instant the run is as of for it, and its provider's delay."""


def judge_all(
    ws: Workspace, summaries: Sequence[Summary], moment: datetime | date, stale_after: timedelta
) -> tuple[tuple[Health, ...], datetime]:
    """Health of each dataset, and the instant that represents all of them."""
    from ml4t_nb.core.health_state import judge

    when = when_of(ws, moment)
    judged, instants = [], []
    for each in summaries:
        try:
            dates, at, wait = when(each)
        except CalendarUnknown as error:
            # Of one dataset: the others are judged all the same.
            each = replace(each, damage=f"its calendar: {error.message}", remedy=error.hint)  # noqa: PLW2901
            dates, at, wait = when(replace(each, calendar="24/7"))
        instants.append(at)
        judged.append(
            judge(
                each,
                dates=dates,
                as_of=at,
                delay=wait,
                stale_after=stale_after,
                home=ws.settings.home,
            )
        )
    return tuple(judged), latest(moment, instants)


def when_of(ws: Workspace, moment: datetime | date) -> When:
    """The calendar, the as-of and the provider's delay of a dataset."""
    from ml4t_nb.calendars import calendar

    limits = _limits(ws)

    # Thousands of datasets share a few of them.
    @cache
    def at(name: str, wait: timedelta) -> tuple[Calendar, datetime, timedelta]:
        dates = calendar(name, ws.settings.closures)
        return dates, run_instant(moment, dates, wait), wait

    def when(summary: Summary) -> tuple[Calendar, datetime, timedelta]:
        wait = limits(summary.provider).delay_of(summary.dataset)
        return at(summary.calendar, wait)

    return when


def recent_sessions(
    ws: Workspace, summaries: Sequence[Summary], when: When, number: int
) -> tuple[tuple[RecentSession, ...], ...]:
    """The last ``number`` sessions of each dataset; none of one whose files are damaged."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.gapfill import ExpectedGrid
    from ml4t_nb.core.session_states import last_sessions, recent

    # Most datasets share their calendar and their as-of, and with them what is expected of them.
    shared = lru_cache(maxsize=256)(last_sessions)
    dates_of = lru_cache(maxsize=256)(calendar)

    def told(summary: Summary) -> tuple[RecentSession, ...]:
        if summary.damage:
            return ()
        try:
            manifest = ws.store.snapshot(summary.dataset).manifest
        except (DatasetNotFound, StoreError):
            return ()
        now, as_of, delay = when(summary)
        config, frequency = manifest.config, summary.dataset.frequency
        stored = dates_of(config.calendar, config.session_overrides)
        due = shared(stored, now, frequency, as_of=as_of, delay=delay, number=number)
        grid = ExpectedGrid.of(summary.dataset, config, stored)
        holding = _holding(manifest, grid.slack)
        return recent(due, holding, stored.zone) if holding else ()

    return tuple(told(each) for each in summaries)


def _holding(manifest: Manifest, slack: timedelta) -> StoredRange | None:
    """What the manifest says about the bars; None without any."""
    from ml4t_nb.core.session_states import StoredRange

    if manifest.first is None or manifest.last is None:
        return None
    extra = (each.stamp for each in manifest.findings if each.rule == "extra")
    known = tuple(stamp for stamp in extra if stamp is not None)
    frequency = manifest.dataset.frequency
    return StoredRange(frequency, manifest.first, manifest.last, manifest.gaps, known, slack)


def _limits(ws: Workspace) -> Callable[[str], Limits]:
    """Limits by provider; the usual ones, for a provider that is not there now."""
    from ml4t_nb.providers import Limits

    @cache
    def limits(provider: str) -> Limits:
        try:
            return ws.limits(provider)
        except Ml4tError:
            return Limits((), ())

    return limits
