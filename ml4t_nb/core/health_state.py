"""Judging a dataset: healthy, stale or in error, why, and what mends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.hints import at_home
from ml4t_nb.model import Hint, NextStep
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
    """Health of a dataset, as of ``as_of``; ``home``, the folder of the store, is for its step.

    Damaged files, files of others beside them, and a last run that failed are errors. Sessions
    missed are counted by the exchange's calendar, and make the data stale once the oldest of them
    closed longer than ``stale_after`` ago. Gaps that are not filled are a warning too: a
    history with holes is not what its range promises. A bar is final ``delay`` after the close.
    """
    behind, missed = 0, None
    if summary.last is not None:
        behind, missed = _behind(dates, summary.last, as_of, summary.dataset.frequency, delay)
    is_late = missed is not None and as_of - missed > stale_after
    state, reason, step = _state(summary, behind, is_late=is_late)
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


def _state(summary: Summary, behind: int, *, is_late: bool) -> tuple[HealthState, str, Hint]:
    """The state, its reason, and the next step."""
    dataset = summary.dataset
    source = load_arguments(
        dataset, summary.provider, summary.calendar, summary.first, summary.zone
    )
    if summary.damage:
        remedy = summary.remedy or NextStep("reload", dataset, source=source)
        return "error", summary.damage, remedy
    if summary.foreign:
        first, *others = summary.foreign
        more = f", and {len(others)} more," if others else ""
        reason = f"{first}{more} is not part of this dataset, but other tools read it as its bars"
        return "error", reason, f"move it out of the folder {Path(first).parent}"
    if summary.last_error:
        reason = f"the last run failed: {summary.last_error}"
        return "error", reason, NextStep("update", dataset)
    if summary.last is None:
        return "error", "no bars are left", NextStep("load", dataset, source=source)
    late = f"data are stale: {_count(behind, 'session')} behind"
    holes = f"{_count(summary.missing, 'bar')} missing in {_count(summary.gaps_open, 'gap')}"
    if is_late or summary.gaps_open:
        reason = late if is_late else f"gaps detected: {holes}"
        return "stale", reason, NextStep("update" if is_late else "gaps", dataset)
    return "healthy", _current(summary, behind), ""


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
