"""The workers of a run, as its coordinator has them.

Each thread of the run has one work at a time done by a worker, and serves it meanwhile. Where the
workers are, and who starts them, is of no concern here: they call in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import Empty
from secrets import token_hex
from threading import Event as Flag
from threading import Lock
from typing import Any, TypeAlias

from ml4t_nb.errors import Ml4tError, WorkerUnavailable
from ml4t_nb.executors.connections import CallIns, Mailbox, Wire
from ml4t_nb.executors.messages import (
    PACKAGE_VERSION,
    Assignment,
    Look,
    Over,
    Question,
    Reply,
    Stop,
)
from ml4t_nb.executors.starting import StartedWorker, Starter
from ml4t_nb.model import DatasetId
from ml4t_nb.pipeline import RunContext
from ml4t_nb.providers.budget import budget_of
from ml4t_nb.providers.retry import NoMoreWaiting
from ml4t_nb.records import ErrorNote, UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.storage.disk import make_folder, writing

__all__ = ["Crew"]

_log = logging.getLogger(__name__)
_PERIOD_S = 0.1
# A worker that is lost in the middle is one repetition, not an endless row of them.
_LOSSES = 2

_Tools: TypeAlias = Mapping[str, Callable[..., object]]
"""What a work may call of its run, by name."""


class _FailedThere(Ml4tError):
    """The error of a work that was done by a worker, as it was noted there."""

    def __init__(self, note: ErrorNote) -> None:
        super().__init__(note.message, hint=note.hint)
        self._note = note

    @property
    def note(self) -> ErrorNote:
        return self._note


class _Lost(Exception):  # no error of its own: it says why a work is to be repeated
    """The worker is gone, for the reason given."""


@dataclass(slots=True, eq=False)
class _Worker:
    """One worker: from when it is started, through its calls, to its end."""

    ticket: str
    box: Mailbox
    started: StartedWorker
    wire: Wire | None = None
    place: str = ""

    def hang_up(self) -> None:
        """End the connection, if there is one."""
        if self.wire is not None:
            self.wire.close()
            self.wire = None


class Crew:
    """Does works by workers that ``starter`` starts, until `close`; ``cancel`` ends them all."""

    def __init__(self, starter: Starter, calls: CallIns, settings: Settings, cancel: Flag) -> None:
        # What is a secret of this process, no worker needs.
        self._settings, self._run = replace(settings, read_tokens=()), token_hex(8)
        self._starter, self._calls, self._cancel = starter, calls, cancel
        self._idle: list[_Worker] = []
        self._seen: set[str] = set()
        self._lock = Lock()

    def try_out(self) -> None:
        """Raise WorkerUnavailable unless a worker calls in that can be used."""
        worker = self._start()
        try:
            with _losing(worker):
                self._fit(worker).send(None)
        except _Lost as lost:
            raise WorkerUnavailable(f"no worker could be had: {lost}", hint=_HINT) from None
        finally:
            self._dismiss(worker)

    def doing(
        self, dataset: DatasetId, work: Callable[[RunContext], UpdateResult]
    ) -> Callable[[RunContext], UpdateResult]:
        """The same work, done by a worker; once more by another where that is lost."""
        return partial(self._done, dataset, work)

    def _done(
        self,
        dataset: DatasetId,
        work: Callable[[RunContext], UpdateResult],
        context: RunContext,
    ) -> UpdateResult:
        over = self._outcome(
            Assignment(
                self._run,
                dataset,
                work,
                self._settings,
                context.as_of,
                context.session_overrides,
                context.rules,
                logging.getLogger("ml4t_nb").getEffectiveLevel(),
            ),
            {
                "observe": context.observe,
                "pause": context.pause,
                "request": context.on_request,
                "spend": _spent,
                "log": _logged,
            },
        )
        if over.error is not None:
            raise _FailedThere(over.error)
        if over.result is None:
            raise KeyboardInterrupt
        return over.result

    def _outcome(self, assignment: Assignment, tools: _Tools) -> Over:
        worker, losses = self._taken() or self._start(), 0
        try:
            while True:
                try:
                    over = self._served(worker, assignment, tools)
                except _Lost as lost:
                    losses += 1
                    worker = self._replaced(worker, assignment, str(lost), losses)
                else:
                    break
        except BaseException:
            self._dismiss(worker)
            raise
        self._give_back(worker)
        return over

    def close(self) -> None:
        """Send all workers home."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            with suppress(OSError):
                assert each.wire is not None
                each.wire.send(None)
            self._dismiss(each)

    def _taken(self) -> _Worker | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _start(self) -> _Worker:
        ticket, box = self._calls.expect()
        return _Worker(ticket, box, self._starter.start(self._calls, ticket))

    def _give_back(self, worker: _Worker) -> None:
        if self._starter.is_kept and not self._cancel.is_set():
            with self._lock:
                self._idle.append(worker)
            return
        with suppress(OSError):
            assert worker.wire is not None
            worker.wire.send(None)
        self._dismiss(worker)

    def _dismiss(self, worker: _Worker) -> None:
        self._calls.forget(worker.ticket)
        worker.hang_up()
        worker.started.end(at_once=not worker.place)

    def _replaced(
        self, worker: _Worker, assignment: Assignment, reason: str, losses: int
    ) -> _Worker:
        """Who does the work after ``worker`` was lost: a cluster may have begun it again itself."""
        if self._cancel.is_set():
            raise KeyboardInterrupt
        if losses == _LOSSES:
            raise WorkerUnavailable(
                f"the worker of {assignment.dataset} was lost twice: {reason}", hint=_HINT
            )
        _log.warning("the worker of %s was lost, another does it: %s", assignment.dataset, reason)
        worker.hang_up()
        if not worker.started.fault():
            return worker
        self._dismiss(worker)
        return self._start()

    def _served(self, worker: _Worker, assignment: Assignment, tools: _Tools) -> Over:
        """Have the work done, answering what it asks; `_Lost` if the worker is gone before."""
        with _losing(worker):
            wire = worker.wire or self._fit(worker)
            wire.send(assignment)
            is_told = False
            while True:
                if self._cancel.is_set() and not is_told:
                    wire.send(Stop())
                    is_told = True
                if not wire.poll(_PERIOD_S):
                    if not worker.box.empty():
                        raise _Lost("it was taken for dead, and begun again elsewhere")
                    continue
                message: Question | Over = wire.recv()
                if isinstance(message, Over):
                    return message
                _answer(wire, message, tools)

    def _fit(self, worker: _Worker) -> Wire:
        """The worker's connection, once it has called in and can be used."""
        wire = self._called(worker)
        with _losing(worker):
            if not self._starter.is_here and worker.place not in self._seen:
                with _marked(self._settings.home) as mark:
                    wire.send(Look(mark))
                    sees = self._heard(wire)
                if not sees:
                    raise WorkerUnavailable(
                        f"{worker.place} does not see the store {self._settings.home}",
                        hint="keep the store in a folder that all machines share at the same path",
                    )
                self._seen.add(worker.place)
        return wire

    def _heard(self, wire: Wire) -> object:
        while not wire.poll(_PERIOD_S):
            if self._cancel.is_set():
                raise KeyboardInterrupt
        return wire.recv()

    def _called(self, worker: _Worker) -> Wire:
        while True:
            # Before the mailbox, where a call may be that it has ended meanwhile.
            fault = worker.started.fault()
            if self._cancel.is_set():
                raise KeyboardInterrupt
            with suppress(Empty):
                worker.wire, hello = worker.box.get(timeout=_PERIOD_S)
                worker.place = hello.place
                if hello.version != PACKAGE_VERSION:
                    raise WorkerUnavailable(
                        f"{hello.place} has ml4t_nb {hello.version}, and this is {PACKAGE_VERSION}",
                        hint="install the same version there",
                    )
                return worker.wire
            if fault:
                raise _Lost(fault)


