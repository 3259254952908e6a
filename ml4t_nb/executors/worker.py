"""A worker: does what it is assigned, and asks its coordinator for all that is the run's.

What happens is told to the coordinator, which may end the work; pauses are made there, requests
are counted there, and spent of its budget. The store is opened here.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from copy import copy
from dataclasses import astuple
from functools import cache, lru_cache, partial
from logging.handlers import QueueHandler
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any

from ml4t_nb.errors import Ml4tError, WorkerUnavailable
from ml4t_nb.events import Observer, silent
from ml4t_nb.executors.connections import Wire, connected
from ml4t_nb.executors.messages import (
    PACKAGE_VERSION,
    Assignment,
    Look,
    Over,
    Question,
    Reply,
    Stop,
    WorkerHello,
)
from ml4t_nb.interruption import run_in_threads
from ml4t_nb.pipeline import RunContext
from ml4t_nb.providers.budget import Budget, use_budgets
from ml4t_nb.records import ErrorNote, UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = ["call_in", "run_process"]

_log = logging.getLogger(__name__)


def call_in(address: tuple[str, int], key: bytes, ticket: str) -> None:
    """Do what the coordinator at ``address`` assigns, until it has nothing more.

    Raises
    ------
    WorkerUnavailable
        If it cannot be reached from here.
    """
    place = f"{socket.gethostname()}, process {os.getpid()}"
    try:
        wire = connected(address, key)
    except (OSError, EOFError) as error:
        raise WorkerUnavailable(
            f"{place} cannot reach the run at {address[0]}:{address[1]}: {error}",
            hint="start it on a machine that the workers can connect to",
        ) from error
    with closing(wire):
        wire.send(astuple(WorkerHello(ticket, PACKAGE_VERSION, place)))
        coordinator = _Coordinator(wire)
        _share_budgets()
        while (message := coordinator.next()) is not None:
            if isinstance(message, Look):
                wire.send(message.path.exists())
            else:
                coordinator.finish(_outcome(message, coordinator))
        coordinator.leave()


def run_process() -> None:
    """Be a worker process, started with what it needs on standard input; ends the process."""
    # Signals of a terminal, or of a service, mean the coordinator, which ends this one in time.
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    address, key, ticket = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by who started it
    with suppress(WorkerUnavailable):  # the run has ended meanwhile
        call_in(address, key, ticket)
    # What still waits for a provider is not waited for.
    os._exit(0)


class _Coordinator:
    """The coordinator as its worker has it, in any thread."""

    def __init__(self, wire: Wire) -> None:
        self.is_stopping, self._is_alone = Flag(), Flag()
        self._wire = wire
        self._assigned: SimpleQueue[Assignment | Look | None] = SimpleQueue()
        self._replies: SimpleQueue[Reply | None] = SimpleQueue()
        self._asking, self._sending = Lock(), Lock()
        self._thread = Thread(target=self._listen, name="ml4t coordinator", daemon=True)
        self._thread.start()

    def next(self) -> Assignment | Look | None:
        """What is to be done now; None if nothing is any more."""
        return self._assigned.get()

    def ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401  # as the function that it names
        """What the coordinator's function of that name returns; what it raises is raised."""
        with self._asking:
            # The coordinator says what is to end: of a commit, it hears to the end.
            if self._is_alone.is_set():
                raise KeyboardInterrupt
            self._tell(Question(name, arguments, waits=True))
            reply = self._replies.get()
        if reply is None:
            raise KeyboardInterrupt
        if reply.error is not None:
            raise reply.error
        return reply.value

    def tell(self, name: str, *arguments: object) -> None:
        """Have the coordinator's function of that name called."""
        self._tell(Question(name, arguments, waits=False))

    def spend(self, provider: str, per_minute: float, home: Path | None, requests: int) -> float:
        """Spend requests of the run's budget; seconds until they are earned."""
        budget = (provider, per_minute, home, requests)
        if requests > 0:
            seconds: float = self.ask("spend", *budget)
            return seconds
        # What a wait that is broken off gives back is taken after the end, too.
        self.tell("spend", *budget)
        return 0.0

    def finish(self, over: Over) -> None:
        """Say how the work ended."""
        with suppress(OSError), self._sending:
            self._wire.send(over)

    def leave(self) -> None:
        """Wait until nobody listens any more; the connection may be closed then."""
        self._thread.join()

    def _tell(self, question: Question) -> None:
        try:
            with self._sending:
                self._wire.send(question)
        except OSError:
            raise KeyboardInterrupt from None

    def _listen(self) -> None:
        try:
            while (message := self._wire.recv()) is not None:
                match message:
                    case Stop():
                        self.is_stopping.set()
                    case Reply():
                        self._replies.put(message)
                    case _:
                        self._assigned.put(message)
        except (OSError, EOFError):
            self.is_stopping.set()
        finally:
            self._is_alone.set()
            self._assigned.put(None)
            self._replies.put(None)


