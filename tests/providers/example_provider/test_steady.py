"""The tests that every provider must pass."""

import pytest
from hypothesis import given
from ml4t_steady import SteadyProvider

from ml4t_nb.model import DatasetId, Span
from ml4t_nb.providers import Request
from ml4t_nb.settings import Settings
from ml4t_nb.testing import ProviderContract, strategies, utc

X = DatasetId("equities", "daily", "X")
SUMMER = Span(utc("2024-06-01"), utc("2024-09-01"))


class TestSteady(ProviderContract):
    dataset = X
    span = SUMMER
    as_of = utc("2024-09-02")
    empty_span = Span(utc("2024-07-06"), utc("2024-07-08"))  # a weekend

    @pytest.fixture
    def provider(self) -> SteadyProvider:
        return SteadyProvider(Settings())


@given(strategies.requests(X, SUMMER, utc("2024-09-02")))
def test_every_bar_is_in_the_requested_span(request_of_a_part: Request) -> None:
    bars = SteadyProvider(Settings()).fetch(request_of_a_part).bars

    assert all(stamp in request_of_a_part.span for stamp in bars.index)
