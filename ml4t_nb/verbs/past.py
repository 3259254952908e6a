"""Which versions of the datasets a verb reads: those in force, or those of another time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from ml4t_nb.errors import Ml4tError, OptionError, StoreError, VersionNotFound
from ml4t_nb.options import Moment, as_moment, did_you_mean

if TYPE_CHECKING:
    from ml4t_nb.model import DatasetId
    from ml4t_nb.records import Pin
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.storage.versions import Versions
    from ml4t_nb.workspace import Workspace

__all__ = ["as_known", "earliest_known", "unknown_pin", "version_known_on"]

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
        return ws.reading(lambda _: version)
    if pin is not None:
        return ws.reading(partial(_pinned, ws, _pin_of(ws, pin)))
    moment = as_moment(known_on, option="--known-on")
    assert moment is not None
    return ws.reading(lambda versions: version_known_on(ws, versions, moment))


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
        names = [each for each in _other_names(ws, dataset) if pin.version_of(each)]
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

    VersionNotFound if there is none.
    """
    from ml4t_nb.storage.past_store import NotChosen

    dataset, times = versions.folder.dataset, versions.times
    runs = {number: at for number, at in times.items() if at is not None}
    if not runs:
        raise NotChosen(f"{dataset} has no versions", hint="load it first")
    until = _until(ws, versions.manifest(max(runs)), moment)
    if times[max(times)] is None:
        _require_not_renamed(ws, dataset, until, moment)
    latest = _latest(moment)
    for number in sorted((each for each, at in runs.items() if at <= latest), reverse=True):
        manifest = versions.manifest(number)
        if manifest is None:
            continue
        own = _until(ws, manifest, moment)
        # A decision, or an undo, may be as of a time before that of the bars that it left.
        if max(runs[number], manifest.updated or runs[number]) <= own:
            _require_none_gone(versions, number, max(own, until))
            return number
    _require_none_gone(versions, 0, until)
    first = min(runs.values()).astimezone(UTC)
    then = [each for each in _former_names(ws, dataset) if _has_run(ws, each, until)]
    raise NotChosen(
        f"nothing was known of {dataset} on {moment:%Y-%m-%d}: its first version is of "
        f"{first:%Y-%m-%d %H:%M} UTC",
        hint=f"it was stored as {then[0]} then: read {then[0].symbol} with "
        f"known_on={moment.isoformat()}"
        if then
        else f"the earliest there is: known_on={first:%Y-%m-%d}",
    )


def _require_not_renamed(
    ws: Workspace, dataset: DatasetId, until: datetime, moment: datetime | date
) -> None:
    """Raise NotChosen if it was renamed by then: what it had is under the new name."""
    from ml4t_nb.storage.past_store import NotChosen

    for new in _new_names(ws, dataset):
        at = _renamed_at(ws.store.versions(new), dataset.symbol)
        if at is not None and at <= until:
            raise NotChosen(
                f"{dataset} was renamed as of {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: "
                f"since then its bars are those of {new}",
                hint=f"read {new.symbol} with known_on={moment.isoformat()}",
            )


def _renamed_at(versions: Versions, symbol: str) -> datetime | None:
    """As-of of the run that joined the symbol's bars to these, as far as it is still there."""

    def is_renamed(number: int) -> bool:
        manifest = versions.manifest(number)
        names = manifest.former_names if manifest else ()
        return any(each.symbol == symbol for each in names)

    times = versions.times
    for is_removal, each in groupby(versions.numbers, lambda number: times[number] is None):
        numbers = [*each]
        if not is_removal and is_renamed(numbers[-1]):
            return times[numbers[bisect_left(numbers, True, key=is_renamed)]]
    return None


def _other_names(ws: Workspace, dataset: DatasetId) -> list[DatasetId]:
    return [*_new_names(ws, dataset), *_former_names(ws, dataset)]


def _new_names(ws: Workspace, dataset: DatasetId) -> list[DatasetId]:
    """Datasets of which it is a former name, stored or removed since."""
    stored = [
        new
        for new, names in ws.store.former_names().items()
        if replace(new, symbol=dataset.symbol) == dataset
        and any(each.symbol == dataset.symbol for each in names)
    ]
    return [*stored, *_removed_names(ws, dataset)]


def _removed_names(ws: Workspace, dataset: DatasetId) -> Iterator[DatasetId]:
    from ml4t_nb.storage.past_store import with_versions

    stored = {dataset, *ws.store.datasets(keep=False)}
    for each in with_versions(ws.settings.home, dataset.asset_class, dataset.frequency):
        with suppress(StoreError):  # what is damaged is told to who reads it
            if each not in stored and _renamed_at(ws.store.versions(each), dataset.symbol):
                yield each


def _former_names(ws: Workspace, dataset: DatasetId) -> list[DatasetId]:
    """What its earlier bars were stored as, the last name first."""
    names = ws.store.former_names().get(dataset, ())
    return [replace(dataset, symbol=each.symbol) for each in reversed(names)]


def _has_run(ws: Workspace, dataset: DatasetId, until: datetime) -> bool:
    return any(at is not None and at <= until for at in ws.store.versions(dataset).times.values())


def _require_none_gone(versions: Versions, number: int, until: datetime) -> None:
    """VersionNotFound if a later one than ``number``, as of ``until`` or before, was dropped."""
    dataset, there = versions.folder.dataset, versions.numbers
    following = next((each for each in there if each > number), number + 1)
    missing = range(number + 1, following)
    if not missing:
        return
    known = _times_of_runs(versions)
    # Of one before the last hundred runs it is not known: it may be the one.
    gone = [each for each in missing if known.get(each, until) <= until]
    if gone:
        nearest = " and ".join(f"{each}" for each in (number, following) if each)
        raise VersionNotFound(
            f"what was known of {dataset} then cannot be read any more: version {gone[-1]} is gone",
            hint=f"the nearest versions there are: {nearest}",
        )


def _times_of_runs(versions: Versions) -> dict[int, datetime]:
    """As-of of the last hundred runs, by the number of the commit that each made."""
    from ml4t_nb.storage.past_snapshot import read_version

    for number in reversed(versions.numbers):
        if versions.manifest(number) is not None:
            runs, _ = read_version(versions, number).readable_history()
            return {
                number: each.at if number == each.version else each.since
                for each in runs
                if each.version
                for number in range(each.first_version, each.version + 1)
            }
    return {}


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
    delay = max(_delay(ws, each, manifest.dataset) for each in names)
    return calendar(config.calendar, config.session_overrides).closing(moment, delay)


def _delay(ws: Workspace, provider: str, dataset: DatasetId) -> timedelta:
    try:
        return ws.limits(provider).delay_of(dataset)
    except Ml4tError:  # one that is not installed here
        return _DELAY
