"""Processes that run the verbs and are killed: what is stored is always one commit's state."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from ml4t_nb.storage.disk import GRACE_S
from tests.verbs import commit_sequence

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")

CHAPTERS = {
    "load": 1, "update": 2, "revision": 3, "earlier-load": 4, "restatement": 5, "cut": 6,
    "refetch": 7, "remove": 8,
}  # fmt: skip
# Their steps on disk are those of an update, of one that restates, or some of them.
SIMILAR = {"revision", "earlier-load", "refetch", "cut", "load"}


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with the verbs imported, forked from a server without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.verbs.story", "ml4t_nb.pipeline", "pyarrow.parquet"])
    return context


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The store as it is after each commit of the first cycle, and before it."""
    root = tmp_path_factory.mktemp("homes")
    found = [root / str(number) for number in range(commit_sequence.CYCLE + 1)]
    found[0].mkdir()
    for number in range(1, commit_sequence.CYCLE + 1):
        shutil.copytree(found[number - 1], found[number])
        commit_sequence.make_commit(found[number], number)
        assert commit_sequence.assert_state(found[number], number) == number
    return found


def test_every_step_of_the_sequence_is_one_commit_that_leaves_nothing_over(
    homes: list[Path],
) -> None:
    for home in homes[1:]:
        commit_sequence.assert_tidy(home)
    written = [commit_sequence.held(number) for number in range(1, commit_sequence.CYCLE + 1)]
    assert [len(bars) if bars is not None else 0 for bars in written] == [
        284 * 24, 537 * 24, 544 * 24, 604 * 24, 614 * 24, (614 - 51) * 24, 619 * 24, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "stride"),
    [
        *(
            pytest.param(CHAPTERS[name], 5, id=f"{name}, every fifth")
            for name in CHAPTERS
            if name not in SIMILAR
        ),
        *(
            pytest.param(number, 1, id=name, marks=pytest.mark.slow)
            for name, number in CHAPTERS.items()
        ),
    ],
)
def test_a_verb_killed_before_any_of_its_steps_on_disk_has_committed_or_not(
    homes: list[Path], tmp_path: Path, processes: ForkServerContext, step: int, stride: int
) -> None:
    reached: list[int] = []
    for last in count(1, stride):
        home = tmp_path / str(last)
        shutil.copytree(homes[step - 1], home)
        writer = processes.Process(
            target=commit_sequence.make_commit_until_killed, args=(home, step, last)
        )
        writer.start()
        writer.join()
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        reached.append(commit_sequence.assert_state(home, step - 1, step))
        is_new = reached[-2:] == [step - 1, step]
        if stride == 1 or is_new or len(reached) % 3 == 0:
            commit_sequence.assert_versions(home, reached[-1], each_way=is_new)
        if len(reached) % 4 == 0 or is_new:
            commit_sequence.make_commit(home, reached[-1] + 1)
            commit_sequence.assert_tidy(home)
            assert commit_sequence.assert_state(home, reached[-1] + 1)
            commit_sequence.assert_versions(home, reached[-1] + 1, each_way=is_new)
        shutil.rmtree(home)
    assert reached == sorted(reached)
    assert {step - 1, step} == set(reached)


@pytest.mark.parametrize("rounds", [6, pytest.param(500, marks=pytest.mark.slow)], ids=["6", "500"])
def test_a_verb_killed_at_any_moment_leaves_a_committed_state(
    tmp_path: Path, processes: ForkServerContext, rounds: int
) -> None:
    """Whoever comes next goes on without a repair, and sweeps what the killed one left."""
    chance = random.Random(7)  # noqa: S311  # a moment to kill at, no secret
    home = tmp_path / "home"
    number, leftovers, least = 0, 0, 0
    for _ in range(rounds):
        ours, theirs = processes.Pipe(duplex=False)
        writer = processes.Process(target=commit_sequence.make_commits, args=(home, number, theirs))
        writer.start()
        theirs.close()
        commits = chance.randrange(3)
        acknowledged = [ours.recv() for _ in range(1 + commits)]
        writer.join(chance.uniform(0.0, 0.25))
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL

        acknowledged += heard(ours)
        number = commit_sequence.assert_state(home, acknowledged[-1], acknowledged[-1] + 1)
        commit_sequence.assert_versions(home, number)
        least += commits
        leftovers += is_littered(home)
        age_the_trash(home)
    commit_sequence.make_commit(home, number + 1)
    commit_sequence.assert_tidy(home)
    commit_sequence.assert_versions(home, number + 1, each_way=True)
    assert number >= least > 0
    assert leftovers > 0 or rounds < 100  # some were killed within a commit
    # A commit looks at a few files of the trash, the removal at the end of a cycle at all.
    for each in range(number + 2, number + 2 + commit_sequence.CYCLE):
        commit_sequence.make_commit(home, each)
    assert outlived(home) == []


def heard(told: Connection) -> list[int]:
    """What was said before the end."""
    words: list[int] = []
    with suppress(EOFError, OSError):  # the last word may be cut short
        while True:
            words.append(told.recv())
    return words


def is_littered(home: Path) -> bool:
    try:
        commit_sequence.assert_tidy(home)
    except AssertionError:
        return True
    return False


def age_the_trash(home: Path) -> None:
    """As if the grace period had gone by."""
    for path in (home / "trash").rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - GRACE_S - 60
            os.utime(path, (then, then))


def outlived(home: Path) -> list[Path]:
    """What is still there although it is long in the trash, by the time of the newest file."""
    files = [path for path in home.rglob("*") if path.is_file()]
    now = max(path.stat().st_mtime for path in files)
    trash = home / "trash"
    return [p for p in files if trash in p.parents and now - p.stat().st_mtime > GRACE_S]
