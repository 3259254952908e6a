"""A provider that stands in for one that fails: joined where the two agree, else not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import PRICES, Bars
from ml4t_nb.errors import ProviderError, ProviderUnavailable, RateLimited, SymbolUnknown
from ml4t_nb.events import FellBack
from tests.pipeline.scripted import Scripted, bars_at, restated, sessions
from tests.verbs.fallback import ACME, BARS, FRIDAY, NEXT, Both, declare, down


def test_new_bars_are_joined_where_the_two_agree_and_stored_ones_stay_to_the_bit(
    both: Both,
) -> None:
    # The other one rounds, and differs by that in every bar.
    both.second.bars = BARS.assign(close=BARS["close"] * 1.0001)
    before = both.stored()

    result = both.sync()

    assert (result.record.outcome, result.record.provider, result.record.added) == (
        "changed",
        "second",
        2,
    )
    assert result.record.notes == (
        "first does not answer for ACME; second, which agrees with the stored bars, stands in",
    )
    after = both.stored()
    assert after.iloc[:-2].equals(before)
    assert after["close"].iloc[-2:].tolist() == pytest.approx([144 * 1.0001, 145 * 1.0001])
    assert both.sources() == [("second", "03-04")]
    history = both.ws.store.snapshot(ACME).manifest.recent
    assert [(each.provider, each.outcome) for each in history[-2:]] == [
        ("first", "failed"),
        ("second", "changed"),
    ]
    assert [each.provider for each in both.events if isinstance(each, FellBack)] == ["second"]
    assert [each.state for each in verbs.health(both.ws, as_of=NEXT).datasets] == ["healthy"]
    (own,) = verbs.list_(both.ws).datasets
    assert own.provider == "first"


def test_once_it_answers_again_its_own_bars_take_their_place(both: Both) -> None:
    both.second.bars = BARS.assign(close=BARS["close"] * 1.0001)
    both.sync()
    both.first.fails = lambda _: None

    result = both.sync(at="2024-03-06")
    assert (result.record.provider, result.record.added, result.record.revised) == ("first", 1, 2)
    assert both.stored()["close"].iloc[-3:].tolist() == [144.0, 145.0, 146.0]
    assert both.sources() == []


@pytest.mark.parametrize("error", [SymbolUnknown, RateLimited])
def test_an_unknown_symbol_and_a_limit_are_failures_too(
    both: Both, error: Callable[..., ProviderError]
) -> None:
    both.first.fails = lambda _: error("no more", provider="first")
    assert both.sync().record.provider == "second"


def test_bars_in_another_unit_are_brought_to_the_stored_one(both: Both) -> None:
    cents = BARS.copy()
    cents[["open", "high", "low", "close"]] *= 100
    both.second.bars = cents

    record = both.sync().record

    assert record.added == 2
    assert both.stored()["close"].iloc[-2:].tolist() == [144.0, 145.0]
    # Nothing but the bars before says that it is no split of 100:1.
    assert any("second are divided by 100" in note for note in record.notes)


STAMPS = sessions("2024-01-02", "2024-03-29")
DAY = pd.Timestamp("2024-03-04", tz="UTC")


def _dividend(bars: Bars) -> Bars:
    paid = bars.copy()
    paid.loc[DAY, "dividend"] = 0.5
    return paid


def _adjusted(factor: float, ex_date: str) -> Bars:
    """As one shows them that adjusts for a dividend or a split, and does not name it."""
    bars = BARS.copy()
    bars.loc[bars.index < pd.Timestamp(ex_date, tz="UTC"), list(PRICES)] *= factor
    return bars


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            bars_at(STAMPS, [50 + 7 * (at % 5) for at in range(len(STAMPS))]),
            "the bar of 2024-03-04 has fewer than three bars around it in which the two agree",
        ),
        (BARS[BARS.index >= DAY], "the bar of 2024-03-04 has fewer than three bars in common"),
        (BARS[BARS.index < DAY], "second has no newer bar"),
        (_dividend(BARS), "second names a split or a dividend of 2024-03-04, which is not taken"),
        (
            restated(BARS, 2, ex_date="2024-03-05").assign(
                split=lambda bars: [
                    2.0 if at == DAY + pd.Timedelta(days=1) else 1.0 for at in bars.index
                ]
            ),
            "second names a split or a dividend of 2024-03-05, which is not taken",
        ),
        (
            restated(BARS, 0.5, ex_date="2024-03-05"),
            "the bar of 2024-03-05 moved by -50.0% from the bar before it, as by a split",
        ),
        (
            _adjusted(0.98, "2024-03-04"),
            "the bar of 2024-03-04 is on another basis: its prices before that are 0.98 times",
        ),
        (
            _adjusted(0.9, "2024-03-05"),
            "the bar of 2024-03-04 is on another basis: its prices before that are 0.9 times",
        ),
        # Split 2:1 on the first new bar: those before are restated, and it is traded at half.
        (
            BARS.assign(**{name: BARS[name] / 2 for name in PRICES}),
            "the bar of 2024-03-04 is on another basis: its prices before that are 0.5 times",
        ),
    ],
)
def test_what_cannot_be_joined_fails_in_one_sentence_and_nothing_is_stored(
    both: Both, other: Bars, reason: str
) -> None:
    both.second.bars = other
    before = both.stored()

    result = both.sync()

    assert result.record.outcome == "failed"
    assert result.record.error is not None
    assert result.record.error.message.startswith(
        f"first does not answer for ACME; second cannot stand in: {reason}"
    )
    assert both.stored().equals(before)
    assert both.sources() == []


def test_the_next_one_is_asked_where_one_cannot_stand_in(both: Both) -> None:
    both.ws._opened["third"] = Scripted(BARS, name="third")
    both.second.fails = lambda _: ProviderUnavailable("second is away", provider="second")
    declare(both.home, "ACME", fallback='["second", "third"]')

    assert both.sync().record.provider == "third"
    assert both.sources() == [("third", "03-04")]


def test_a_contradiction_is_no_failure_and_nobody_else_is_asked(both: Both) -> None:
    both.first.fails = lambda _: None
    both.first.bars = bars_at(STAMPS, [50 + 7 * (at % 5) for at in range(len(STAMPS))])

    result = both.sync()
    assert result.record.error is not None
    assert result.record.error.type == "Suspicious"
    assert both.second.asked == []


def test_a_provider_that_is_named_is_the_only_one_asked(both: Both) -> None:
    result = both.sync(provider="first")
    assert result.record.outcome == "failed"
    assert both.second.asked == []


def test_a_load_that_fails_asks_nobody_else_since_there_is_nothing_to_compare(both: Both) -> None:
    declare(both.home, "OTHER")
    result = both.sync()
    assert (result.record.outcome, result.rows) == ("failed", 0)
    assert both.second.asked == []


def test_one_that_is_down_is_not_asked_for_each_of_many_and_all_get_their_bars(
    both: Both,
) -> None:
    names = [f"ACME{at}" for at in range(8)]
    declare(both.home, *names)
    both.first.fails = lambda _: None
    assert len(verbs.sync(both.ws, as_of=FRIDAY).changed) == 8
    both.first.fails = down
    both.first.asked.clear()

    report = verbs.sync(both.ws, as_of=NEXT, workers=1)

    assert [(each.record.provider, each.record.added) for each in report] == [("second", 2)] * 8
    assert report.left == ()
    # Three in a row show that it is down.
    assert len({each.dataset.symbol for each in both.first.asked}) == 3
    assert report.results[-1].record.notes == (
        "first is down; second, which agrees with the stored bars, stands in",
    )


def test_if_both_are_down_the_rest_fails_at_once(both: Both) -> None:
    names = [f"ACME{at}" for at in range(8)]
    declare(both.home, *names)
    both.first.fails = lambda _: None
    verbs.sync(both.ws, as_of=FRIDAY)
    both.first.fails = down
    both.second.fails = lambda _: ProviderUnavailable("second is away", provider="second")

    report = verbs.sync(both.ws, as_of=NEXT, workers=1)

    assert {each.record.outcome for each in report} == {"failed"}
    assert report.results[-1].record.error is not None
    assert report.results[-1].record.error.message == "first is down; second is down, too"
    assert len({each.dataset.symbol for each in both.second.asked}) == 3
    assert replace(report.results[-1].record.error).type == "ProviderUnavailable"
