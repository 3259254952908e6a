"""How often a provider may be asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml4t_nb.core.bars import empty_bars
from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.model import Basis
from ml4t_nb.providers import Answer, Instrument, Limits, Request
from ml4t_nb.providers import budget as budget_module
from ml4t_nb.providers.budget import Budget, KeptBudget, budget_of, use_budgets
from ml4t_nb.providers.retry import fetch_with_retries
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for


class Clock:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def paced(per_minute: float, clock: Callable[[], float]) -> Budget:
    return Budget(KeptBudget(per_minute, clock=clock).spend)


def test_ten_are_free_and_the_rest_is_paced(clock: Clock) -> None:
    budget = paced(60, clock)

    for _ in range(13):
        budget.wait(clock.sleep)

    assert clock.waits == pytest.approx([1, 1, 1])


def test_what_a_question_cost_beyond_one_is_owed(clock: Clock) -> None:
    budget = paced(60, clock)
    budget.wait(clock.sleep)
    budget.charge(12)

    budget.wait(clock.sleep)

    assert clock.waits == pytest.approx([4])


def test_a_pause_earns_no_more_than_ten(clock: Clock) -> None:
    budget = paced(60, clock)
    clock.seconds += 3600

    for _ in range(11):
        budget.wait(clock.sleep)

    assert clock.waits == pytest.approx([1])


def test_concurrent_waits_queue(clock: Clock) -> None:
    budget = paced(120, clock)
    waits: list[float] = []

    for _ in range(13):
        budget.wait(waits.append)

    assert waits == pytest.approx([0.5, 1.0, 1.5])


def test_a_wait_that_is_broken_off_costs_no_request() -> None:
    budget, waits = paced(60, lambda: 0.0), list[float]()
    for _ in range(10):
        budget.wait(waits.append)

    def interrupted(seconds: float) -> None:
        del seconds
        raise KeyboardInterrupt

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            budget.wait(interrupted)
    budget.wait(waits.append)

    # The eleventh that is sent, after ten at once.
    assert waits == [1.0]


class Paced:
    """A provider without bars, that may be asked six times a minute."""

    name = "paced"
    summary = "nothing"
    basis: Basis = "as-traded"
    limits = Limits(("equities",), ("daily",), requests_per_minute=6)

    def instrument(self, symbol: str) -> Instrument:
        raise AssertionError(f"{symbol} is fetched, not looked up")

    def fetch(self, request: Request) -> Answer:
        del request
        return Answer(empty_bars())


def test_every_attempt_is_paced_by_the_providers_limits() -> None:
    request = request_for("ABC", "daily", "2024-01-02", "2024-01-05")
    waits: list[float] = []

    for _ in range(12):
        fetch_with_retries(Paced(), request, on_retry=lambda *_: None, sleep=waits.append)

    assert waits == pytest.approx([10, 20], abs=5)


def test_another_source_of_budgets_may_take_the_place_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(budget_module, "_source", budget_module._source)  # put back afterwards
    asked, spent, waits = list[tuple[str, float, Path | None]](), list[int](), list[float]()

    def spend(requests: int) -> float:
        spent.append(requests)
        return 2.5

    def source(provider: str, per_minute: float, home: Path | None) -> Budget:
        asked.append((provider, per_minute, home))
        return Budget(spend)

    use_budgets(source)
    request = request_for("ABC", "daily", "2024-01-02", "2024-01-05")
    fetch_with_retries(
        Paced(), request, home=tmp_path, on_retry=lambda *_: None, sleep=waits.append
    )
    budget_of("yahoo", 60, tmp_path).charge(3)

    assert asked == [("paced", 6, tmp_path), ("yahoo", 60, tmp_path)]
    assert (spent, waits) == ([1, 3], [2.5])


@pytest.mark.parametrize("word", ["0", "-1", "inf", "many"])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(SettingsInvalid, match="ML4T_DATA_YAHOO_PER_MINUTE="):
        Settings.read({"ML4T_DATA_YAHOO_PER_MINUTE": word}, folder=tmp_path)
