"""Which versions of the datasets a verb reads: those in force, or those of another time."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from ml4t_nb.errors import CalendarUnknown, Ml4tError, OptionError, VersionNotFound
from ml4t_nb.options import Moment, as_moment, did_you_mean
from ml4t_nb.verbs.past_dropped import removed_error, require_none_gone, require_one_history
from ml4t_nb.verbs.past_names import former_names, other_names, require_not_renamed

if TYPE_CHECKING:
    from ml4t_nb.model import DatasetId
    from ml4t_nb.records import Pin
    from ml4t_nb.storage.manifest import Manifest, Removal
    from ml4t_nb.storage.versions import Versions
    from ml4t_nb.version_names import KnownVersion
    from ml4t_nb.workspace import Workspace

__all__ = ["as_known", "earliest_known", "number_of", "unknown_pin", "version_known_on"]

_log = logging.getLogger(__name__)

_DELAY = timedelta(minutes=30)
_LONGEST = timedelta(days=3)


def as_known(
    ws: Workspace, known_on: Moment | None, version: int | None, pin: str | None = None
) -> Workspace:
    """The workspace, whose store reads the versions that are asked for; itself if none are."""
    given = {"--known-on": known_on, "--version": version, "--pin": pin}
    chosen = [name for name, value in given.items() if value is not None]
    if not chosen:
        return ws
    if len(chosen) > 1:
        raise OptionError(
            f"{' and '.join(chosen)} each choose a version", hint="leave all but one of them out"
        )
    if version is not None:
        from ml4t_nb.storage.past_store import VersionNumber

        return ws.reading(VersionNumber(version))
    if pin is not None:
        return ws.reading(partial(_pinned, ws, _pin_of(ws, pin)))
    moment = as_moment(known_on, option="--known-on")
    assert moment is not None
    return ws.reading(lambda versions: version_known_on(ws, versions, moment))


def number_of(ws: Workspace, versions: Versions, named: KnownVersion) -> int:
    """Number of the version that is named so, by itself or by when it was known.

    VersionNotFound if nothing was known then.
    """
    return named if isinstance(named, int) else version_known_on(ws, versions, named)


def _pin_of(ws: Workspace, name: str) -> Pin:
    from ml4t_nb.storage.pins import read_pins

    known = read_pins(ws.settings.home)
    if name not in known:
        raise unknown_pin(name, known)
    return known[name]


def unknown_pin(name: str, known: Iterable[str]) -> OptionError:
    """The error that names the nearest pin."""
    names = [*known]
    hint = did_you_mean(name, names) if names else "make one: pin NAME"
    return OptionError(f"there is no pin {name!r}", hint=hint)


def _pinned(ws: Workspace, pin: Pin, versions: Versions) -> int:
    from ml4t_nb.storage.past_store import NotChosen

    dataset = versions.folder.dataset
    kept = pin.version_of(dataset)
    if kept is None:
        names = [each for each in other_names(ws, dataset) if pin.version_of(each)]
        what = f", but one of {names[0]}, which is the same share" if names else ""
        raise NotChosen(
            f"the pin {pin.name!r} has no version of {dataset}{what}",
            hint=f"read {names[0].symbol} with pin={pin.name}"
            if names
            else "pins lists what each has",
        )
    found = None
    with suppress(KeyError):
        found = versions.manifest(kept.version)
    if found is None or found.checksum != kept.checksum:
        raise VersionNotFound(
            f"version {kept.version} of {dataset} is not the one that was pinned as {pin.name!r}: "
            "its folders were deleted since, or restored from a backup",
            hint="restore them from a backup that has it",
        )
    return kept.version


def version_known_on(ws: Workspace, versions: Versions, moment: datetime | date) -> int:
    """Number of the newest version of which no run's as-of is later.

    VersionNotFound if there is none, or if the dataset was removed or renamed by then.
    """
    from ml4t_nb.storage.past_store import NotChosen

    dataset = versions.folder.dataset
    if not any(versions.times.values()) and not any(versions.removals.values()):
        raise NotChosen(f"{dataset} has no versions", hint="load it first")
    number, until = _newest_known(ws, versions, moment)
    removed = 0
    for each, removal in versions.removals.items():
        if each > number and removal:
            own = _until_removal(removal, moment)
            until = max(until or own, own)
            removed = each if removal.removed_at <= until else removed
    assert until is not None  # there is a run, or the mark of a removal
    require_none_gone(versions, removed or number, until)
    if removed:
        raise removed_error(versions, removed, moment)
    if number:
        require_one_history(versions, number, until)
        require_not_renamed(ws, versions, number, until, moment)
        return number
    first = earliest_known(versions)
    then = [each for each in former_names(ws, dataset) if _has_run(ws, each, until)]
    since = f": its first version is of {first:%Y-%m-%d %H:%M} UTC" if first else ""
    raise NotChosen(
        f"nothing was known of {dataset} on {moment:%Y-%m-%d}{since}",
        hint=f"it was stored as {then[0]} then: read {then[0].symbol} with "
        f"known_on={moment.isoformat()}"
        if then
        else f"the earliest there is: known_on={first:%Y-%m-%d}"
        if first
        else "it was loaded later",
    )


def _newest_known(
    ws: Workspace, versions: Versions, moment: datetime | date
) -> tuple[int, datetime | None]:
    """The newest version that was known, 0 if none was, and until when a run was one of then."""
    runs = {number: at for number, at in versions.times.items() if at is not None}
    if not runs:
        return 0, None
    until, latest = _until(ws, versions.manifest(max(runs)), moment), _latest(moment)
    for number in sorted((each for each, at in runs.items() if at <= latest), reverse=True):
        manifest = versions.manifest(number)
        if manifest is None:
            continue
        own = _until(ws, manifest, moment)
        # A decision, or an undo, may be as of a time before that of the bars that it left.
        if max(runs[number], manifest.updated or runs[number]) <= own:
            return number, max(own, until)
    return 0, until


def _has_run(ws: Workspace, dataset: DatasetId, until: datetime) -> bool:
    return any(at is not None and at <= until for at in ws.store.versions(dataset).times.values())


def earliest_known(versions: Versions) -> datetime | None:
    """As-of of the run of the earliest version there is, in UTC; None if there is none."""
    runs = [at for at in versions.times.values() if at is not None]
    return min(runs).astimezone(UTC) if runs else None


def _latest(moment: datetime | date) -> datetime:
    """No run of a date is later, wherever its exchange is, and however late bars are final."""
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + _LONGEST


def _until(ws: Workspace, manifest: Manifest | None, moment: datetime | date) -> datetime:
    """Until when the run that left ``manifest`` was one of that date: the close, and the delay.

    By the calendar that it was made with, and by the provider that it asked: both may be others
    now. It may have the as-of of the run before it, of the same date.
    """
    from ml4t_nb.calendars import calendar

    if isinstance(moment, datetime):
        return moment
    assert manifest is not None
    config = manifest.config
    names = {config.provider, *(each.provider for each in manifest.recent[-2:])}
    delay = max(_delay(ws, each, manifest) for each in names)
    return calendar(config.calendar, config.session_overrides).closing(moment, delay)


def _delay(ws: Workspace, provider: str, manifest: Manifest) -> timedelta:
    """How late the provider's bars were final, by its last run; if that does not say, as today."""
    for run in reversed(manifest.recent):
        if run.provider == provider and run.delay is not None:
            return timedelta(seconds=run.delay)
    try:
        return ws.limits(provider).delay_of(manifest.dataset)
    except Ml4tError:
        _tell_unknown_delay(provider, manifest.dataset)
        return _DELAY


@lru_cache(maxsize=256)
def _tell_unknown_delay(provider: str, dataset: DatasetId) -> None:
    """Say once that a day of the dataset was taken to end as is usual."""
    _log.warning(
        "the provider %s of %s is not installed, and its earliest versions do not say when its "
        "bars were final: a day of known_on ends %d minutes after the close; an instant is exact",
        provider,
        dataset,
        _DELAY.total_seconds() // 60,
    )


def _until_removal(removal: Removal, moment: datetime | date) -> datetime:
    """Until when a removal was one of that date."""
    from ml4t_nb.calendars import calendar

    if isinstance(moment, datetime):
        return moment
    delay = timedelta(seconds=removal.delay)
    with suppress(CalendarUnknown):
        return calendar(removal.calendar).closing(moment, delay)
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1) + delay
