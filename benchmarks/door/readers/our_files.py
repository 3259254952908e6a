"""Where our store keeps the files of a dataset, for programs that know nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from benchmarks.door.contents import MINUTES_OF

__all__ = ["files_of"]


def files_of(home: Path, names: Sequence[str]) -> list[str]:
    """Oldest first; looked for once in a process, as a person would who reads more than once."""
    return [file for name in names for file in _files(home, name)]


@cache
def _files(home: Path, name: str) -> list[str]:
    frequency = "1m" if name == MINUTES_OF else "daily"
    folder = home / "data" / "equities" / frequency / name
    # Exact while nobody writes.
    return sorted(str(path) for path in folder.glob("*.parquet"))
