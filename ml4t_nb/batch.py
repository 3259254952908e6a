"""Many datasets at once: one failure does not stop the rest, an interruption keeps what is done.

A provider that is down is distinguished from a bad symbol, and not waited for at every symbol.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event as Flag
from threading import RLock
from typing import TypeAlias

from ml4t_nb.errors import OUTAGES, Ml4tError, RateLimited
from ml4t_nb.events import (
    Event,
    FellBack,
    Fetched,
    FetchStarted,
    Finished,
    Observer,
    RetryScheduled,
)
from ml4t_nb.interruption import run_in_threads
from ml4t_nb.model import DatasetId
from ml4t_nb.providers.retry import NoMoreWaiting
from ml4t_nb.records import ErrorNote, UpdateResult

__all__ = ["Batch", "ProviderDown", "Task", "run_all"]

_log = logging.getLogger(__name__)
_PATIENCE_S = 30.0
_IN_A_ROW = 3
_INTERRUPTED = "interrupted"

Pause: TypeAlias = Callable[[float], None]


class ProviderDown(KeyboardInterrupt):
    """Raised in a work that is about to ask a provider which is known to be down.

    It ends the work without a result, unless that asks another provider instead.
    """


@dataclass(frozen=True, slots=True)
class Task:
    """The work on one dataset, called with where events go and how to pause.

    If it raises, ``failed`` gives the result: in the words of the error, beside what is stored.
    ``provider`` is who will be asked; empty if only the work knows.
    """

    dataset: DatasetId
    work: Callable[[Observer, Pause], UpdateResult]
    failed: Callable[[ErrorNote], UpdateResult]
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Results in the order of the tasks, and the datasets not reached, each with its reason.

    Ctrl-C may have interrupted it and still left no dataset out.
    """

    results: tuple[UpdateResult, ...]
    left: tuple[DatasetId, ...] = ()
    reasons: tuple[str, ...] = ()
    interrupted: bool = False


def run_all(tasks: Sequence[Task], *, workers: int, observer: Observer, cancel: Flag) -> Batch:
    """Run ``tasks`` in ``workers`` threads; events reach ``observer`` in the calling thread.

    Ctrl-C, or setting ``cancel``, ends each running task at once, but for one that is about to be
    committed. Where a provider is down or wants a pause, the running tasks end and it is asked for
    no other dataset: more requests would only prolong it. Tasks of other providers go on.
    """
    outages: dict[str, _Outage] = {}
    asked: dict[DatasetId, str] = {}

    def outage_of(provider: str) -> _Outage:
        return outages.setdefault(provider, _Outage(len(tasks)))

    def work(task: Task, notify: Observer) -> UpdateResult | None:
        runner = _TaskRunner(task, task.provider, notify, cancel, outage_of)
        result = runner.outcome()
        asked[task.dataset] = runner.provider
        if result is not None:
            notify(_finished(result))
        return result

    done, interrupted = run_in_threads(
        [partial(work, task) for task in tasks], workers=workers, observer=observer, cancel=cancel
    )
    if faults := [each.error for each in done if each.error is not None]:
        raise faults[0]
    results = tuple(each.result for each in done if each.result is not None)
    left = tuple(
        task.dataset for task, each in zip(tasks, done, strict=True) if each.result is None
    )
    is_cancelled = cancel.is_set()
    down = ["" if is_cancelled else outage_of(asked.get(each, "")).reason for each in left]
    reasons = tuple(each or _INTERRUPTED for each in down)
    return Batch(results, left, reasons, interrupted=interrupted)


