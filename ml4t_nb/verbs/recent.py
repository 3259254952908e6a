"""What each of the last sessions of many datasets has, from their manifests alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import DatasetNotFound, StoreError
from ml4t_nb.records import Summary
from ml4t_nb.reports import RecentSession

if TYPE_CHECKING:
    from ml4t_nb.core.calendars.calendar import Calendar
    from ml4t_nb.core.recent_sessions import StoredRange
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.workspace import Workspace

__all__ = ["When", "recent_sessions"]

When: TypeAlias = "Callable[[Summary], tuple[Calendar, datetime, timedelta]]"
"""A dataset's calendar, the instant the run is as of for it, and its provider's delay."""


def recent_sessions(
    ws: Workspace, summaries: Sequence[Summary], when: When, number: int
) -> tuple[tuple[RecentSession, ...], ...]:
    """The last ``number`` sessions of each dataset; none of one whose files are damaged."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.gapfill import ExpectedGrid
    from ml4t_nb.core.recent_sessions import last_sessions, recent

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
    from ml4t_nb.core.recent_sessions import StoredRange

    if manifest.first is None or manifest.last is None:
        return None
    extra = (each.stamp for each in manifest.findings if each.rule == "extra")
    known = tuple(stamp for stamp in extra if stamp is not None)
    return StoredRange(manifest.first, manifest.last, slack, manifest.gaps, known)
