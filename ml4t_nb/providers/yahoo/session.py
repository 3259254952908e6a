"""yfinance, kept from disturbing its process, and its HTTP session: an end to waiting."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout

from ml4t_nb.providers.yahoo.errors import NotFound

__all__ = ["Call", "calling"]

_CHART = "/v8/finance/chart/"
_SIDE_SHOW_S = 5.0
_AVOIDED_S = 600.0
_NOT_FOUND = 404


class _BoundedSession(Session[Response]):
    """A session like yfinance's own, except for requests inside `calling`.

    Those wait no longer than they may. A cookie host that does not answer is left alone for ten
    minutes: bars come without a cookie too, while yfinance would wait 30 s for it, again and
    again, under a lock that all threads share.
    """

    def __init__(self) -> None:
        super().__init__(impersonate="chrome")
        self._avoided: dict[str, float] = {}

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:  # noqa: ANN401  # as declared there
        """As the session's own, bounded inside `calling`."""
        asked = _CALL.get()
        if asked is None:
            return super().request(method, url, *args, **options)
        place = urlsplit(url)
        is_chart = place.path.startswith(_CHART)
        if not is_chart and self._avoided.get(place.netloc, 0.0) > time.monotonic():
            raise Timeout(f"{place.netloc} did not respond recently")
        options["timeout"] = min(asked.left_s(), float("inf") if is_chart else _SIDE_SHOW_S)
        asked.requests += 1
        try:
            reply = super().request(method, url, *args, **options)
        except RequestException:
            if not is_chart:
                self._avoided[place.netloc] = time.monotonic() + _AVOIDED_S
            raise
        if is_chart and reply.status_code == _NOT_FOUND:
            raise NotFound(reply.text)
        if is_chart:
            asked.reply = reply
        return reply


@dataclass(slots=True)
class Call:
    """One call of yfinance: how long it and each reply may take, and what it cost and brought.

    It must be over at ``until``, by ``time.monotonic``; ``reply`` is the last one with bars.
    """

    yfinance: ModuleType
    session: _BoundedSession
    timeout_s: float
    until: float
    is_loud: bool
    requests: int = 0
    reply: Response | None = None

    def left_s(self) -> float:
        """Seconds that the next reply may take; a Timeout if there are none."""
        left_s = self.until - time.monotonic()
        # Less than a millisecond would be cut to 0, which curl takes for no limit at all.
        if left_s < 0.001:  # noqa: PLR2004
            raise Timeout("the time for this request has run out")
        return min(left_s, self.timeout_s)


_CALL: ContextVar[Call | None] = ContextVar("call", default=None)
_LOCK = threading.Lock()
# The user's own configuration of yfinance, once for each call under way.
_THEIRS: list[tuple[Any, Any]] = []


@contextmanager
def calling(
    caches: Path, *, timeout_s: float, deadline_s: float, is_loud: bool = False
) -> Iterator[Call]:
    """Requests of this thread belong to one call while inside.

    Errors are raised then instead of logged, and nothing is asked twice.
    """
    with _LOCK:
        yfinance, session = _opened(caches)
        # yfinance switches its DeprecationWarnings on as it is imported, and code that saves and
        # restores the filters, as pytest does, takes ours out again.
        if not any(_is_ours(each) for each in warnings.filters):
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
        debug, network = yfinance.config.debug, yfinance.config.network
        _THEIRS.append(_THEIRS[0] if _THEIRS else (debug.hide_exceptions, network.retries))
        debug.hide_exceptions, network.retries = False, 0
    asked = Call(yfinance, session, timeout_s, time.monotonic() + deadline_s, is_loud)
    token = _CALL.set(asked)
    try:
        yield asked
    finally:
        _CALL.reset(token)
        with _LOCK:
            theirs = _THEIRS.pop()
            if not _THEIRS:
                debug.hide_exceptions, network.retries = theirs


_OPENED: list[tuple[ModuleType, _BoundedSession]] = []


def _opened(caches: Path) -> tuple[ModuleType, _BoundedSession]:
    """The module and the session it is to use, the same ones for the whole process.

    ``caches`` is the folder of yfinance's own (time zones, a cookie). Only the first one named in
    a process counts: yfinance cannot move them once they are open.
    """
    if not _OPENED:
        import yfinance

        # Where there can be no folder, yfinance does without.
        with suppress(OSError):
            caches.mkdir(parents=True, exist_ok=True)
        yfinance.set_tz_cache_location(str(caches))
        logging.getLogger("yfinance").addFilter(_may_log)
        _OPENED.append((yfinance, _BoundedSession()))
    return _OPENED[0]


def _is_ours(each: Any) -> bool:  # noqa: ANN401  # a tuple that the standard library does not type
    action, _, category, module, _ = each
    return (
        action == "ignore"
        and category is DeprecationWarning
        and getattr(module, "pattern", module) == "yfinance"
    )


def _may_log(record: logging.LogRecord) -> bool:
    del record
    asked = _CALL.get()
    return asked is None or asked.is_loud
