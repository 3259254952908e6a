"""Work that takes seconds, of which only the newest is wanted."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Lock, Thread

__all__ = ["Latest"]


class Latest:
    """Does in a thread what was asked for last; what was asked for meanwhile is left out.

    A person who walks down a list asks for a picture of every row on the way.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: Callable[[], object] | None = None
        self._thread: Thread | None = None

    def do(self, act: Callable[[], object]) -> None:
        """Ask for it."""
        with self._lock:
            self._next = act
            if self._thread is None:
                run = copy_context().run
                self._thread = Thread(target=run, args=(self._run,), name="ml4t draw", daemon=True)
                self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait until nothing is left to do; whether that is so."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        while (act := self._taken()) is not None:
            act()

    def _taken(self) -> Callable[[], object] | None:
        with self._lock:
            act, self._next = self._next, None
            if act is None:
                self._thread = None
            return act
