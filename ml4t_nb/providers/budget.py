"""How many requests a provider may be sent: a budget that all share who work on one store.

What is left of it is a line in a file of the store's cache, by the wall clock, read and written
under a file lock for each request. The bucket of pyrate-limiter was weighed, an SQLite table: its
constructor waits for a held lock without limit, it takes no request back, cannot say how long a
wait will be, and is not for network folders. That takes more around it than these lines.

All count by their own clocks, so those of machines that share a store must agree within a minute:
beyond that each takes the other's for one that was set, earns the difference again and again, and
together they send up to half as much again. A second is what any time service keeps.

Nothing about the file stops a run, or makes it wait for longer than a second: where it cannot be
locked, read or written, what this process has spent itself is counted on.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from filelock import FileLock

__all__ = ["Budget", "BudgetSource", "KeptBudget", "budget_of", "least_minutes", "use_budgets"]

_log = logging.getLogger(__name__)

_BURST = 10.0
# A debt is what waits: the workers of some processes. A file that says more is damaged.
_MOST_OWED = 1000.0
# By that much the clocks of two machines may differ; one that is further back was set back.
_SKEW_S = 60.0
# Who holds the lock needs a fraction of a millisecond: then it is suspended, or the folder is.
_PATIENCE_S = 1.0
_POLL_S = 0.005
_LONGEST_LINE = 100


@dataclass(frozen=True, slots=True)
class Budget:
    """The requests that one provider may be sent.

    Parameters
    ----------
    spend
        Takes so many, whether there are any left or not, and says in how many seconds they are
        earned; of a negative number, gives them back.
    """

    spend: Callable[[int], float]

    def wait(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Spend one request, as soon as there is one; ``sleep`` waits so many seconds."""
        wait_s = self.spend(1)
        if wait_s > 0:
            with ExitStack() as undo:
                undo.callback(self.spend, -1)  # it is not sent if the wait is broken off
                sleep(wait_s)
                undo.pop_all()

    def charge(self, requests: int) -> None:
        """Spend that many more, which are gone already: the next one waits for them."""
        self.spend(requests)


BudgetSource: TypeAlias = Callable[[str, float, "Path | None"], Budget]
"""Finds the budget of a provider, by its name, its requests a minute, and the store's home."""


def budget_of(provider: str, per_minute: float, home: Path | None = None) -> Budget:
    """The budget that all who ask ``provider`` for the store in ``home`` share.

    Without a home, all in this process. It is to be asked for at each use, and not to be kept: it
    cannot be sent to another process.
    """
    return _source(provider, per_minute, None if home is None else home.absolute())


def use_budgets(source: BudgetSource) -> BudgetSource:
    """Take all budgets of this process from ``source`` from now on; where they came from before.

    For a process that works for another one, and asks that one: ``spend`` is all that it needs.
    """
    global _source  # of the process, as the budgets are
    before, _source = _source, source
    return before


@cache
def _kept(provider: str, per_minute: float, home: Path | None) -> Budget:
    name = f"{quote(provider, safe='')}-{per_minute:.10g}"
    path = None if home is None else home / "cache" / "requests" / name
    return Budget(KeptBudget(per_minute, path).spend)


_source: BudgetSource = _kept


def least_minutes(requests: int, per_minute: float | None) -> float:
    """How long so many requests take by the budget, if nobody else spends of it."""
    return 0.0 if per_minute is None else max(requests - _BURST, 0.0) / per_minute


@dataclass(frozen=True, slots=True)
class _State:
    """Requests left at an instant; fewer than none if some wait that have spent theirs already."""

    left: float = _BURST
    counted: float = -math.inf

    def at(self, instant: float, per_second: float) -> _State:
        """What is left then. A clock that is back earns nothing, and soon counts from there."""
        earned = max(instant - self.counted, 0.0) * per_second
        left = min(self.left + earned, _BURST)
        is_set_back = self.counted - instant > _SKEW_S
        return _State(left, instant if is_set_back else max(instant, self.counted))


class KeptBudget:
    """So many requests a minute, a few of them at once: they pile up to ten.

    They are counted in the file ``path`` by whoever works on its store, and in this object, which
    knows more where that is not to be had. None is written where no dataset was ever stored.
    """

    def __init__(
        self,
        per_minute: float,
        path: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,  # noqa: TID251  # it paces requests, and dates nothing
    ) -> None:
        self._per_second = per_minute / 60
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._state = _State()

    def spend(self, requests: int) -> float:
        """As `Budget` has it."""
        with self._lock, _held(self._path) as path:
            # At the same instant it is the file that others have written.
            known = max(_read(path), self._state, key=lambda state: state.counted)
            now = known.at(self._clock(), self._per_second)
            self._state = replace(now, left=now.left - requests)
            _write(path, self._state)
            return max(-self._state.left / self._per_second, 0.0)


@contextmanager
def _held(path: Path | None) -> Iterator[Path | None]:
    """The path while nobody else has its lock; None if there is no file to be had."""
    # As for sessions of calendars: a first load, and a mistyped home, leave no folder behind.
    if path is None or not (path.parents[2] / "state").is_dir():
        yield None
        return
    lock = FileLock(
        f"{path}.lock",
        timeout=_PATIENCE_S,
        poll_interval=_POLL_S,
        # A soft lock outlives a process that was killed.
        fallback_to_soft=False,
        preserve_lock_file=True,
    )
    held: Path | None = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    # Where the file system has no locks, filelock raises NotImplementedError.
    except (OSError, NotImplementedError) as error:
        _log.debug("requests are counted in this process alone: %s", error)
        held = None
    try:
        yield held
    finally:
        lock.release(force=True)


def _read(path: Path | None) -> _State:
    """What the file says; nothing has been spent if it says nothing sensible."""
    if path is None:
        return _State()
    try:
        with path.open("rb") as file:
            left, counted = map(float, file.read(_LONGEST_LINE).split())
    except (OSError, ValueError):
        return _State()
    is_sound = math.isfinite(counted) and left >= -_MOST_OWED  # which no nan is
    return _State(left, counted) if is_sound else _State()


def _write(path: Path | None, state: _State) -> None:
    """Write the file in one step: who is killed leaves the line before."""
    if path is None:
        return
    staged = path.with_name(f"{path.name}.new")
    try:
        staged.write_text(f"{state.left!r} {state.counted!r}\n", encoding="ascii")
        staged.replace(path)
    except OSError as error:
        _log.debug("requests are counted in this process alone: %s", error)
