"""What a person in a notebook waits for, on the kernel's side, and how large what is kept is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.bars import DAILY, made
from benchmarks.own.clock import Number
from benchmarks.own.starts import in_a_shell
from benchmarks.peers.ours import Opened

__all__ = ["measured"]

_DATASETS = 2_000
_BARS = 180
_MINUTES = "load DEMO -q -p synthetic -f 1m --start {} --as-of 2023-12-29"
_YEARS = ("2019-01-02", "2023-11-01")  # five years, 490,000 bars, and what a quick run has
_NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_QUICK = 0.5


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Fresh shells: the first result, a panel, the board of 2,000 datasets, a chart of minutes."""
    board, minutes = folder / "board", folder / "minutes"
    store = Opened(board)
    frame = store.frame(made(DAILY.name).cut(DAILY.loaded - _BARS, DAILY.loaded), 0)
    for number in range(max(int(_DATASETS * share), 4)):
        store.load(f"daily-H{number}", frame)
    load = _MINUTES.format(_YEARS[share < _QUICK])
    in_a_shell(_line(load, minutes))
    # Displayed in a terminal's shell a panel is words; its widgets are made all the same.
    programs = {
        "%load_ext to the first result": ("", _line("list", board)),
        "%load_ext to the first panel": ("", _line("panel load", board)),
        "board of 2,000": (_line("list", board), _line("panel health --as-of 2024-06-14", board)),
        "chart of 490,000 minutes": (
            _line("list", board),
            _line("plot DEMO --as-of 2023-12-29", minutes),
        ),
    }
    for number in range(rounds + 1):
        for what, (before, clocked) in programs.items():
            ms, cpu = in_a_shell(clocked, before=before)
            if number:
                yield "in a notebook", what, ms, "ms"
                yield "in a notebook, processor", what, cpu, "ms"
    for path in sorted(_NOTEBOOKS.glob("*.ipynb")):
        yield "saved notebook", path.stem, path.stat().st_size / 1000, "kB"


def _line(words: str, home: Path) -> str:
    line = f"%load_ext ml4t_nb\n%ml4t {words} --home {home}"
    return f"s.run_cell({line!r}).raise_error()"
