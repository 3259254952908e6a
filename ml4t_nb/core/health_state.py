"""Judging a dataset: healthy, stale or in error, why, and what mends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.hints import at_home
from ml4t_nb.model import Hint, LoadArguments, NextStep
from ml4t_nb.options import load_arguments
from ml4t_nb.records import Health, HealthState, Summary

__all__ = ["judge"]

# Thousands of datasets are judged at one instant, and most of them end with the same bar.
_behind = lru_cache(maxsize=1024)(Calendar.behind)


def judge(
    summary: Summary,
    *,
    dates: Calendar,
    as_of: datetime,
    delay: timedelta,
    stale_after: timedelta,
    home: Path | None = None,
) -> Health:
    """Health of a dataset, as of ``as_of``.

    Damaged files, files of others beside them, and a last run that failed are errors. Sessions
    missed are counted by the exchange's calendar, and make the data stale once the oldest of them
    closed longer than ``stale_after`` ago. Gaps that are not filled are a warning too: a
    history with holes is not what its range promises.

    Parameters
    ----------
    delay
        How long after a session's close the provider's bar is final.
    home
        Folder of the store, which the next step names.
    """
    behind, missed = 0, None
    if summary.last is not None:
        behind, missed = _behind(dates, summary.last, as_of, summary.dataset.frequency, delay)
    state, reason, step = _state(summary, behind, is_late=_is_late(missed, as_of, stale_after))
    return Health(
        dataset=summary.dataset,
        state=state,
        reason=reason,
        rows=summary.rows,
        first=summary.first,
        last=summary.last,
        updated=summary.updated,
        sessions_behind=behind,
        gaps_open=summary.gaps_open,
        recent_errors=summary.recent_errors,
        step=step if home is None else at_home(step, home),
        provider=summary.provider,
    )


def _is_late(missed: datetime | None, as_of: datetime, stale_after: timedelta) -> bool:
    return missed is not None and as_of - missed > stale_after


def _state(summary: Summary, behind: int, *, is_late: bool) -> tuple[HealthState, str, Hint]:
    """The state, its reason, and the next step."""
    dataset = summary.dataset
    if summary.damage or summary.foreign:
        return "error", *_of_files(summary)
    if summary.last_error:
        reason = f"the last run failed: {summary.last_error}"
        return "error", reason, NextStep("update", dataset)
    if summary.last is None:
        return "error", "no bars are left", NextStep("load", dataset, source=_source(summary))
    if is_late:
        return "stale", _late(behind), NextStep("update", dataset)
    if summary.gaps_open:
        return "stale", _holes(summary), NextStep("gaps", dataset)
    return "healthy", _current(summary, behind), ""


def _source(summary: Summary) -> LoadArguments | None:
    name, provider, dates = summary.dataset, summary.provider, summary.calendar
    return load_arguments(name, provider, dates, summary.first, summary.zone)


def _of_files(summary: Summary) -> tuple[str, Hint]:
    """What is wrong with its files, and what mends it."""
    if summary.damage:
        reload = NextStep("reload", summary.dataset, source=_source(summary))
        return summary.damage, summary.remedy or reload
    first, *others = summary.foreign
    more = f", and {len(others)} more," if others else ""
    reason = f"{first}{more} is not part of this dataset, but other tools read it as its bars"
    return reason, f"move it out of the folder {Path(first).parent}"


def _late(behind: int) -> str:
    return f"data are stale: {_count(behind, 'session')} behind"


def _holes(summary: Summary) -> str:
    return (
        f"gaps detected: {_count(summary.missing, 'bar')} missing in "
        f"{_count(summary.gaps_open, 'gap')}"
    )


def _current(summary: Summary, behind: int) -> str:
    parts = [f"{_count(behind, 'session')} behind" if behind else "up to date"]
    if summary.unserved:
        parts.append(f"{_count(summary.unserved, 'bar')} missing (not available from the provider)")
    if summary.filled:
        parts.append(f"{_count(summary.filled, 'bar')} filled")
    if summary.recent_errors:
        parts.append(f"{_count(summary.recent_errors, 'failed run')} in the last 10 runs")
    return ", ".join(parts)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
