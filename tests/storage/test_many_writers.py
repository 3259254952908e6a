"""Writers and readers at once: in threads, in processes, killed, stopped."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event as Flag
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock
from pandas.testing import assert_frame_equal

from ml4t_nb.errors import DatasetNotFound, LockTimeout, StoreError, StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk, locks
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.store import Store
from tests.storage.builders import (
    AAPL,
    SPREAD,
    append,
    append_days,
    append_to,
    append_until_stopped,
    bars_at,
    commit,
    daily,
    generation,
    hold,
    hold_then_append,
    publish,
    read_appended,
    read_revised,
    revise_bar,
    whole,
    write_generations,
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX"),
]


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with the store imported, forked from a server without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ml4t_nb.storage.store"])
    return context


def run_all(context: Any, work: Callable[..., None], arguments: list[tuple[Any, ...]]) -> None:  # noqa: ANN401
    started: list[BaseProcess] = [context.Process(target=work, args=each) for each in arguments]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * len(started)


def assert_nothing_lost(store: Store, writers: int, days: int) -> None:
    bars = store.snapshot(AAPL).bars()
    assert bars.index.tolist() == SPREAD[: writers * days].tz_localize("UTC").tolist()
    assert bars["open"].tolist() == [float(n % writers + 1) for n in range(writers * days)]
    snapshot = store.snapshot(AAPL)
    assert snapshot.manifest.sequence == writers * days
    assert len(snapshot.history()) == min(100, writers * days)
    assert store.verify(AAPL) == ()
    assert sorted((store.home / "data").rglob("*.parquet")) == sorted(store.snapshot(AAPL).files())
    assert store.summaries()[0].rows == writers * days


@pytest.mark.parametrize(
    ("days", "readers", "reads"),
    [(6, 2, 1), pytest.param(50, 8, 10_000, marks=pytest.mark.slow)],
    ids=["6-times", "50-times"],
)
def test_eight_processes_that_append_lose_nothing_and_no_reader_sees_half(
    tmp_path: Path, processes: ForkServerContext, days: int, readers: int, reads: int
) -> None:
    seen = 0
    for number in count():
        store = Store(tmp_path / str(number))
        over = processes.Event()
        counts: list[Any] = [processes.Value("q", 0) for _ in range(readers)]
        watching: list[BaseProcess] = [
            processes.Process(target=read_appended, args=(store.home, 8, over.is_set, each))
            for each in counts
        ]
        for process in watching:
            process.start()
        run_all(processes, append_days, [(store.home, writer, 8, days) for writer in range(8)])
        over.set()
        for process in watching:
            process.join()

        assert [process.exitcode for process in watching] == [0] * readers
        assert_nothing_lost(store, 8, days)
        seen += sum(each.value for each in counts)
        if seen >= reads:
            break


@pytest.mark.parametrize(
    ("days", "readers", "reads"),
    [(6, 2, 1), pytest.param(50, 8, 10_000, marks=pytest.mark.slow)],
    ids=["6-times", "50-times"],
)
def test_eight_threads_that_append_lose_nothing_and_no_reader_sees_half(
    tmp_path: Path, days: int, readers: int, reads: int
) -> None:
    seen = 0
    for number in count():
        store, over = Store(tmp_path / str(number)), Flag()
        counts = [SimpleNamespace(value=0) for _ in range(readers)]
        with ThreadPoolExecutor(8 + readers) as pool:
            watching = [pool.submit(read_appended, store.home, 8, over.is_set, c) for c in counts]
            runs = [pool.submit(append_days, store.home, writer, 8, days) for writer in range(8)]
            try:
                for run in runs:
                    run.result()
            finally:
                over.set()
            for each in watching:
                each.result()

        assert_nothing_lost(store, 8, days)
        seen += sum(each.value for each in counts)
        if seen >= reads:
            break


@pytest.mark.parametrize(
    "times", [5, pytest.param(100, marks=pytest.mark.slow)], ids=["5-times", "100-times"]
)
def test_every_value_that_processes_overwrote_is_logged_once(
    store: Store, processes: ForkServerContext, times: int
) -> None:
    commit(store, AAPL, bars_at([SPREAD[0]], 0.5))
    over, reads = processes.Event(), processes.Value("q", 0)
    reader = processes.Process(target=read_revised, args=(store.home, over.is_set, reads))
    reader.start()

    run_all(processes, revise_bar, [(store.home, writer, times) for writer in range(4)])

    over.set()
    reader.join()
    assert reader.exitcode == 0
    assert reads.value > 0
    snapshot = store.snapshot(AAPL)
    given = [100.0 * writer + number for writer in range(4) for number in range(1, times + 1)]
    seen = [*snapshot.revised_rows()["open"], *snapshot.bars()["open"]]
    assert sorted(seen) == sorted([0.5, *given])
    assert store.verify(AAPL) == ()
    folder = store.home / "state/equities/daily/AAPL"
    names = {file.file for file in snapshot.manifest.revisions}
    assert {path.name for path in folder.glob("*.parquet")} == names


def test_a_reader_that_is_held_up_during_the_first_commits_misses_no_manifest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees the first chunk and no manifest; then two commits pass, and one is in the trash."""
    data, state = (store.home / name / "equities/daily/AAPL" for name in ("data", "state"))
    for folder, name in ((data, "2000-01-01.00000001.abc123.parquet"), (state, "lock")):
        folder.mkdir(parents=True)
        (folder / name).touch()
    listed, days = disk.names_in, pd.date_range("2000-01-01", periods=2)
    passed: list[str] = []

    def held_up(path: Path | str) -> list[str]:
        if "/trash/" in str(path) and not passed:
            passed.append(str(path))
            for day in days:
                append(Store(store.home), AAPL, bars_at([day]))
        return listed(path)

    monkeypatch.setattr(disk, "names_in", held_up)

    assert DatasetFolder(store.home, AAPL).newest().sequence in (0, 2)
    assert passed
    assert DatasetFolder(store.home, AAPL).newest().sequence == 2


