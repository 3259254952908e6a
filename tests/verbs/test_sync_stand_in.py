"""What one that stands in may not do: store bars on another basis, or hide a doubt of its own."""

from __future__ import annotations

from dataclasses import replace

from ml4t_nb.core.bars import PRICES
from ml4t_nb.providers import Answer, Request
from tests.pipeline.scripted import Scripted
from tests.verbs.fallback import BARS, Both


class InDollars(Scripted):
    """One that says what it quotes."""

    def fetch(self, request: Request) -> Answer:
        return replace(super().fetch(request), currency="USD")


def test_of_one_currency_on_both_sides_a_hundred_times_the_price_is_no_unit(both: Both) -> None:
    both.ws._opened["first"] = InDollars(BARS, name="first")
    assert both.sync(at="2024-03-04").record.added == 1
    both.ws._opened["first"] = both.first
    hundredth = BARS.assign(**{name: BARS[name] / 100 for name in PRICES})
    both.ws._opened["second"] = InDollars(hundredth, name="second")

    error = both.sync().record.error

    assert error is not None
    assert error.message.endswith("prices before that are 0.01 times those stored")
