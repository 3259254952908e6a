"""What becomes of the numbers of bars that are made one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import COLUMNS, as_stamps, empty_bars, make_bars, require_bars
from ml4t_nb.core.longer_bars import joined_bars, weekly_bars

NAN = np.nan


def test_a_week_is_stamped_by_its_monday_and_adds_up_its_days() -> None:
    daily = make_bars(
        ["2024-01-04", "2024-01-05", "2024-01-07", "2024-01-08"],  # Thu Fri Sun | Mon
        {
            "open": [10, 11, 12, 20],
            "high": [15, 19, 13, 21],
            "low": [9, 8, 7, 19],
            "close": [11, 12, 12.5, 20.5],
            "volume": [100, 200, 50, 7],
            "dividend": [0.5, 0, 0.25, 0],
            "split": [1, 2, 3, 1],
        },
        filled=[True, False, True, False],
    )

    weeks = require_bars(weekly_bars(daily))

    assert weeks.index.tolist() == [
        pd.Timestamp("2024-01-01", tz="UTC"),
        pd.Timestamp("2024-01-08", tz="UTC"),
    ]
    assert weeks.iloc[0].tolist() == [10, 19, 7, 12.5, 350, 0.75, 6, True]
    assert weeks.iloc[1].tolist() == [20, 21, 19, 20.5, 7, 0, 1, False]


def test_no_days_make_no_weeks() -> None:
    assert require_bars(weekly_bars(empty_bars())).empty


def test_what_a_part_lacks_is_passed_over() -> None:
    parts = make_bars(
        ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-08", "2024-01-15"],
        {
            "open": [NAN, 11, 12, NAN, 5],
            "high": [NAN, 13, 12.5, NAN, 6],
            "low": [NAN, 10, 11, NAN, 4],
            "close": [10.5, 12, NAN, NAN, 5.5],
            "volume": [NAN, 7, 8, NAN, 1],
            "split": [2, NAN, 3, 1, 1],
        },
    )

    weeks = weekly_bars(parts)

    assert weeks.iloc[0].tolist() == [11, 13, 10, 12, 15, 0, 6, False]
    assert weeks.iloc[1][["volume", "split"]].tolist() == [0, 1]
    assert weeks.iloc[1][["open", "high", "low", "close"]].isna().all()
    assert weeks.iloc[2].tolist() == [5, 6, 4, 5.5, 1, 0, 1, False]


def test_one_that_is_to_be_whole_has_no_price_where_a_part_lacks_one() -> None:
    parts = make_bars(
        ["2024-01-01", "2024-01-02", "2024-01-08"],
        {"open": [1, 2, 3], "high": [1, NAN, 3], "low": [1, 2, 3], "close": [1, 2, 3]},
    )
    starts = as_stamps(["2024-01-01", "2024-01-01", "2024-01-08"])

    longer = joined_bars(parts, starts, whole=True)

    assert longer.iloc[0][["open", "high", "low", "close"]].isna().all()
    assert longer.iloc[1]["close"] == 3


def test_rows_in_any_order_are_joined_with_those_of_their_start() -> None:
    prices = {name: [4.0, 1.0, 3.0, 2.0] for name in COLUMNS[:4]}
    parts = make_bars(["2024-01-09", "2024-01-01", "2024-01-08", "2024-01-02"], prices)
    starts = as_stamps(["2024-01-08", "2024-01-01", "2024-01-08", "2024-01-01"])

    longer = joined_bars(parts, starts)

    # The first and the last are those that come first and last.
    assert longer["open"].tolist() == [1, 4]
    assert longer["close"].tolist() == [2, 3]


def test_pandas_says_the_same_of_many() -> None:
    rng = np.random.default_rng(5)
    stamps = as_stamps(pd.date_range("2020-01-01", periods=4000, freq="h"))
    columns = {name: rng.uniform(1, 2, 4000) for name in COLUMNS[:4]}
    columns |= {name: rng.integers(0, 99, 4000) / 4 for name in ("volume", "dividend")}
    bars = make_bars(stamps, columns | {"split": 2.0 ** rng.integers(-1, 2, 4000)})
    bars = bars.mask(rng.random((4000, 8)) < 0.2).assign(filled=rng.random(4000) < 0.1)
    starts = as_stamps(np.sort(rng.choice(stamps, 4000)))

    rules = dict(
        zip(COLUMNS, ["first", "max", "min", "last", "sum", "sum", "prod", "any"], strict=True)
    )
    expected = bars.groupby(starts).agg(rules)

    assert_frame_equal(joined_bars(bars, starts), expected, check_freq=False)
