"""Many datasets at once: one failure does not stop the rest, an interruption keeps what is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event as Flag
from typing import TypeAlias

from ml4t_nb.errors import Ml4tError, RateLimited
from ml4t_nb.events import Event, Finished, Observer
from ml4t_nb.model import DatasetId, ErrorNote, UpdateResult

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


@dataclass(frozen=True, slots=True)
class _Done:
    """A job has ended, well or not; None if it was interrupted."""

    result: UpdateResult | None


def run_all(jobs: Sequence[Job], *, workers: int, observer: Observer, cancel: Flag) -> Batch:
    """Run ``jobs`` in ``workers`` threads; events reach ``observer`` in the calling thread.

    Ctrl-C, or setting ``cancel``, ends each running job at its next request. A rate limit lets
    the running jobs end and starts no other: more requests would only prolong it.
    """
    inbox: SimpleQueue[Event | _Done] = SimpleQueue()
    halt = Flag()

    def pause(seconds: float) -> None:
        if cancel.wait(seconds) if seconds else cancel.is_set():
            raise KeyboardInterrupt

    def work(job: Job) -> UpdateResult | None:
        if halt.is_set() or cancel.is_set():
            inbox.put(_Done(None))
            return None
        result = _outcome(job, inbox.put, pause)
        if result is not None and _wants_a_pause(result):
            halt.set()
        inbox.put(_Done(result))
        return result

    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(jobs)))) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        waiting = len(jobs)
        while waiting:
            try:
                waiting -= _next(inbox, observer)
            except KeyboardInterrupt:
                cancel.set()
    return _batch(jobs, futures, interrupted=cancel.is_set())


def _next(inbox: SimpleQueue[Event | _Done], observer: Observer) -> int:
    """Pass the next event on; 1 if it ends a job."""
    item = inbox.get()
    if not isinstance(item, _Done):
        _tell(observer, item)
        return 0
    if item.result is not None:
        record = item.result.record
        message = record.error.message if record.error else ""
        _tell(observer, Finished(item.result.dataset, record.outcome, message))
    return 1


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


def _tell(observer: Observer, event: Event) -> None:
    try:
        observer(event)
    except Exception:  # noqa: BLE001  # whoever watches must not break what is watched
        _log.exception("an observer failed on %s", type(event).__name__)


def _batch(
    jobs: Sequence[Job], futures: Sequence[Future[UpdateResult | None]], *, interrupted: bool
) -> Batch:
    results = [future.result() for future in futures]
    done = tuple(result for result in results if result is not None)
    left = tuple(job.dataset for job, result in zip(jobs, results, strict=True) if result is None)
    if not left:
        return Batch(done)
    paused = [result.record.error for result in done if _wants_a_pause(result)]
    reason = "interrupted" if interrupted or not paused or paused[0] is None else paused[0].message
    return Batch(done, left, reason)


def _wants_a_pause(result: UpdateResult) -> bool:
    return result.record.error is not None and result.record.error.type == RateLimited.__name__
