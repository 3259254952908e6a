"""Cold starts: whole processes, as a person waits for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bars import DAILY, made
from benchmarks.own.clock import Number, clocked
from benchmarks.peers.ours import Opened
from benchmarks.workers import environment

__all__ = ["measured", "program"]

_SHELL = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()"
_EXTENSION = f"""{_SHELL}
from time import perf_counter
began = perf_counter()
s.run_line_magic("load_ext", "ml4t_nb")
print((perf_counter() - began) * 1000)
"""


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Commands beside an empty interpreter and an import of pandas."""
    del share
    store = Opened(folder)
    store.load("daily-A", store.frame(made(DAILY.name).cut(0, DAILY.loaded), 0))
    python = [sys.executable, "-c"]
    commands = {
        "python, nothing": [*python, "pass"],
        "python, import pandas": [*python, "import pandas"],
        "ml4t-data --help": [*program(), "--help"],
        "ml4t-data health": [*program(), "health", "--home", str(folder), "--as-of", "2024-06-14"],
        "ml4t-data list": [*program(), "list", "--home", str(folder)],
        "python, an IPython shell": [*python, _SHELL],
    }
    for number in range(rounds + 1):
        for what, command in commands.items():
            spent = clocked(partial(_output, command))
            if number:
                yield "cold start", what, spent, "ms"
        inside = float(_output([*python, _EXTENSION]))
        if number:
            yield "cold start", "%load_ext ml4t_nb, in a running shell", inside, "ms"


def program() -> list[str]:
    """The command ``ml4t-data`` of this environment."""
    found = Path(sys.executable).with_name("ml4t-data")
    return [str(found)] if found.exists() else [sys.executable, "-m", "ml4t_nb"]


def _output(command: list[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    return done.stdout
