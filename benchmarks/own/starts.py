"""Cold starts: whole processes, as a person waits for them."""

from __future__ import annotations

import resource
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.bars import DAILY, made
from benchmarks.own.clock import Number
from benchmarks.peers.ours import Opened
from benchmarks.workers import environment

__all__ = ["in_a_shell", "measured", "program"]

_SHELL = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()"
_CLOCKED = f"""{_SHELL}
{{before}}
from time import perf_counter, process_time
began, used = perf_counter(), process_time()
{{clocked}}
print((perf_counter() - began) * 1000, (process_time() - used) * 1000)
"""
_EXTENSION = 's.run_line_magic("load_ext", "ml4t_nb")'
_LOAD = f"{_EXTENSION}; s.run_cell('%ml4t load {{}} -p sample --home {{}}').raise_error()"


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Commands, a read and a first load, beside an empty interpreter and an import of pandas."""
    del share
    store = Opened(folder)
    store.load("daily-A", store.frame(made(DAILY.name).cut(0, DAILY.loaded), 0))
    used = folder / "used"
    _spent([*_PYTHON, f"{_SHELL}; {_LOAD.format('MSFT', used)}"])
    for number in range(rounds + 1):
        for what, command in _commands(folder, number).items():
            ms, cpu, _ = _spent(command)
            if number:
                yield "cold start", what, ms, "ms"
                yield "cold start, processor", what, cpu, "ms"
        for what, words in _inside(folder, number).items():
            ms, cpu = in_a_shell(words)
            if number:
                yield "in a running shell", what, ms, "ms"
                yield "in a running shell, processor", what, cpu, "ms"


_PYTHON = [sys.executable, "-c"]


def _commands(folder: Path, number: int) -> dict[str, list[str]]:
    """Whole processes."""
    new = f"{_SHELL}; {_LOAD.format('AAPL', folder / f'new{number}')}"
    again = f"{_SHELL}; {_remade(folder, number)}"
    return {
        "python, nothing": [*_PYTHON, "pass"],
        "python, import pandas": [*_PYTHON, "import pandas"],
        "python, import pandas, pyarrow.parquet": [*_PYTHON, "import pandas, pyarrow.parquet"],
        "python, an IPython shell": [*_PYTHON, _SHELL],
        "ml4t-data --help": [*program(), "--help"],
        "ml4t-data health": [*program(), "health", "--home", str(folder), "--as-of", "2024-06-14"],
        "ml4t-data list": [*program(), "list", "--home", str(folder)],
        "ml4t_nb.bars": [*_PYTHON, f"import ml4t_nb; ml4t_nb.bars('A', home={str(folder)!r})"],
        "a shell's first %ml4t load": [*_PYTHON, again],
        "a shell's first %ml4t load, new store": [*_PYTHON, new],
    }


def _inside(folder: Path, number: int) -> dict[str, str]:
    """What is clocked in a shell that runs already."""
    return {
        "import pandas": "import pandas",
        "%load_ext ml4t_nb": _EXTENSION,
        "first %ml4t load": _remade(folder, number),
    }


def _remade(folder: Path, number: int) -> str:
    """A load into a store that has been used, of a symbol that it does not have."""
    home = folder / f"used{number}-{secrets.token_hex(2)}"
    shutil.copytree(folder / "used", home)
    return _LOAD.format("AAPL", home)


def in_a_shell(clocked: str, *, before: str = "") -> tuple[float, float]:
    """Milliseconds by the clock and of the processor in a fresh IPython, in which ``s`` is it."""
    text = _CLOCKED.format(before=before, clocked=clocked)
    ms, cpu = map(float, _spent([*_PYTHON, text])[2].split()[-2:])
    return ms, cpu


def program() -> list[str]:
    """The command ``ml4t-data`` of this environment."""
    found = Path(sys.executable).with_name("ml4t-data")
    return [str(found)] if found.exists() else [sys.executable, "-m", "ml4t_nb"]


def _spent(command: list[str]) -> tuple[float, float, str]:
    """Milliseconds by the clock and of the processors, and what the command printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    ms = (perf_counter() - began) * 1000
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ms, used * 1000, done.stdout
