"""What one that stands in may not do: store bars on another basis, or hide a doubt of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import PRICES
from ml4t_nb.errors import ProviderError, ProviderUnavailable, RateLimited, SymbolUnknown
from ml4t_nb.events import FellBack
from ml4t_nb.finding import Finding
from ml4t_nb.providers import Answer, Request
from ml4t_nb.records import UpdateRecord
from tests.pipeline.scripted import DAYS, Scripted, evening
from tests.verbs.fallback import ACME, BARS, FRIDAY, NEXT, Both, declare, down


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


def state_of(both: Both, day: str) -> str:
    (health,) = verbs.health(both.ws, as_of=evening(day)).datasets
    return health.state


@pytest.mark.parametrize("fails", [down, lambda _: SymbolUnknown("unknown", provider="first")])
def test_a_day_without_a_session_is_no_failure_where_all_bars_are_stored(
    both: Both, fails: Callable[[Request], ProviderError]
) -> None:
    both.first.fails = fails
    both.second.bars = BARS[BARS.index < pd.Timestamp("2024-03-12", tz="UTC")]
    friday = both.sync(at="2024-03-08")
    assert (friday.record.provider, friday.record.added) == ("second", 5)
    before, asked = both.stored(), len(both.second.asked)

    saturday = both.sync(at="2024-03-09")

    assert (saturday.record.outcome, saturday.record.error) == ("unchanged", None)
    assert saturday.record.notes[0].endswith("; no newer bar is due")
    assert state_of(both, "2024-03-09") == "healthy"
    assert both.stored().equals(before)
    assert len(both.second.asked) == asked
    # A day of which nobody has a bar is a failure still.
    assert both.sync(at="2024-03-11").record.added == 1
    assert both.sync(at="2024-03-12").record.outcome == "failed"


def test_the_own_one_is_stood_in_for_once_it_is_proposed_to_end_the_symbol(both: Both) -> None:
    both.first.fails = lambda _: SymbolUnknown("unknown", provider="first")
    for day in ("2024-03-04", "2024-03-05", "2024-03-06"):
        verbs.update(both.ws, as_of=evening(day))
    (found,) = verbs.list_(both.ws).datasets
    assert found.is_vanished

    results = [both.sync(at=f"2024-03-{day:02}") for day in range(6, 13)]

    # Saturday and Sunday are of the ninth and the tenth.
    assert [each.record.added for each in results] == [3, 1, 1, 0, 0, 1, 1]
    assert {each.record.outcome for each in results} == {"changed", "unchanged"}
    assert results[0].record.notes == (
        "first does not know the symbol; second, which agrees with the stored bars, stands in",
    )


def test_a_symbol_that_nobody_knows_fails_no_run_once_it_is_proposed_to_end_it(both: Both) -> None:
    both.first.fails = lambda _: SymbolUnknown("unknown", provider="first")
    both.second.fails = lambda _: SymbolUnknown("no such file", provider="second")
    for day in ("2024-03-04", "2024-03-05", "2024-03-06"):
        assert both.sync(at=day).record.outcome == "failed"

    result = both.sync(at="2024-03-07")

    assert (result.record.outcome, result.record.error) == ("unchanged", None)
    assert result.record.notes == (
        "first does not know the symbol; second cannot stand in: no such file",
    )


def test_a_bar_that_is_due_from_the_own_one_alone_is_missed_still(both: Both) -> None:
    both.second.limits = replace(DAYS, delay=timedelta(hours=12))
    error = both.sync(at="2024-03-04").record.error
    assert error is not None
    assert error.message.endswith("second cannot stand in: no newer bar is due from second yet")


class Doubting(Scripted):
    """One that finds something itself in a bar that is stored, and in some that are new."""

    def fetch(self, request: Request) -> Answer:
        days = [datetime(2024, 3, day, tzinfo=UTC) for day in (1, 4, 5)]
        found = (
            Finding(days[0], "no volume", "of the day before the others"),
            Finding(days[0], "intraday range", "of three days", end=days[2]),
            Finding(days[1], "no volume", "of a new day"),
        )
        return replace(super().fetch(request), findings=found)


def test_what_it_finds_itself_in_the_new_bars_is_found_until_they_are_the_own_ones(
    both: Both,
) -> None:
    both.ws._opened["second"] = Doubting(BARS, name="second")

    opened = both.sync().findings

    monday, tuesday = (datetime(2024, 3, day, tzinfo=UTC) for day in (4, 5))
    assert [(each.rule, each.stamp, each.end) for each in opened] == [
        ("intraday range", monday, tuesday),
        ("no volume", monday, None),
    ]
    both.first.fails = lambda _: None
    both.sync(at="2024-03-06")
    left = both.ws.store.snapshot(ACME).manifest.findings
    assert [each.state for each in left if each.rule != "extra"] == ["corrected"] * 2


def test_it_stores_nothing_of_a_dataset_that_was_reconfigured_meanwhile(both: Both) -> None:
    def reconfigured(_: Request) -> None:
        with both.ws.store.transaction(ACME) as tx:
            state = tx.manifest
            assert state is not None
            record = UpdateRecord(FRIDAY, "load", "first", "unchanged")
            tx.commit(replace(state, config=replace(state.config, calendar="XLON")), record)

    both.second.fails = reconfigured
    before = both.stored()

    result = both.sync()

    assert result.record.error is not None
    assert result.record.error.message == "equities/daily/ACME was reconfigured meanwhile"
    assert both.stored().equals(before)
