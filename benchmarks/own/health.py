"""Judging thousands of datasets, each with two chunks whose sizes are compared."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from benchmarks.bars import DAILY, made
from benchmarks.own.clock import Number, clocked
from benchmarks.own.starts import program
from benchmarks.peers.ours import Opened
from benchmarks.workers import environment
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.health import health
from ml4t_nb.verbs.list import list_
from ml4t_nb.workspace import Workspace

__all__ = ["measured"]

_DATASETS = 5_000
_BARS = 180
_AS_OF = datetime(2024, 6, 14, 21, tzinfo=UTC)


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Warm in a process that judged them before, and as a command of the shell."""
    store = Opened(folder)
    count = max(int(_DATASETS * share), 4)
    frame = store.frame(made(DAILY.name).cut(DAILY.loaded - _BARS, DAILY.loaded), 0)
    for number in range(count):
        store.load(f"daily-H{number}", frame)
    ws = Workspace.open(Settings(home=folder))
    report = health(ws, as_of=_AS_OF)
    assert [each.state for each in report.datasets] == ["healthy"] * count
    chunks = sum(each.chunks for each in ws.store.summaries())
    assert chunks == 2 * count
    command = [*program(), "health", "--home", str(folder), "--as-of", f"{_AS_OF:%Y-%m-%d}"]
    for number in range(rounds + 1):
        began = process_time()
        warm = clocked(lambda: health(ws, as_of=_AS_OF))
        used = (process_time() - began) * 1000
        listed = clocked(lambda: list_(ws))
        sizes = clocked(ws.store.summaries)
        fresh = clocked(Opened(folder).store.summaries)
        shell = clocked(lambda: _run(command))
        if number:
            yield "health of 5,000", "warm, the verb", warm, "ms"
            yield "health of 5,000", "warm, the verb, processor", used, "ms"
            yield "health of 5,000", "warm, list", listed, "ms"
            yield "health of 5,000", "warm, the store's part", sizes, "ms"
            yield "health of 5,000", "the store newly opened", fresh, "ms"
            yield "health of 5,000", "shell", shell, "ms"


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env=environment())
