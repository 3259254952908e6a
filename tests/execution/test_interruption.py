"""Runs that end while a provider, or another writer, lets them wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ml4t_nb.errors import Ml4tError
from ml4t_nb.events import Event, FetchPlanned, Observer, Stopping
from ml4t_nb.interruption import Done, given_up, run_in_threads, waiting
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.locks import dataset_lock
from tests.render.reports import dataset

APPLE = dataset("AAPL")
LONG_S = 120


class Answer:
    """What nobody has answered yet."""

    def __init__(self) -> None:
        self.asked, self.given = threading.Event(), threading.Event()
        self.used: list[str] = []
        self.ended = threading.Event()

    def work(self, tell: Observer) -> str:
        """Ask, wait, and use the answer."""
        try:
            with waiting():
                self.asked.set()
                assert self.given.wait(LONG_S)
            self.used.append("answer")
            tell(FetchPlanned(APPLE, ()))
            return "answered"
        finally:
            self.ended.set()


def cancelling(answer: Answer, cancel: threading.Event) -> Callable[[Observer], str]:
    """Work that cancels the run of all as soon as another asks."""

    def work(tell: Observer) -> str:
        del tell
        assert answer.asked.wait(LONG_S)
        cancel.set()
        return "done"

    return work


def test_a_cancelled_run_does_not_wait_for_an_answer_and_never_uses_it() -> None:
    answer, cancel, told = Answer(), threading.Event(), list[Event]()

    done, interrupted = run_in_threads(
        [answer.work, cancelling(answer, cancel)], workers=2, observer=told.append, cancel=cancel
    )

    assert not answer.given.is_set()
    assert done == [Done(), Done("done")]
    assert (interrupted, told) == (False, [])
    assert given_up()
    answer.given.set()
    assert answer.ended.wait(LONG_S)
    assert (answer.used, done[0], told) == ([], Done(), [])


def test_a_work_that_waits_for_nobody_is_waited_for() -> None:
    """Such as a commit."""
    answer, cancel, is_over = Answer(), threading.Event(), threading.Event()

    def commit(tell: Observer) -> str:
        del tell
        assert cancel.wait(LONG_S)
        with pytest.raises(KeyboardInterrupt), waiting():
            raise AssertionError("it may not begin to wait")
        is_over.wait(0.3)  # longer than the caller looks aside
        is_over.set()
        return "committed"

    works = [commit, answer.work, cancelling(answer, cancel)]
    done, _ = run_in_threads(works, workers=3, observer=lambda _: None, cancel=cancel)
    answer.given.set()

    assert is_over.is_set()
    assert done == [Done("committed"), Done(), Done("done")]


def test_ctrl_c_gives_up_what_waits_and_is_told() -> None:
    answer, told = Answer(), list[Event]()

    def interrupted(event: Event) -> None:
        told.append(event)
        if isinstance(event, FetchPlanned):
            assert answer.asked.wait(LONG_S)
            raise KeyboardInterrupt

    def tells(tell: Observer) -> str:
        tell(FetchPlanned(APPLE, ()))
        return "done"

    done, was_interrupted = run_in_threads(
        [answer.work, tells], workers=2, observer=interrupted, cancel=threading.Event()
    )
    answer.given.set()

    assert was_interrupted
    assert told == [FetchPlanned(APPLE, ()), Stopping()]
    assert done == [Done(), Done("done")]


def test_a_run_that_is_cancelled_before_it_begins_begins_nothing() -> None:
    cancel = threading.Event()
    cancel.set()

    done, _ = run_in_threads([Answer().work], workers=1, observer=lambda _: None, cancel=cancel)

    assert done == [Done()]


def test_an_error_of_one_work_leaves_the_others_alone() -> None:
    def fails(tell: Observer) -> str:
        del tell
        raise Ml4tError("no")

    def works(tell: Observer) -> str:
        del tell
        return "done"

    done, _ = run_in_threads(
        [fails, works], workers=1, observer=lambda _: None, cancel=threading.Event()
    )

    assert isinstance(done[0].error, Ml4tError)
    assert done[1] == Done("done")


def test_a_cancelled_run_does_not_wait_for_a_lock_and_leaves_none(tmp_path: Path) -> None:
    cancel, is_waiting, ended = threading.Event(), threading.Event(), threading.Event()
    name = DatasetId("equities", "daily", "AAPL")

    def write(tell: Observer) -> str:
        del tell
        is_waiting.set()
        try:
            with dataset_lock(tmp_path, name, timeout_s=LONG_S):
                raise AssertionError("it is not wanted any more")
        finally:
            ended.set()

    def stop(tell: Observer) -> str:
        del tell
        assert is_waiting.wait(LONG_S)
        cancel.set()
        return "done"

    with dataset_lock(tmp_path, name, timeout_s=LONG_S):
        done, _ = run_in_threads([write, stop], workers=2, observer=lambda _: None, cancel=cancel)
        assert done == [Done(), Done("done")]
    assert ended.wait(LONG_S)
    with dataset_lock(tmp_path, name, timeout_s=0):
        pass
