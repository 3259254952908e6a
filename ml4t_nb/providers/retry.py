"""How a provider is asked: within its budget of requests, and again after an error."""

from __future__ import annotations

import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ml4t_nb.errors import (
    ProviderError,
    ProviderUnavailable,
    RangeRefused,
    RateLimited,
    SymbolUnknown,
)
from ml4t_nb.providers.base import (
    Answer,
    Backoff,
    IdentifiesByBars,
    Instrument,
    Policy,
    Provider,
    Request,
)
from ml4t_nb.providers.budget import budget_of

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = [
    "DEFAULT",
    "NoMoreWaiting",
    "fetch_with_retries",
    "identify",
    "most_attempts",
]

DEFAULT = Policy(
    {
        # Three attempts, exponential from 1 s to at most 30 s, for what nothing else is said of.
        ProviderError: Backoff((1.0, 2.0)),
        ProviderUnavailable: Backoff((1.0, 2.0, 4.0, 8.0), within_s=120.0),
        RateLimited: Backoff((30.0, 60.0, 120.0)),
        SymbolUnknown: Backoff(),
        RangeRefused: Backoff(),
    }
)

_log = logging.getLogger(__name__)
_Reply = TypeVar("_Reply")


class NoMoreWaiting(Exception):  # no fault of anybody
    """Raised by a ``sleep`` that will not wait again: the asking ends with the error at hand."""


def fetch_with_retries(
    provider: Provider,
    request: Request,
    *,
    home: Path | None = None,
    on_retry: Callable[[int, float, str], None],
    on_wait: Callable[[float, float], None] = lambda *_: None,
    on_request: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
    policy: Policy | None = None,
) -> Answer:
    """The provider's answer, asked for again where that may help; else its last error.

    Parameters
    ----------
    home
        That of the store whose budget of requests is spent; None for this process's own.
    on_request
        Called before each attempt, once it is its turn.
    on_wait
        Told how many seconds an attempt waits for its turn, and the requests a minute.
    on_retry
        Told the number of the attempt that failed, the seconds until the next, and why.
    sleep
        Whatever it raises ends the asking, `NoMoreWaiting` with the provider's own error.
    policy
        By default the provider's own (``limits.retry``), else ``DEFAULT``.
    """

    def fetch() -> Answer:
        _wait_for_budget(provider, home, on_wait, sleep)
        on_request()
        return provider.fetch(request)

    about = f"{request.dataset}: asking {provider.name} for {request.span}"
    return _retried(fetch, policy or provider.limits.retry or DEFAULT, about, on_retry, sleep)


def identify(
    provider: Provider,
    symbol: str,
    first: Request | None = None,
    *,
    home: Path | None = None,
    on_retry: Callable[[int, float, str], None],
    on_wait: Callable[[float, float], None] = lambda *_: None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Instrument, Provider]:
    """What the provider knows of ``symbol``, and whom to ask for its bars.

    Asked for again as `fetch_with_retries` does. Where an answer with bars says it, the ``first``
    that are likely to be wanted are asked for.
    """

    def question() -> tuple[Instrument, Provider]:
        if first is not None and isinstance(provider, IdentifiesByBars):
            _wait_for_budget(provider, home, on_wait, sleep)
            # Bars that are not served say nothing of the symbol.
            with suppress(RangeRefused):
                return provider.identify(first)
        return provider.instrument(symbol), provider

    policy = provider.limits.retry or DEFAULT
    return _retried(question, policy, f"asking {provider.name} what {symbol} is", on_retry, sleep)


def _wait_for_budget(
    provider: Provider,
    home: Path | None,
    on_wait: Callable[[float, float], None],
    sleep: Callable[[float], None],
) -> None:
    per_minute = provider.limits.requests_per_minute
    if per_minute is None:
        return

    def wait(seconds: float) -> None:
        on_wait(seconds, per_minute)
        sleep(seconds)

    budget_of(provider.name, per_minute, home).wait(wait)


def _retried(
    question: Callable[[], _Reply],
    policy: Policy,
    about: str,
    on_retry: Callable[[int, float, str], None],
    sleep: Callable[[float], None],
) -> _Reply:
    pauses = _Pauses(policy)
    _log.debug("%s, attempt 1", about)
    try:
        return question()
    except ProviderError as error:
        failed = [error]
    # Only now: nearly every question is answered at once, and tenacity takes long to start.
    from tenacity import Retrying, retry_if_exception_type

    failures: list[ProviderError] = []

    def ask() -> _Reply:
        # Its first attempt is the one that has failed.
        if failed:
            raise failed.pop()
        _log.debug("%s, attempt %d", about, len(failures) + 1)
        return question()

    def wait(state: RetryCallState) -> float:
        """Seconds until the next attempt, infinitely many if there is none."""
        error = state.outcome.exception() if state.outcome else None
        assert isinstance(error, ProviderError)
        failures.append(error)
        _log.debug("%s, attempt %d failed: %s", about, len(failures), error)
        return pauses.after(error)

    attempts = Retrying(
        sleep=sleep,
        retry=retry_if_exception_type(ProviderError),
        wait=wait,
        # tenacity asks after `wait`.
        stop=lambda state: math.isinf(state.upcoming_sleep),
        before_sleep=lambda state: on_retry(
            state.attempt_number, state.upcoming_sleep, failures[-1].message
        ),
        reraise=True,
    )
    try:
        return attempts(ask)
    except NoMoreWaiting:
        raise failures[-1] from None


class _Pauses:
    """The waits between the attempts of one question; each kind of error uses up its own."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._used: Counter[type[ProviderError]] = Counter()
        self._began = time.monotonic()
        self._waited_s = 0.0

    def after(self, error: ProviderError) -> float:
        """Seconds until the next attempt, infinitely many if there is none."""
        kind = self._policy.kind(error)
        if kind is None:
            return math.inf
        backoff = self._policy.backoff[kind]
        if self._used[kind] == len(backoff.seconds):
            return math.inf
        base = backoff.seconds[self._used[kind]]
        self._used[kind] += 1
        wait_s = base + random.uniform(0, base * backoff.jitter)  # noqa: S311  # no secret
        # A pause that does not really wait, as in a dry run, counts all the same.
        elapsed_s = max(self._waited_s, time.monotonic() - self._began)
        if backoff.within_s is not None and elapsed_s + wait_s > backoff.within_s:
            return math.inf
        self._waited_s += wait_s
        return wait_s


def most_attempts(provider: Provider) -> int:
    """How often one question may be asked, if each kind of error comes as often as it may."""
    policy = provider.limits.retry or DEFAULT
    return 1 + sum(len(each.seconds) for each in policy.backoff.values())
