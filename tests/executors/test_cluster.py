"""Works done by a Dask cluster: as in threads, whatever becomes of its workers."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.errors import WorkerUnavailable
from ml4t_nb.events import Committed
from ml4t_nb.executors import crew
from ml4t_nb.executors.answers import Tools, reply_to
from ml4t_nb.executors.connections import Wire
from ml4t_nb.executors.messages import Question
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.executors.stores import Heard, outcomes, stored

DATES: dict[str, Any] = {"start": "2024-01-02", "as_of": "2024-06-28"}
SYMBOLS = ["SHARE1", "NONE1", "SHARE2", "BUG1", "SHARE3"]


@contextmanager
def cluster(workers: int, **options: Any) -> Iterator[str]:  # noqa: ANN401
    """The word for a cluster on this machine."""
    import distributed

    dask: Any = distributed
    with dask.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        protocol="tcp://",
        dashboard_address=None,
        **options,
    ) as running:
        yield running.scheduler_address.replace("tcp://", "dask://")


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """A cluster within this process."""
    with cluster(1, processes=False) as word:
        yield word


def ran(home: Path, executor: str) -> tuple[RunReport, Heard]:
    heard = Heard()
    ws = Workspace.open(Settings(home=home), observer=heard)
    return verbs.load(ws, SYMBOLS, provider="gated", executor=executor, **DATES), heard


def test_a_cluster_does_what_threads_do_bit_for_bit(folder: Path, small: str) -> None:
    expected, events = ran(folder / "threads", "threads")
    found, told = ran(folder / "dask", small)

    assert [each.record.outcome for each in found.results] == [
        "changed",
        "failed",
        "changed",
        "failed",
        "changed",
    ]
    assert (outcomes(found), found.requests) == (outcomes(expected), expected.requests)
    assert told.of == events.of
    # The file that showed whether the workers see the store is gone again.
    assert list((folder / "dask" / "trash").iterdir()) == []
    assert stored(folder / "dask") == stored(folder / "threads")


def test_workers_of_another_version_are_refused_before_the_run_begins(
    folder: Path, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "PACKAGE_VERSION", "99.0")

    with pytest.raises(WorkerUnavailable, match=f"has ml4t_nb {ml4t_nb.__version__}, and this"):
        ran(folder / "home", small)


def test_a_connection_that_breaks_once_is_one_loss(
    folder: Path, small: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaking(wire: Wire, question: Question, tools: Tools) -> None:
        if question.name == "observe" and not broken:
            broken.append(question)
            with socket.socket(fileno=os.dup(wire.fileno())) as ends:
                ends.shutdown(socket.SHUT_RDWR)
        reply_to(wire, question, tools)

    broken: list[Question] = []
    monkeypatch.setattr(crew, "reply_to", breaking)
    ws = Workspace.open(Settings(home=folder / "home"))
    report = verbs.load(ws, ["SHARE1"], provider="gated", executor=small, **DATES)

    assert len(broken) == 1
    assert [(each.record.error, each.rows) for each in report.results] == [(None, 124)]
    assert "was lost, another does it" in caplog.text


@pytest.mark.slow
def test_five_hundred_symbols_on_two_workers_of_which_one_is_killed(
    folder: Path, holder: Callable[[str], int]
) -> None:
    symbols = [f"SHARE{number}" for number in range(498)]
    symbols[100:100] = ["HELD1"]
    symbols[300:300] = ["HELD2"]
    dates = {**DATES, "provider": "gated", "workers": 2}
    at_threads, at_dask = (Heard(), Heard())
    (folder / "HELD1.end").touch()
    (folder / "HELD2.end").touch()
    expected = verbs.load(
        Workspace.open(Settings(home=folder / "threads"), observer=at_threads), symbols, **dates
    )
    for each in ("HELD1", "HELD2", "HELD1.end", "HELD2.end"):
        (folder / each).unlink()

    with cluster(2, processes=True) as word:
        killing = Thread(target=lambda: os.kill(holder("HELD1"), signal.SIGKILL))
        killing.start()
        cancel = Flag()
        ws = Workspace.open(Settings(home=folder / "dask"), observer=at_dask, cancel=cancel)

        def stop() -> None:
            holder("HELD2")
            cancel.set()

        stopping = Thread(target=stop)
        stopping.start()
        # Without Ctrl-C, what is left is in the report.
        first = verbs.load(ws, symbols, executor=word, **dates)
        killing.join()
        stopping.join()
        assert "HELD1" in {each.dataset.symbol for each in first.results}
        assert "HELD2" in {each.symbol for each in first.left}
        again = Workspace.open(Settings(home=folder / "dask"), observer=at_dask)
        left = [each.symbol for each in first.left]
        second = verbs.load(again, left, executor=word, **dates)

    assert second.failed == ()
    results = {each.dataset: each for each in (*outcomes(first), *outcomes(second))}
    assert results == {each.dataset: each for each in outcomes(expected)}
    assert len(first.results) + len(second.results) == 500
    committed = [e for of in at_dask.of.values() for e in of if isinstance(e, Committed)]
    assert len({e.dataset for e in committed}) == 500
    assert stored(folder / "dask") == stored(folder / "threads")
