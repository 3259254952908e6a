"""Many datasets at once: one failure does not stop the rest, an interruption keeps what is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Event as Flag
from typing import TypeAlias

from ml4t_nb.errors import Ml4tError
from ml4t_nb.events import (
    Event,
    Fetched,
    FetchStarted,
    Finished,
    Observer,
    RetryScheduled,
    Stopping,
)
from ml4t_nb.model import DatasetId
from ml4t_nb.outage import Outage, Outages
from ml4t_nb.providers.retry import NoMoreWaiting
from ml4t_nb.records import ErrorNote, UpdateResult

__all__ = ["Batch", "Task", "run_all"]

_log = logging.getLogger(__name__)

Observe: TypeAlias = Callable[[Event], None]
Pause: TypeAlias = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One dataset's work.

    Parameters
    ----------
    work
        Does it; called with where events go and how to pause.
    failed
        The result when it raised: in the words of the error, beside what is stored.
    provider
        Who will be asked; empty if only the work knows.
    """

    dataset: DatasetId
    work: Callable[[Observe, Pause], UpdateResult]
    failed: Callable[[ErrorNote], UpdateResult]
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Results in the order of the tasks, and the datasets not reached with the reason why.

    Parameters
    ----------
    interrupted
        Whether Ctrl-C came, though it may have left no dataset out.
    """

    results: tuple[UpdateResult, ...]
    left: tuple[DatasetId, ...] = ()
    stopped: str = ""
    interrupted: bool = False


def run_all(tasks: Sequence[Task], *, workers: int, observer: Observer, cancel: Flag) -> Batch:
    """Run ``tasks`` in ``workers`` threads; events reach ``observer`` in the calling thread.

    Ctrl-C, or setting ``cancel``, ends each running task at its next request. Where a provider is
    down or wants a pause, the running tasks end and it is asked for no other dataset: more requests
    would only prolong it. Tasks of other providers go on.
    """
    inbox: SimpleQueue[Event | None] = SimpleQueue()
    over: list[DatasetId] = []
    outages = Outages(len(tasks))
    interrupted = Flag()

    def stop() -> None:
        if not interrupted.is_set():
            inbox.put(Stopping())
        interrupted.set()
        cancel.set()

    def work(task: Task) -> UpdateResult | None:
        result = _TaskRunner(task, inbox.put, cancel, outages).outcome()
        over.append(task.dataset)
        inbox.put(None if result is None else _finished(result))
        return result

    futures: list[Future[UpdateResult | None]] = []
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(tasks)))) as pool:
        try:
            for task in tasks:
                # With its context: a notebook knows by it to which cell a thread's output belongs.
                futures.append(pool.submit(copy_context().run, work, task))  # noqa: PERF401  # Ctrl-C keeps the first
        except KeyboardInterrupt:
            stop()
        # Tasks count themselves: Ctrl-C may take an event away between the queue and its observer,
        # and who counted events here would wait for that one forever.
        while len(over) < len(futures) or not inbox.empty():
            try:
                _tell(observer, inbox.get())
            except KeyboardInterrupt:
                stop()
    while not inbox.empty():
        _tell(observer, inbox.get())
    results = [future.result() for future in futures]
    results += [None] * (len(tasks) - len(futures))
    done = tuple(result for result in results if result is not None)
    left = tuple(
        task.dataset for task, result in zip(tasks, results, strict=True) if result is None
    )
    reason = "interrupted" if cancel.is_set() else outages.reason(done)
    return Batch(done, left, reason if left else "", interrupted=interrupted.is_set())


class _TaskRunner:
    """One task that asks a provider, and what all tasks learn from its answers."""

    def __init__(
        self, task: Task, tell: Callable[[Event], None], cancel: Flag, outages: Outages
    ) -> None:
        self._task, self._tell, self._cancel, self._outages = task, tell, cancel, outages
        self._provider = task.provider
        self._has_asked = False
        self._retry: RetryScheduled | None = None

    def outcome(self) -> UpdateResult | None:
        """The task's result; None if it was ended before it had one."""
        if self._cancel.is_set() or self._outage.is_down:
            return None
        result = _outcome(self._task, self._observe, self._pause)
        if result is not None:
            self._outage.ended_with(self._task.dataset, result.record.error)
        return result

    @property
    def _outage(self) -> Outage:
        return self._outages.of(self._provider)

    def _observe(self, event: Event) -> None:
        match event:
            case FetchStarted():
                self._provider = event.provider
                if self._outage.is_down and not self._has_asked:
                    raise KeyboardInterrupt
                self._has_asked = True
            case Fetched():
                self._outage.answered()
            case RetryScheduled():
                wait_s = self._outage.grant(self._task.dataset, event.wait_s)
                event = self._retry = replace(event, wait_s=-1.0 if wait_s is None else wait_s)
        if self._retry is None or self._retry.wait_s >= 0:
            self._tell(event)

    def _pause(self, seconds: float) -> None:
        retry, self._retry = self._retry, None
        if retry is not None and retry.wait_s < 0:
            raise NoMoreWaiting
        if retry is None:
            self._outage.charge(seconds)
        wait_s = seconds if retry is None else retry.wait_s
        if self._cancel.wait(wait_s) if wait_s else self._cancel.is_set():
            raise KeyboardInterrupt


def _finished(result: UpdateResult) -> Finished:
    error, outcome = result.record.error, result.record.outcome
    if error is None:
        return Finished(result.dataset, outcome)
    return Finished(result.dataset, outcome, error.message, error.hint)


def _outcome(task: Task, observe: Observe, pause: Pause) -> UpdateResult | None:
    try:
        return task.work(observe, pause)
    except KeyboardInterrupt:
        return None
    except Ml4tError as error:
        return task.failed(error.note)
    except Exception as error:  # noqa: BLE001  # one dataset's fault must not stop the rest
        _log.exception("%s failed", task.dataset)
        return task.failed(ErrorNote(type(error).__name__, str(error)))


def _tell(observer: Observer, event: Event | None) -> None:
    if event is None:
        return
    try:
        observer(event)
    except Exception:  # noqa: BLE001  # an observer must not break the run
        _log.exception("an observer failed on %s", type(event).__name__)
