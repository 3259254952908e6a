"""Backups that are killed, or made while writers commit without a pause."""

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
from ml4t_nb.backups import BackupReport
from ml4t_nb.errors import StoreNotFound
from ml4t_nb.storage.store import Store
from tests.disk_events import die_before
from tests.verbs import commit_sequence

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with the verbs imported, forked from a server without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.verbs.commit_sequence", "ml4t_nb.storage.backup"])
    return context


def backup(home: Path, away: Path, *, links: bool = True) -> BackupReport:
    return verbs.backup(commit_sequence.open_workspace(home), away, links=links)


def assert_whole(path: Path, *, newest: int | None = None) -> int:
    """The backup is whole, as one commit left it, with every version before; which commit."""
    assert verbs.check_backup(commit_sequence.open_workspace(path), path).faults == ()
    last = Store(path).sequence(commit_sequence.DATASET)
    assert newest in (None, last)
    shutil.copytree(path, copy := path.parent.parent / "copy")
    assert commit_sequence.assert_state(copy, last) == last
    store = Store(copy)
    is_stored = commit_sequence.held(last) is not None
    own = store.snapshot(commit_sequence.DATASET).files() if is_stored else ()
    assert sorted(copy.rglob("data/**/*.parquet")) == sorted(own)
    for number in range(1, last + 1):
        if (expected := commit_sequence.held(number)) is not None:
            found = store.version(commit_sequence.DATASET, number).bars()
            pd.testing.assert_frame_equal(found, expected, check_freq=False, check_exact=True)
    shutil.rmtree(copy)
    return last


def backup_until_killed(home: Path, away: Path, last: int) -> None:
    die_before(last)
    backup(home, away)


@pytest.mark.parametrize("stride", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_a_backup_killed_before_any_of_its_steps_on_disk_is_there_whole_or_not_at_all(
    tmp_path: Path, processes: ForkServerContext, stride: int
) -> None:
    home = tmp_path / "home"
    for number in range(1, 6):
        commit_sequence.make_commit(home, number)
    first = backup(home, tmp_path / "first").path
    commit_sequence.make_commit(home, 6)
    reached = []
    for last in count(1, stride):
        away = tmp_path / "away"
        shutil.copytree(first.parent, away, symlinks=True)
        maker = processes.Process(target=backup_until_killed, args=(home, away, last))
        maker.start()
        maker.join()
        if maker.exitcode == 0:
            break
        assert maker.exitcode == -signal.SIGKILL
        newest = verbs.check_backup(commit_sequence.open_workspace(home), away)
        assert newest.faults == ()
        reached.append(newest.path.name != first.name)
        assert (
            verbs.check_backup(commit_sequence.open_workspace(home), away / "latest").faults == ()
        )

        again = backup(home, away)

        left = {each.name for each in away.iterdir()} - {"lock", "latest", first.name}
        assert left == {again.path.name, *({newest.path.name} if reached[-1] else ())}
        if last == 1:
            assert_whole(again.path, newest=6)
        shutil.rmtree(away)
    assert reached == sorted(reached)
    assert False in reached
    assert True in reached or stride > 1


def test_a_first_backup_that_was_killed_is_taken_for_none(
    tmp_path: Path, processes: ForkServerContext
) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    commit_sequence.make_commit(home, 1)
    for last in count(1):
        maker = processes.Process(target=backup_until_killed, args=(home, away, last))
        maker.start()
        maker.join()
        assert maker.exitcode == -signal.SIGKILL
        if [*away.glob("*.part/data")]:
            break

    with pytest.raises(StoreNotFound, match="one was begun and not finished"):
        verbs.check_backup(commit_sequence.open_workspace(home), away)


@pytest.mark.parametrize("links", [True, False], ids=["links", "copies"])
@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.slow)], ids=["4", "60"])
def test_a_backup_made_while_a_writer_commits_is_as_one_commit_left_the_dataset(
    tmp_path: Path, processes: ForkServerContext, rounds: int, *, links: bool
) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    ours, theirs = processes.Pipe(duplex=False)
    writer = processes.Process(target=commit_sequence.make_commits, args=(home, 0, theirs))
    writer.start()
    theirs.close()
    reached = []
    while ours.recv() < 1:
        pass
    for _ in range(rounds):
        before = Store(home).sequence(commit_sequence.DATASET)
        report = backup(home, away, links=links)
        after = Store(home).sequence(commit_sequence.DATASET)
        assert report.is_whole, report.datasets
        assert before <= report.datasets[0].version <= after
        reached.append(report)
    assert writer.is_alive()
    writer.kill()
    writer.join()
    for report in reached[:: max(1, rounds // 4)]:
        assert_whole(report.path, newest=report.datasets[0].version)
