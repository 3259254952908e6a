"""Judging a dataset: healthy, incomplete, stale, suspect or in error, why, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.due import Vanishing, due_of
from ml4t_nb.hints import at_home
from ml4t_nb.model import Frequency, Hint, LoadArguments, NextStep, bar_length
from ml4t_nb.options import load_arguments
from ml4t_nb.records import Health, HealthState, Summary

__all__ = ["SOON", "judge"]

# Thousands of datasets are judged at one instant, and most of them end with the same bar.
_behind = lru_cache(maxsize=1024)(Calendar.behind)

# Runs are not made on days without a session by everybody: a weekend, or a long one.
_PAUSE = timedelta(days=4)

SOON = timedelta(days=7)
"""What is lost within that time is worth a word although all is well."""

_LENGTHS: Mapping[Frequency, str] = {
    "1m": "one-minute",
    "5m": "five-minute",
    "15m": "15-minute",
    "30m": "30-minute",
}

# So many failed runs among ten are no accident, although the last one went well.
_MANY = 3


def judge(
    summary: Summary,
    *,
    dates: Calendar,
    as_of: datetime,
    delay: timedelta,
    stale_after: timedelta,
    reach: timedelta | None = None,
    home: Path | None = None,
) -> Health:
    """Health of a dataset, as of ``as_of``; ``home``, the folder of the store, is for its step.

    Damaged files, files of others beside them, and a last run that failed are errors. Findings
    that nobody has decided about make it suspect. Sessions missed are counted by the exchange's
    calendar, and make the data stale once the oldest of them closed longer than ``stale_after``
    ago; so does a long time without a run. Gaps that are open make it incomplete, since a history
    with holes is not what its range promises. A symbol that has ended is not expected to have any
    more bars; what its history lacks, it lacks all the same, and no update asks for it any more.
    A bar is final ``delay`` after the close, and the provider's ``reach`` says from when on a
    missing one is lost.
    """
    behind, missed = 0, None
    if summary.last is not None and summary.ended is None:
        behind, missed = _behind(dates, summary.last, as_of, summary.dataset.frequency, delay)
    due = due_of(summary, dates, as_of=as_of, delay=delay, reach=reach)
    unattended = None if summary.updated is None else max(as_of - summary.updated, timedelta(0))
    late = _Late(
        behind,
        is_late=missed is not None and as_of - missed > stale_after,
        # Where trading never pauses, bars would be behind.
        is_unattended=unattended is not None
        and unattended > max(stale_after, _PAUSE)
        and dates.name != "24/7",
        days=None if unattended is None else unattended.days,
    )
    state, reason, step = _Fault("healthy", "", "")
    others: dict[HealthState, str] = {}
    # Most datasets have none: thousands are judged while somebody waits.
    if faults := list(_faults(summary, late)):
        state, reason, step = faults[0]
        others = {each.state: each.reason for each in faults if each.state != state}
    else:
        reason = _current(summary, behind)
    also = "".join(f"; also {name}: {_bare(words, name)}" for name, words in others.items())
    if (lost := due.vanishing) and (state != "healthy" or lost.lost_from - as_of < SOON):
        also += f"; {_deadline(lost, summary.dataset.frequency, dates, as_of)}"
    return Health(
        dataset=summary.dataset,
        state=state,
        reason=f"{reason}{also}{_failures(summary)}",
        rows=summary.rows,
        first=summary.first,
        last=summary.last,
        updated=summary.updated,
        sessions_behind=behind,
        gaps_open=summary.gaps_open,
        recent_errors=summary.recent_errors,
        step=step if home is None else at_home(step, home),
        provider=summary.provider,
        also=tuple(others),
        days_since_run=late.days,
        suspect=summary.suspect,
        currency=summary.currency,
        missing=summary.missing,
        due=None if due.at is None else due.at.astimezone(dates.zone),
        calendar=summary.calendar,
        ended=None if summary.ended is None else summary.ended.on,
        is_vanished=summary.is_vanished,
        lost_from=None if lost is None else lost.lost_from,
    )


class _Late(NamedTuple):
    """How many sessions bars are behind, whether for too long, and how long no run was made."""

    behind: int
    is_late: bool
    is_unattended: bool
    days: int | None


class _Fault(NamedTuple):
    """What is wrong, and what mends it."""

    state: HealthState
    reason: str
    step: Hint


def _faults(summary: Summary, late: _Late) -> Iterator[_Fault]:
    """What is wrong, the worst first."""
    dataset = summary.dataset
    if summary.damage:
        remedy = summary.remedy or NextStep("reload", dataset, source=_source(summary))
        yield _Fault("error", summary.damage, remedy)
        return
    if summary.foreign:
        first, *others = summary.foreign
        more = f", and {len(others)} more," if others else ""
        reason = f"{first}{more} is not part of this dataset, but other tools read it as its bars"
        yield _Fault("error", reason, f"move it out of the folder {Path(first).parent}")
    if summary.last_error and summary.ended is None:
        reason = f"the last run failed: {summary.last_error}"
        yield _Fault("error", reason, NextStep("update", dataset))
    if summary.last is None:
        yield _Fault(
            "error", "no bars are left", NextStep("load", dataset, source=_source(summary))
        )
        return
    if summary.suspect:
        what = f"{_count(summary.suspect, 'finding')} to decide: {summary.finding}"
        yield _Fault("suspect", what, NextStep("review", dataset))
    if summary.ended is None:
        yield from _stale(summary, late)
    if summary.gaps_open:
        reason = "; ".join(filter(None, (f"gaps detected: {_holes(summary)}", _end(summary))))
        yield _Fault("incomplete", reason, NextStep("gaps", dataset))


def _source(summary: Summary) -> LoadArguments | None:
    return load_arguments(
        summary.dataset, summary.provider, summary.calendar, summary.first, summary.zone
    )


def _stale(summary: Summary, late: _Late) -> Iterator[_Fault]:
    """Why its bars are late, or may be."""
    dataset = summary.dataset
    if late.is_late:
        reason = f"data are stale: {_count(late.behind, 'session')} behind"
        yield _Fault("stale", reason, NextStep("update", dataset))
    elif late.is_unattended and not late.behind:
        reason = (
            "up to date by its calendar, but no run has reached a provider for "
            f"{_count(late.days or 0, 'day')}"
        )
        yield _Fault("stale", reason, NextStep("update", dataset))


def _current(summary: Summary, behind: int) -> str:
    parts = [_end(summary) or (f"{_count(behind, 'session')} behind" if behind else "up to date")]
    if summary.unserved:
        parts.append(f"{_count(summary.unserved, 'bar')} missing (not available from the provider)")
    if summary.rejected:
        parts.append(f"{_count(summary.rejected, 'bar')} rejected")
    if summary.taken:
        parts.append(f"bars of another provider in {_count(summary.taken, 'place')}")
    if summary.filled:
        parts.append(f"{_count(summary.filled, 'bar')} filled")
    return ", ".join(parts)


def _end(summary: Summary) -> str:
    """When and why the symbol ended; empty if it did not."""
    if summary.ended is None:
        return ""
    why = f": {summary.ended.reason}" if summary.ended.reason else ""
    return f"ended on {summary.ended.on}{why}"


def _deadline(lost: Vanishing, frequency: Frequency, dates: Calendar, as_of: datetime) -> str:
    """What is about to be lost, and when, in dates of the exchange."""
    is_intraday = bar_length(frequency) is not None
    first = (lost.first.astimezone(dates.zone) if is_intraday else lost.first).date()
    what = f"{_LENGTHS.get(frequency, frequency)} bars"
    if lost.lost_from <= as_of:
        return f"{what} before {first} are lost already, and more every day"
    day = lost.lost_from.astimezone(dates.zone).date()
    return f"{what} of {first} and later are lost from {day} on"


def _failures(summary: Summary) -> str:
    if summary.failed_requests < _MANY or summary.ended is not None:
        return ""
    return f", {summary.failed_requests} of the last 10 runs failed"


def _holes(summary: Summary) -> str:
    return f"{_count(summary.missing, 'bar')} missing in {_count(summary.gaps_open, 'gap')}"


def _bare(reason: str, state: HealthState) -> str:
    """The reason without the state that is said before it."""
    return reason.removeprefix(f"data are {state}: ")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
