"""How often a provider may be asked: one limit for all threads of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache

__all__ = ["RateLimiter", "shared_limiter"]

_BURST = 10.0


class RateLimiter:
    """So many requests a minute, a few of them at once.

    A call waits until there is a request to spend. What it then really cost may be more, and is
    charged: the next one waits for it.

    Parameters
    ----------
    per_minute
        Requests earned a minute; they pile up to ten.
    clock
        Seconds of a clock that never jumps.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._clock = clock
        self._lock = threading.Lock()
        self._left = _BURST
        self._counted = clock()

    def wait(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Spend one request, as soon as there is one; ``sleep`` waits so many seconds."""
        with self._lock:
            self._earn()
            self._left -= 1
            wait_s = -self._left / self._per_second
        if wait_s > 0:
            sleep(wait_s)

    def charge(self, requests: int) -> None:
        """Spend that many more, which are gone already."""
        with self._lock:
            self._left -= requests

    def _earn(self) -> None:
        instant = self._clock()
        earned = (instant - self._counted) * self._per_second
        self._left = min(_BURST, self._left + earned)
        self._counted = instant


@cache
def shared_limiter(provider: str, per_minute: float) -> RateLimiter:
    """The limiter that all who ask ``provider`` in this process share."""
    del provider  # it tells one cached limiter from the other
    return RateLimiter(per_minute)
