"""What a frame says of itself: which datasets it is of, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.session_reads import note_read
from ml4t_nb.storage.manifest import Manifest

__all__ = ["ATTRIBUTE", "Origin", "described"]

ATTRIBUTE = "ml4t_nb"
"""Its name among the ``attrs`` of a frame."""


class Origin(dict[str, Any]):
    """Strings, numbers, lists and dicts of them, as JSON has them.

    Pandas copies the ``attrs`` of a frame deeply at nearly every step: of five hundred datasets
    that would take longer than most steps.
    """

    @classmethod
    def of(
        cls,
        request: BarsRequest,
        manifests: Iterable[Manifest],
        frequency: str | None,
        *,
        derived_from: str | None = None,
        incomplete: int | None = None,
        skipped: Mapping[str, str] | None = None,
    ) -> Origin:
        """That of a frame; what was ``skipped`` only where it may be.

        Of derived bars, ``incomplete`` counts those without all of their parts, shown as such or
        not.
        """
        manifests = [*manifests]
        updated = [each.updated for each in manifests if each.updated is not None]
        facts = cls(
            frequency=frequency,
            derived_from=derived_from,
            adjust=request.adjust,
            filled=request.filled,
            start=None if request.start is None else request.start.isoformat(),
            end=None if request.end is None else request.end.isoformat(),
            as_of=max(updated).isoformat() if updated else None,
            datasets=[str(each.dataset) for each in manifests],
            versions=[each.sequence for each in manifests],
            checksums=[each.checksum for each in manifests],
        )
        if incomplete is not None:
            facts["incomplete"] = incomplete
        if skipped is not None:
            facts["skipped"] = dict(skipped)
        return facts

    def __deepcopy__(self, memo: object) -> Origin:
        """A copy that shares the lists."""
        return Origin(self)


def described(frame: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """``frame`` itself, which says what it is of; a session is told that it was read."""
    frame.attrs[ATTRIBUTE] = origin
    note_read(origin)
    return frame
