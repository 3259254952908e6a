"""What a process does to the disk, as Python reports it: looked at, and died of."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

__all__ = ["changes_the_disk", "die_before", "looked_at"]

_LOOKED_AT: list[str] = []
_WATCH: list[bool] = []


def _note(event: str, words: tuple[object, ...]) -> None:
    if _WATCH and event in ("open", "os.listdir", "os.scandir"):
        _LOOKED_AT.append(str(words[0]))


sys.addaudithook(_note)  # cannot be taken off again; it does nothing while nobody watches


@pytest.fixture
def looked_at() -> Iterator[list[str]]:
    """Files that are opened, and folders that are listed."""
    _LOOKED_AT.clear()
    _WATCH.append(True)
    yield _LOOKED_AT
    _WATCH.clear()


def die_before(last: int) -> None:
    """Kill this process right before the ``last``-th change of the disk from now on."""
    count = 0

    def die(event: str, words: tuple[object, ...]) -> None:
        nonlocal count
        if changes_the_disk(event, words):
            count += 1
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die)


def changes_the_disk(event: str, words: tuple[object, ...]) -> bool:
    if event == "open":
        flags = words[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return event in {
        "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.utime", "sqlite3.connect",
    }  # fmt: skip
