"""A store of ours with thousands of datasets, made quickly: without syncs, in several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.bars import Made
from benchmarks.door.contents import KEPT, LOADED, MINUTES_OF, bars_of, contents

__all__ = ["build"]

_RECORDS = 100
_SINCE = "2004-06-14"
_TOGETHER = 50


def build(home: Path, count: int, share: float) -> None:
    """Each dataset by a commit of its own; those that are updated by ``load``, from synthetic."""
    held = contents(count, share)
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), _unsynced) as pool:
        stored = [pool.apply_async(_keep_records, (home, share))]
        for names in _parted((MINUTES_OF, *held.long, *held.short)):
            stored.append(pool.apply_async(_store, (home, share, names)))  # noqa: PERF401
        for names in _parted(held.updated):
            stored.append(pool.apply_async(_load, (home, names)))  # noqa: PERF401
        for each in stored:
            each.get()
    # The catalogue, which a store that is in use has.
    from ml4t_nb.storage.store import Store

    assert len(Store(home).summaries()) == count + 1


def _unsynced() -> None:
    """What is made again if the machine fails need not reach the disk at once."""
    for name in ("fsync", "fdatasync"):
        setattr(os, name, _ignore)


def _ignore(handle: object) -> None:
    """Leave it to the system."""


def _parted(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[first : first + _TOGETHER] for first in range(0, len(names), _TOGETHER))


def _store(home: Path, share: float, names: Sequence[str]) -> None:
    from benchmarks.peers.ours import Opened

    store = Opened(home)
    for name in names:
        store.load(_named(name), store.frame(bars_of(name, share), 0))


def _keep_records(home: Path, share: float) -> None:
    """The last bars one by one, so that as many records are kept as there ever are."""
    from benchmarks.peers.ours import Opened

    store, bars = Opened(home), bars_of(KEPT, share)
    cut = partial(Made.cut, bars)
    store.load(_named(KEPT), store.frame(cut(0, len(bars) - _RECORDS), 0))
    for last in range(len(bars) - _RECORDS, len(bars)):
        store.append(_named(KEPT), store.frame(cut(last, last + 1), 0))


def _load(home: Path, names: Sequence[str]) -> None:
    from ml4t_nb import load

    load(list(names), provider="synthetic", start=_SINCE, as_of=LOADED, home=home)


def _named(name: str) -> str:
    return f"{'minute' if name == MINUTES_OF else 'daily'}-{name}"
