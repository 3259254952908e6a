"""Answers to several requests of one run, between which the provider restates its history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, make_bars
from ml4t_nb.errors import (
    BarsInvalid,
    DatasetNotFound,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from ml4t_nb.model import Span
from ml4t_nb.providers import Answer, Request
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import DAYS, Scripted, bars_at, evening, restated, sessions


def restates(provider: Scripted, at: int, after: Bars) -> None:
    """From its ``at``-th answer on, the provider has other bars."""

    def fails(request: Request) -> ProviderError | None:
        del request
        if len(provider.asked) == at:
            provider.bars = after
        return None

    provider.fails = fails


@pytest.fixture
def hours(store: Store) -> Runner:
    """Every sixtieth minute at one price, served in pieces of three days."""
    span = Span(evening("2024-02-04"), evening("2024-02-16"))
    stamps = calendar("XNYS").stamps(span, "1m")[::60]
    limits = replace(DAYS, max_span={"1m": timedelta(days=3)})
    bars = make_bars(stamps, dict.fromkeys(("open", "high", "low", "close"), 200.0))
    return Runner(store, Scripted(bars=bars, limits=limits), frequency="1m")


def test_pieces_on_two_bases_are_not_stored(hours: Runner) -> None:
    provider = hours.provider
    restates(provider, 3, restated(provider.bars, 2.0, ex_date="2024-02-20"))

    with pytest.raises(ProviderUnavailable, match="restated its bars"):
        hours.load(evening("2024-02-16"), start="2024-02-05", end="2024-02-16")
    with pytest.raises(DatasetNotFound):
        hours.stored()

    hours.load(evening("2024-02-16"), start="2024-02-05", end="2024-02-16")
    assert set(hours.stored()["close"]) == {100.0}


def test_pieces_on_one_basis_are_asked_for_once(hours: Runner) -> None:
    hours.load(evening("2024-02-16"), start="2024-02-05", end="2024-02-16")

    spans = [request.span for request in hours.provider.asked]
    assert len(spans) == len({span.start for span in spans})


def test_a_fall_by_half_between_two_pieces_is_stored_as_it_is(hours: Runner) -> None:
    fell = hours.provider.bars.copy()
    cut = fell.index.searchsorted(fell.index[0] + timedelta(days=3))
    fell.iloc[cut:, :4] = 100.0
    hours.provider.bars = fell

    hours.load(evening("2024-02-16"), start="2024-02-05", end="2024-02-16")

    assert set(hours.stored()["close"]) == {200.0, 100.0}


def test_what_came_before_a_rate_limit_is_stored_once_the_days_after_are_known(
    hours: Runner,
) -> None:
    """The first piece is on one level; whether a later split has restated it cannot be asked."""
    fell = hours.provider.bars.copy()
    cut = fell.index.searchsorted(fell.index[0] + timedelta(days=3))
    fell.iloc[cut:, :4] = 100.0
    hours.provider.bars = fell

    def limited(request: Request) -> ProviderError | None:
        del request
        is_over = len(hours.provider.asked) > 3
        return RateLimited("too many requests", provider="scripted") if is_over else None

    hours.provider.fails = limited
    with pytest.raises(RateLimited):
        hours.load(evening("2024-02-16"), start="2024-02-05", end="2024-02-16")
    assert hours.store.datasets() == ()

    hours.provider.fails = lambda _: None
    hours.load(evening("2024-02-16"), start="2024-02-05", end="2024-02-16")
    assert set(hours.stored()["close"]) == {200.0, 100.0}
    assert len(hours.stored()) == len(fell)


def test_a_load_up_to_a_day_before_a_split_is_on_that_days_basis_or_fails(runner: Runner) -> None:
    """The split of 2024-02-16 takes effect between the answers: bars, then days after them."""
    paid = bars_at(
        sessions("2024-02-05", "2024-02-16"), [200.0] * 9 + [100.0], splits={"2024-02-16": 2.0}
    )
    runner.provider.bars = paid.iloc[:-1]
    restates(runner.provider, 2, restated(paid, 2.0, ex_date="2024-02-16"))

    with pytest.raises(ProviderUnavailable, match="restated its bars"):
        runner.load(evening("2024-02-15"), start="2024-02-05", end="2024-02-13")

    runner.load(evening("2024-02-15"), start="2024-02-05", end="2024-02-13")
    assert set(runner.stored()["close"]) == {200.0}


class Greedy(Scripted):
    """Answers all it has, whatever it is asked for."""

    def fetch(self, request: Request) -> Answer:
        del request
        return Answer(self.bars)


def test_a_provider_that_answers_more_than_it_is_asked_for_is_named(store: Store) -> None:
    days = sessions("2024-01-02", "2024-01-26")
    runner = Runner(store, Greedy(bars=bars_at(days, [100.0] * len(days))))

    with pytest.raises(
        BarsInvalid, match=r"scripted returned bars of .* not requested, such as 2024-01-02T00:00Z"
    ) as caught:
        runner.load(evening("2024-01-26"), start="2024-01-17")

    assert "a bug in the provider 'scripted'" in caught.value.hint
