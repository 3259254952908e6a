"""One run of a kind at a time: who comes while it goes on would only do the same beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from ml4t_nb.errors import LockTimeout, StoreNotWritable
from ml4t_nb.storage.locks import dataset_lock

__all__ = ["lone_run"]

_DIGITS = 16


@contextmanager
def lone_run(home: Path, kind: tuple[str, ...]) -> Iterator[bool]:
    """Whether nobody else makes a run of that kind now; if so, nobody does until this one ends.

    Each kind has a lock of its own: two lines of a crontab begin in the same second, and the one
    must not keep the other from ever running. It ends with its process, however that ends. Where
    there is no store yet, or it has no locks, all may run: they are slower then, and no worse.
    """
    with ExitStack() as held:
        is_alone = True
        if kind and (home / "state").is_dir():
            name = sha256("\n".join(kind).encode()).hexdigest()[:_DIGITS]
            lock = dataset_lock(home / "state" / "due" / name, " ".join(kind), timeout_s=0)
            try:
                held.enter_context(lock)
            except LockTimeout:
                is_alone = False
            except StoreNotWritable:
                pass
        yield is_alone
