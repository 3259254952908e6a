"""Daily bars against the intraday bars of their sessions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.core.rules.intraday import outside_of_days
from ml4t_nb.core.rules.thresholds import Thresholds

DAYS = pd.date_range("2024-03-04", periods=3, freq="D", tz="UTC")
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
    later = DAYS + pd.Timedelta(days=100)

    assert outside_of_days(DAYS, PRICES, later, PRICES * 2, Thresholds()) == []
