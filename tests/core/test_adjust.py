from __future__ import annotations

import math
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.adjust import adjusted, inexact_weeks, rescale, undo_splits
from ml4t_nb.core.bars import PRICES, Bars, make_bars, require_bars
from ml4t_nb.errors import BarsInvalid

VIEWS = ("raw", "splits", "all")


def bars_of(
    *closes: float,
    dividends: dict[int, float] | None = None,
    splits: dict[int, float] | None = None,
    filled: tuple[int, ...] = (),
) -> Bars:
    """Bars of one price a day, with events by place."""
    count = len(closes)
    return make_bars(
        pd.date_range("2024-01-01", periods=count),
        {
            **dict.fromkeys(PRICES, closes),
            "volume": [1000.0] * count,
            "dividend": [(dividends or {}).get(at, 0.0) for at in range(count)],
            "split": [(splits or {}).get(at, 1.0) for at in range(count)],
        },
        filled=[at in filled for at in range(count)],
    )


def test_a_split_adjusted_series_is_shown_as_it_traded() -> None:
    # 100 | 2:1 | 60 | 3:1 | 20, all quoted on the last basis.
    stored = bars_of(100 / 6, 60 / 3, 20, splits={1: 2.0, 2: 3.0}, dividends={0: 0.5})

    raw = adjusted(stored, "raw", basis="split-adjusted")

    assert raw["close"].to_numpy() == pytest.approx([100, 60, 20], rel=1e-15)
    assert raw["volume"].to_numpy() == pytest.approx([1000 / 6, 1000 / 3, 1000], rel=1e-15)
    assert raw["dividend"].tolist() == [3.0, 0.0, 0.0]
    assert raw["split"].tolist() == [1.0, 2.0, 3.0]


def test_a_split_adjusted_series_is_shown_on_its_own_basis_as_it_is() -> None:
    stored = bars_of(50, 60, 20, splits={1: 2.0, 2: 3.0})

    pd.testing.assert_frame_equal(adjusted(stored, "splits", basis="split-adjusted"), stored)


def test_an_as_traded_series_is_put_on_the_last_bars_basis() -> None:
    stored = bars_of(120, 66, 22, splits={1: 2.0, 2: 3.0}, dividends={0: 6.0, 1: 3.0})

    shown = adjusted(stored, "splits", basis="as-traded")

    assert shown["close"].tolist() == [20, 22, 22]
    assert shown["volume"].tolist() == [6000, 3000, 1000]
    assert shown["dividend"].tolist() == [1, 1, 0]


def test_an_as_traded_series_is_shown_raw_as_it_is() -> None:
    stored = bars_of(120, 66, 22, splits={1: 2.0, 2: 3.0})

    pd.testing.assert_frame_equal(adjusted(stored, "raw", basis="as-traded"), stored)


def test_a_reverse_split_multiplies() -> None:
    shown = adjusted(bars_of(1.5, 15.5, splits={1: 0.1}), "splits", basis="as-traded")

    assert shown["close"].tolist() == pytest.approx([15, 15.5])
    assert shown["volume"].tolist() == [100, 1000]


def test_aapl_across_both_splits_and_its_first_dividend() -> None:
    # As traded: 101.25 | 2:1 | 55.63 ... 88.99 | 2:1 | 44.86 ... 619.86 | dividend 2.65 | 620.73
    stored = bars_of(
        101.25, 55.63, 88.99, 44.86, 619.86, 620.73, splits={1: 2.0, 3: 2.0}, dividends={5: 2.65}
    )

    splits = adjusted(stored, "splits", basis="as-traded")
    everything = adjusted(stored, "all", basis="as-traded")

    kept = 1 - 2.65 / 619.86
    assert splits["close"].tolist() == [25.3125, 27.815, 44.495, 44.86, 619.86, 620.73]
    assert everything["close"].tolist() == pytest.approx(
        [25.3125 * kept, 27.815 * kept, 44.495 * kept, 44.86 * kept, 617.21, 620.73], rel=1e-14
    )


def test_two_dividends_multiply_and_leave_volume_alone() -> None:
    stored = bars_of(100, 98, 100, 95, dividends={1: 2.0, 3: 5.0})

    shown = adjusted(stored, "all", basis="split-adjusted")

    assert shown["close"].tolist() == pytest.approx([100 * 0.98 * 0.95, 98 * 0.95, 95, 95])
    assert shown["high"].tolist() == shown["close"].tolist()
    assert shown["volume"].tolist() == [1000] * 4
    assert shown["dividend"].tolist() == [0, 2, 0, 5]


def test_total_return_is_what_a_holder_earned() -> None:
    # Fell from 100 to 98 the day it paid 2: nothing won, nothing lost.
    shown = adjusted(bars_of(100, 98, dividends={1: 2.0}), "all", basis="split-adjusted")

    assert shown["close"].pct_change().iloc[1] == pytest.approx(0, abs=1e-15)


def test_a_split_and_a_dividend_on_one_day_are_both_taken() -> None:
    # 100 before; 2:1 and 1 a new share on the day.
    shown = adjusted(
        bars_of(100, 49, splits={1: 2.0}, dividends={1: 1.0}), "all", basis="as-traded"
    )

    assert shown["close"].tolist() == pytest.approx([50 * 0.98, 49])


