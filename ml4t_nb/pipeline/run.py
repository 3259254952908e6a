"""What all runs share: fetch and judge, again if that does not suffice, and commit.

Bars are fetched without the lock and judged under it, against what is stored *then*. If the
judgement needs more bars, the lock is let go, more are fetched, and all is judged again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import perf_counter

import pandas as pd

from ml4t_nb.core.bars import observed
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.errors import BarsInvalid, Overtaken, ProviderError, Suspicious
from ml4t_nb.events import Committed, Event, GapsFound
from ml4t_nb.model import DatasetId, NextStep, SessionOverride, Span
from ml4t_nb.pipeline.commit import enter, enter_failure
from ml4t_nb.pipeline.fetch import Desk
from ml4t_nb.pipeline.plan_request import ask_for
from ml4t_nb.pipeline.record import Entry
from ml4t_nb.providers import Provider
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store

__all__ = ["Run", "bring", "held_stamps", "not_backwards", "told"]

# No provider's bars are final later than that, and no exchange opens again that soon.
_LONGEST_DELAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run works with.

    Parameters
    ----------
    as_of
        An instant, or a date: after that session's close and the provider's delay.
    session_overrides
        Days on which the user knows better than the calendars.
    observe
        Told what happens; may be called in any thread.
    pause
        Sleeps so many seconds, and raises KeyboardInterrupt if the run is to end.
    """

    store: Store
    provider: Callable[[str], Provider]
    as_of: datetime | date
    session_overrides: tuple[SessionOverride, ...]
    observe: Callable[[Event], None]
    pause: Callable[[float], None]

    def desk(
        self,
        provider: Provider,
        dataset: DatasetId,
        dates: Calendar,
        *,
        zone: str | None = None,
        updated: datetime | None = None,
    ) -> Desk:
        """The desk to ask ``provider`` from, on the dataset's calendar.

        Parameters
        ----------
        zone
            The dataset's zone of stamps without one.
        updated
            As-of of the dataset's last run. One of the same date, from a provider whose bars are
            final later, is no later as-of: the run is then as of that instant.
        """
        as_of = self.as_of
        if not isinstance(as_of, datetime):
            day, as_of = as_of, dates.closing(as_of, provider.limits.delay_of(dataset))
            if updated is not None and as_of < updated <= dates.closing(day, _LONGEST_DELAY):
                as_of = updated
        return Desk(provider, as_of, dates, self.observe, self.pause, zone)


def bring(
    run: Run, desk: Desk, entry: Entry, wanted: Span, others: tuple[Span, ...] = ()
) -> UpdateResult:
    """Fetch what is wanted and commit it, or keep the failure in the history.

    Parameters
    ----------
    wanted
        The latest span, up to which bars are to be stored.
    others
        Spans before it that are asked for, too; one that fails does not stop the run.
    """
    began = perf_counter()
    try:
        return _entered(run, desk, entry, wanted, others, began=began)
    except (ProviderError, BarsInvalid, Suspicious) as error:
        with run.store.transaction(entry.dataset) as tx:
            return enter_failure(tx, entry, desk, error, wanted=wanted, began=began)


def _entered(
    run: Run,
    desk: Desk,
    entry: Entry,
    wanted: Span,
    others: tuple[Span, ...],
    *,
    began: float,
) -> UpdateResult:
    """Fetch, judge, and fetch more where that does not suffice.

    It ends: what is asked for next holds all that was stored at the judgement, and that always
    suffices, unless other writers go on extending the dataset meanwhile.
    """
    while True:
        got = ask_for(desk, entry, wanted, others)
        if got.zone is not None:
            # As it was read once, so always: a setting that changes later would move the bars.
            entry = replace(entry, config=replace(entry.config, zone=got.zone))
        with run.store.transaction(entry.dataset) as tx:
            entered = enter(tx, entry, desk, got, wanted=wanted, began=began)
        if isinstance(entered, UpdateResult):
            return told(run, entered)
        wanted, others = entered.span, ()


def told(run: Run, result: UpdateResult) -> UpdateResult:
    """The same result, after who watches was told of its commit."""
    record = result.record
    run.observe(
        Committed(result.dataset, record.added, record.revised, record.filled, record.restatement)
    )
    if waiting := tuple(gap for gap in result.gaps if gap.is_pending):
        run.observe(GapsFound(result.dataset, waiting))
    return result


def not_backwards(dataset: DatasetId, as_of: datetime, updated: datetime | None) -> None:
    """Nothing, if the dataset was not updated as of a later instant.

    Raises
    ------
    Overtaken
        If it was.
    """
    if updated is not None and as_of < updated:
        raise Overtaken(
            f"{dataset} was updated as of {updated:%Y-%m-%d %H:%M} UTC, "
            f"later than {as_of:%Y-%m-%d %H:%M} UTC",
            hint=(
                "an as-of never runs backwards: choose a later one, or another --home; ",
                "if a clock or --as-of was ahead: ",
                NextStep("reset_as_of", dataset),
            ),
        )


def held_stamps(snapshot: Snapshot) -> pd.DatetimeIndex:
    """Stamps of all observed bars."""
    return pd.DatetimeIndex(observed(snapshot.bars()).index)
