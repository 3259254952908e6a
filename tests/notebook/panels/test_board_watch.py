"""The board follows its store, whoever changes it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from threading import enumerate as threads

import pytest

from ml4t_nb import verbs
from ml4t_nb.execution.jobs import JOBS
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.health_board import HealthBoard
from ml4t_nb.notebook.panels.store_watch import StoreWatch
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.board_messages import hear, symbols, synthetic

SHARED: dict[str, object] = {"as_of": "2024-01-31"}


@pytest.fixture
def late(home: Path) -> Workspace:
    """LATE, which ends on the 12th."""
    ws = synthetic(home)
    verbs.load(ws, "LATE", start="2024-01-02", as_of="2024-01-12")
    return ws


def version(board: HealthBoard) -> int:
    return int(board.board.board["version"])


def test_a_look_shows_what_others_have_done_and_nothing_if_that_is_nothing(
    late: Workspace,
) -> None:
    board = HealthBoard(shared=SHARED)
    before = version(board)
    board.look()
    assert version(board) == before

    verbs.update(late, as_of="2024-01-31")
    board.look()
    assert symbols(board) == {"healthy": ["LATE"]}
    assert version(board) == before + 1

    verbs.remove(late, "LATE", yes=True, as_of="2024-01-31")
    board.look()
    assert "nothing is stored yet" in board.message.value
    verbs.load(late, "DEMO", start="2024-01-02", as_of="2024-01-31")
    board.look()
    assert symbols(board) == {"healthy": ["DEMO"]}


def test_a_look_that_fails_says_so_once(late: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    board = HealthBoard(shared=SHARED, changed=lambda: told.append("new"))
    told.clear()

    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "soon")
    board.look()
    board.look()
    assert "ML4T_DATA_LOCK_TIMEOUT" in board.message.value
    assert told == ["new"]

    monkeypatch.delenv("ML4T_DATA_LOCK_TIMEOUT")
    board.look()
    assert symbols(board) == {"stale": ["LATE"]}
    assert late.store.datasets()


def lookers() -> list[Thread]:
    return [each for each in threads() if each.name == "ml4t look"]


@pytest.mark.usefixtures("late")
def test_a_board_that_is_seen_follows_a_job_of_another_panel_and_one_that_is_not_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ml4t_nb.notebook.panels.store_watch._PERIOD_S", 0.01)
    monkeypatch.setattr("ml4t_nb.notebook.panels.store_watch._REST", 0)
    is_healthy = Event()

    def look() -> None:
        if "healthy" in symbols(board):
            is_healthy.set()

    board = HealthBoard(shared=SHARED)
    monkeypatch.setattr(board, "_changed", look)
    assert lookers() == []
    hear(board, what="seen", page="one", is_seen=True)
    hear(board, what="seen", page="two", is_seen=True)
    hear(board, what="seen", page="one", is_seen=False)
    (thread,) = lookers()

    job = JOBS.start(Command("update", {"symbol": ("LATE",), **SHARED}))
    assert is_healthy.wait(120)
    assert job.join(120)
    assert board.repair_runs == []

    hear(board, what="seen", page="two", is_seen=False)
    thread.join(120)
    assert lookers() == []
    hear(board, what="seen", page="two", is_seen=True)
    (again,) = lookers()
    hear(board, what="seen", page="two", is_seen=False)
    again.join(120)


class _SeenAgain(AbstractContextManager[None]):
    """A lock that lets a page be seen in the moment in which the thread has found that none is."""

    def __init__(self, watch: StoreWatch) -> None:
        self._watch, self._lock, self._is_over = watch, Lock(), False

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        is_watching = current_thread().name == "ml4t look" and not self._watch._seen
        self._lock.release()
        if is_watching and not self._is_over:
            self._is_over = True
            self._watch.see("page", is_seen=True)


def test_a_page_that_is_seen_while_the_thread_ends_is_followed() -> None:
    looked = Event()
    watch = StoreWatch(looked.set)
    watch._lock = _SeenAgain(watch)  # type: ignore[assignment]
    watch.see("page", is_seen=True)
    assert looked.wait(60)
    looked.clear()

    watch.see("page", is_seen=False)

    assert looked.wait(60)
    watch.see("page", is_seen=False)
