"""What is done to past versions is killed at each of its steps on disk: each is still as it was.

What retention, or a removal for good, is about to drop may be gone; it is never something else.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import VersionNotFound
from ml4t_nb.records import Pin, PinnedVersion
from ml4t_nb.storage.pins import changing_pins, read_pins
from ml4t_nb.storage.store import Store
from ml4t_nb.store_settings import Retention
from tests.disk_events import die_before
from tests.storage.builders import AAPL, AT, bars_at, commit, whole

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX")

strides = pytest.mark.parametrize(
    "stride",
    [pytest.param(9, id="every ninth"), pytest.param(1, id="each", marks=pytest.mark.slow)],
)

DAYS = pd.bdate_range("2019-11-01", periods=100)
PINNED = (3, 20)
KEPT = Retention(None, 5)

Known: TypeAlias = dict[int, Bars]
"""What each version holds, by its number."""


def after(known: Known, number: int) -> tuple[Bars, Bars]:
    """What commit ``number`` puts, and what is stored then."""
    before = known.get(number - 1)
    if before is None:
        return (bars := bars_at(DAYS[:30])), bars
    # A bar is appended, or every third time one of those before is corrected.
    place = number if number % 3 == 0 else len(before)
    new = bars_at(DAYS[place : place + 1], float(number))
    kept = before.drop(index=new.index, errors="ignore")
    return new, pd.concat([kept, new]).sort_index()


def make(home: Path, known: Known, number: int) -> None:
    """Make that commit."""
    new, _ = after(known, number)
    commit(Store(home), AAPL, new, whole(new))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Known]:
    """A store of thirty-nine commits, whose manifests the next one gathers; and its versions."""
    home, known = tmp_path_factory.mktemp("grown") / "home", dict[int, Bars]()
    for number in range(1, 40):
        make(home, known, number)
        known[number] = after(known, number)[1]
    assert not [*home.rglob("*.zst")]
    return home, known


@pytest.fixture(scope="module")
def gathered(
    grown: tuple[Path, Known], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Known]:
    """A store of forty-two commits, some of them pinned."""
    home, known = tmp_path_factory.mktemp("gathered") / "home", dict(grown[1])
    shutil.copytree(grown[0], home)
    for number in range(40, 43):
        make(home, known, number)
        known[number] = after(known, number)[1]
    assert [*home.rglob("*.zst")]
    with changing_pins(home, timeout_s=1) as pins:
        pins["paper"] = pin(home, *PINNED)
    return home, known


def pin(home: Path, *numbers: int) -> Pin:
    manifests = [Store(home).version(AAPL, number).manifest for number in numbers]
    return Pin("paper", AT, tuple(PinnedVersion(AAPL, m.sequence, m.checksum) for m in manifests))


def killed(home: Path, work: Callable[[Path], object], last: int) -> bool:
    """Whether the work in another process was killed before its ``last``-th change of the disk."""

    def run() -> None:
        die_before(last)
        work(home)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def assert_read(home: Path, known: Known, *, droppable: Collection[int] = ()) -> set[int]:
    """Each version is as it was; those that may be dropped might be gone. Which are."""
    store, gone = Store(home), set[int]()
    for number, expected in known.items():
        try:
            found = store.version(AAPL, number).bars()
        except VersionNotFound:
            assert number in droppable
            gone.add(number)
            continue
        assert_frame_equal(found, expected, check_exact=True, check_freq=False)
    return gone


def at_each_step(
    before: Path, folder: Path, stride: int, work: Callable[[Path], object]
) -> Iterator[Path]:
    """Copies of a store in which the work was killed, each at a later step; in the last, not."""
    was_killed, last = True, 1
    while was_killed:
        shutil.copytree(before, home := folder / f"{last}")
        was_killed = killed(home, work, last)
        yield home
        shutil.rmtree(home)
        last += stride
    assert last > 4


@strides
def test_a_commit_that_gathers_manifests(
    grown: tuple[Path, Known], tmp_path: Path, stride: int
) -> None:
    before, known = grown
    then = known | {40: after(known, 40)[1]}
    reached = []
    for home in at_each_step(before, tmp_path, stride, lambda home: make(home, known, 40)):
        reached.append(Store(home).sequence(AAPL))
        assert_read(home, then if reached[-1] == 40 else known)
        if reached[-1] == 39:
            make(home, known, 40)
        for number in range(41, 49):  # that of the next eighth commit gathers what was left
            make(home, then, number)
            then[number] = after(then, number)[1]
        assert_read(home, then)
        then = {number: bars for number, bars in then.items() if number <= 40}
    assert reached == sorted(reached)
    assert {*reached} == {39, 40}


@strides
def test_a_commit_that_changes_bars_of_many_versions(
    grown: tuple[Path, Known], tmp_path: Path, stride: int
) -> None:
    before, known = grown
    restated = bars_at(known[39].index, 500.0)

    def restate(home: Path) -> None:
        commit(Store(home), AAPL, restated)

    for home in at_each_step(before, tmp_path, stride, restate):
        is_there = Store(home).sequence(AAPL) == 40
        assert_read(home, known | {40: restated} if is_there else known)
        restate(home)
        assert_read(home, known | {40: restated})


def test_versions_are_read_while_a_writer_changes_bars(
    gathered: tuple[Path, Known], tmp_path: Path
) -> None:
    before, known = gathered
    shutil.copytree(before, home := tmp_path / "home")

    def restate() -> None:
        for price in range(10_000):
            commit(Store(home), AAPL, bars_at(known[42].index, float(price)))

    writer = multiprocessing.get_context("fork").Process(target=restate)
    writer.start()
    first = Store(home).sequence(AAPL)
    while Store(home).sequence(AAPL) < first + 40:
        assert_read(home, known)
    writer.kill()
    writer.join()
    assert_read(home, known)


@strides
def test_a_sweep_that_drops_old_versions(
    gathered: tuple[Path, Known], tmp_path: Path, stride: int
) -> None:
    before, known = gathered
    old = {number for number in known if number <= 42 - 5} - {*PINNED}

    for home in at_each_step(before, tmp_path, stride, lambda home: Store(home).sweep(KEPT)):
        assert_read(home, known, droppable=old)
        Store(home).sweep(KEPT)
        gone = assert_read(home, known, droppable=old)
        # By what a commit before left, it is found who holds rows of a pinned one.
        assert len(old - gone) < 3
        make(home, known, 43)
        assert assert_read(home, known, droppable=old) == gone


@strides
def test_a_removal_for_good(gathered: tuple[Path, Known], tmp_path: Path, stride: int) -> None:
    before, known = gathered
    shutil.copytree(before, home := tmp_path / "removed")
    with Store(home).transaction(AAPL) as tx:
        tx.remove()

    for each in at_each_step(home, tmp_path, stride, lambda home: Store(home).erase(AAPL)):
        assert_read(each, known, droppable=known)
        Store(each).erase(AAPL)
        assert assert_read(each, known, droppable=known) == {*known}
        assert not (each / "versions/equities/daily/AAPL").exists()


@strides
def test_a_removal_that_may_be_read_before(
    gathered: tuple[Path, Known], tmp_path: Path, stride: int
) -> None:
    before, known = gathered

    def remove(home: Path) -> None:
        with Store(home).transaction(AAPL) as tx:
            tx.remove()

    for home in at_each_step(before, tmp_path, stride, remove):
        assert_read(home, known)
        if Store(home).datasets():
            remove(home)
        Store(home).sweep()
        assert_read(home, known)
        assert [*home.rglob("data/**/*.parquet")] == []


@strides
def test_a_pin_that_is_added(gathered: tuple[Path, Known], tmp_path: Path, stride: int) -> None:
    before, known = gathered
    new = replace(pin(before, 30), name="thesis")

    def add(home: Path) -> None:
        with changing_pins(home, timeout_s=1) as pins:
            pins["thesis"] = new

    reached = []
    for home in at_each_step(before, tmp_path, stride, add):
        pins = read_pins(home)
        assert pins["paper"] == pin(before, *PINNED)
        reached.append(pins.get("thesis") == new)
        assert len(pins) == 1 + reached[-1]
        add(home)
        assert read_pins(home)["thesis"] == new
    assert reached == sorted(reached)
    assert_read(before, known)
