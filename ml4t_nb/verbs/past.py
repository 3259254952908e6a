"""Which versions of the datasets a verb reads: those in force, or those of another time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from ml4t_nb.errors import Ml4tError, OptionError, VersionNotFound
from ml4t_nb.options import Moment, as_moment

if TYPE_CHECKING:
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.storage.versions import Versions
    from ml4t_nb.workspace import Workspace

__all__ = ["as_known"]

_DELAY = timedelta(minutes=30)


def as_known(ws: Workspace, known_on: Moment | None, version: int | None) -> Workspace:
    """The workspace, whose store reads the versions that are asked for; itself if none are."""
    if known_on is None and version is None:
        return ws
    if known_on is not None and version is not None:
        raise OptionError(
            "--known-on and --version both choose a version", hint="leave one of them out"
        )
    if version is not None:
        return ws.reading(lambda _: version)
    moment = as_moment(known_on, option="--known-on")
    assert moment is not None
    return ws.reading(lambda versions: _known_on(ws, versions, moment))


def _known_on(ws: Workspace, versions: Versions, moment: datetime | date) -> int:
    """The newest version whose run's as-of is not later."""
    dataset, times = versions.folder.dataset, versions.times
    runs = {number: at for number, at in times.items() if at is not None}
    if not runs:
        raise VersionNotFound(f"{dataset} has no versions", hint="load it first")
    until = moment if isinstance(moment, datetime) else _close(ws, versions, max(runs), moment)
    known = [number for number, at in runs.items() if at <= until]
    if known:
        return max(known)
    first = min(runs.values()).astimezone(UTC)
    raise VersionNotFound(
        f"nothing was known of {dataset} on {moment:%Y-%m-%d}: its first version is of "
        f"{first:%Y-%m-%d %H:%M} UTC",
        hint=f"the earliest there is: known_on={first:%Y-%m-%d}",
    )


def _close(ws: Workspace, versions: Versions, number: int, day: date) -> datetime:
    """When a run of that date is made at the latest: at the close, and the provider's delay."""
    from ml4t_nb.calendars import calendar

    manifest = versions.manifest(number)
    assert manifest is not None
    return calendar(manifest.config.calendar).closing(day, _delay(ws, manifest))


def _delay(ws: Workspace, manifest: Manifest) -> timedelta:
    try:
        return ws.limits(manifest.config.provider).delay_of(manifest.dataset)
    except Ml4tError:  # one that is not installed here
        return _DELAY
