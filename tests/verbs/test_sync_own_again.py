"""The own provider answers again after another one stood in: its bars count, the other's do not."""

from __future__ import annotations

import pandas as pd
import pytest

from ml4t_nb.core.bars import PRICES, Bars
from tests.pipeline.scripted import restated
from tests.verbs.fallback import BARS, Both

EX_DATE = pd.Timestamp("2024-03-06", tz="UTC")


def stood_in(both: Both, bars: Bars, *, until: str) -> None:
    """Every evening up to that day the other one stands in, with its ``bars``."""
    both.second.bars = bars
    for day in pd.bdate_range("2024-03-04", until):
        assert both.sync(at=f"{day:%Y-%m-%d}").record.provider == "second"
    both.first.fails = lambda _: None


def _off(by: float) -> Bars:
    return BARS.assign(**{name: BARS[name] * by for name in PRICES})


@pytest.mark.parametrize("until", ["2024-03-05", "2024-03-06", "2024-03-27"])
def test_bars_of_the_other_one_that_are_all_off_alike_are_no_contradiction(
    both: Both, until: str
) -> None:
    # As of a dividend that one is adjusted for and the other is not; within what is joined.
    stood_in(both, _off(1.0004), until=until)
    assert both.stored()["close"].iloc[-1] != BARS["close"].loc[until].item()

    record = both.sync(at="2024-03-28").record

    assert (record.outcome, record.error, record.verdict) == ("changed", None, "corrected")
    assert both.stored()["close"].equals(BARS["close"].loc[:"2024-03-28"])
    assert both.sources() == []


def test_a_small_split_that_is_not_worked_in_is_seen_through_the_bars_of_the_other_one(
    both: Both,
) -> None:
    fallen = BARS.copy()
    fallen.loc[EX_DATE:, list(PRICES)] /= 1.05
    stood_in(both, fallen, until="2024-03-08")
    before = both.stored()
    named = fallen.copy()
    named.loc[EX_DATE, "split"] = 1.05
    both.first.bars = named

    error = both.sync(at="2024-03-11").record.error

    assert error is not None
    assert error.message.endswith(
        "the split 1.05:1 of 2024-03-06 is reported, but the stored bars did not move with it"
    )
    assert both.stored().equals(before)
    # Once it is worked in, all is restated.
    worked_in = restated(named, 1.05, ex_date="2024-03-06")
    both.first.bars = worked_in
    record = both.sync(at="2024-03-12").record
    assert record.restatement is not None
    assert record.restatement.splits == ((EX_DATE.to_pydatetime(), 1.05),)
    assert both.stored()["close"].equals(worked_in["close"].loc[:"2024-03-12"])


def test_days_that_the_own_one_lacks_are_still_those_of_the_other_one(both: Both) -> None:
    stood_in(both, _off(1.0004), until="2024-03-06")
    both.first.bars = BARS[(BARS.index < "2024-03-05") | (BARS.index > "2024-03-06")]

    both.sync(at="2024-03-07")

    assert both.sources() == [("second", "03-05")]
    closes = both.stored()["close"].iloc[-4:].tolist()
    assert closes == pytest.approx([144, 145 * 1.0004, 146 * 1.0004, 147], abs=1e-9)


def test_a_history_that_is_another_one_contradicts_what_is_stored_all_the_same(
    both: Both,
) -> None:
    stood_in(both, BARS, until="2024-03-22")
    other = BARS.copy()
    other[list(PRICES)] = other[list(PRICES)].to_numpy()[::-1]
    both.first.bars = other.assign(high=other[list(PRICES)].max(axis=1))
    before = both.stored()

    record = both.sync(at="2024-03-25").record

    assert record.error is not None
    assert record.error.type == "Suspicious"
    assert both.stored().equals(before)
