from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, as_stamps, concat, make_bars, observed, require_bars, upsert
from ml4t_nb.core.gap_detection import StampMatch, fill
from ml4t_nb.model import FillMethod, Frequency
from ml4t_nb.testing import strategies

METHODS: tuple[FillMethod, ...] = get_args(FillMethod)
PRICES = ["open", "high", "low", "close"]


def expected(start: str, end: str, frequency: Frequency = "daily") -> pd.DatetimeIndex:
    xnys = calendar("XNYS")
    span = xnys.span(date.fromisoformat(start), date.fromisoformat(end), frequency)
    return xnys.stamps(span, frequency)


# Wednesday to Wednesday; Monday 15 was Martin Luther King day. 12 and 16 are missing.
WEEK = expected("2024-01-10", "2024-01-18")


def week(*, split_after: float = 1.0) -> Bars:
    """Bars of 10, 11, 17 and 18 January 2024."""
    return make_bars(
        ["2024-01-10", "2024-01-11", "2024-01-17", "2024-01-18"],
        {
            "open": [99.0, 100.0, 110.0, 112.0],
            "high": [103.0, 104.0, 116.0, 113.0],
            "low": [98.0, 97.0, 109.0, 111.0],
            "close": [100.0, 102.0, 114.0, 112.5],
            "volume": [10.0, 20.0, 30.0, 40.0],
            "dividend": [0.0, 0.5, 0.7, 0.0],
            "split": [1.0, 2.0, split_after, 1.0],
        },
    )


def flat(prices: list[float]) -> dict[str, list[float]]:
    return dict.fromkeys(PRICES, prices)


def filled(
    bars: Bars, method: FillMethod, *, max_fill: int = 5, wanted: pd.DatetimeIndex = WEEK
) -> Bars:
    missing = StampMatch(pd.DatetimeIndex(observed(bars).index), wanted).missing
    return fill(bars, missing, wanted, method, max_fill=max_fill)


@pytest.mark.parametrize(
    ("method", "prices"),
    [
        ("forward", [102.0, 102.0]),
        ("backward", [110.0, 110.0]),
        ("interpolate", [106.0, 110.0]),
        ("zero", [0.0, 0.0]),
    ],
)
def test_each_method_makes_flat_bars_at_its_price(method: FillMethod, prices: list[float]) -> None:
    made = filled(week(), method)

    assert [f"{stamp:%Y-%m-%d}" for stamp in made.index] == ["2024-01-12", "2024-01-16"]
    for name in PRICES:
        assert made[name].tolist() == prices


@pytest.mark.parametrize("method", METHODS)
def test_a_filled_bar_is_flagged_and_has_no_volume_dividend_or_split(method: FillMethod) -> None:
    made = require_bars(filled(week(), method))

    assert made["filled"].tolist() == [True, True]
    assert made["volume"].tolist() == [0.0, 0.0]
    assert made["dividend"].tolist() == [0.0, 0.0]
    assert made["split"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("method", "price"), [("forward", 102.0), ("backward", 220.0), ("interpolate", 144.0)]
)
def test_as_traded_prices_after_a_split_are_brought_to_the_basis_before_it(
    method: FillMethod, price: float
) -> None:
    bars = week(split_after=2.0)
    missing = StampMatch(pd.DatetimeIndex(bars.index), WEEK).missing

    made = fill(bars, missing, WEEK, method, max_fill=5, basis="as-traded")

    assert made["close"].iloc[0] == price


def test_split_adjusted_prices_are_on_one_basis_already() -> None:
    assert filled(week(split_after=2.0), "backward")["close"].tolist() == [110.0, 110.0]


@pytest.mark.parametrize("method", METHODS)
def test_a_run_longer_than_max_fill_is_left_whole(method: FillMethod) -> None:
    assert len(filled(week(), method, max_fill=2)) == 2
    assert filled(week(), method, max_fill=1).empty
    assert filled(week(), method, max_fill=0).empty


def test_only_the_run_that_is_too_long_is_left() -> None:
    wanted = expected("2024-01-02", "2024-01-12")
    bars = make_bars(
        ["2024-01-02", "2024-01-04", "2024-01-09", "2024-01-12"],
        flat([1.0, 2.0, 3.0, 4.0]),
    )

    made = filled(bars, "forward", max_fill=1, wanted=wanted)

    # Missing are 3, then 5 and 8, then 10 and 11 January.
    assert made["close"].to_dict() == {pd.Timestamp("2024-01-03", tz="UTC"): 1.0}


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_made_before_the_first_or_after_the_last_observed_bar(
    method: FillMethod,
) -> None:
    wanted = expected("2024-01-02", "2024-01-31")

    made = fill(week(), wanted, wanted, method, max_fill=50)

    assert [f"{stamp:%Y-%m-%d}" for stamp in made.index] == ["2024-01-12", "2024-01-16"]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_made_outside_the_calendar(method: FillMethod) -> None:
    asked = as_stamps(["2024-01-13", "2024-01-15", "2024-01-16"])

    made = fill(week(), asked, WEEK, method, max_fill=5)

    assert [f"{stamp:%Y-%m-%d}" for stamp in made.index] == ["2024-01-16"]


