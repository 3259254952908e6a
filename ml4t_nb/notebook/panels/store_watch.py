"""Looks whether what a panel shows has changed, for as long as a page shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Lock, Thread
from time import monotonic

__all__ = ["StoreWatch"]

_PERIOD_S = 3.0
# Of a store of thousands, a look takes a while: at most a twentieth of the time goes into looking.
_REST = 20


class StoreWatch:
    """Calls ``look`` every few seconds, in a thread of its own, while at least one page is seen.

    A store is changed by other panels, cells and processes, which tell nobody.
    """

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._seen: set[str] = set()
        self._lock = Lock()
        self._news = Event()
        self._thread: Thread | None = None

    def see(self, page: str, *, is_seen: bool) -> None:
        """Note that a page begins, or ends, to be seen."""
        with self._lock:
            if is_seen:
                self._seen.add(page)
            else:
                self._seen.discard(page)
            self._news.set()
            if self._seen and self._thread is None:
                # A kernel that is shut down does not wait for it.
                run = copy_context().run
                self._thread = Thread(target=run, args=(self._run,), name="ml4t look", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while self._is_wanted():
            began = monotonic()
            try:
                self._look()
            except BaseException:
                with self._lock:
                    self._thread = None
                raise
            self._news.wait(max(_PERIOD_S, _REST * (monotonic() - began)))

    def _is_wanted(self) -> bool:
        """Whether a page is seen; where none is, the next one that is needs another thread."""
        with self._lock:
            self._news.clear()
            if not self._seen:
                self._thread = None
            return bool(self._seen)