def test_threads_that_share_a_store_lose_nothing(store: Store) -> None:
    days = pd.date_range("2000-01-01", periods=24)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda day: append(store, AAPL, bars_at([day])), days))

    assert store.snapshot(AAPL).bars().index.tolist() == days.tz_localize("UTC").tolist()


def test_datasets_are_written_side_by_side(store: Store) -> None:
    other = DatasetId("equities", "daily", "MSFT")
    with store.transaction(AAPL):
        assert commit(store, other, daily("2024-01-01", "2024-01-05")).rows == 5


@pytest.mark.parametrize(
    "rounds", [20, pytest.param(500, marks=pytest.mark.slow)], ids=["20", "500"]
)
def test_a_killed_writer_leaves_a_committed_state(
    store: Store, tmp_path: Path, processes: ForkServerContext, rounds: int
) -> None:
    """Loads, rewrites of several chunks and removals, killed wherever they happen to be."""
    chance = random.Random(20)  # noqa: S311  # a moment to kill at, no secret
    done = tmp_path / "done"
    reached: list[int] = []
    for _ in range(rounds):
        started = processes.Event()
        writer = processes.Process(target=write_generations, args=(store.home, done, started))
        writer.start()
        started.wait()
        writer.join(chance.uniform(0.0, 0.15))
        writer.kill()
        writer.join()

        acknowledged = (
            int(done.read_bytes().split()[-1]) if done.exists() and done.stat().st_size else 0
        )
        # A commit that a killed writer could not acknowledge any more counts all the same.
        reached.append(assert_generation(store, max([acknowledged, *reached[-1:]])))
    assert reached == sorted(reached)
    assert reached[-1] > 0


def assert_generation(store: Store, committed: int) -> int:
    """The state is that of the last known commit or the one after it; which one."""
    try:
        snapshot = store.snapshot(AAPL)
    except DatasetNotFound:
        number = committed if generation(committed) is None else committed + 1
        assert number == 0 or generation(number) is None
        assert store.summaries() == ()
        return number
    number = snapshot.manifest.sequence
    assert number in (committed, committed + 1)
    expected = generation(number)
    assert expected is not None
    assert_frame_equal(snapshot.bars(), expected, check_freq=False)
    assert store.verify(AAPL) == ()
    (row,) = store.summaries()
    assert (row.rows, row.damage) == (len(expected), "")
    return number


