"""One budget of requests for all processes that work on a store."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from itertools import combinations
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.providers import budget as budget_module
from ml4t_nb.providers.budget import Budget, KeptBudget, budget_of
from tests.unprivileged import open_folder, unprivileged

__all__ = ["open_folder"]

NOON = 1_700_000_000.0


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with all of this imported, forked from a server without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.providers.test_kept_budget"])
    return context


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of the budget of a store in which something is stored."""
    return path_in(tmp_path / "home")


def path_in(home: Path) -> Path:
    (home / "state").mkdir(parents=True)
    return home / "cache" / "requests" / "somebody-60"


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = NOON

    def __call__(self) -> float:
        return self.seconds


def ask_at_noon(path: Path, log: Path, begin: Barrier) -> None:
    """Ask thirty times by a clock that stands still, and log the instant of each request."""
    budget = Budget(KeptBudget(60, path, clock=Clock()).spend)
    begin.wait()
    for _ in range(30):
        waits = [0.0]
        budget.wait(waits.append)
        note(log, NOON + waits[-1])


def ask_now(home: Path, log: Path, begin: Barrier) -> None:
    """Ask thirty times, a hundred a second, and log when it was."""
    begin.wait()
    for _ in range(30):
        budget_of("somebody", 6000, home).wait()
        note(log, time.time())  # noqa: TID251  # as the budget does


def note(log: Path, instant: float) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{instant!r}\n".encode())
    os.close(file)


def logged(log: Path) -> list[float]:
    return sorted(map(float, log.read_text().split()))


def test_two_processes_have_one_budget(
    processes: ForkServerContext, path: Path, tmp_path: Path
) -> None:
    runs = ((ask_at_noon, path, "noon"), (ask_now, path.parents[2], "now"))
    for ask, where, name in runs:
        begin = processes.Barrier(2)
        both = [processes.Process(target=ask, args=(where, tmp_path / name, begin)) for _ in "ab"]
        began = time.time()  # noqa: TID251  # likewise
        for each in both:
            each.start()
        for each in both:
            each.join()

        assert [each.exitcode for each in both] == [0, 0]
    # Ten at once, then one a second, whichever process they are of.
    assert logged(tmp_path / "noon") == pytest.approx(
        [NOON] * 10 + [NOON + second for second in range(1, 51)]
    )
    # As the clock of the machine has it: none before it is earned. How late they are is no matter.
    now = logged(tmp_path / "now")
    assert len(now) == 60
    assert all(sent >= began + (number - 9) / 100 - 1e-3 for number, sent in enumerate(now))


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 4)), min_size=15, max_size=30))
def test_no_window_holds_more_than_ten_and_what_is_earned_in_it(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, float]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    path, clock = path_in(home), Clock()
    each_of = [KeptBudget(60, path, clock=clock) for _ in range(3)]
    sent: list[float] = []
    for number, later_s in asked:
        clock.seconds += later_s
        sent.append(clock.seconds + each_of[number].spend(1))
    shutil.rmtree(home)

    for (first, start), (last, end) in combinations(enumerate(sent), 2):
        assert last - first + 1 <= 10 + (end - start) + 1e-5


def hold(path: Path, held: Connection) -> None:
    with FileLock(f"{path}.lock", fallback_to_soft=False):
        held.send("held")
        held.recv()


def test_who_is_suspended_or_killed_with_the_lock_stops_nobody(
    processes: ForkServerContext, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ours, others = (KeptBudget(60, path, clock=clock) for _ in "ab")
    assert ours.spend(10) == 0
    held, inner = processes.Pipe()
    holder = processes.Process(target=hold, args=(path, inner))
    holder.start()
    held.recv()
    monkeypatch.setattr(budget_module, "_PATIENCE_S", 0.05)

    # Nobody waits for ever; each goes on with what it knows itself.
    clock.seconds += 0.001
    assert ours.spend(1) == pytest.approx(1, abs=0.01)
    assert others.spend(1) == 0
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    clock.seconds += 0.001
    assert ours.spend(1) == pytest.approx(2, abs=0.01)
    assert others.spend(1) == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize(
    ("content", "wait_s"),
    [(each, 1) for each in (b"", b"\0" * 100_000, b"nan 1", b"7 inf", b"3", b"\xff 1", b"-1e9 1")]
    + [(b"9 9e15", 2), (b"-2 -9e15", 1)],
)
def test_a_damaged_file_is_as_good_as_none(path: Path, content: bytes, wait_s: int) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    clock = Clock()

    assert KeptBudget(60, path, clock=clock).spend(1) == 0
    assert KeptBudget(60, path, clock=clock).spend(10) == pytest.approx(wait_s)
    assert float(path.read_text().split()[1]) == NOON


def test_a_folder_in_the_place_of_the_file_stops_nobody(path: Path) -> None:
    path.mkdir(parents=True)
    budget = KeptBudget(60, path, clock=Clock())

    assert [budget.spend(11), budget.spend(1)] == [pytest.approx(1), pytest.approx(2)]


def test_a_clock_that_jumps_neither_stops_a_run_nor_frees_it(path: Path) -> None:
    clock = Clock()
    ours, others = (KeptBudget(60, path, clock=clock) for _ in "ab")
    assert ours.spend(12) == pytest.approx(2)

    clock.seconds -= 3600
    assert others.spend(1) == pytest.approx(3)
    clock.seconds += 2
    assert others.spend(1) == pytest.approx(2)
    # Far ahead, ten are free as after any pause; and nothing more when it is right again.
    clock.seconds += 1e9
    assert others.spend(10) == 0
    clock.seconds -= 1e9
    assert others.spend(1) == pytest.approx(1)
    # Another machine's clock, a little behind, earns what has been earned already no second time.
    clock.seconds += 5
    assert others.spend(5) == pytest.approx(1)
    clock.seconds -= 5
    assert others.spend(1) == pytest.approx(2)
    clock.seconds += 5
    assert others.spend(1) == pytest.approx(3)


def test_where_nothing_can_be_written_the_process_counts_itself(
    path: Path, open_folder: Path
) -> None:
    clock = Clock()
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.new").symlink_to("/dev/full")
    full = KeptBudget(60, path, clock=clock)
    read_only = KeptBudget(60, path_in(open_folder / "home"), clock=clock)

    assert [full.spend(6), full.spend(6)] == [0, pytest.approx(2)]
    with unprivileged():
        assert [read_only.spend(6), read_only.spend(6)] == [0, pytest.approx(2)]
    assert not list(open_folder.rglob("cache"))


def test_stores_are_independent_and_none_is_made(tmp_path: Path) -> None:
    stored, other, none = tmp_path / "stored", tmp_path / "other", tmp_path / "none"
    paths = path_in(stored), path_in(other)

    for home in (stored, other, none, None):
        budget = budget_of("some/body", 6, home)
        assert budget.spend(10) == 0
        assert 0 < budget.spend(1) <= 10
    assert budget_of("some/body", 7, stored).spend(1) == 0
    assert budget_of("somebody", 6, stored).spend(1) == 0

    assert [(each.parent / "some%2Fbody-6").is_file() for each in paths] == [True, True]
    assert not none.exists()