@dataclass(slots=True)
class _Outage:
    """What a batch has heard of one provider since its last answer.

    One symbol that fails is asked again as the policy has it. Once a second one fails too, or
    where nothing was answered yet, all waits together are thirty seconds at the most; from then on
    each further symbol is asked once, and the third in a row that fails ends the asking. A rate
    limit that outlasts its waits ends it at once. Of a batch of a single dataset nothing else can
    be learned.
    """

    datasets: int
    is_down: bool = False
    reason: str = ""
    _has_answered: bool = False
    _waited_s: float = 0.0
    _failing: set[DatasetId] = field(default_factory=set)
    _failed: set[DatasetId] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock, repr=False)

    def answered(self) -> None:
        """The provider has answered."""
        with self._lock:
            self._has_answered = True
            self._waited_s = 0.0
            self._failing.clear()
            self._failed.clear()

    def ended_with(self, dataset: DatasetId, error: ErrorNote | None) -> None:
        """The work on ``dataset`` is over, well or not."""
        if error is None or error.type not in OUTAGES:
            return
        with self._lock:
            self._failing.add(dataset)
            self._failed.add(dataset)
            is_limited = error.type == RateLimited.__name__
            self.is_down |= is_limited or len(self._failed) >= min(_IN_A_ROW, self.datasets)
            self.reason = self.reason or (error.message if self.is_down else "")

    def grant(self, dataset: DatasetId, wait_s: float) -> float:
        """Seconds to wait before ``dataset`` is asked for again; negative if it should not be."""
        with self._lock:
            self._failing.add(dataset)
            left_s = _PATIENCE_S - self._waited_s
            is_bounded = len(self._failing) > 1 or not self._has_answered
            if self.datasets > 1 and is_bounded and left_s <= 0:
                return -1.0
            # Whether others fail too cannot be known before the first wait is over.
            if self.datasets > 1 and (is_bounded or self._waited_s == 0):
                wait_s = min(wait_s, left_s)
            self._waited_s += wait_s
            return wait_s

    def charge(self, seconds: float) -> None:
        """A wait for the turn of a request, which counts while the provider fails."""
        with self._lock:
            self._waited_s += seconds if self._failing else 0.0


@dataclass(slots=True)
class _TaskRunner:
    """One task that asks a provider, and what all tasks learn from its answers."""

    task: Task
    provider: str
    notify: Observer
    cancel: Flag
    outage_of: Callable[[str], _Outage]
    has_asked: bool = False
    has_fallen_back: bool = False
    retry: RetryScheduled | None = None

    def outcome(self) -> UpdateResult | None:
        """The task's result; None if it was ended before it had one."""
        if self.cancel.is_set() or self._outage.is_down:
            return None
        try:
            result = self.task.work(self._observe, self._pause)
        except KeyboardInterrupt:
            return None
        except Ml4tError as error:
            result = self.task.failed(error.note)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # one dataset's fault must not stop the rest
            _log.exception("%s failed", self.task.dataset)
            result = self.task.failed(ErrorNote(type(error).__name__, str(error)))
        if not self.has_fallen_back:
            self._outage.ended_with(self.task.dataset, result.record.error)
        return result

    @property
    def _outage(self) -> _Outage:
        return self.outage_of(self.provider)

    def _observe(self, event: Event) -> None:
        match event:
            case FetchStarted():
                self.has_asked &= event.provider == self.provider
                self.provider = event.provider
                if self._outage.is_down and not self.has_asked:
                    raise ProviderDown
                self.has_asked = True
            case FellBack():
                # Each failure is told with whose it is: the result's is not that of whom was
                # asked last.
                self.has_fallen_back = True
                self.outage_of(event.failed).ended_with(self.task.dataset, event.error)
            case Fetched():
                self._outage.answered()
            case RetryScheduled():
                wait_s = self._outage.grant(self.task.dataset, event.wait_s)
                event = self.retry = replace(event, wait_s=wait_s)
        if self.retry is None or self.retry.wait_s >= 0:
            self.notify(event)

    def _pause(self, seconds: float) -> None:
        retry, self.retry = self.retry, None
        if retry is not None and retry.wait_s < 0:
            raise NoMoreWaiting
        if retry is None:
            self._outage.charge(seconds)
        wait_s = seconds if retry is None else retry.wait_s
        if self.cancel.wait(wait_s) if wait_s else self.cancel.is_set():
            raise KeyboardInterrupt


def _finished(result: UpdateResult) -> Finished:
    error = result.record.error or ErrorNote("", "")
    return Finished(result.dataset, result.record.outcome, error.message, error.hint)
