"""The data on a disk of their own: what a commit replaced is copied to the other one, then moved.

Whoever is killed between the two leaves a copy that bears no name yet.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb.storage.disk import GRACE_S
from ml4t_nb.storage.store import Store
from ml4t_nb.store_settings import Retention
from tests.storage.builders import AAPL, bars_at, commit

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX")

DAYS = pd.bdate_range("2020-01-01", periods=100)
MEMORY = Path("/dev/shm")  # noqa: S108  # a file system of its own


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Store]:
    """A store whose data are on another file system than all else."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system")
    data = Path(tempfile.mkdtemp(dir=MEMORY))
    store = Store(tmp_path / "home")
    store.home.mkdir()
    (store.home / "data").symlink_to(data)
    yield store
    shutil.rmtree(data)


def killed_before_it_names(store: Store, ending: str, work: Callable[[Store], object]) -> None:
    """Do the work in a process that is killed before a staged file gets a name with that ending."""

    def run() -> None:
        replace = os.replace

        def kill(source: str, target: str) -> None:
            is_staged = f"{source}".startswith(f"{target}.")
            if is_staged and "/versions/" in target and target.endswith(ending):
                os.kill(os.getpid(), signal.SIGKILL)
            replace(source, target)

        os.replace = kill  # type: ignore[assignment]  # in this process alone
        work(store)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def price_of(store: Store, number: int) -> set[float]:
    return {*store.version(AAPL, number).bars()["open"]}


def names(store: Store, part: str) -> list[str]:
    return sorted(path.name for path in (store.home / part / "equities/daily/AAPL").iterdir())


def made_older(store: Store, seconds: float) -> None:
    for path in (store.home / "versions").rglob("*.*"):
        os.utime(path, (path.stat().st_mtime - seconds,) * 2)


def test_versions_are_read_from_both_disks(apart: Store) -> None:
    for price in (1.0, 2.0, 3.0):
        commit(apart, AAPL, bars_at(DAYS, price))

    assert [price_of(apart, number) for number in (1, 2, 3)] == [{1.0}, {2.0}, {3.0}]
    assert len(names(apart, "data")) == 1
    assert [name[:9] for name in names(apart, "versions")] == [
        "00000002.", "00000003.", "m.0000000", "m.0000000",
    ]  # fmt: skip


def test_a_copy_without_a_name_is_swept_and_its_version_read(apart: Store) -> None:
    commit(apart, AAPL, bars_at(DAYS, 1.0))
    killed_before_it_names(apart, ".parquet", lambda store: commit(store, AAPL, bars_at(DAYS, 2.0)))
    (staged,) = names(apart, "versions")
    assert staged.startswith("00000002.2020-01-01.00000001.")
    assert not staged.endswith(".parquet")
    assert [price_of(apart, number) for number in (1, 2)] == [{1.0}, {2.0}]

    commit(apart, AAPL, bars_at(DAYS, 3.0))
    apart.sweep(Retention())
    assert staged in names(apart, "versions")  # perhaps of a writer that is at it
    made_older(apart, 2 * GRACE_S)
    apart.sweep()

    assert staged not in names(apart, "versions")
    assert len(names(apart, "data")) == 1
    assert [price_of(apart, number) for number in (1, 2, 3)] == [{1.0}, {2.0}, {3.0}]


def test_a_removed_dataset_keeps_no_copy_without_a_name(apart: Store) -> None:
    commit(apart, AAPL, bars_at(DAYS, 1.0))
    killed_before_it_names(apart, ".parquet", lambda store: commit(store, AAPL, bars_at(DAYS, 2.0)))
    with apart.transaction(AAPL) as tx:
        tx.remove()
    apart.erase(AAPL)

    assert not (apart.home / "versions/equities/daily/AAPL").exists()


def test_manifests_are_gathered_whole_or_not_at_all(store: Store) -> None:
    def grow(store: Store) -> None:
        for count in range(1, 100):
            commit(store, AAPL, bars_at(DAYS[:count]))

    killed_before_it_names(store, ".zst", grow)
    newest = store.sequence(AAPL)
    assert newest >= 32
    for number in (1, 2, newest - 1, newest):
        assert len(store.version(AAPL, number).bars()) == number
    (staged,) = (name for name in names(store, "versions") if ".zst." in name)
    made_older(store, 2 * GRACE_S)
    store.sweep()
    assert staged not in names(store, "versions")

    for count in range(newest + 1, newest + 9):
        commit(store, AAPL, bars_at(DAYS[:count]))
    assert [name for name in names(store, "versions") if name.endswith(".zst")]
    for number in (1, newest, newest + 8):
        assert len(store.version(AAPL, number).bars()) == number
