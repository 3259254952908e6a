"""Rules on stored bars: what real series hold is left alone, what is planted in them is found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import PRICES, Bars
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.model import AssetClass
from tests.core.rules.series import bars_of, calm, found, sample, squeeze

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


def changed(bars: Bars, row: slice | int, factor: float, *names: str) -> Bars:
    """The bars with some prices of some rows multiplied."""
    there = slice(row, row + 1) if isinstance(row, int) else row
    copy = bars.copy()
    for name in names or PRICES:
        values = copy[name].to_numpy(copy=True)
        values[there] *= factor
        copy[name] = values
    return copy


# On the first prices fell for minutes, and many trades were cancelled; on the second no other
# price of these days is within a seventh of the low.
DOUBTFUL_LOWS = {"AAPL": "2010-05-06", "MSFT": "2008-07-01"}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_of_thirteen_years_of_real_bars_two_lows_are_suspicious(symbol: str) -> None:
    bars = sample(symbol)

    days = [(rule, f"{bars.index[first]:%Y-%m-%d}") for rule, first, _ in found(bars)]

    assert days == [("spike", day) for name, day in DOUBTFUL_LOWS.items() if name == symbol]
    assert found(bars, allowed=Thresholds(spike_reach_factor=20.0)) == []


def test_highs_and_lows_that_reach_far_every_day_are_usual() -> None:
    wide = calm()
    wide["high"], wide["low"] = wide["high"] * 1.2, wide["low"] / 1.2

    assert found(wide) == []
    assert found(changed(wide, 60, 2.2, "high")) == [("spike", 60, 60)]


def test_a_high_far_beyond_those_before_is_found_in_a_wild_week() -> None:
    bars = sample("AAPL")
    row = int(bars.index.searchsorted("2005-04-14"))
    year = bars.iloc[row - 250 : row + 60].copy()
    year.iloc[250, 1] = 47.92

    assert found(year) == found(year.iloc[:251]) == [("spike", 250, 250)]
    # The high is 0.155 above the prices beside it and 0.211 above its body, as logarithms; those
    # of the 60 bars before are at most 0.026 above theirs.
    assert found(year, allowed=Thresholds(spike_reach_factor=7.9)) == [("spike", 250, 250)]
    assert found(year, allowed=Thresholds(spike_reach_factor=8.1)) == []


def test_a_fall_by_half_that_stays_is_real() -> None:
    aapl = sample("AAPL")
    until = int(aapl.index.searchsorted("2000-09-29")) + 1
    fall = aapl.iloc[: until + 30]

    assert fall["close"].iloc[until - 1] / fall["close"].iloc[until - 2] == pytest.approx(
        0.48, abs=0.01
    )
    assert found(fall) == []
    assert found(aapl.iloc[:until]) == []


def test_no_day_of_a_squeeze_is_a_spike_whenever_it_is_looked_at() -> None:
    days = squeeze()

    assert [found(days.iloc[:count]) for count in range(2, len(days) + 1)] == [[]] * (len(days) - 1)


@pytest.mark.parametrize("factor", [1.3, 2.0, 10.0, 0.7, 0.1])
@pytest.mark.parametrize("names", [("close",), ("high", "close"), PRICES])
def test_a_bar_far_from_both_neighbours_is_a_spike(factor: float, names: tuple[str, ...]) -> None:
    assert found(changed(calm(), 60, factor, *names)) == [("spike", 60, 60)]


@pytest.mark.parametrize(("name", "factor"), [("high", 1.23), ("low", 0.78)])
@pytest.mark.parametrize("row", [60, 119])
def test_a_high_or_low_far_from_its_own_body_is_a_spike_on_the_last_bar_too(
    name: str, factor: float, row: int
) -> None:
    assert found(changed(calm(), row, factor, name)) == [("spike", row, row)]


def test_the_last_close_is_judged_when_the_next_bar_has_come() -> None:
    bars = changed(calm(), 60, 1.5)

    assert found(bars.iloc[:61]) == []
    assert found(bars.iloc[:62]) == [("spike", 60, 60)]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_spike_of_half_is_found_in_a_real_series(symbol: str) -> None:
    bars = sample(symbol).iloc[-180:]

    assert found(changed(bars, 90, 1.5, "high", "close")) == [("spike", 90, 90)]


def test_the_factor_and_the_sigmas_decide_together() -> None:
    bars = changed(calm(), 60, 1.16, "high", "close")

    assert found(bars) == [("spike", 60, 60)]
    assert found(bars, allowed=Thresholds(spike_factor=1.2)) == []
    assert found(bars, allowed=Thresholds(spike_sigmas=20.0)) == []
    assert found(bars, allowed=Thresholds(off=frozenset({"spike"}))) == []


def test_days_after_a_listing_are_not_judged() -> None:
    assert found(changed(calm(10), 5, 2.0)) == []


def test_prices_of_a_few_cents_move_by_steps_not_by_spikes() -> None:
    close = np.array([0.01, 0.01, 0.01, 0.02, 0.01, 0.01, 0.01, 0.01] * 15)
    penny = bars_of(np.stack([close] * 4, axis=1), volume=1e6 + np.arange(120.0))

    assert found(penny) == []


@pytest.mark.parametrize("factor", [100.0, 0.01, 1000.0, 0.001])
@pytest.mark.parametrize(
    "rows", [slice(60, 61), slice(40, 80), slice(100, 120), slice(0, 20)], ids=str
)
def test_a_stretch_in_another_unit_is_found_by_its_edges(factor: float, rows: slice) -> None:
    assert found(changed(calm(), rows, factor)) == [("unit", rows.start, rows.stop - 1)]


def test_a_hundred_old_shares_for_one_are_no_unit_if_the_split_is_named() -> None:
    traded = changed(calm(), slice(70, 120), 100.0)
    ratios = np.ones(len(traded))
    ratios[70] = 0.01

    assert found(traded, basis="as-traded") == [("unit", 70, 119)]
    assert found(traded.assign(split=ratios), basis="as-traded") == []


def test_a_bar_without_volume_is_found_where_prices_move() -> None:
    bars = calm()
    lost = bars["volume"].to_numpy(copy=True)
    lost[60] = 0.0

    assert found(bars.assign(volume=lost)) == [("zero volume", 60, 60)]
    assert found(bars.assign(volume=lost), asset_class="fx") == []
    assert found(bars.assign(volume=0.0)) == []


def test_a_holiday_of_one_market_repeats_a_price_without_volume() -> None:
    bars = calm()
    numbers = {name: bars[name].to_numpy(copy=True) for name in (*PRICES, "volume")}
    for name in PRICES:
        numbers[name][60] = numbers["close"][59]
    numbers["volume"][60] = 0.0

    assert found(bars.assign(**numbers)) == []


@pytest.mark.parametrize("asset_class", ["equities", "crypto"])
def test_a_thousandfold_volume_is_found_unless_prices_moved(asset_class: AssetClass) -> None:
    bars = calm()
    volumes = bars["volume"].to_numpy(copy=True)
    volumes[60] *= 1500
    counted = bars.assign(volume=volumes)

    assert found(counted, asset_class=asset_class) == [("high volume", 60, 60)]
    assert found(counted, allowed=Thresholds(high_volume_factor=2000.0)) == []
    # A takeover: a thousand times the volume, and the price moves on for good.
    assert found(changed(changed(counted, slice(61, 120), 1.4), 60, 1.4, "high", "close")) == []


@pytest.mark.parametrize(
    ("cash", "level", "rules"),
    [(17.0, 1.0, ["large dividend"]), (17.0, 0.66, []), (10.0, 1.0, [])],
)
def test_a_dividend_above_a_third_of_the_price_is_found_unless_prices_fall(
    cash: float, level: float, rules: list[str]
) -> None:
    bars = changed(calm(), slice(60, 120), level)
    paid = np.zeros(len(bars))
    paid[60] = cash

    assert [rule for rule, _, _ in found(bars.assign(dividend=paid))] == rules


@pytest.mark.parametrize(
    ("rows", "again"), [((60, 61), [61]), ((60, 63), [63]), ((60, 65), []), ((20, 84), [])]
)
def test_the_same_dividend_within_days_is_found(rows: tuple[int, int], again: list[int]) -> None:
    paid = np.zeros(120)
    paid[list(rows)] = 0.24

    expected = [("repeated dividend", row, row) for row in again]
    assert found(calm().assign(dividend=paid)) == expected


def paying(amounts: list[float], *, level: float = 1.0) -> Bars:
    """Calm bars with a dividend every tenth bar, from the eleventh on."""
    bars = calm()
    paid = np.zeros(len(bars))
    paid[10 : 10 + 10 * len(amounts) : 10] = amounts
    return changed(bars.assign(dividend=paid), slice(50, 120), level)


@pytest.mark.parametrize(
    ("amounts", "rows"),
    [
        ([0.4, 0.4, 0.4, 0.004, 0.4], [40]),
        ([0.04, 0.041, 0.039, 4.0, 0.04], [40]),
        ([0.4, 0.4, 0.4, 0.0004], [40]),
        # The first are held against those after them.
        ([40.0, 0.4, 0.4, 0.4], [10]),
        # Between the units, or too few to tell.
        ([0.4, 0.4, 0.4, 0.006], []),
        ([0.1, 0.1, 0.1, 7.0], []),
        ([0.4, 0.4, 0.004], []),
        # It is the usual one by now.
        ([0.4] * 4 + [0.004] * 6, [50, 60, 70, 80]),
    ],
)
def test_a_dividend_in_another_unit_is_found_beside_the_others(
    amounts: list[float], rows: list[int]
) -> None:
    assert found(paying(amounts)) == [("dividend unit", row, row) for row in rows]


def test_a_special_dividend_that_prices_fall_by_is_real() -> None:
    amounts = [0.1, 0.1, 0.1, 0.1, 10.0]

    assert found(paying(amounts)) == [("dividend unit", 50, 50)]
    # A fifth of the price goes, and with it a fifth of 50 is paid.
    assert found(paying(amounts, level=0.8)) == []
    assert found(paying(amounts), allowed=Thresholds(unit_factors=(1000.0,))) == []


def test_dividends_before_these_bars_count_too() -> None:
    bars = paying([0.004])

    def rules(earlier: list[float]) -> list[str]:
        each = suspects(
            bars,
            basis="split-adjusted",
            asset_class="equities",
            allowed=Thresholds(),
            earlier_dividends=np.array(earlier),
        )
        return [one.rule for one in each]

    assert rules([0.4, 0.4]) == []
    assert rules([0.4, 0.0, 0.4, 0.4]) == ["dividend unit"]


@given(
    row=st.integers(12, 117),
    factor=st.floats(1.3, 40.0) | st.floats(0.03, 0.7),
)
def test_a_planted_spike_is_found_wherever_it_is_and_nothing_else(row: int, factor: float) -> None:
    assert found(changed(calm(), row, factor)) == [("spike", row, row)]
