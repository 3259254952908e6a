"""The HTTP session that yfinance is given: an end to waiting, and a memory of the reply."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout

__all__ = ["BoundedSession", "Call", "NotFound", "current_call"]

_CHART = "/v8/finance/chart/"
_SIDE_SHOW_S = 5.0
_AVOIDED_S = 600.0
_NOT_FOUND = 404


class NotFound(Exception):
    """Yahoo has no such symbol.

    Said at the first 404: yfinance would ask some ten times more, to no avail.
    """


@dataclass(slots=True)
class Call:
    """One call of yfinance: how long it may take, and what it cost and brought.

    Parameters
    ----------
    timeout_s
        For one reply.
    until
        When, by ``time.monotonic``, all of it must be over.
    requests
        Sent so far.
    reply
        The last reply with bars.
    is_loud
        Whether yfinance may log what it does.
    """

    timeout_s: float
    until: float
    requests: int = 0
    reply: Response | None = None
    is_loud: bool = False


_CALL: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call | None:
    """The call this thread is busy with."""
    return _CALL.get()


class BoundedSession(Session[Response]):
    """A session like yfinance's own, except for requests inside `call`.

    Those wait no longer than they may. A cookie host that does not answer is left alone for ten
    minutes: bars come without a cookie too, while yfinance would wait 30 s for it, again and
    again, under a lock that all threads share.
    """

    def __init__(self) -> None:
        super().__init__(impersonate="chrome")
        self._avoided: dict[str, float] = {}

    @staticmethod
    @contextmanager
    def call(*, timeout_s: float, deadline_s: float, is_loud: bool = False) -> Iterator[Call]:
        """Requests of this thread belong to one call while inside."""
        asked = Call(timeout_s, time.monotonic() + deadline_s, is_loud=is_loud)
        token = _CALL.set(asked)
        try:
            yield asked
        finally:
            _CALL.reset(token)

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:  # noqa: ANN401  # as declared there
        """As the session's own, bounded inside `call`."""
        asked = _CALL.get()
        if asked is None:
            return super().request(method, url, *args, **options)
        place = urlsplit(url)
        is_chart = place.path.startswith(_CHART)
        if not is_chart and self._avoided.get(place.netloc, 0.0) > time.monotonic():
            raise Timeout(f"{place.netloc} did not respond recently")
        options["timeout"] = _timeout_s(asked, is_chart=is_chart)
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


def _timeout_s(asked: Call, *, is_chart: bool) -> float:
    left_s = asked.until - time.monotonic()
    # Less than a millisecond would be cut to 0, which curl takes for no limit at all.
    if left_s < 0.001:  # noqa: PLR2004
        raise Timeout("the time for this request has run out")
    return min(left_s, asked.timeout_s, float("inf") if is_chart else _SIDE_SHOW_S)
