from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import (
    COLUMNS,
    STAMPS,
    Bars,
    as_instant,
    as_stamps,
    concat,
    empty_bars,
    make_bars,
    observed,
    require_bars,
    upsert,
    within,
)
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Span
from ml4t_nb.testing import strategies


def bars_of(closes: dict[str, float], *, filled: bool = False) -> Bars:
    values = list(closes.values())
    return make_bars(
        list(closes), dict.fromkeys(("open", "high", "low", "close"), values), filled=filled
    )


def frames() -> st.SearchStrategy[Bars]:
    """Bars of some of twenty-four days, some of them filled."""
    return strategies.valid_bars(strategies.stamps(max_size=12), has_filled=True)


def closes_of(bars: Bars, *, filled: bool) -> dict[pd.Timestamp, float]:
    chosen = bars[bars["filled"] == filled]
    return dict(zip(chosen.index, chosen["close"], strict=True))


@given(stored=frames(), fetched=frames())
def test_upserting_the_same_bars_twice_changes_nothing_more(stored: Bars, fetched: Bars) -> None:
    once = upsert(stored, fetched)

    assert_frame_equal(upsert(once, fetched), once, check_freq=False)


@given(stored=frames(), fetched=frames())
def test_upserting_loses_no_stamp_and_makes_none(stored: Bars, fetched: Bars) -> None:
    merged = require_bars(upsert(stored, fetched))

    assert set(merged.index) == set(stored.index) | set(fetched.index)


@given(stored=frames(), fetched=frames())
def test_observed_bars_are_never_lost_and_the_fetched_ones_win(stored: Bars, fetched: Bars) -> None:
    merged = upsert(stored, fetched)

    assert closes_of(merged, filled=False) == {
        **closes_of(stored, filled=False),
        **closes_of(fetched, filled=False),
    }


@given(stored=frames(), fetched=frames())
def test_a_filled_bar_never_replaces_an_observed_one(stored: Bars, fetched: Bars) -> None:
    merged = upsert(stored, fetched)

    real = set(observed(stored).index) | set(observed(fetched).index)
    expected = {
        stamp: close
        for stamp, close in {
            **closes_of(stored, filled=True),
            **closes_of(fetched, filled=True),
        }.items()
        if stamp not in real
    }
    assert closes_of(merged, filled=True) == expected


@given(stored=frames())
def test_upserting_nothing_changes_nothing(stored: Bars) -> None:
    assert_frame_equal(upsert(stored, empty_bars()), stored)
    assert_frame_equal(upsert(empty_bars(), stored), stored)


def test_bars_are_made_with_defaults_and_in_the_order_given() -> None:
    bars = make_bars(
        ["2024-01-03", "2024-01-02"],
        {"close": [4, 8], "open": [1, 5], "high": [2, 6], "low": [3, 7], "note": ["a", "b"]},
    )

    assert tuple(bars.columns) == COLUMNS
    assert bars.index.dtype == STAMPS
    assert bars.iloc[0].tolist() == [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 1.0, False]
    assert bars.index[0] == pd.Timestamp("2024-01-03", tz="UTC")


def test_bars_without_a_price_are_refused() -> None:
    with pytest.raises(BarsInvalid, match="a column 'close'"):
        make_bars(["2024-01-03"], {"open": [1], "high": [1], "low": [1]})


def test_words_are_not_prices() -> None:
    with pytest.raises(BarsInvalid, match="the columns of bars must be numeric"):
        make_bars(["2024-01-03"], {name: ["n/a"] for name in ("open", "high", "low", "close")})


def test_no_bars_are_bars() -> None:
    assert require_bars(empty_bars()).empty
    assert require_bars(concat([])).empty


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda bars: bars[::-1], "strictly increasing"),
        (lambda bars: pd.concat([bars, bars.iloc[-1:]]), "strictly increasing"),
        (lambda bars: bars.tz_convert("America/New_York"), "indexed by"),
        (lambda bars: bars.rename_axis("Date"), "named 'timestamp'"),
        (lambda bars: bars.drop(columns="split"), "have the columns"),
        (lambda bars: bars.astype({"volume": "int64"}), "'volume' of bars is float64"),
        (lambda bars: bars.astype({"filled": "float64"}), "'filled' of bars is bool"),
        (lambda bars: bars.reset_index(drop=True), "indexed by"),
    ],
)
def test_a_frame_that_is_not_bars_is_refused(change: object, reason: str) -> None:
    assert callable(change)
    bars = bars_of({"2024-01-02": 1, "2024-01-03": 2})

    with pytest.raises(BarsInvalid, match=reason):
        require_bars(change(bars))


def test_naive_stamps_are_utc_and_others_are_converted() -> None:
    naive = as_stamps(["2024-01-02T14:30"])
    local = as_stamps(pd.DatetimeIndex(["2024-01-02T09:30"], tz="America/New_York"))

    assert naive.equals(local)
    assert as_instant(naive[0]) == datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
    assert as_instant(np.datetime64("2024-01-02T14:30")) == as_instant(naive[0])


def test_a_span_includes_its_start_and_not_its_end() -> None:
    bars = bars_of({"2024-01-02": 1, "2024-01-03": 2, "2024-01-04": 3})
    span = Span(datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 4, tzinfo=UTC))

    assert within(bars, span)["close"].tolist() == [1, 2]


def test_a_column_of_another_length_than_the_stamps_is_refused() -> None:
    prices = dict.fromkeys(("open", "high", "low", "close"), (1.0, 2.0))

    for wrong in ([3.0], [3.0, 4.0, 5.0], [[3.0, 4.0]]):
        with pytest.raises(BarsInvalid):
            make_bars(["2024-01-01", "2024-01-02"], {**prices, "close": wrong})
    with pytest.raises(BarsInvalid):
        make_bars(["2024-01-01", "2024-01-02"], prices, filled=[True])


def test_bars_whose_columns_stand_in_another_order_are_not_merged() -> None:
    bars = bars_of({"2024-01-01": 1.0, "2024-01-02": 2.0})
    swapped = bars_of({"2024-01-03": 3.0})[["close", "open", "high", "low", *COLUMNS[4:]]]

    for pair in ((bars, swapped), (swapped, bars)):
        with pytest.raises(BarsInvalid, match="columns"):
            upsert(*pair)


def test_changing_the_observed_bars_leaves_the_bars_alone() -> None:
    bars = bars_of({"2024-01-01": 1.0, "2024-01-02": 2.0})

    real = observed(bars)
    real["close"] = 9.0
    real.iloc[0, 0] = 9.0

    assert bars["close"].tolist() == [1.0, 2.0]
    assert bars["open"].tolist() == [1.0, 2.0]