_COORDINATOR: ContextVar[_Coordinator | None] = ContextVar("ml4t_nb_coordinator", default=None)


@cache
def _share_budgets() -> None:
    """Have works in this process spend the budget of their run, and all else its own."""

    def source(provider: str, per_minute: float, home: Path | None) -> Budget:
        coordinator = _COORDINATOR.get()
        if coordinator is None:
            return own(provider, per_minute, home)
        return Budget(partial(coordinator.spend, provider, per_minute, home))

    own = use_budgets(source)


def _outcome(assignment: Assignment, coordinator: _Coordinator) -> Over:
    """How the work ended; it is given up once the run is to end, if it waits for others."""
    before = _COORDINATOR.set(coordinator)
    try:
        with _logged(coordinator, assignment.log_level):
            (done,), _ = run_in_threads(
                [partial(_done, assignment, coordinator)],
                workers=1,
                observer=silent,
                cancel=coordinator.is_stopping,
            )
            if isinstance(done.error, Ml4tError):
                return Over(error=done.error.note)
            if done.error is not None:
                _log.error("%s failed", assignment.dataset, exc_info=done.error)
                return Over(error=ErrorNote(type(done.error).__name__, str(done.error)))
            return Over(done.result)
    finally:
        _COORDINATOR.reset(before)


def _done(assignment: Assignment, coordinator: _Coordinator, tell: Observer) -> UpdateResult:
    del tell  # the coordinator is told, and may end the work
    workspace = _workspace(assignment.run, assignment.settings)
    context = RunContext(
        workspace.store,
        workspace.provider,
        assignment.as_of,
        assignment.closures,
        observe=partial(coordinator.ask, "observe"),
        pause=partial(coordinator.ask, "pause"),
        rules=assignment.rules,
        on_request=partial(coordinator.tell, "request"),
        on_commit=partial(coordinator.tell, "commit"),
        on_committing=partial(coordinator.tell, "committing"),
    )
    result = assignment.work(context)
    workspace.flush()
    return result


@lru_cache(maxsize=4)
def _workspace(run: str, settings: Settings) -> Workspace:
    """One for all that a run has done in this process, so that providers are opened once."""
    del run  # it distinguishes one cached workspace from the other
    return Workspace.open(settings)


class _Forwarding(QueueHandler):
    """Hands the log of one work to its coordinator."""

    def __init__(self, coordinator: _Coordinator) -> None:
        super().__init__(coordinator)  # type: ignore[arg-type]  # no queue: see `enqueue`
        self.coordinator = coordinator
        # Of several works in one process, each has its own log; so has a coordinator that is there.
        self.addFilter(lambda _: _COORDINATOR.get() is coordinator)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        self.format(record)  # the traceback, as text
        sent = copy(record)
        sent.msg, sent.args, sent.exc_info = record.getMessage(), None, None
        return sent

    def enqueue(self, record: logging.LogRecord) -> None:
        with suppress(KeyboardInterrupt):
            self.coordinator.tell("log", record)


@contextmanager
def _logged(coordinator: _Coordinator, level: int) -> Iterator[None]:
    logger, handler = logging.getLogger("ml4t_nb"), _Forwarding(coordinator)
    handler.setLevel(level)
    if not logger.isEnabledFor(level):
        logger.setLevel(level)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
