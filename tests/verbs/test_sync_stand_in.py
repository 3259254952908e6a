"""What one that stands in may not do: store bars on another basis, or hide a doubt of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import PRICES
from ml4t_nb.errors import ProviderError, ProviderUnavailable, RateLimited, SymbolUnknown
from ml4t_nb.events import FellBack
from ml4t_nb.providers import Answer, Request
from tests.pipeline.scripted import Scripted
from tests.verbs.fallback import BARS, FRIDAY, NEXT, Both, declare, down


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


def many(both: Both, number: int, fallback: str) -> list[str]:
    """So many symbols stored up to the first of March, before the first provider fails."""
    names = [f"ACME{at}" for at in range(number)]
    declare(both.home, *names, fallback=fallback)
    both.first.fails = lambda _: None
    assert len(verbs.sync(both.ws, as_of=FRIDAY).changed) == number
    return names


def lacking(name: str, *symbols: str) -> Callable[[Request], ProviderError | None]:
    def fails(request: Request) -> ProviderError | None:
        if request.dataset.symbol in symbols:
            return SymbolUnknown(f"{name} has no such file", provider=name)
        return None

    return fails


def limited(_: Request) -> ProviderError:
    return RateLimited("too many requests", provider="first")


@pytest.mark.parametrize(
    ("fails", "lacks"), [(limited, ("ACME0",)), (down, ("ACME0", "ACME1", "ACME2"))]
)
def test_one_that_lacks_some_symbols_is_asked_for_the_others_all_the_same(
    both: Both, fails: Callable[[Request], ProviderError], lacks: tuple[str, ...]
) -> None:
    names = many(both, 6, '["second"]')
    both.first.fails = fails
    both.second.fails = lacking("second", *lacks)

    report = verbs.sync(both.ws, as_of=NEXT, workers=1)

    added = {each.dataset.symbol: each.record.added for each in report}
    assert added == {name: 0 if name in lacks else 2 for name in names}


def test_each_of_several_is_charged_with_its_own_failures_only(both: Both) -> None:
    third = both.ws._opened["third"] = Scripted(BARS, name="third")
    names = many(both, 8, '["second", "third"]')
    both.first.fails = limited
    both.second.fails = lambda _: ProviderUnavailable("second is away", provider="second")
    third.fails = lacking("third", "ACME0")

    report = verbs.sync(both.ws, as_of=NEXT, workers=1)

    added = {each.dataset.symbol: each.record.added for each in report}
    assert added == {name: 0 if name == "ACME0" else 2 for name in names}
    # Three in a row show that it is down; the first one after the limit that it is limited.
    assert len({each.dataset.symbol for each in both.second.asked}) == 3
    told = [(each.failed, each.provider) for each in both.events if isinstance(each, FellBack)]
    assert told[:3] == [("first", "second"), ("second", "third"), ("third", "")]
