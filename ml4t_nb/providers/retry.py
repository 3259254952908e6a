"""Requests with retries: one policy by kind of error, for all providers."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ml4t_nb.errors import (
    ProviderError,
)
from ml4t_nb.providers.base import Answer, Instrument, Provider, Request
from ml4t_nb.providers.rate_limit import shared_limiter
from ml4t_nb.providers.retry_policy import DEFAULT, Policy

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["NoMoreWaiting", "fetch_with_retries", "identify"]

_log = logging.getLogger(__name__)
_Reply = TypeVar("_Reply")


class NoMoreWaiting(Exception):  # no fault of anybody
    """Raised by a ``sleep`` that will not wait again: the asking ends with the error at hand."""


def fetch_with_retries(
    provider: Provider,
    request: Request,
    *,
    on_retry: Callable[[int, float, str], None],
    sleep: Callable[[float], None] = time.sleep,
    policy: Policy | None = None,
) -> Answer:
    """The provider's answer, asked for again where that may help.

    Parameters
    ----------
    on_retry
        Told the number of the attempt that failed, the seconds until the next, and why.
    sleep
        Waits so many seconds; whatever it raises ends the asking, `NoMoreWaiting` with the
        provider's own error.
    policy
        By default the provider's own (``limits.retry``), else ``DEFAULT``.

    Raises
    ------
    ProviderError
        The last one, once the policy has no wait left for its kind.
    """
    return _retried(
        lambda: _paced(provider, request, sleep),
        policy or provider.limits.retry or DEFAULT,
        about=f"{request.dataset}: asking {provider.name} for {request.span}",
        on_retry=on_retry,
        sleep=sleep,
    )


def identify(
    provider: Provider,
    symbol: str,
    *,
    on_retry: Callable[[int, float, str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Instrument:
    """What the provider knows of ``symbol``, asked for again as `fetch_with_retries` does.

    Raises
    ------
    ProviderError
        The last one, once the policy has no wait left for its kind.
    """
    return _retried(
        lambda: provider.instrument(symbol),
        provider.limits.retry or DEFAULT,
        about=f"asking {provider.name} what {symbol} is",
        on_retry=on_retry,
        sleep=sleep,
    )


def _retried(
    question: Callable[[], _Reply],
    policy: Policy,
    *,
    about: str,
    on_retry: Callable[[int, float, str], None],
    sleep: Callable[[float], None],
) -> _Reply:
    from tenacity import Retrying, retry_if_exception

    retries = _RetryState(policy)

    failures: list[BaseException] = []

    def tell(state: RetryCallState) -> None:
        error = _error_of(state)
        failures.append(error)
        reason = error.message if isinstance(error, ProviderError) else repr(error)
        on_retry(state.attempt_number, state.upcoming_sleep, reason)

    attempts = Retrying(
        sleep=sleep,
        retry=retry_if_exception(lambda error: policy.kind(error) is not None),
        wait=retries.wait,
        stop=retries.is_over,
        before=lambda state: _log.debug("%s, attempt %d", about, state.attempt_number),
        after=lambda state: _log.debug(
            "%s, attempt %d failed: %s", about, state.attempt_number, _error_of(state)
        ),
        before_sleep=tell,
        reraise=True,
    )
    try:
        return attempts(question)
    except NoMoreWaiting:
        raise failures[-1] from None


def _paced(provider: Provider, request: Request, sleep: Callable[[float], None]) -> Answer:
    """One attempt, within the provider's budget of requests."""
    rate = provider.limits.requests_per_minute
    if rate is not None:
        shared_limiter(provider.name, rate).wait(sleep)
    return provider.fetch(request)


class _RetryState:
    """What is left of a policy's waits; each kind of error uses up its own."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._used: Counter[type[ProviderError]] = Counter()

    def wait(self, state: RetryCallState) -> float:
        """Seconds to wait now; also where there is no retry left, which `is_over` says."""
        from tenacity import wait_random

        kind = self._policy.kind(_error_of(state))
        assert kind is not None
        backoff = self._policy.backoff[kind]
        base = backoff.seconds[min(self._used[kind], len(backoff.seconds) - 1)]
        self._used[kind] += 1
        return base + wait_random(0, base * backoff.jitter)(state)

    def is_over(self, state: RetryCallState) -> bool:
        """Whether to stop instead of waiting; tenacity asks after `wait`."""
        kind = self._policy.kind(_error_of(state))
        assert kind is not None
        backoff = self._policy.backoff[kind]
        if self._used[kind] > len(backoff.seconds):
            return True
        # A pause that does not really wait, as in a dry run, counts all the same.
        elapsed = max(state.idle_for, state.seconds_since_start or 0.0)
        return backoff.within_s is not None and elapsed + state.upcoming_sleep > backoff.within_s


def _error_of(state: RetryCallState) -> BaseException:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert error is not None
    return error
