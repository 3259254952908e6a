"""Work on several chunks at once goes on where there are no threads."""

import subprocess
import sys
import threading
from collections.abc import Callable

import pandas as pd
import pytest

from ml4t_nb.model import DatasetId
from ml4t_nb.storage.parallel import parallel_map
from ml4t_nb.storage.store import Store
from tests.storage.builders import bars_at, commit

# A thread that outlives the main one reads when Python has begun to end, and gives no more threads.
LATE = """
import sys, threading, time
from pathlib import Path
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.store import Store

def read():
    threading.main_thread().join()
    print(len(store.snapshot(DatasetId("crypto", "1m", "BTC")).bars()))

store = Store(Path(sys.argv[1]))
store.snapshot(DatasetId("crypto", "1m", "BTC"))
threading.Thread(target=read).start()
"""


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_results_come_in_the_order_of_the_parts(threads: int) -> None:
    assert [*parallel_map(str, range(50), threads=threads)] == [str(number) for number in range(50)]
    assert [*parallel_map(str, [], threads=threads)] == []


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_is_raised(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        [*parallel_map(lambda number: 1 / number, [2, 1, 0, 3], threads=threads)]


@pytest.mark.parametrize("granted", [0, 1, 2])
def test_what_gets_no_thread_is_done_all_the_same(
    granted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    given: list[threading.Thread] = []

    def grudging(thread: threading.Thread) -> None:
        if len(given) == granted:
            raise RuntimeError("can't start new thread")
        given.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", grudging)
    double: Callable[[int], int] = lambda number: 2 * number  # noqa: E731

    assert [*parallel_map(double, range(6), threads=3)] == [0, 2, 4, 6, 8, 10]


def test_a_long_history_is_read_while_python_ends(store: Store) -> None:
    minutes = pd.date_range("2024-01-01", periods=200_000, freq="min")
    commit(store, DatasetId("crypto", "1m", "BTC"), bars_at(minutes), period="monthly")

    done = subprocess.run(
        [sys.executable, "-c", LATE, str(store.home)], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("200000\n", "")
