"""While a writer runs, what is read of a dataset is one commit's, by every path."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.reading.random_store import rewrite, rows_of
from tests.reading.test_every_path import PATHS

SYMBOLS = ["AAPL", "MSFT", "brk/b"]
# The others read each column by itself.
AT_ONCE = {name: read for name, read in PATHS.items() if name not in ("columns", "wide csv")}
WRITER = """
import sys
from pathlib import Path
from ml4t_nb.storage.store import Store
from tests.reading.random_store import rewrite
store, number = Store(Path(sys.argv[1])), 1
while Path(sys.argv[2]).exists():
    for symbol in sys.argv[3:]:
        number += 1
        rewrite(store, symbol, number)
"""


def read_while_written(home: Path, is_enough: Callable[[int, int], bool]) -> None:
    """Read by each path until it is enough of rounds, and of commits that were seen."""
    ws = Workspace.open(Settings(home=home / "store", provider="sample"))
    for symbol in SYMBOLS:
        rewrite(ws.store, symbol, 1)
    going = home / "going"
    going.touch()
    words = [sys.executable, "-c", WRITER, str(ws.store.home), str(going), *SYMBOLS]
    rounds, seen = 0, set[int]()
    with subprocess.Popen(words) as writer:
        try:
            while not is_enough(rounds, len(seen)):
                assert writer.poll() is None
                for name, read in AT_ONCE.items():
                    for symbol, bars in read(ws, SYMBOLS, {"adjust": "all"}).items():
                        numbers = {*bars["volume"], *bars["close"]}
                        assert len(numbers) == 1, (name, symbol)
                        number = int(numbers.pop())
                        assert len(bars) == rows_of(number), (name, symbol)
                        seen.add(number)
                rounds += 1
        finally:
            going.unlink()
    assert writer.returncode == 0


@pytest.mark.long
def test_each_dataset_is_read_as_one_commit_left_it(tmp_path: Path) -> None:
    read_while_written(tmp_path, lambda rounds, seen: rounds >= 3 and seen >= 10)


@pytest.mark.slow
def test_each_dataset_is_read_as_one_commit_left_it_for_long(tmp_path: Path) -> None:
    read_while_written(tmp_path, lambda rounds, seen: rounds >= 300 and seen >= 1000)
