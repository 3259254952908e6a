"""Renames that are killed, and two at once: both names can be read, and the same rename ends it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from itertools import count
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError
from tests.verbs.two_names import bars_of, opened, rename_until_killed, symbols, two_names

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")

AS_OF = "2022-04-14"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with the verbs imported, forked from a server without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.verbs.two_names", "ml4t_nb.pipeline", "pyarrow.parquet"])
    return context


def assert_readable(home: Path) -> tuple[str, ...]:
    """What is stored is sound; which names there are, and whether the new one has all bars."""
    ws = opened(home)
    found = tuple(symbols(ws))
    judged = verbs.health(ws, verify=True, as_of=AS_OF).datasets
    assert [each.state == "error" for each in judged] == [False] * len(found), judged
    if "FB" in found:
        assert verbs.bars(ws, "FB")["close"].equals(bars_of(last="2022-03-31")["close"])
    new = verbs.bars(ws, "META")["close"]
    if len(new) == len(bars_of()):
        assert new.equals(bars_of()["close"])
        return (*found, "whole")
    assert new.equals(bars_of("2022-03-25")["close"])
    return found


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rename_killed_before_any_of_its_steps_on_disk_loses_no_bar_and_can_be_ended(
    tmp_path: Path, processes: ForkServerContext, step: int
) -> None:
    two_names(tmp_path / "0")
    reached = []
    for last in count(1, step):
        home = tmp_path / str(last)
        shutil.copytree(tmp_path / "0", home)
        writer = processes.Process(target=rename_until_killed, args=(home, last))
        writer.start()
        writer.join()
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        reached.append(assert_readable(home))
        if "FB" in reached[-1]:
            verbs.rename(opened(home), ("FB", "META"), as_of=AS_OF)
        assert assert_readable(home) == ("META", "whole")
        (history,) = verbs.history(opened(home), "META").datasets
        assert [each.verb for each in history.records] == ["load", "rename"]
        shutil.rmtree(home)
    assert list(dict.fromkeys(reached)) == [
        ("FB", "META"),
        ("FB", "META", "whole"),
        ("META", "whole"),
    ]


def rename_in(home: Path, old: str, new: str) -> None:
    try:
        verbs.rename(opened(home), (old, new), as_of=AS_OF)
    except (DatasetNotFound, OptionError):
        os._exit(2)


@pytest.mark.parametrize("one", [("FB", "META"), ("META", "FB")])
def test_two_renames_at_once_are_one_after_the_other(
    tmp_path: Path, processes: ForkServerContext, one: tuple[str, str]
) -> None:
    for attempt in range(2):
        home = tmp_path / str(attempt)
        two_names(home)
        pairs = [one, ("META", "FB")]
        running = [processes.Process(target=rename_in, args=(home, *pair)) for pair in pairs]
        for each in running:
            each.start()
        for each in running:
            each.join()
        assert sorted(each.exitcode or 0 for each in running) == [0, 2]
        (left,) = symbols(opened(home))
        assert verbs.bars(opened(home), left)["close"].equals(bars_of()["close"])


def test_a_rename_and_an_update_at_once_lose_nothing(
    tmp_path: Path, processes: ForkServerContext
) -> None:
    home = tmp_path / "home"
    ws = two_names(home, new=bars_of("2022-03-25", "2022-04-13"))
    running = [
        processes.Process(target=update_in, args=(home,)),
        processes.Process(target=rename_in, args=(home, "FB", "META")),
    ]
    for each in running:
        each.start()
    for each in running:
        each.join()

    assert running[0].exitcode == 0
    bars = verbs.bars(ws, "META")["close"]
    expected = bars_of()["close"] if symbols(ws) == ["META"] else bars_of("2022-03-25")["close"]
    pd.testing.assert_series_equal(bars, expected, check_freq=False)


def update_in(home: Path) -> None:
    from tests.verbs.two_names import Listed

    try:
        ws = opened(home, Listed({"META": bars_of("2022-03-25")}))
        (done,) = verbs.update(ws, "META", as_of="2022-04-18").results
        assert done.record.outcome != "failed", done.record
    except Ml4tError:
        os._exit(3)
