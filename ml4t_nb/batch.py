"""Many datasets at once: one failure does not stop the rest, an interruption keeps what is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event as Flag
from typing import TypeAlias

from ml4t_nb.errors import Ml4tError, RateLimited
from ml4t_nb.events import Event, Finished, Observer, Stopping
from ml4t_nb.model import DatasetId
from ml4t_nb.records import ErrorNote, UpdateResult

__all__ = ["Batch", "Job", "run_all"]

_log = logging.getLogger(__name__)

Observe: TypeAlias = Callable[[Event], None]
Pause: TypeAlias = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One dataset's work.

    Parameters
    ----------
    work
        Does it; told where events go and how to pause.
    failed
        The result when it raised: in the words of the error, beside what is stored.
    """

    dataset: DatasetId
    work: Callable[[Observe, Pause], UpdateResult]
    failed: Callable[[ErrorNote], UpdateResult]


@dataclass(frozen=True, slots=True)
class Batch:
    """Results in the order of the jobs, and the datasets not reached with the reason why."""

    results: tuple[UpdateResult, ...]
    left: tuple[DatasetId, ...] = ()
    stopped: str = ""


def run_all(jobs: Sequence[Job], *, workers: int, observer: Observer, cancel: Flag) -> Batch:
    """Run ``jobs`` in ``workers`` threads; events reach ``observer`` in the calling thread.

    Ctrl-C, or setting ``cancel``, ends each running job at its next request. A rate limit lets
    the running jobs end and starts no other: more requests would only prolong it.
    """
    inbox: SimpleQueue[Event | None] = SimpleQueue()
    over: list[DatasetId] = []
    halt = Flag()

    def pause(seconds: float) -> None:
        if cancel.wait(seconds) if seconds else cancel.is_set():
            raise KeyboardInterrupt

    def work(job: Job) -> UpdateResult | None:
        stops = halt.is_set() or cancel.is_set()
        result = None if stops else _outcome(job, inbox.put, pause)
        if result is not None and _wants_a_pause(result):
            halt.set()
        over.append(job.dataset)
        inbox.put(None if result is None else _finished(result))
        return result

    futures: list[Future[UpdateResult | None]] = []
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(jobs)))) as pool:
        try:
            for job in jobs:
                # With its context: a notebook knows by it to which cell a thread's output belongs.
                futures.append(pool.submit(copy_context().run, work, job))  # noqa: PERF401  # Ctrl-C keeps the first
        except KeyboardInterrupt:
            cancel.set()
            inbox.put(Stopping())
        # Jobs count themselves: Ctrl-C may take an event away between the queue and its observer,
        # and who counted events here would wait for that one for ever.
        while len(over) < len(futures) or not inbox.empty():
            try:
                _tell(observer, inbox.get())
            except KeyboardInterrupt:
                cancel.set()
                inbox.put(Stopping())
    while not inbox.empty():
        _tell(observer, inbox.get())
    return _batch(jobs, futures, interrupted=cancel.is_set())


def _finished(result: UpdateResult) -> Finished:
    error, outcome = result.record.error, result.record.outcome
    if error is None:
        return Finished(result.dataset, outcome)
    return Finished(result.dataset, outcome, error.message, error.hint)


def _outcome(job: Job, observe: Observe, pause: Pause) -> UpdateResult | None:
    try:
        return job.work(observe, pause)
    except KeyboardInterrupt:
        return None
    except Ml4tError as error:
        return job.failed(ErrorNote(type(error).__name__, error.message, error.hint))
    except Exception as error:  # noqa: BLE001  # one dataset's fault must not stop the rest
        _log.exception("%s failed", job.dataset)
        return job.failed(ErrorNote(type(error).__name__, str(error)))


def _tell(observer: Observer, event: Event | None) -> None:
    if event is None:
        return
    try:
        observer(event)
    except Exception:  # noqa: BLE001  # whoever watches must not break what is watched
        _log.exception("an observer failed on %s", type(event).__name__)


def _batch(
    jobs: Sequence[Job], futures: Sequence[Future[UpdateResult | None]], *, interrupted: bool
) -> Batch:
    results = [future.result() for future in futures]
    results += [None] * (len(jobs) - len(futures))
    done = tuple(result for result in results if result is not None)
    left = tuple(job.dataset for job, result in zip(jobs, results, strict=True) if result is None)
    if not left:
        return Batch(done)
    paused = [result.record.error for result in done if _wants_a_pause(result)]
    reason = "interrupted" if interrupted or not paused or paused[0] is None else paused[0].message
    return Batch(done, left, reason)


def _wants_a_pause(result: UpdateResult) -> bool:
    return result.record.error is not None and result.record.error.type == RateLimited.__name__
