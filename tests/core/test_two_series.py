"""Two series of one symbol: what was planted between them is found, and the scale taken out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.core.bars import PRICES, Bars, empty_bars
from ml4t_nb.core.two_series import TwoSeries, side_by_side
from tests.core.rules.series import sample

TOLERANCE = 1e-3


def scaled(bars: Bars, factor: float, rows: slice = slice(None)) -> Bars:
    copy = bars.copy()
    for name in PRICES:
        values = copy[name].to_numpy(copy=True)
        values[rows] *= factor
        copy[name] = values
    return copy


def differing(both: TwoSeries) -> list[tuple[str, str]]:
    rows, fields = np.nonzero(~both.agrees(TOLERANCE))
    return [
        (f"{both.one.index[row]:%Y-%m-%d}", PRICES[field])
        for row, field in zip(rows.tolist(), fields.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    "stretches",
    [
        [(0, 600, 1.0)],
        [(0, 600, 0.01)],
        [(0, 300, 0.5), (300, 600, 1.0)],
        [(0, 200, 100.0), (200, 260, 1.0), (260, 600, 100.0)],
        [(0, 150, 0.97), (150, 300, 0.98), (300, 450, 0.99), (450, 600, 1.0)],
    ],
)
def test_planted_differences_are_found_on_any_scale(
    stretches: list[tuple[int, int, float]],
) -> None:
    one = sample("MSFT").iloc[-600:]
    other = one.copy()
    for first, stop, factor in stretches:
        other = scaled(other, factor, slice(first, stop))
    other = scaled(other, 1.05, slice(100, 101))
    other = scaled(other, 0.9, slice(400, 410))
    close = other["close"].to_numpy(copy=True)
    close[500] *= 1.002
    other = other.assign(close=close).drop(other.index[[50, 550]])
    left_out = one.index[[250]]

    both = side_by_side(one.drop(left_out), other)

    there = [one.index[row] for row in (100, *range(400, 410))]
    expected = [(f"{day:%Y-%m-%d}", name) for day in there for name in PRICES]
    expected.append((f"{one.index[500]:%Y-%m-%d}", "close"))
    assert differing(both) == expected
    assert list(both.only_one) == list(one.index[[50, 550]])
    assert list(both.only_other) == list(left_out)
    assert [scale for _, _, scale in both.stretches] == pytest.approx(
        [factor for *_, factor in stretches], rel=1e-9
    )


def test_rounding_to_cents_is_no_difference() -> None:
    one = sample("IBM").iloc[-300:]
    other = one.assign(**{name: one[name].round(2) + 0.004 for name in PRICES})

    both = side_by_side(one, other)

    assert differing(both) == []
    assert both.stretches == ((0, 299, 1.0),)


def test_volumes_are_compared_as_a_ratio_where_both_have_one() -> None:
    one = sample("IBM").iloc[-4:].assign(volume=[100.0, 200.0, 0.0, 400.0])
    other = one.assign(volume=[50.0, 100.0, 10.0, 0.0])

    np.testing.assert_array_equal(
        side_by_side(one, other).volume_ratios, [0.5, 0.5, np.nan, np.nan]
    )


def test_series_that_do_not_overlap_have_nothing_in_common() -> None:
    bars = sample("IBM").iloc[-20:]

    for other in (bars.iloc[:0], empty_bars(), bars.shift(freq=pd.Timedelta(days=400))):
        both = side_by_side(bars, other)
        assert (len(both.one), both.stretches, len(both.only_one)) == (0, (), 0)
