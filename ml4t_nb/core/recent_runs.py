"""The newest of recorded runs, where one record may be of several."""

from __future__ import annotations

from collections.abc import Sequence

from ml4t_nb.records import UpdateRecord

__all__ = ["last_runs"]


def last_runs(records: Sequence[UpdateRecord], most: int) -> list[UpdateRecord]:
    """The newest records, oldest first, that are of ``most`` runs: of all of the oldest one's."""
    found: list[UpdateRecord] = []
    for record in reversed(records):
        if most <= 0:
            break
        found.insert(0, record)
        most -= record.times
    return found
