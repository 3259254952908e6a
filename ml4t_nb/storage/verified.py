"""Which versions of files have passed their checksum in this process."""

from __future__ import annotations

import os
import time
from typing import TypeAlias

__all__ = ["VERIFIED", "FileVersion", "Verified", "read_file", "version_of"]

FileVersion: TypeAlias = tuple[str, int, int, int, int, int]
"""Path, device, inode, size, and when its content and its inode last changed, in ns."""

_DAY_S = 86_400.0
_MOST = 100_000
_SETTLED_NS = 2_000_000_000


class Verified:
    """Versions of files whose content was compared with a checksum, once for a day.

    What is stored is not written again, so that another version is another file, or damage. A
    change of the content that leaves size and all times as they were is a fault of the disk: that
    is what `health --verify` is for, which reads every file again.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[FileVersion, str], float] = {}

    def has(self, version: FileVersion, checksum: str) -> bool:
        """Whether that version had that checksum, less than a day ago."""
        at = self._seen.get((version, checksum))
        return at is not None and time.monotonic() - at < _DAY_S

    def note(self, version: FileVersion, checksum: str) -> None:
        """Keep that it had it.

        It is not kept of a file that has just changed: within a tick of the file system's clock it
        could change again, and bear the same time.
        """
        if time.time_ns() - version[-1] < _SETTLED_NS or self.has(version, checksum):
            return
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[version, checksum] = time.monotonic()


VERIFIED = Verified()
"""Those of all stores."""


def version_of(path: str, found: os.stat_result) -> FileVersion:
    """Which version of the file that stat is of."""
    times = found.st_mtime_ns, found.st_ctime_ns
    return path, found.st_dev, found.st_ino, found.st_size, *times


def read_file(path: str) -> tuple[bytes, FileVersion]:
    """A file's content, and which version of it that is."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        most = os.fstat(handle).st_size + 1
        parts = [os.read(handle, most)]
        # One read gives two gigabytes at most.
        while parts[-1] and sum(map(len, parts)) < most - 1:
            parts.append(os.read(handle, most))
        # Afterwards: what is written into it meanwhile makes another version of it.
        found = os.fstat(handle)
    finally:
        os.close(handle)
    return parts[0] if len(parts) == 1 else b"".join(parts), version_of(path, found)
