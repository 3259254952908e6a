from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import empty_bars
from ml4t_nb.errors import (
    ProviderError,
    ProviderUnavailable,
    RangeRefused,
    RateLimited,
    SymbolUnknown,
)
from ml4t_nb.model import Basis, DatasetId, Span
from ml4t_nb.providers import Answer, Instrument, Limits, Request
from ml4t_nb.providers.base import Backoff, Policy
from ml4t_nb.providers.retry import fetch_with_retries

DAY = datetime(2024, 1, 2, tzinfo=UTC)
REQUEST = Request(
    DatasetId("equities", "daily", "A"), Span(DAY, DAY + timedelta(days=1)), DAY, calendar("XNYS")
)
DOWN = ProviderUnavailable("no answer", provider="moody")
LIMITED = RateLimited("too many requests", provider="moody")


@dataclass
class Moody:
    """A provider that fails in the order told, then answers."""

    moods: Sequence[BaseException]
    retry: Policy | None = None
    asked: int = 0
    name: str = "moody"
    summary: str = "fails as told"
    basis: Basis = "split-adjusted"
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = Limits(("equities",), ("daily",), retry=self.retry)

    def instrument(self, symbol: str) -> Instrument:
        del symbol
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        del request
        self.asked += 1
        if self.asked <= len(self.moods):
            raise self.moods[self.asked - 1]
        return Answer(empty_bars())


@dataclass
class Told:
    """What was slept and what was told."""

    slept: list[float] = field(default_factory=list)
    retries: list[tuple[int, float, str]] = field(default_factory=list)

    def retried(self, attempt: int, wait_s: float, reason: str) -> None:
        self.retries.append((attempt, wait_s, reason))


def attempt(provider: Moody, *, policy: Policy | None = None) -> Told:
    told = Told()
    fetch_with_retries(
        provider, REQUEST, on_retry=told.retried, sleep=told.slept.append, policy=policy
    )
    return told


def failed(provider: Moody, kind: type[BaseException]) -> Told:
    told = Told()
    with pytest.raises(kind) as caught:
        fetch_with_retries(provider, REQUEST, on_retry=told.retried, sleep=told.slept.append)
    assert caught.value is provider.moods[provider.asked - 1]
    return told


def assert_waits(slept: Sequence[float], *bases: float) -> None:
    """Each wait is its base, or up to a quarter longer."""
    assert len(slept) == len(bases)
    for wait, base in zip(slept, bases, strict=True):
        assert base <= wait <= 1.25 * base


def test_an_answer_at_once_is_asked_for_once() -> None:
    provider = Moody([])

    told = attempt(provider)

    assert provider.asked == 1
    assert told == Told()


def test_an_unavailable_provider_is_asked_five_times_in_all() -> None:
    provider = Moody([DOWN] * 9)

    told = failed(provider, ProviderUnavailable)

    assert provider.asked == 5
    assert_waits(told.slept, 1, 2, 4, 8)


def test_an_answer_after_failures_is_the_answer() -> None:
    provider = Moody([DOWN, DOWN])

    told = attempt(provider)

    assert provider.asked == 3
    assert_waits(told.slept, 1, 2)


def test_a_rate_limit_is_waited_out_three_times() -> None:
    provider = Moody([LIMITED] * 9)

    told = failed(provider, RateLimited)

    assert provider.asked == 4
    assert_waits(told.slept, 30, 60, 120)


def test_another_error_of_a_provider_is_met_with_three_attempts() -> None:
    provider = Moody([ProviderError("odd", provider="moody")] * 9)

    told = failed(provider, ProviderError)

    assert provider.asked == 3
    assert_waits(told.slept, 1, 2)


@pytest.mark.parametrize("kind", [SymbolUnknown, RangeRefused])
def test_what_asking_again_cannot_repair_is_asked_once(kind: type[ProviderError]) -> None:
    provider = Moody([kind("no", provider="moody")])

    told = failed(provider, kind)

    assert provider.asked == 1
    assert told == Told()


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt()])
def test_what_is_not_an_error_of_a_provider_flies(error: BaseException) -> None:
    provider = Moody([error])

    failed(provider, type(error))

    assert provider.asked == 1


def test_each_kind_of_error_uses_up_its_own_waits() -> None:
    provider = Moody([DOWN, LIMITED, DOWN, LIMITED])

    told = attempt(provider)

    assert_waits(told.slept, 1, 30, 2, 60)


def test_a_symbol_found_unknown_after_a_failure_ends_the_asking() -> None:
    provider = Moody([DOWN, SymbolUnknown("no", provider="moody")])

    failed(provider, SymbolUnknown)

    assert provider.asked == 2


def test_each_retry_is_reported_with_its_attempt_its_wait_and_its_reason() -> None:
    told = attempt(Moody([DOWN, LIMITED]))

    assert [(attempt, reason) for attempt, _, reason in told.retries] == [
        (1, "no answer"),
        (2, "too many requests"),
    ]
    assert [wait for _, wait, _ in told.retries] == told.slept


def test_a_providers_own_policy_is_kept_to() -> None:
    own = Policy({ProviderUnavailable: Backoff((7.0,), jitter=0.0)})
    provider = Moody([DOWN] * 9, retry=own)

    told = failed(provider, ProviderUnavailable)

    assert told.slept == [7.0]


def test_a_policy_given_goes_before_the_providers_own() -> None:
    provider = Moody([DOWN], retry=Policy({}))

    told = attempt(provider, policy=Policy({ProviderError: Backoff((3.0,), jitter=0.0)}))

    assert told.slept == [3.0]


def test_no_wait_begins_that_would_end_too_late() -> None:
    policy = Policy({ProviderUnavailable: Backoff((40.0,) * 9, jitter=0.0, within_s=120.0)})
    provider = Moody([DOWN] * 9, retry=policy)

    told = failed(provider, ProviderUnavailable)

    assert told.slept[:2] == [40.0, 40.0]
    assert len(told.slept) <= 3


def test_a_wait_that_is_broken_off_ends_the_asking() -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt(seconds)

    provider = Moody([DOWN] * 9)

    with pytest.raises(KeyboardInterrupt):
        fetch_with_retries(provider, REQUEST, on_retry=Told().retried, sleep=interrupted)

    assert provider.asked == 1


def test_every_attempt_is_in_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="ml4t_nb.providers.retry"):
        attempt(Moody([DOWN]))

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert "attempt 1" in lines[0]
    assert "no answer" in lines[1]
    assert "attempt 2" in lines[2]