@pytest.mark.parametrize(
    "reads", [60, pytest.param(10_000, marks=pytest.mark.slow)], ids=["60", "10000"]
)
def test_a_reader_never_sees_a_mixture(
    store: Store, tmp_path: Path, processes: ForkServerContext, reads: int
) -> None:
    started = processes.Event()
    writer = processes.Process(
        target=write_generations, args=(store.home, tmp_path / "done", started)
    )
    writer.start()
    started.wait()
    seen: list[int] = []
    try:
        while len(seen) < reads or len(set(seen)) < 10:
            assert writer.is_alive()
            try:
                snapshot = store.snapshot(AAPL)
            except DatasetNotFound:
                continue
            seen.append(snapshot.manifest.sequence)
            expected = generation(seen[-1])
            assert expected is not None
            assert_frame_equal(snapshot.bars(), expected, check_freq=False)
            assert len(snapshot.files()) == len(snapshot.manifest.chunks)
            assert [row.damage for row in store.summaries()] in ([], [""])
    finally:
        writer.kill()
        writer.join()
    assert seen == sorted(seen)


def test_a_stopped_writer_is_waited_for_and_then_named(
    store: Store, processes: ForkServerContext
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    held = processes.Event()
    holder = processes.Process(target=hold, args=(store.home, held))
    holder.start()
    held.wait()
    assert holder.pid
    os.kill(holder.pid, signal.SIGSTOP)
    hurried = Store(store.home, lock_timeout_s=0.05)
    try:
        with pytest.raises(
            LockTimeout, match=r"equities/daily/AAPL is still locked .* 0\.05 s"
        ) as caught:
            append(hurried, AAPL, daily("2024-01-08", "2024-01-09"))
        assert "ML4T_DATA_LOCK_TIMEOUT" in caught.value.hint
        assert len(store.snapshot(AAPL).bars()) == 5
        assert store.summaries()[0].rows == 5
    finally:
        holder.kill()
        holder.join()

    assert append(hurried, AAPL, daily("2024-01-08", "2024-01-09")).rows == 7


def test_a_stopped_writer_goes_on_and_so_do_those_who_waited_for_it(
    store: Store, processes: ForkServerContext
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 1.0))
    held, let_go, ready = processes.Event(), processes.Event(), processes.Event()
    holder = processes.Process(
        target=hold_then_append,
        args=(store.home, held, let_go, daily("2024-01-08", "2024-01-09", 2.0)),
    )
    holder.start()
    held.wait()
    assert holder.pid
    os.kill(holder.pid, signal.SIGSTOP)
    patient = processes.Process(
        target=append_to, args=(store.home, daily("2024-01-10", "2024-01-10", 3.0), ready)
    )
    patient.start()
    ready.wait()
    hurried = Store(store.home, lock_timeout_s=0.05)
    try:
        with pytest.raises(LockTimeout):
            append(hurried, AAPL, daily("2024-01-11", "2024-01-12", 4.0))
        assert set(store.snapshot(AAPL).bars()["open"]) == {1.0}
    finally:
        os.kill(holder.pid, signal.SIGCONT)
        let_go.set()
        holder.join()
        patient.join()

    assert (holder.exitcode, patient.exitcode) == (0, 0)
    append(hurried, AAPL, daily("2024-01-11", "2024-01-12", 4.0))
    assert store.snapshot(AAPL).bars()["open"].tolist() == [1] * 5 + [2] * 2 + [3] + [4] * 2
    assert store.snapshot(AAPL).manifest.sequence == 4


