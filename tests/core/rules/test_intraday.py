"""Daily bars against the intraday bars of their sessions."""

from __future__ import annotations

import numpy as np
import pytest

from ml4t_nb.core.rules.intraday import outside_of_days
from ml4t_nb.core.rules.thresholds import Thresholds

DAYS = np.arange(3, dtype=np.int64) + 19_786
PRICES = np.array([[10.0, 12.0, 9.0, 11.0], [11.0, 11.5, 10.0, 10.5], [10.5, 13.0, 10.0, 12.0]])


@pytest.mark.parametrize(
    ("day", "high", "low", "found"),
    [
        (0, 12.0, 9.0, []),
        (0, 11.0, 9.9, []),
        (0, 12.05, 8.96, []),
        (1, 12.0, 10.2, [(1, "high", 12.0)]),
        (1, 11.5, 9.0, [(1, "low", 9.0)]),
        (2, 13.1, 10.0, [(2, "high", 13.1)]),
    ],
)
def test_a_day_must_hold_the_range_of_its_intraday_bars(
    day: int, high: float, low: float, found: list[tuple[int, str, float]]
) -> None:
    intraday = np.array([[10.5, 11.0, 10.4, 10.6], [10.5, high, low, 10.4]])
    sessions = DAYS[[day, day]]

    suspects = outside_of_days(DAYS, PRICES, sessions, intraday, Thresholds())

    seen = [(each.first, each.evidence[0][0], each.evidence[1][1]) for each in suspects]
    assert seen == found


def test_sessions_without_a_daily_bar_are_passed_over() -> None:
    for others in (DAYS + 100, DAYS - 100):
        assert outside_of_days(DAYS, PRICES, others, PRICES * 1.1, Thresholds()) == []


def test_sessions_on_another_scale_are_not_compared() -> None:
    assert outside_of_days(DAYS, PRICES, DAYS, PRICES * 1.3, Thresholds()) == []


def test_two_series_that_differ_on_most_days_are_of_other_hours() -> None:
    days = np.arange(10, dtype=np.int64)
    prices = np.tile(PRICES[:1], (10, 1))

    def beyond(count: int) -> list[int]:
        intraday = prices.copy()
        intraday[:count, 1] *= 1.1
        return [each.first for each in outside_of_days(days, prices, days, intraday, Thresholds())]

    assert beyond(1) == [0]
    assert beyond(2) == [0, 1]
    assert beyond(3) == []
