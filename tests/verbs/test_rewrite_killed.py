"""Archiving and rewriting, killed at any step: every version stays, and no file is left over."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from tests.disk_events import die_before
from tests.verbs import commit_sequence

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")

STEPS = ("archive", "restore", "recompress", "rechunk")


def rewrite(home: Path, step: str) -> None:
    ws = commit_sequence.open_workspace(home)
    as_of = commit_sequence.AS_OF[3]
    if step == "archive":
        verbs.archive(ws, before="2021-03-01", as_of=as_of)
    elif step == "restore":
        verbs.archive(ws, restore=True, as_of=as_of)
    elif step == "recompress":
        verbs.recompress(ws, compression="zstd", as_of=as_of)
    else:
        verbs.rechunk(ws, chunk="quarterly", as_of=as_of)


def rewrite_until_killed(home: Path, step: str, last: int) -> None:
    die_before(last)
    rewrite(home, step)


def read(home: Path, version: int | None = None) -> pd.DataFrame:
    return verbs.bars(commit_sequence.open_workspace(home), commit_sequence.SYMBOL, version=version)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store after three commits, one of them a correction, of which a part is archived."""
    home = tmp_path_factory.mktemp("before") / "home"
    for number in (1, 2, 3):
        commit_sequence.make_commit(home, number)
    ws = commit_sequence.open_workspace(home)
    verbs.archive(ws, before="2020-09-01", as_of=commit_sequence.AS_OF[2])
    return home


@pytest.mark.parametrize(
    ("step", "stride"),
    [
        *(pytest.param(step, 9, id=f"{step}, every ninth") for step in STEPS),
        *(pytest.param(step, 1, id=step, marks=pytest.mark.slow) for step in STEPS),
    ],
)
def test_a_writer_killed_before_any_of_its_steps_on_disk_leaves_every_version(
    before: Path, tmp_path: Path, step: str, stride: int
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["ml4t_nb.pipeline", "pyarrow.parquet"])
    expected = [read(before, number) for number in (1, 2, 3, 4)]
    sequences = set()
    for last in count(1, stride):
        home = tmp_path / str(last)
        shutil.copytree(before, home)
        writer = processes.Process(target=rewrite_until_killed, args=(home, step, last))
        writer.start()
        writer.join()
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        ws = commit_sequence.open_workspace(home)
        sequences.add(ws.store.sequence(commit_sequence.DATASET))
        assert ws.store.verify(commit_sequence.DATASET) == ()
        for number, bars in enumerate(expected, start=1):
            pd.testing.assert_frame_equal(read(home, number), bars, check_exact=True)
        pd.testing.assert_frame_equal(read(home), expected[-1], check_exact=True)
        rewrite(home, step)
        verbs.update(ws, commit_sequence.SYMBOL, as_of=commit_sequence.AS_OF[3])
        commit_sequence.assert_tidy(home)
        for number, bars in enumerate(expected, start=1):
            pd.testing.assert_frame_equal(read(home, number), bars, check_exact=True)
        shutil.rmtree(home)
    assert {4, 5} >= sequences >= {4}
