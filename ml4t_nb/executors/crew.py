"""The workers of a run, as its coordinator has them.

Each thread of the run has one work at a time done by a worker, and serves it meanwhile. Where the
workers are, and who starts them, is of no concern here: they call in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import Empty
from secrets import token_hex
from threading import Event as Flag
from threading import Lock
from time import monotonic

from ml4t_nb.errors import Ml4tError, WorkerLost, WorkerUnavailable
from ml4t_nb.executors.answers import Tools, reply_to, tools_of
from ml4t_nb.executors.commits import Commits
from ml4t_nb.executors.connections import CallIns, Mailbox, Wire
from ml4t_nb.executors.messages import (
    PACKAGE_VERSION,
    Assignment,
    Look,
    Over,
    Question,
    Stop,
)
from ml4t_nb.executors.starting import StartedWorker, Starter
from ml4t_nb.model import DatasetId
from ml4t_nb.pipeline import RunContext
from ml4t_nb.records import ErrorNote, UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.storage.disk import make_folder, writing

__all__ = ["Crew"]

_log = logging.getLogger(__name__)
_PERIOD_S = 0.1
# A worker that is lost in the middle is one repetition, not an endless row of them.
_LOSSES = 2
# One that is asked to stop says something again, or is given up: a commit takes less.
_STOPPING_S = 60.0


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
    """One worker: from when it is started, through its calls, to its end.

    One that is ``is_broken_off`` was counted as lost, and may call in again.
    """

    ticket: str
    box: Mailbox
    started: StartedWorker
    wire: Wire | None = None
    place: str = ""
    is_broken_off: bool = False

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
            tools_of(context),
            Commits(context.store),
        )
        if over.error is not None:
            raise _FailedThere(over.error)
        if over.result is None:
            raise KeyboardInterrupt
        return over.result

    def _outcome(self, assignment: Assignment, tools: Tools, commits: Commits) -> Over:
        worker, losses = self._taken() or self._start(), 0
        tools = {**tools, "commit": commits.add, "committing": commits.announce}
        with ExitStack() as undo:
            undo.callback(lambda: self._dismiss(worker))
            while True:
                try:
                    over = self._served(worker, assignment, tools)
                except _Lost as lost:
                    commits.begin_again(assignment.dataset)
                    if commits.is_all:
                        return commits.over
                    losses += not worker.is_broken_off
                    worker = self._replaced(worker, assignment, str(lost), losses)
                else:
                    break
            undo.pop_all()
        self._give_back(worker)
        return commits.with_those_before(over)

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
            message = f"the worker of {assignment.dataset} was lost twice: {reason}"
            # One that never called in has done nothing that could have ended it.
            if not worker.place:
                raise WorkerUnavailable(message, hint=_HINT)
            raise WorkerLost(message, hint=_HINT_LOST)
        if not worker.is_broken_off:
            _log.warning(
                "the worker of %s was lost, another does it: %s", assignment.dataset, reason
            )
        worker.hang_up()
        if not worker.started.fault():
            worker.is_broken_off = True
            return worker
        self._dismiss(worker)
        return self._start()

    def _served(self, worker: _Worker, assignment: Assignment, tools: Tools) -> Over:
        """Have the work done, answering what it asks; `_Lost` if the worker is gone before."""
        with _losing(worker):
            wire = worker.wire or self._fit(worker)
            wire.send(assignment)
            told_at: float | None = None
            while True:
                if self._cancel.is_set() and told_at is None:
                    wire.send(Stop())
                    told_at = monotonic()
                if not wire.poll(_PERIOD_S):
                    if not worker.box.empty():
                        raise _Lost("it was taken for dead, and begun again elsewhere")
                    if told_at is not None and monotonic() - told_at >= _STOPPING_S:
                        raise _Lost("it does not answer")
                    continue
                message: Question | Over = wire.recv()
                if isinstance(message, Over):
                    return message
                reply_to(wire, message, tools)
                told_at = None if told_at is None else monotonic()

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
                worker.place, worker.is_broken_off = hello.place, False
                if hello.version != PACKAGE_VERSION:
                    raise WorkerUnavailable(
                        f"{hello.place} has ml4t_nb {hello.version}, and this is {PACKAGE_VERSION}",
                        hint="install the same version there",
                    )
                return worker.wire
            if fault:
                raise _Lost(fault)


_HINT = "run it again once workers can be had; what is committed is kept"
_HINT_LOST = "look whether memory runs out there; what is committed is kept"


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
