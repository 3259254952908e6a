"""Shares that are listed under another name: which one has their versions of a day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from ml4t_nb.errors import StoreError, VersionNotFound

if TYPE_CHECKING:
    from ml4t_nb.model import DatasetId
    from ml4t_nb.storage.versions import Versions
    from ml4t_nb.workspace import Workspace

__all__ = ["former_names", "other_names", "require_not_renamed"]


def other_names(ws: Workspace, dataset: DatasetId) -> list[DatasetId]:
    """What the share is, or was, stored as besides."""
    return [*_new_names(ws, dataset), *former_names(ws, dataset)]


def former_names(ws: Workspace, dataset: DatasetId) -> list[DatasetId]:
    """What its earlier bars were stored as, the last name first."""
    names = ws.store.former_names().get(dataset, ())
    return [replace(dataset, symbol=each.symbol) for each in reversed(names)]


def require_not_renamed(
    ws: Workspace, versions: Versions, number: int, until: datetime, moment: datetime | date
) -> None:
    """Raise NotChosen if the share had a new name by ``until``: its bars are there.

    For a dataset removed after version ``number`` by an earlier program, which did not say why. If
    it is not known when it was renamed, VersionNotFound for whatever is after that version.
    """
    from ml4t_nb.storage.past_store import NotChosen

    dataset, last = versions.folder.dataset, versions.times[number]
    following = next((each for each in versions.removals if each > number), None)
    if following is None or versions.removals[following] is not None:
        return
    for new in _new_names(ws, dataset):
        at, is_exact = _renamed_by(ws.store.versions(new), dataset.symbol)
        if at is not None and at <= until:
            by = "as of" if is_exact else "by"
            raise NotChosen(
                f"{dataset} was renamed {by} {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: "
                f"since then its bars are those of {new}",
                hint=f"read {new.symbol} with known_on={moment.isoformat()}",
            )
        if not is_exact and last is not None and last < until:
            raise VersionNotFound(
                f"when {dataset} was renamed to {new.symbol} is not known any more, and whether it "
                "was by then",
                hint=f"read {new.symbol} with known_on={moment.isoformat()}, or {dataset.symbol} "
                f"with version={number}",
            )


def _renamed_by(versions: Versions, symbol: str) -> tuple[datetime | None, bool]:
    """As-of of the first version there is that has the symbol's bars too, None if none has.

    And whether they came with it: the version just before is there as well.
    """

    def is_renamed(number: int) -> bool:
        manifest = versions.manifest(number)
        names = manifest.former_names if manifest else ()
        return any(each.symbol == symbol for each in names)

    times = versions.times
    for is_removal, each in groupby(versions.numbers, lambda number: times[number] is None):
        numbers = [*each]
        if not is_removal and is_renamed(numbers[-1]):
            place = bisect_left(numbers, True, key=is_renamed)
            is_exact = place > 0 and numbers[place - 1] == numbers[place] - 1
            return times[numbers[place]], is_exact
    return None, True


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
            if each not in stored and _renamed_by(ws.store.versions(each), dataset.symbol)[0]:
                yield each
