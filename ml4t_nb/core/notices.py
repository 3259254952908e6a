"""Which changes of state a target is to be told: each once, and a recovery once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.health_state import SOON
from ml4t_nb.errors import PASSING
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.notice import Condition, Notice, NoticeState, Observed, ToldCondition, ToldState
from ml4t_nb.records import Health, Summary, UpdateResult

__all__ = [
    "DueNotices",
    "after_failure",
    "due_notices",
    "is_late",
    "is_to_be_tried",
    "observe",
    "with_renamed",
    "without_dataset",
]

_PASSING = {each.__name__ for each in PASSING}

# A load may be of bars of long ago. A sync that could not begin with a dataset is no other verb's.
_ASKING_FOR_NEW = ("update", "sync")

# Waits of a quarter of an hour, one, four and sixteen hours lie between five tries.
_FIRST_WAIT = timedelta(minutes=15)
_LONGER = 4
_MOST_TRIES = 5


class DueNotices(NamedTuple):
    """What a target is to be told, and what it knows once it is."""

    notices: tuple[Notice, ...]
    after: ToldState


def due_notices(
    told: ToldState, observed: Iterable[Observed], on: Collection[NoticeState], as_of: datetime
) -> DueNotices:
    """What a target is to be told after a run, of the states it is told ``on``.

    A condition is told when it begins, and the recovery of a dataset when the last condition ends
    that was told of it. What a run could not judge stays as it is, and so do datasets that are not
    in ``observed``. While one has failed as far as is known, that explains that it is late: of a
    failure and an outage in turn, each night would be told as the other.
    """
    known: dict[DatasetId, dict[Condition, ToldCondition]] = {}
    for each in told.conditions:
        if each.state in on:
            known.setdefault(each.dataset, {})[each.state] = each
    notices = [each for each in told.unsent if each.state in on]
    for found in observed:
        before = known.pop(found.dataset, {})
        after = {
            state: each
            for state, each in before.items()
            if state in found.conditions or state in found.unknown
        }
        begun = {
            state: notice
            for state, notice in found.conditions.items()
            if state in on and state not in before and not (state == "late" and "failed" in after)
        }
        after |= {state: ToldCondition(found.dataset, state, as_of) for state in begun}
        notices += begun.values()
        if found.restated is not None and "restated" in on:
            notices.append(found.restated)
        if before and not after and "recovered" in on:
            notices.append(Notice(found.dataset, "recovered", found.reason))
        if after:
            known[found.dataset] = after
    conditions = tuple(each for states in known.values() for each in states.values())
    return DueNotices(tuple(notices), ToldState(conditions))


def is_to_be_tried(told: ToldState, as_of: datetime) -> bool:
    """Whether to try a target now that did not take the last message: not in every run.

    A run of an earlier time tries it.
    """
    if told.tried is None or not told.tries:
        return True
    wait = _FIRST_WAIT * _LONGER ** (told.tries - 1)
    return not told.tried <= as_of < told.tried + wait


def after_failure(told: ToldState, due: DueNotices, as_of: datetime | None) -> ToldState:
    """What a target knows that did not take the message; None for an as-of if it was not tried.

    A later run tells it what is so by then. After some tries it counts as told: it may take
    messages and not say so, and would receive the same one for ever.
    """
    tries = told.tries + (as_of is not None)
    if tries >= _MOST_TRIES:
        return due.after
    unsent = tuple(each for each in due.notices if each.state == "restated")
    return ToldState(told.conditions, unsent, tries, as_of or told.tried)


def without_dataset(told: ToldState, dataset: DatasetId) -> ToldState:
    """What a target knows once a dataset is removed."""
    return replace(
        told,
        conditions=tuple(each for each in told.conditions if each.dataset != dataset),
        unsent=tuple(each for each in told.unsent if each.dataset != dataset),
    )


def with_renamed(told: ToldState, old: DatasetId, new: DatasetId) -> ToldState:
    """What a target knows once a dataset goes on under another name: of that one, the same."""
    known = {each.state for each in told.conditions if each.dataset == new}
    return replace(
        told,
        conditions=tuple(
            replace(each, dataset=new) if each.dataset == old else each
            for each in told.conditions
            if each.dataset != old or each.state not in known
        ),
        unsent=tuple(
            replace(each, dataset=new, step=NextStep("history", new))
            if each.dataset == old
            else each
            for each in told.unsent
        ),
    )


def observe(
    result: UpdateResult,
    summary: Summary | None,
    health: Health | None,
    *,
    as_of: datetime,
    is_late: bool | None,
) -> Observed:
    """What a run found out about a dataset, as it is stored afterwards.

    An error that passes by itself is no failure: while it lasts, the dataset is late at some time.
    Nor is one late whose failure is told, since that explains it; and a symbol that its provider
    does not know any more has not recovered, nor is it late, while nobody has decided about it.

    Parameters
    ----------
    summary, health
        None if nothing is stored.
    is_late
        As `is_late` has it; None if that cannot be known.
    """
    dataset, record = result.dataset, result.record
    error = record.error
    conditions: dict[Condition, Notice] = {}
    unknown: set[Condition] = set()
    if error is not None and error.type in _PASSING:
        unknown.add("failed")
    elif record.outcome in ("failed", "partial"):
        reason, step = ("the run failed", "") if error is None else (error.message, error.hint)
        conditions["failed"] = Notice(dataset, "failed", reason, step)
    if summary is None or summary.damage or health is None:
        unknown |= {"late", "suspect", "vanishing"}
        return Observed(dataset, "", conditions, frozenset(unknown), _restated(result))
    if summary.suspect:
        reason = f"{_many(summary.suspect, 'finding')} to decide: {summary.finding}"
        conditions["suspect"] = Notice(dataset, "suspect", reason, NextStep("review", dataset))
    if summary.is_vanished:
        unknown |= {"failed", "late"}
    elif record.verb not in _ASKING_FOR_NEW or "failed" in conditions or is_late is None:
        unknown.add("late")
    elif is_late:
        reason = f"{_many(health.sessions_behind, 'session')} behind"
        reason += f": {error.message}" if error is not None else ""
        conditions["late"] = Notice(dataset, "late", reason, NextStep("update", dataset))
    if health.lost_from is not None and health.lost_from - as_of < SOON:
        reason = f"bars that are missing are lost from {health.lost_from:%Y-%m-%d %H:%M} UTC on"
        conditions["vanishing"] = Notice(dataset, "vanishing", reason, NextStep("update", dataset))
    elif summary.gaps_open or health.sessions_behind:
        unknown.add("vanishing")  # bars that are lost have not been saved
    # What was told of a former name ends under this one.
    names = [f"it was {each.symbol} until {each.until}" for each in summary.former_names[-1:]]
    reason = "; ".join((health.reason, *names))
    return Observed(dataset, reason, conditions, frozenset(unknown), _restated(result))


def is_late(summary: Summary, dates: Calendar, *, as_of: datetime, delay: timedelta) -> bool:
    """Whether the provider has had time enough for bars that are missing after the last one.

    They could be fetched ``delay`` after their session's close, of weeks after the last session's,
    and another session has closed since: one evening without them is not late.
    """
    if summary.last is None or summary.ended is not None:
        return False
    frequency = summary.dataset.frequency
    _, missed = dates.behind(summary.last, as_of, frequency, delay)
    return missed is not None and dates.closed_by(as_of - delay) > dates.closed_by(missed)


def _restated(result: UpdateResult) -> Notice | None:
    restatement, dataset = result.record.restatement, result.dataset
    if restatement is None:
        return None
    reason = f"history replaced, {_many(result.rows, 'bar')}"
    return Notice(dataset, "restated", reason, NextStep("history", dataset), restatement)


def _many(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
