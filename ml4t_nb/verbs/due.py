"""What a provider and an as-of mean for each dataset, and which datasets are due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown, Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.records import Summary

if TYPE_CHECKING:
    from ml4t_nb.core.calendars.calendar import Calendar
    from ml4t_nb.core.due import Due
    from ml4t_nb.providers import Limits
    from ml4t_nb.workspace import Workspace

__all__ = ["DueDatasets", "Terms", "due_datasets", "terms_of"]


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a dataset is judged.

    Parameters
    ----------
    as_of
        The instant that the run is as of for it.
    delay
        How long after its own period a bar of its provider is final.
    reach
        How far back its provider serves; None if it does not say.
    """

    calendar: Calendar
    as_of: datetime
    delay: timedelta
    reach: timedelta | None


@dataclass(frozen=True, slots=True)
class DueDatasets:
    """Datasets of which an update is due, in the order they are to be updated.

    Parameters
    ----------
    waiting
        How many are not due.
    next_at
        When the next one is, or was, due; None if none will be.
    """

    datasets: tuple[DatasetId, ...]
    waiting: int
    next_at: datetime | None


def terms_of(ws: Workspace, moment: datetime | date) -> Callable[[Summary], Terms]:
    """The terms of each dataset; what some of thousands share is looked up once.

    Raises
    ------
    CalendarUnknown
        If there is no such calendar, or it does not cover the as-of.
    """
    from ml4t_nb.calendars import calendar
    from ml4t_nb.providers import Limits

    @cache
    def limits(provider: str) -> Limits:
        try:
            return ws.limits(provider)
        except Ml4tError:
            # The usual ones, for a provider that is not there now.
            return Limits((), ())

    @cache
    def at(name: str, delay: timedelta, reach: timedelta | None) -> Terms:
        dates = calendar(name, ws.closures)
        as_of = moment if isinstance(moment, datetime) else dates.closing(moment, delay)
        return Terms(dates, as_of, delay, reach)

    def of(summary: Summary) -> Terms:
        known, dataset = limits(summary.provider), summary.dataset
        reach = known.max_age.get(dataset.frequency)
        return at(summary.calendar, known.delay_of(dataset), reach)

    return of


def due_datasets(
    ws: Workspace,
    chosen: Sequence[Summary],
    moment: datetime | date,
    intraday_bars: int,
) -> DueDatasets:
    """Which of the datasets an update is due of at the as-of: first those that lose bars first.

    One whose calendar cannot be used is not, as one that is damaged is not: `health` tells why.
    """
    from ml4t_nb.core.due import due_of

    terms = terms_of(ws, moment)
    due: list[tuple[Due, DatasetId]] = []
    instants: list[datetime] = []
    for each in chosen:
        try:
            own = terms(each)
            found = due_of(
                each,
                own.calendar,
                as_of=own.as_of,
                delay=own.delay,
                reach=own.reach,
                intraday_bars=intraday_bars,
            )
        except CalendarUnknown:
            continue
        if found.at is not None:
            instants.append(found.at)
        if found.is_at(own.as_of):
            due.append((found, each.dataset))
    due.sort(key=lambda pair: (pair[0].order, str(pair[1])))
    ordered = tuple(dataset for _, dataset in due)
    return DueDatasets(ordered, len(chosen) - len(due), min(instants, default=None))
