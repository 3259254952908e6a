"""The versions of a dataset that there are, with the runs that made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml4t_nb.errors import StoreError

if TYPE_CHECKING:
    from ml4t_nb.model import DatasetId
    from ml4t_nb.records import UpdateRecord
    from ml4t_nb.workspace import Workspace

__all__ = ["StoredVersion", "StoredVersions", "stored_versions"]


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a dataset, by the number of its commit.

    Parameters
    ----------
    at
        As-of of its run; None where that is not known.
    run
        The run that made it; None where no record is left of it, or the dataset was removed.
    is_kept
        Whether it is there to be read.
    undone_by
        Number of the run that took its run back; 0 if none did.
    is_undoable
        Whether its run can be taken back, as far as its record tells.
    """

    number: int
    at: datetime | None
    run: UpdateRecord | None
    is_kept: bool
    undone_by: int = 0
    is_undoable: bool = False

    @property
    def has_changed_values(self) -> bool:
        """Whether its run replaced or took out stored values, or decided about some."""
        run = self.run
        if run is None:
            return False
        decides = run.verb in ("review", "reconcile", "undo", "remove")
        return bool(run.revised or run.restatement is not None or decides)


@dataclass(frozen=True, slots=True)
class StoredVersions:
    """Versions of a dataset, the newest first.

    Parameters
    ----------
    rows
        Bars of the newest.
    damage
        Why some are not listed, or not with their runs.
    """

    dataset: DatasetId
    versions: tuple[StoredVersion, ...]
    rows: int
    damage: tuple[StoreError, ...] = ()

    @property
    def newest(self) -> int:
        """Number of the one in force."""
        return self.versions[0].number


def stored_versions(ws: Workspace, dataset: DatasetId) -> StoredVersions:
    """What can be read of the dataset's past, and what its last hundred runs were.

    Of runs in a row that brought nothing, which have one record, the last version is listed.
    """
    snapshot, past = ws.store.snapshot(dataset), ws.store.versions(dataset)
    recent, damage = snapshot.readable_history()
    undoable = {each.version for each in recent if each.is_undoable}
    faults: dict[str, StoreError] = {str(each): each for each in damage}
    records, times = recent, dict[int, datetime | None]()
    try:
        times = dict(past.times)
        records, damage = snapshot.readable_history(len(recent) + len(times))
        faults |= {str(each): each for each in damage}
    except StoreError as error:
        faults[str(error)] = error
    runs = {each.version: each for each in records if each.version}
    told = {number for run in runs.values() for number in range(run.first_version, run.version)}
    kept = {*times, snapshot.manifest.sequence}
    undone = {run.undid: number for number, run in runs.items() if run.undid}
    versions = (
        StoredVersion(
            number,
            runs[number].at if number in runs else times.get(number),
            runs.get(number),
            number in kept,
            undone.get(number, 0),
            is_undoable=number in undoable - undone.keys(),
        )
        for number in sorted({*runs, *(kept - told)}, reverse=True)
        if number <= snapshot.manifest.sequence
    )
    found = tuple(faults.values())
    return StoredVersions(dataset, tuple(versions), snapshot.manifest.rows, found)