def test_a_writer_whose_lock_file_was_deleted_loses_no_commit(
    store: Store, processes: ForkServerContext
) -> None:
    """A cleaner deletes the lock file, two others commit, and only then the first one does."""
    append(store, AAPL, daily("2024-01-01", "2024-01-05", 1.0))
    held, let_go = processes.Event(), processes.Event()
    late = processes.Process(
        target=hold_then_append, args=(store.home, held, let_go, daily("2023-12-27", "2024-01-02"))
    )
    late.start()
    held.wait()
    (store.home / "state/equities/daily/AAPL/lock").unlink()
    append(store, AAPL, daily("2024-01-08", "2024-01-09", 2.0))
    append(store, AAPL, daily("2024-01-10", "2024-01-10", 3.0))
    let_go.set()
    late.join()

    assert late.exitcode == 1
    for path in (store.home / "trash").rglob("*.*"):
        os.utime(path, (0, 0))
    store.sweep()
    assert store.snapshot(AAPL).bars()["open"].tolist() == [1.0] * 5 + [2.0] * 2 + [3.0]
    assert store.verify(AAPL) == ()
    assert sorted((store.home / "data").rglob("*.parquet")) == sorted(store.snapshot(AAPL).files())


def test_a_writer_whose_lock_file_was_deleted_says_so_though_no_other_wrote(
    store: Store,
) -> None:
    append(store, AAPL, daily("2024-01-01", "2024-01-05", 1.0))
    lock = store.home / "state/equities/daily/AAPL/lock"

    bars = daily("2024-01-08", "2024-01-08")

    def write() -> None:
        with store.transaction(AAPL) as tx:
            tx.put(bars, whole(bars))
            lock.unlink()
            publish(tx)

    with pytest.raises(StoreError, match="was deleted while it was held") as caught:
        write()

    assert caught.value.hint.startswith("run it again")
    assert len(store.snapshot(AAPL).bars()) == 5
    assert sorted((store.home / "data").rglob("*.parquet")) == sorted(store.snapshot(AAPL).files())
    assert append(store, AAPL, bars).rows == 6


@pytest.mark.parametrize(
    "days", [5, pytest.param(60, marks=pytest.mark.slow)], ids=["5-times", "60-times"]
)
def test_no_acknowledged_commit_is_lost_while_lock_files_are_deleted_all_the_time(
    store: Store, processes: ForkServerContext, days: int
) -> None:
    commit(store, AAPL, bars_at([SPREAD[0]], 9.0))
    writers: list[BaseProcess] = [
        processes.Process(target=append_until_stopped, args=(store.home, writer, 3, days))
        for writer in range(3)
    ]
    for process in writers:
        process.start()
    lock = store.home / "state/equities/daily/AAPL/lock"
    while any(process.is_alive() for process in writers):
        lock.unlink(missing_ok=True)

    assert [process.exitcode for process in writers] == [0] * 3
    bars = store.snapshot(AAPL).bars()
    assert bars.index.tolist() == SPREAD[: 1 + 3 * days].tz_localize("UTC").tolist()
    assert store.verify(AAPL) == ()


def test_a_transaction_inside_another_on_the_same_dataset_times_out(tmp_path: Path) -> None:
    store = Store(tmp_path, lock_timeout_s=0.0)
    with store.transaction(AAPL), pytest.raises(LockTimeout), store.transaction(AAPL):
        pass

    with store.transaction(AAPL) as tx:
        assert tx.manifest is None


class Unheeded(FileLock):
    """A lock as some network folders grant it: to everybody."""

    def _acquire(self) -> None:
        self._context.lock_file_fd = os.open(self.lock_file, os.O_RDWR | os.O_CREAT)

    def _release(self) -> None:
        assert self._context.lock_file_fd is not None
        os.close(self._context.lock_file_fd)
        self._context.lock_file_fd = None


def test_a_folder_whose_locks_do_not_work_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "FileLock", Unheeded)
    monkeypatch.setattr(locks, "_trusted", set())

    # The lock file is left behind, and shall not pass for one that was tried.
    for _ in range(2):
        with pytest.raises(StoreNotWritable, match="locks do not work"), store.transaction(AAPL):
            pytest.fail("a writer was let in")


def test_a_store_that_was_brought_to_such_a_folder_is_refused_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    monkeypatch.setattr(locks, "FileLock", Unheeded)
    monkeypatch.setattr(locks, "_trusted", set())

    with pytest.raises(StoreNotWritable, match="locks do not work"), store.transaction(AAPL):
        pytest.fail("a writer was let in")
