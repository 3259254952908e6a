"""The mark of a removal: when it was, and what it was of, whatever else is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from ml4t_nb.errors import StoreError
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Removal
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.versions import Versions

__all__ = ["removal_of"]


def removal_of(folder: DatasetFolder, at: datetime, renamed_to: str) -> Removal:
    """The mark of a removal as of ``at``, or of the last run if that is later; under the lock.

    It says of the dataset what can be read.
    """
    mark = Removal(at, renamed_to=renamed_to)
    with suppress(StoreError):
        number, manifest = folder.newest()
        if manifest is None:
            return mark
        delays = (each.delay for each in reversed(manifest.recent) if each.delay is not None)
        mark = replace(
            mark,
            removed_at=max(at, manifest.updated or at),
            calendar=manifest.config.calendar,
            delay=next(delays, 0.0),
        )
        runs, _ = Snapshot(folder, manifest).readable_history()
        mark = replace(mark, since=_first_run(folder, runs, number))
    return mark


def _first_run(folder: DatasetFolder, runs: Sequence[UpdateRecord], number: int) -> datetime | None:
    """As-of of the first run since the dataset was last not stored, up to commit ``number``.

    Of the ``runs`` that are known, oldest first, or of the versions; None if it is in neither.
    """
    times = Versions(folder).times
    removals = (each for each, at in times.items() if at is None and each < number)
    first = max(removals, default=0) + 1
    if runs and runs[0].first_version == first:
        return runs[0].since
    return times.get(first)