def test_a_dividend_on_the_first_bar_moves_nothing() -> None:
    shown = adjusted(bars_of(100, 101, dividends={0: 2.0}), "all", basis="split-adjusted")

    assert shown["close"].tolist() == [100, 101]


@pytest.mark.parametrize("fill", [0.0, 77.0, 100.0])
def test_the_close_before_an_ex_date_is_an_observed_one(fill: float) -> None:
    stored = bars_of(100, fill, 98, dividends={2: 2.0}, filled=(1,))

    shown = adjusted(stored, "all", basis="split-adjusted")

    assert shown["close"].tolist() == pytest.approx([98, fill * 0.98, 98])
    assert shown["filled"].tolist() == [False, True, False]


def test_a_dividend_that_eats_the_whole_price_is_refused() -> None:
    with pytest.raises(BarsInvalid, match="2024-01-02") as caught:
        adjusted(bars_of(10, 1, dividends={1: 10.0}), "all", basis="split-adjusted")

    assert "splits" in caught.value.hint


@pytest.mark.parametrize("how", VIEWS)
@pytest.mark.parametrize("basis", ["split-adjusted", "as-traded"])
def test_a_view_leaves_the_stored_bars_as_they_are(how: str, basis: str) -> None:
    stored = bars_of(100, 50, 49, splits={1: 2.0}, dividends={2: 1.0})
    before = stored.copy(deep=True)

    view = require_bars(adjusted(stored, how, basis=basis))  # type: ignore[arg-type]  # by parameter
    view.loc[:, "close"] = -1.0

    pd.testing.assert_frame_equal(stored, before)


@pytest.mark.parametrize("how", VIEWS)
@pytest.mark.parametrize("count", [0, 1])
def test_a_view_of_hardly_any_bars_is_those_bars(how: str, count: int) -> None:
    stored = bars_of(*[10.0] * count)

    shown = adjusted(stored, how, basis="split-adjusted")  # type: ignore[arg-type]  # by parameter

    pd.testing.assert_frame_equal(shown, stored)


def test_a_series_has_the_same_views_on_either_basis() -> None:
    traded = bars_of(100, 104, 53, 55, 11, splits={2: 2.0, 4: 5.0}, dividends={1: 1.0, 3: 0.5})
    later = np.array([10, 10, 5, 5, 1.0])
    quoted = traded.copy()
    for name in (*PRICES, "dividend"):
        quoted[name] = traded[name] / later
    quoted["volume"] = traded["volume"] * later

    for how in VIEWS:
        one = adjusted(traded, how, basis="as-traded")  # type: ignore[arg-type]  # by parameter
        other = adjusted(quoted, how, basis="split-adjusted")  # type: ignore[arg-type]  # same
        pd.testing.assert_frame_equal(one, other, rtol=1e-14)


def test_rescaling_divides_prices_and_dividends_and_multiplies_volume() -> None:
    scaled = rescale(bars_of(100, 102, dividends={1: 4.0}, splits={1: 3.0}), 2.0)

    assert scaled["open"].tolist() == [50, 51]
    assert scaled["dividend"].tolist() == [0, 2]
    assert scaled["volume"].tolist() == [2000, 2000]
    assert scaled["split"].tolist() == [1, 3]


def test_undoing_a_split_gives_the_prices_before_it() -> None:
    undone = undo_splits(bars_of(50, 51, dividends={1: 2.0}), 2.0)

    assert undone["close"].tolist() == [100, 102]
    assert undone["dividend"].tolist() == [0, 4]
    assert undone["volume"].tolist() == [500, 500]


@given(
    price=st.floats(0.01, 1e6),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 0.1, 1.05, 20.0]),
)
def test_undoing_takes_back_what_rescaling_did(price: float, ratio: float) -> None:
    back = undo_splits(rescale(bars_of(price), ratio), ratio)

    assert cast("float", back["close"].iloc[0]) == pytest.approx(price, rel=4e-16)
    assert back["volume"].iloc[0] == pytest.approx(1000, rel=4e-16)


@pytest.mark.parametrize("ratio", [0.0, -2.0, math.nan, math.inf])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(BarsInvalid, match="positive number"):
        rescale(bars_of(1), ratio)
    with pytest.raises(BarsInvalid, match="positive number"):
        undo_splits(bars_of(1), ratio)


@pytest.mark.parametrize(
    ("how", "basis", "weeks"),
    [
        ("raw", "split-adjusted", [2]),
        ("splits", "split-adjusted", []),
        ("all", "split-adjusted", [1]),
        ("raw", "as-traded", []),
        ("splits", "as-traded", [2]),
        ("all", "as-traded", [1, 2]),
    ],
)
def test_weeks_of_which_a_view_is_not_defined_are_named(
    how: str, basis: str, weeks: list[int]
) -> None:
    weekly = bars_of(10, 11, 12, 13, dividends={1: 0.5}, splits={2: 2.0})

    named = inexact_weeks(weekly, how, basis=basis)  # type: ignore[arg-type]  # by parameter

    assert [stamp.day - 1 for stamp in named] == weeks
