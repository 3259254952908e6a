"""By which factor a run moved each bar, against what was made by hand and bar by bar."""

from __future__ import annotations

import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, make_bars
from ml4t_nb.core.change_factors import change_factors

FIRST = pd.Timestamp("2024-01-01")


def bars(*closes: float, volume: float = 100.0, first: pd.Timestamp = FIRST) -> Bars:
    """One bar a day, its open and low a tenth below the close, its high a tenth above."""
    stamps = pd.date_range(first, periods=len(closes))
    close = pd.Series(closes, stamps)
    columns = {"open": close - 0.1, "low": close - 0.1, "high": close + 0.1, "close": close}
    return make_bars(stamps, {**columns, "volume": pd.Series(volume, stamps)})


def scaled(held: Bars, factor: float, *, volume: float | None = None) -> Bars:
    moved = held.copy()
    moved[list(PRICES)] = held[list(PRICES)] * factor
    return moved.assign(volume=held["volume"] * (1 / factor if volume is None else volume))


def test_every_bar_before_a_split_moved_by_its_ratio() -> None:
    before = bars(10, 12, 14)
    after = pd.concat([scaled(before, 0.5), bars(7, 8, first=pd.Timestamp("2024-01-04"))])

    found = change_factors(
        before, after, ratio=2.0, splits=[(pd.Timestamp("2024-01-04", tz="UTC"), 2.0)]
    )

    assert found["change"].tolist() == ["replaced"] * 3 + ["added"] * 2
    assert found["factor"].tolist()[:3] == [0.5] * 3
    assert found["prices"].tolist()[:3] == ["exact"] * 3
    assert found["volume"].tolist()[:3] == ["scaled"] * 3
    assert found["dividend"].tolist()[:3] == ["none"] * 3


def test_bars_between_two_splits_have_factors_of_their_own() -> None:
    before = bars(60, 60, 30, 30)
    old, new = (before.iloc[:2], before.iloc[2:])
    after = pd.concat([scaled(old, 1 / 6, volume=1.0), scaled(new, 1 / 3, volume=1.0)])
    days = [pd.Timestamp(day, tz="UTC") for day in ("2024-01-03", "2024-01-09")]

    found = change_factors(before, after, ratio=6.0, splits=[(days[0], 2.0), (days[1], 3.0)])

    assert found["factor"].tolist() == [1 / 6, 1 / 6, 1 / 3, 1 / 3]
    assert set(found["prices"]) == {"exact"}
    assert set(found["volume"]) == {"same"}


def test_a_bar_that_moved_otherwise_in_one_price_is_another() -> None:
    before = bars(10, 12, 14, 16)
    after = scaled(before, 0.5)
    after.loc[after.index[1], "high"] = 6.051  # not 6.05

    found = change_factors(before, after, ratio=2.0)

    assert found["prices"].tolist() == ["exact", "other", "exact", "exact"]


def test_prices_that_were_rounded_after_the_division_say_so() -> None:
    before = bars(10.01, 12.33, 14.57)
    after = scaled(before, 1 / 3).round(4)

    found = change_factors(before, after, ratio=3.0)

    assert "rounded" in set(found["prices"])
    assert "other" not in set(found["prices"])
    assert set(found["factor"]) == {1 / 3}


def test_a_ratio_that_is_not_true_of_the_bars_gives_way_to_theirs() -> None:
    before = bars(10, 12, 14)

    found = change_factors(before, scaled(before, 0.25), ratio=2.0)

    assert found["factor"].tolist() == [0.25] * 3
    assert set(found["prices"]) == {"exact"}


def test_without_a_restatement_no_bar_has_a_factor() -> None:
    before = bars(10, 12, 14)
    after = before.copy()
    after.loc[after.index[1], "close"] = 11.0

    found = change_factors(before, after.iloc[1:], ratio=None)

    assert found["change"].tolist() == ["removed", "replaced", "same"]
    assert found["factor"].isna().all()