_HINT = "run it again once workers can be had; what is committed is kept"


def _spent(provider: str, per_minute: float, home: Path | None, requests: int) -> float:
    """Requests of the budget that all of the run share."""
    return budget_of(provider, per_minute, home).spend(requests)


def _logged(record: logging.LogRecord) -> None:
    """What a worker logged, as if it had been logged here."""
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def _answer(wire: Wire, question: Question, tools: _Tools) -> None:
    """Call what the work asks for; what ends the work is raised there."""
    value: Any = None
    error: BaseException | None = None
    try:
        value = tools[question.name](*question.arguments)
    except (KeyboardInterrupt, NoMoreWaiting) as raised:
        error = raised.with_traceback(None)
    if question.waits:
        wire.send(Reply(value, error))


@contextmanager
def _losing(worker: _Worker) -> Iterator[None]:
    """`_Lost` where the connection breaks."""
    try:
        yield
    except Ml4tError:
        raise  # some are an OSError too
    except (OSError, EOFError):
        raise _Lost(worker.started.lost() or f"no connection to {worker.place}") from None


@contextmanager
def _marked(home: Path) -> Iterator[Path]:
    """A file in the store for a moment; where it is left, a later run sweeps it away."""
    mark = home / "trash" / f"sweep.{token_hex(3)}"
    with writing(home):
        make_folder(mark.parent)
        mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)
