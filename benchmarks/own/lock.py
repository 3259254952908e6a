"""What the lock costs, beside a bare commit of five daily bars."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bars import DAILY, made
from benchmarks.own.clock import Number, clocked
from benchmarks.peers.ours import Opened, dataset_of
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.locks import dataset_lock

__all__ = ["measured"]

_TIMES = 20


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Taking and giving back the lock alone, beside whole commits to the same dataset."""
    del share
    store, bars = Opened(folder), made(DAILY.name)
    dataset = dataset_of("daily-L")
    store.load("daily-L", store.frame(bars.cut(0, DAILY.loaded), 0))
    state = DatasetFolder(folder, dataset).state

    def take() -> None:
        with dataset_lock(state, dataset, timeout_s=30):
            pass

    for number in range(rounds + 1):
        first = DAILY.loaded + number * DAILY.step
        frame = store.frame(bars.cut(first, first + DAILY.step), 0)
        os.sync()
        commit = clocked(partial(store.append, "daily-L", frame))
        locks = sorted(clocked(take) for _ in range(_TIMES))
        if number:
            yield "lock", "taken and given back", locks[_TIMES // 2], "ms"
            yield "lock", "a commit of five bars", commit, "ms"
