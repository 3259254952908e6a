"""Archived bars on another disk, and a writer killed at any step: every version is read as it was.

The disk is another file system where there is one, so that what leaves it is copied.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound
from tests.disk_events import die_before
from tests.verbs import commit_sequence

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")

MEMORY = Path("/dev/shm")  # noqa: S108  # a file system of its own
STEPS = ("archive", "update", "restore", "remove")


def work(home: Path, disk: Path, step: str) -> None:
    provider = commit_sequence.SequenceProvider()
    provider.number = 5
    ws = commit_sequence.open_workspace(home, provider)
    as_of = commit_sequence.AS_OF[4]
    if step == "archive":
        verbs.archive(ws, before="2021-03-01", to=disk, as_of=as_of)
    elif step == "update":
        verbs.update(ws, as_of=as_of)  # a split, which restates all bars
    elif step == "restore":
        verbs.archive(ws, restore=True, as_of=as_of)
    else:
        verbs.remove(ws, commit_sequence.SYMBOL, yes=True, as_of=as_of)


def work_until_killed(home: Path, disk: Path, step: str, last: int) -> None:
    commit_sequence.market(*commit_sequence.step_of(5))
    die_before(last)
    work(home, disk, step)


def read(home: Path, version: int | None = None) -> pd.DataFrame:
    return verbs.bars(commit_sequence.open_workspace(home), commit_sequence.SYMBOL, version=version)


@pytest.fixture
def disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield folder / "archive"
    shutil.rmtree(folder)


@pytest.fixture
def before(tmp_path: Path, disk: Path) -> Path:
    """A store after four commits, of which some months are apart."""
    home = tmp_path / "before"
    for number in (1, 2, 3):
        commit_sequence.make_commit(home, number)
    ws = commit_sequence.open_workspace(home)
    verbs.archive(ws, before="2020-09-01", to=disk, as_of=commit_sequence.AS_OF[2])
    return home


def laid_out(before: Path, disk: Path, home: Path) -> Path:
    """A store as the one before, and its archive, both in folders of their own."""
    there = disk.with_name(home.name)
    shutil.copytree(before, home)
    shutil.copytree(disk, there)
    for path in (home / "state/archive/archive.json", there / "ml4t-archive.json"):
        words = path.read_text()
        path.write_text(words.replace(f"{before}", f"{home}").replace(f"{disk}", f"{there}"))
    return there


@pytest.mark.parametrize(
    ("step", "stride"),
    [
        *(pytest.param(step, 9, id=f"{step}, every ninth") for step in STEPS),
        *(pytest.param(step, 1, id=step, marks=pytest.mark.slow) for step in STEPS),
    ],
)
def test_a_killed_writer_leaves_every_version(
    before: Path, disk: Path, tmp_path: Path, step: str, stride: int
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["ml4t_nb.pipeline", "pyarrow.parquet"])
    expected = [read(before, number) for number in (1, 2, 3, 4)]
    sequences = set()
    for last in count(1, stride):
        home = tmp_path / str(last)
        there = laid_out(before, disk, home)
        args = (home, there, step, last)
        writer = processes.Process(target=work_until_killed, args=args)
        writer.start()
        writer.join()
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        store = commit_sequence.open_workspace(home).store
        sequences.add(store.sequence(commit_sequence.DATASET))
        if step != "remove":
            assert store.verify(commit_sequence.DATASET) == ()
        require_versions(home, expected)
        try:
            work(home, there, step)
        except DatasetNotFound:
            assert step == "remove"
        store.sweep()
        if step != "remove":
            with store.transaction(commit_sequence.DATASET) as tx:
                chunks = tx.manifest.chunks if tx.manifest else ()
            apart = {each.file for each in chunks if each.is_apart}
            assert bool(apart) == (step != "restore")
        else:
            apart = set()
            commit_sequence.make_commit(home, 9)
        # The next commit tidies up.
        verbs.recompress(commit_sequence.open_workspace(home), compression="zstd")
        assert {path.name for path in (there / "data").rglob("*.parquet")} == apart
        require_versions(home, expected)
        shutil.rmtree(home)
        shutil.rmtree(there)
    assert {4, 5} >= sequences >= {4}


def require_versions(home: Path, expected: list[pd.DataFrame]) -> None:
    for number, bars in enumerate(expected, start=1):
        pd.testing.assert_frame_equal(read(home, number), bars, check_exact=True)
