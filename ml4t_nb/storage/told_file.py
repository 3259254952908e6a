"""What the targets of a store know: a small file beside its datasets' state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ml4t_nb.notice import ToldState
from ml4t_nb.storage.locks import HeldLock, dataset_lock
from ml4t_nb.storage.state_file import read_state, write_state

__all__ = ["locked_told", "read_told", "write_told"]

_FORM: Literal["told 1"] = "told 1"
"""Another with every change of the file."""


@dataclass(frozen=True, slots=True)
class _Target:
    name: str
    told: ToldState


@dataclass(frozen=True, slots=True)
class _Content:
    form: Literal["told 1"]
    targets: tuple[_Target, ...] = ()


def _file(home: Path) -> Path:
    return home / "state" / "notices" / "told.json"


@contextmanager
def locked_told(home: Path, *, timeout_s: float) -> Iterator[HeldLock]:
    """Keep all other processes from telling the targets of the store.

    Raises
    ------
    LockTimeout
        If another one did it for ``timeout_s`` seconds.
    StoreNotWritable
        If there can be no lock in the store's folder.
    """
    folder = _file(home).parent
    with dataset_lock(folder, "what targets were told", timeout_s=timeout_s) as held:
        yield held


def read_told(home: Path) -> dict[str, ToldState]:
    """What each target knows, by name; nothing if there is no such file, or it is damaged.

    StoreNewer if a later version of the package wrote it.
    """
    content = read_state(_file(home), _Content, _FORM)
    return {} if content is None else {each.name: each.told for each in content.targets}


def write_told(home: Path, told: Mapping[str, ToldState]) -> None:
    """Replace the file in one step; to be called by who has the lock.

    Raises
    ------
    StoreNotWritable
        If it cannot be written.
    """
    targets = tuple(_Target(name, each) for name, each in told.items() if each != ToldState())
    write_state(_file(home), _Content(_FORM, targets))
