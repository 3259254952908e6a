"""What the targets of a store know: a small file beside its datasets' state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ml4t_nb.codec import Codec
from ml4t_nb.notice import ToldState
from ml4t_nb.storage.disk import write_new, writing
from ml4t_nb.storage.locks import HeldLock, dataset_lock

__all__ = ["locked_told", "read_told", "write_told"]

_CODEC = Codec(omit_defaults=True)
_NOT_THAT = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a file of any other content raises."""


@dataclass(frozen=True, slots=True)
class _Target:
    name: str
    told: ToldState


@dataclass(frozen=True, slots=True)
class _Content:
    form: Literal["told 1"]  # another with every change of the file
    targets: tuple[_Target, ...] = ()


def _folder(home: Path) -> Path:
    return home / "state" / "notices"


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
    with dataset_lock(_folder(home), "what targets were told", timeout_s=timeout_s) as held:
        yield held


def read_told(home: Path) -> dict[str, ToldState]:
    """What each target knows, by name; nothing if there is no such file, or it is damaged."""
    try:
        plain = json.loads((_folder(home) / "told.json").read_bytes())
        content: _Content = _CODEC.load(_Content, plain)
    except _NOT_THAT:
        return {}
    return {each.name: each.told for each in content.targets}


def write_told(home: Path, told: Mapping[str, ToldState]) -> None:
    """Replace the file in one step; to be called by who has the lock.

    Raises
    ------
    StoreNotWritable
        If it cannot be written.
    """
    folder = _folder(home)
    targets = tuple(_Target(name, each) for name, each in told.items() if each != ToldState())
    content = json.dumps(_CODEC.dump(_Content("told 1", targets)), indent=1).encode("ascii")
    staged = folder / "told.new"
    with writing(folder):
        staged.unlink(missing_ok=True)  # of one that was killed
        write_new(f"{staged}", content)
        staged.replace(folder / "told.json")
