"""Bars read again: what is different of them, against a comparison of each bar by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import make_bars
from ml4t_nb.reading.reread import BarsDifference as Found
from ml4t_nb.reading.reread import difference_of

DAYS = pd.date_range("2024-01-01", periods=12, tz="UTC", unit="us")


def bars(closes: dict[int, float], volume: float = 100.0, *, filled: int = -1) -> pd.DataFrame:
    """A bar for each day's number, its four prices the same."""
    prices = [*closes.values()]
    columns = {"open": prices, "high": prices, "low": prices, "close": prices}
    given = {**columns, "volume": [volume] * len(closes)}
    return make_bars(DAYS[[*closes]], given, filled=[each == filled for each in closes])


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (bars({0: 10.0, 1: 20.0, 2: 30.0}), Found(0, 0, 0)),
        (bars({0: 10.0, 1: 20.0, 2: 30.0, 3: 9.0}), Found(1, 0, 0, is_longer=True)),
        (
            bars({0: 10.0, 1: 20.0, 2: 30.0, 3: 9.0, 5: 9.0}),
            Found(2, 0, 0, is_longer=True),
        ),
        (bars({0: 10.0, 1: 20.0}), Found(0, 0, 1)),
        (bars({1: 20.0, 2: 30.0, 3: 5.0}), Found(1, 0, 1)),
        (bars({0: 5.0, 1: 10.0, 2: 15.0}, 200.0), Found(0, 3, 0, restated=2.0)),
        (bars({0: 5.0, 1: 10.0, 2: 15.0, 3: 8.0}), Found(1, 3, 0, restated=2.0)),
        (bars({0: 10.0, 1: 22.0, 2: 30.0}), Found(0, 1, 0, share=0.1)),
        (bars({0: 10.0, 1: 20.0, 2: 30.0}, filled=1), Found(0, 1, 0, share=0.0)),
        (bars({0: 10.0, 1: 20.0, 2: 30.0}, 101.0), Found(0, 3, 0, share=0.0)),
        (bars({}), Found(0, 0, 3)),
    ],
)
def test_what_is_different_is_counted(after: pd.DataFrame, found: Found) -> None:
    seen = difference_of(bars({0: 10.0, 1: 20.0, 2: 30.0}), after)

    assert (seen.added, seen.revised, seen.removed) == (found.added, found.revised, found.removed)
    assert seen.is_longer == found.is_longer
    assert seen.restated == pytest.approx(found.restated)
    assert seen.share == pytest.approx(found.share)


def test_a_bar_before_the_first_or_between_two_is_not_only_a_later_one() -> None:
    before = bars({1: 10.0, 3: 20.0})
    for after in (bars({0: 9.0, 1: 10.0, 3: 20.0}), bars({1: 10.0, 2: 9.0, 3: 20.0})):
        assert difference_of(before, after) == Found(1, 0, 0)


def test_the_last_bit_of_a_price_counts() -> None:
    before, after = bars({0: 0.3}), bars({0: 0.1 + 0.2})
    found = difference_of(before, after)

    assert found.revised == 1
    assert found.share is not None
    assert 0 < found.share < 1e-15


SERIES = st.dictionaries(st.integers(0, 11), st.sampled_from([1.0, 2.0, 2.5, 1e-9, 1e9])).map(
    lambda each: dict(sorted(each.items()))
)


@given(SERIES, SERIES)
def test_it_counts_as_one_does_by_hand(was: dict[int, float], now: dict[int, float]) -> None:
    found = difference_of(bars(was), bars(now))

    assert found.added == len(now.keys() - was.keys())
    assert found.removed == len(was.keys() - now.keys())
    assert found.revised == sum(was[day] != now[day] for day in was.keys() & now.keys())
    assert bool(found) == (was != now)
    assert not found.is_longer or [*now.items()][: len(was)] == [*was.items()]
