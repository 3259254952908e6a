"""The scale at a place: from bars in common on both sides, or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.core.bars import PRICES, Bars
from ml4t_nb.core.joins import joins_of
from tests.core.rules.series import sample

BARS = sample("MSFT").iloc[-400:]


def at_rows(*rows: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(BARS.index[list(rows)])


def other_of(
    bars: Bars, scale: float = 1.0, volume: float = 1.0, rows: slice = slice(None)
) -> Bars:
    factors = np.ones(len(bars))
    factors[rows] = scale
    prices = {name: bars[name] * factors for name in PRICES}
    volumes = np.ones(len(bars))
    volumes[rows] = volume
    return bars.assign(**prices, volume=bars["volume"] * volumes)


def reason(one: Bars, other: Bars, at: pd.DatetimeIndex) -> str:
    fault = joins_of(one, other, at, at).fault
    return "" if fault is None else f"{BARS.index.get_loc(fault.stamp)} {fault.reason}"


@pytest.mark.parametrize(
    ("scale", "volume", "factor"),
    [
        (1.0, 1.0, 1.0),
        (1.0, 0.7, 1.0),  # another venue's share
        (1.0, 0.01, 100.0),  # lots
        (100.0, 1.0, 1.0),  # pence
        (0.001, 1.0, 1.0),  # dinars for fils
        (2.0, 0.5, 2.0),  # before a split
        (1 / 7, 7.0, 1 / 7),
        (200.0, 0.5, 2.0),  # pence before a split
        (0.97, 1.0, 1.0),  # adjusted for dividends
        (1.5, 1 / 1.5, 1.5),
    ],
)
def test_a_scale_is_a_splits_or_a_units_and_volumes_show_which(
    scale: float, volume: float, factor: float
) -> None:
    other = other_of(BARS, scale, volume)
    at = at_rows(100, 101)

    joins = joins_of(BARS.drop(at), other, at, at)

    assert joins.fault is None
    assert joins.scale == pytest.approx([scale] * 2, rel=1e-12)
    assert joins.volume_factor == pytest.approx([factor] * 2, rel=1e-12)


@pytest.mark.parametrize(
    ("scale", "factor"), [(1.0, 1.0), (100.0, 1.0), (2.0, 2.0), (200.0, 2.0), (0.05, 0.05)]
)
def test_without_volumes_what_is_no_unit_is_a_split(scale: float, factor: float) -> None:
    at = at_rows(100)

    joins = joins_of(BARS.drop(at), other_of(BARS, scale).assign(volume=0.0), at, at)

    assert joins.volume_factor == pytest.approx([factor])


@pytest.mark.parametrize("step", range(92, 110))
def test_a_scale_that_changes_near_a_bar_is_that_of_its_side_or_none(step: int) -> None:
    at = at_rows(100)
    other = other_of(BARS, 2.0, 0.5, slice(0, step))

    joins = joins_of(BARS.drop(at), other, at, at)

    if joins.fault is None:
        assert joins.scale[0] == pytest.approx(2.0 if step > 100 else 1.0)
    else:
        assert joins.fault.reason == "is where the scale between the two changes"
    assert (joins.fault is not None) == (98 <= step <= 103)


def test_three_bars_in_common_suffice_and_two_do_not() -> None:
    at = at_rows(100)

    assert reason(BARS.drop(at), BARS.iloc[98:102], at) == ""
    assert reason(BARS.drop(at), BARS.iloc[99:102], at).startswith("100 has fewer than three bars")
    assert reason(BARS.drop(at), BARS.iloc[100:103], at).startswith("100 has fewer than three bars")
    assert reason(BARS.drop(at), BARS.iloc[100:104], at) == ""


def test_bars_in_common_that_are_far_away_show_nothing() -> None:
    at = at_rows(100)
    near, far = BARS.iloc[[100, *range(118, 124)]], BARS.iloc[[100, *range(122, 128)]]

    assert reason(BARS.drop(at), near, at) == ""
    assert reason(BARS.drop(at), far, at).startswith("100 has fewer than three bars")


def test_a_long_hole_is_joined_at_both_ends() -> None:
    at = at_rows(*range(100, 180))

    joins = joins_of(BARS.drop(at), other_of(BARS, 100.0), at, at)

    assert joins.fault is None
    assert set(joins.scale) == {100.0}


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM"])
def test_prices_of_another_share_join_nowhere(symbol: str) -> None:
    stranger = sample(symbol).reindex(BARS.index)

    joined = [
        place
        for place in range(5, 395, 5)
        for at in [at_rows(place)]
        if not reason(BARS.drop(at), stranger, at)
    ]

    assert joined == []


def test_a_bar_that_is_to_be_taken_has_no_part_in_the_scale() -> None:
    one = other_of(BARS, 3.0, rows=slice(95, 106))
    at = at_rows(*range(95, 106))

    joins = joins_of(one, BARS, at, at)

    assert joins.fault is None
    assert set(joins.scale) == {1.0}


@settings(max_examples=40, deadline=None)
@given(
    first=st.integers(5, 380),
    count=st.integers(1, 12),
    scale=st.sampled_from([1.0, 2.0, 0.5, 0.1, 100.0, 1000.0, 0.01, 0.9731]),
    digits=st.sampled_from([4, 6, 9]),
)
def test_what_is_left_out_comes_back_as_it_was(
    first: int, count: int, scale: float, digits: int
) -> None:
    at = at_rows(*range(first, first + count))
    other = other_of(BARS, scale)
    other = other.assign(**{name: other[name].round(digits) for name in PRICES})

    joins = joins_of(BARS.drop(at), other, at, at)

    assert joins.fault is None
    back = other.loc[at, "close"].to_numpy() / joins.scale
    # Half a cent of the other's price, and as much again for the scale.
    limit = 2 * 0.5 * 10.0**-digits / scale + 1e-9
    np.testing.assert_allclose(back, BARS.loc[at, "close"], atol=limit, rtol=3e-4)
