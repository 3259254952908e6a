"""Work in threads that ends when its run does: what still waits for others is given up.

A provider's library, or a lock, cannot be told to stop. So each work has a thread that nobody has
to wait for, and says when it waits for others: then the run may end without it. What it waited for
is not used.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeAlias, TypeVar

from ml4t_nb.events import Event, Observer, Stopping, Waiting

__all__ = ["Done", "given_up", "run_in_threads", "waiting"]

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_Work: TypeAlias = "Callable[[Observer], _Result]"

# How often a caller looks whether another thread has cancelled its run.
_PERIOD_S = 0.1
_QUIET_S = 1.0


@dataclass(slots=True)
class Done(Generic[_Result]):
    """What became of one work: it has a result, or an error; neither if the run ended before it."""

    result: _Result | None = None
    error: BaseException | None = None


@dataclass(slots=True, eq=False)
class _Worker:
    """A thread that does one work after the other, until it is given up."""

    cancel: Flag
    inbox: SimpleQueue[Event | None]
    is_over: bool = False
    is_given_up: bool = False
    _waits: int = 0
    _lock: Lock = field(default_factory=Lock)

    def tell(self, event: Event) -> None:
        """Hand an event to the caller, unless it has gone on."""
        if not self.is_given_up:
            self.inbox.put(event)

    def begin_waiting(self) -> None:
        """From now on it may be given up; KeyboardInterrupt if the run is to end."""
        with self._lock:
            if self.cancel.is_set():
                raise KeyboardInterrupt
            self._waits += 1

    def end_waiting(self) -> None:
        """It goes on; KeyboardInterrupt if nobody waits for it any more."""
        with self._lock:
            self._waits -= 1
            if self.is_given_up:
                raise KeyboardInterrupt

    def give_up(self) -> bool:
        """Leave it alone if it waits for others; whether nobody has to wait for it."""
        with self._lock:
            self.is_given_up |= self._waits > 0
            return self.is_given_up or self.is_over


_WORKER: ContextVar[_Worker | None] = ContextVar("ml4t_nb_worker", default=None)
_ABANDONED: set[Thread] = set()


def given_up() -> bool:
    """Whether a thread of this process still waits for what nobody wants any more."""
    return any(each.is_alive() for each in tuple(_ABANDONED))


@contextmanager
def waiting() -> Iterator[None]:
    """Inside, this work waits for others: for a provider's answer, for a lock.

    If its run ends meanwhile, a `KeyboardInterrupt` follows the block, whenever that is over.
    """
    worker = _WORKER.get()
    if worker is None:  # in the thread that Ctrl-C interrupts itself
        yield
        return
    worker.begin_waiting()
    try:
        yield
    finally:
        worker.end_waiting()


def run_in_threads(
    works: Sequence[_Work[_Result]], *, workers: int, observer: Observer, cancel: Flag
) -> tuple[list[Done[_Result]], bool]:
    """What became of each work, and whether Ctrl-C interrupted them.

    Events reach ``observer`` in the calling thread. Ctrl-C, or setting ``cancel``, begins no other
    work; who waits for others is given up, and who does not ends its wait before it begins, or its
    work. A work may raise KeyboardInterrupt to end itself.
    """
    inbox: SimpleQueue[Event | None] = SimpleQueue()
    done: list[Done[_Result]] = [Done() for _ in works]
    # Each with its context: a notebook knows by it to which cell a thread's output belongs.
    left = deque((*each, copy_context()) for each in zip(works, done, strict=True))
    crew = [_Worker(cancel, inbox) for _ in range(max(1, min(workers, len(works))))]
    threads = [
        Thread(target=_work, args=(each, left), name=f"ml4t worker {number}", daemon=True)
        for number, each in enumerate(crew)
    ]
    pairs = list(zip(crew, threads, strict=True))
    with ExitStack() as undo:
        # Whatever ends the caller ends its workers, too: nobody would take what they bring.
        undo.callback(cancel.set)
        interrupted = _watch(pairs, inbox, observer, cancel)
        undo.pop_all()
    _ABANDONED.difference_update([each for each in _ABANDONED if not each.is_alive()])
    _ABANDONED.update(thread for worker, thread in pairs if worker.is_given_up)
    return done, interrupted


def _watch(
    crew: Sequence[tuple[_Worker, Thread]],
    inbox: SimpleQueue[Event | None],
    observer: Observer,
    cancel: Flag,
) -> bool:
    """Start the crew, and hand on events until it is over, or given up; whether by Ctrl-C."""

    def is_left(worker: _Worker, thread: Thread) -> bool:
        if worker.is_over or not cancel.is_set():
            return worker.is_over
        # One that Ctrl-C kept from being started would find the run cancelled.
        return thread.ident is None or worker.give_up()

    has_begun = interrupted = False
    told = monotonic()
    while True:
        try:
            if not has_begun:
                has_begun = True
                for _, thread in crew:
                    thread.start()
            # Ctrl-C may come anywhere, so that all of the loop is inside.
            while not (all(is_left(*each) for each in crew) and inbox.empty()):
                told = _hand_on(inbox, observer, told)
        except KeyboardInterrupt:
            if not interrupted:
                inbox.put(Stopping())
            interrupted = True
            cancel.set()
        else:
            return interrupted


def _hand_on(inbox: SimpleQueue[Event | None], observer: Observer, told: float) -> float:
    """Tell what happens, or that nothing did since ``told``; when it was told last."""
    with suppress(Empty):
        _notify(observer, inbox.get(timeout=_PERIOD_S))
        return monotonic()
    if monotonic() - told < _QUIET_S:
        return told
    _notify(observer, Waiting())
    return monotonic()


def _work(worker: _Worker, left: deque[tuple[_Work[_Result], Done[_Result], Context]]) -> None:
    try:
        while not worker.cancel.is_set():
            try:
                work, done, context = left.popleft()
            except IndexError:
                break
            context.run(_do, worker, work, done)
    finally:
        worker.is_over = True
        worker.inbox.put(None)


def _do(worker: _Worker, work: _Work[_Result], done: Done[_Result]) -> None:
    _WORKER.set(worker)
    try:
        done.result = work(worker.tell)
    except KeyboardInterrupt:
        return
    except BaseException as error:  # noqa: BLE001  # it is raised by who asked for the work
        done.error = error


def _notify(observer: Observer, event: Event | None) -> None:
    if event is None:
        return
    try:
        observer(event)
    except Exception:  # noqa: BLE001  # an observer must not break the run
        _log.exception("an observer failed on %s", type(event).__name__)