@pytest.mark.parametrize("method", METHODS)
def test_no_bars_give_no_filled_ones(method: FillMethod) -> None:
    nothing = week().iloc[:0]

    assert require_bars(fill(nothing, WEEK, WEEK, method, max_fill=5)).empty
    assert require_bars(fill(week(), WEEK[:0], WEEK, method, max_fill=5)).empty
    assert require_bars(fill(week(), WEEK, WEEK[:0], method, max_fill=5)).empty


@pytest.mark.parametrize(
    ("method", "price"), [("forward", 102.0), ("backward", 110.0), ("interpolate", 106.0)]
)
def test_bars_filled_before_are_not_looked_at(method: FillMethod, price: float) -> None:
    stale = make_bars(["2024-01-16"], flat([7.0]), filled=True)

    made = filled(upsert(week(), stale), method)

    assert made["close"].iloc[0] == price
    assert len(made) == 2


def test_a_bar_outside_the_calendar_is_a_price_known_too() -> None:
    saturday = make_bars(["2024-01-13"], flat([105.0]))

    assert filled(upsert(week(), saturday), "forward")["close"].tolist() == [102.0, 105.0]
    assert filled(upsert(week(), saturday), "backward")["close"].tolist() == [105.0, 110.0]


def test_the_line_takes_a_step_a_bar_over_a_night_too() -> None:
    hours = expected("2024-01-02", "2024-01-03", "hourly")
    bars = make_bars(["2024-01-02T18:30", "2024-01-03T15:30"], flat([10.0, 14.0]))

    made = filled(bars, "interpolate", wanted=hours)

    assert [f"{stamp:%d %H:%M}" for stamp in made.index] == ["02 19:30", "02 20:30", "03 14:30"]
    assert made["close"].tolist() == [11.0, 12.0, 13.0]


@st.composite
def holed_bars(draw: st.DrawFn) -> tuple[Bars, pd.DatetimeIndex]:
    """Bars of a stretch of sessions with holes, and what is expected there."""
    frequency: Frequency = draw(st.sampled_from(["daily", "weekly", "hourly"]))
    kept = draw(st.lists(st.booleans(), min_size=2, max_size=30))
    wanted = expected("2024-06-01", "2025-06-01", frequency)[: len(kept)]
    stamps = wanted[np.array(kept, dtype=bool)]
    return draw(strategies.valid_bars(st.just(stamps))), wanted


@settings(deadline=None)
@given(case=holed_bars(), method=st.sampled_from(METHODS), max_fill=st.integers(0, 6))
def test_filling_and_unfilling_leaves_the_observed_bars_as_they_were(
    case: tuple[Bars, pd.DatetimeIndex], method: FillMethod, max_fill: int
) -> None:
    bars, wanted = case
    made = filled(bars, method, max_fill=max_fill, wanted=wanted)

    both = upsert(bars, made)

    assert_frame_equal(observed(both), bars)
    assert set(made.index) <= set(wanted) - set(bars.index)
    assert made["filled"].all()
    assert (
        bars.empty or made.empty or bars.index[0] < made.index[0] <= made.index[-1] < bars.index[-1]
    )


@settings(deadline=None)
@given(case=holed_bars(), first=st.sampled_from(METHODS), method=st.sampled_from(METHODS))
def test_filling_again_by_another_method_depends_on_the_observed_bars_alone(
    case: tuple[Bars, pd.DatetimeIndex], first: FillMethod, method: FillMethod
) -> None:
    bars, wanted = case
    before = upsert(bars, filled(bars, first, max_fill=30, wanted=wanted))

    assert_frame_equal(
        filled(before, method, max_fill=30, wanted=wanted),
        filled(bars, method, max_fill=30, wanted=wanted),
    )


@settings(deadline=None)
@given(case=holed_bars(), method=st.sampled_from(["forward", "backward", "interpolate"]))
def test_a_filled_price_is_among_the_observed_ones(
    case: tuple[Bars, pd.DatetimeIndex], method: FillMethod
) -> None:
    bars, wanted = case
    made = filled(bars, method, max_fill=30, wanted=wanted)
    known = bars[["open", "close"]].to_numpy()

    for price in made["close"]:
        assert known.min() * (1 - 1e-12) <= price <= known.max() * (1 + 1e-12)
    assert len(concat([bars, made]).index.unique()) == len(bars) + len(made)


def test_a_filled_hole_leaves_no_stamp_missing() -> None:
    both = upsert(week(), filled(week(), "forward"))

    assert StampMatch(pd.DatetimeIndex(both.index), WEEK).missing.empty
    assert both.index[2] == datetime(2024, 1, 12, tzinfo=UTC)
