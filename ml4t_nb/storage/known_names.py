"""Which folders hold the names that were seen in them: told by a stat, where it can tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["KnownNames"]

# What changes within one tick of a disk's clock has one and the same time; the coarsest ticks are
# of two seconds.
_TICK_NS = 2_500_000_000

# Elsewhere a folder's times need not say that a name came or went.
_TIMES_TELL = os.name == "posix"

_Mark: TypeAlias = tuple[int, int, int, int, int]
"""Number of a commit; device and inode of the folder; when a name last came or went, twice."""


class KnownNames:
    """Folders whose names were looked at, each with its times as they were before.

    As long as a folder has the same times it has the same names, if at the look these were older
    than a tick: what changes later gets another time. How late it is on a disk, the latest time
    seen on it says, so that no other clock has to agree with that of the disk. Nothing of this is
    said of the files themselves.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Mark] = {}
        self._latest: dict[int, int] = {}

    def note_time(self, found: os.stat_result) -> None:
        """That the clock of the disk has reached the time of this file."""
        if found.st_ctime_ns > self._latest.get(found.st_dev, 0):
            self._latest[found.st_dev] = found.st_ctime_ns

    def are_right(
        self, folder: str, sequence: int, found: os.stat_result, look: Callable[[], bool]
    ) -> bool:
        """Whether the names in ``folder`` are those of the commit ``sequence``.

        ``found`` is its stat. Only where names may have changed since they were right, a ``look``
        at them decides.
        """
        mark = sequence, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
        if self._known.get(folder) == mark:
            return True
        self.note_time(found)
        is_old = found.st_ctime_ns + _TICK_NS <= self._latest.get(found.st_dev, 0)
        is_right = look()
        if is_right and is_old and _TIMES_TELL:
            self._known[folder] = mark
        return is_right
