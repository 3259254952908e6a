"""Health of many datasets at an as-of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown, Ml4tError
from ml4t_nb.records import Health, Summary
from ml4t_nb.verbs.recent import When
from ml4t_nb.verbs.select import latest, run_instant

if TYPE_CHECKING:
    from ml4t_nb.core.calendars.calendar import Calendar
    from ml4t_nb.providers import Limits
    from ml4t_nb.workspace import Workspace

__all__ = ["judge_all", "when_of"]


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
