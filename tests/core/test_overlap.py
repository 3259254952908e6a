"""What is stored and what is fetched, compared: the same, too little, or corrected."""

from __future__ import annotations

import pandas as pd
import pytest

from ml4t_nb.core.bars import PRICES, concat
from ml4t_nb.core.overlap import Comparison, compare_overlap, unrestated_splits
from ml4t_nb.records import Restatement, Revision
from tests.core.overlap_bars import AFTER, BEFORE, STORED, altered, bars_of, day, over, verdict

# --- same -----------------------------------------------------------------------------------


def test_equal_bars_are_the_same() -> None:
    found = compare_overlap(STORED, STORED)

    assert found == Comparison("same", "5 bars are equal")


def test_new_bars_before_and_after_do_not_matter() -> None:
    fetched = bars_of(BEFORE[0], *BEFORE, BEFORE[1], first=-1)

    assert compare_overlap(STORED, fetched).verdict == "same"
    assert compare_overlap(STORED, fetched).reason == "5 bars are equal"


def test_prices_in_single_precision_are_the_same() -> None:
    fetched = STORED.copy()
    for name in PRICES:
        fetched[name] = STORED[name].astype("float32").astype("float64")

    assert verdict(STORED, fetched) == "same"
    assert verdict(fetched, STORED) == "same"


@pytest.mark.parametrize("decimals", [4, 5, 6])
def test_prices_rounded_to_so_many_decimals_are_the_same(decimals: int) -> None:
    exact = bars_of(*((*(price / 56 for price in row[:4]), row[4]) for row in BEFORE))
    rounded = bars_of(
        *((*(round(price / 56, decimals) for price in row[:4]), row[4]) for row in BEFORE)
    )

    assert verdict(exact, rounded) == "same"
    assert verdict(rounded, exact) == "same"


def test_a_real_fall_by_half_is_not_a_difference() -> None:
    # AAPL, 2000-09-28 and 29: 52 % overnight, and no split.
    rows = (
        (49.31, 53.81, 48.13, 53.50, 34988200),
        (53.0, 53.9, 51.0, 52.8, 30000000),
        (53.1, 53.6, 52.9, 53.5, 31000000),
        (28.19, 29.00, 25.37, 25.75, 132529300),
    )

    assert verdict(bars_of(*rows[:3]), bars_of(*rows)) == "same"
    assert verdict(bars_of(*rows), bars_of(*rows, rows[3])) == "same"


def test_filled_bars_are_ignored() -> None:
    stored = altered(STORED, 2, open=1.0, high=1.0, low=1.0, close=1.0, volume=0.0)
    stored["filled"] = [False, False, True, False, False]

    assert compare_overlap(stored, STORED) == Comparison("same", "4 bars are equal")


# --- insufficient ---------------------------------------------------------------------------


def test_two_bars_in_common_are_too_few() -> None:
    found = compare_overlap(STORED, bars_of(*BEFORE[3:], first=3))

    assert found == Comparison("insufficient", "2 bars in common, 3 needed")


def test_fewer_may_be_asked_for() -> None:
    assert compare_overlap(STORED, bars_of(BEFORE[4], first=4), need=1).verdict == "same"
    assert compare_overlap(STORED, bars_of(BEFORE[4], first=9), need=0).verdict == "insufficient"


# --- corrected ------------------------------------------------------------------------------


def test_a_correction_by_two_cents_is_seen_and_listed() -> None:
    found = compare_overlap(STORED, altered(STORED, 1, close=88.04))

    assert found.verdict == "corrected"
    assert found.revisions == (Revision(day(1), "close", 88.02, 88.04),)
    assert found.reason == "1 of 5 bars: close"


def test_a_correction_by_one_tick_of_a_penny_stock_is_seen() -> None:
    rows = ((0.0123, 0.0125, 0.0121, 0.0124, 100.0),) * 2
    stored = bars_of(*rows, (0.0124, 0.0129, 0.0123, 0.0128, 100.0))

    found = compare_overlap(stored, altered(stored, 1, high=0.0126))

    assert found.revisions == (Revision(day(1), "high", 0.0125, 0.0126),)


@pytest.mark.parametrize(
    ("column", "old", "new"),
    [("volume", 16000000, 16000001), ("dividend", 0.0, 0.13), ("split", 1.0, 1.05)],
)
def test_a_late_volume_dividend_or_small_split_is_a_correction(
    column: str, old: float, new: float
) -> None:
    found = compare_overlap(STORED, altered(STORED, 1, **{column: new}))

    assert found.verdict == "corrected"
    assert found.revisions == (Revision(day(1), column, old, new),)


def test_volumes_may_all_be_revised() -> None:
    fetched = STORED.copy()
    fetched["volume"] *= 1.01

    found = compare_overlap(STORED, fetched)

    assert found.verdict == "corrected"
    assert {each.column for each in found.revisions} == {"volume"}
    assert len(found.revisions) == 5


def test_half_of_the_bars_may_differ() -> None:
    stored = bars_of(*BEFORE[:4])
    fetched = altered(altered(stored, 1, close=88.10), 3, low=88.00)

    assert verdict(stored, fetched) == "corrected"


def test_more_than_half_is_suspicious() -> None:
    fetched = altered(altered(altered(STORED, 1, close=88.1), 3, low=88.0), 4, high=89.5)

    found = compare_overlap(STORED, fetched)

    assert found.verdict == "suspicious"
    assert len(found.revisions) == 3


def test_one_bar_corrected_in_all_its_prices_is_a_correction() -> None:
    fetched = altered(STORED, 2, open=89.48, high=90.31, low=88.73, close=89.93)

    assert verdict(STORED, fetched) == "corrected"


def test_a_hundredfold_bar_put_right_is_a_correction() -> None:
    wrong = altered(STORED, 2, open=8848.0, high=8931.0, low=8773.0, close=8893.0)

    assert verdict(wrong, STORED) == "corrected"


def test_a_split_that_comes_late_for_restated_prices_is_a_correction() -> None:
    rows = (*over(BEFORE, 2), *AFTER)

    found = compare_overlap(bars_of(*rows), bars_of(*rows, splits={5: 2.0}))

    assert found.verdict == "corrected"
    assert found.revisions == (Revision(day(5), "split", 1.0, 2.0),)


# --- an as-traded series --------------------------------------------------------------------


def test_a_jump_at_a_split_is_right_in_an_as_traded_series() -> None:
    found = compare_overlap(STORED, bars_of(*BEFORE, *AFTER, splits={5: 2.0}), basis="as-traded")

    assert found.verdict == "same"


def test_an_as_traded_series_is_never_restated() -> None:
    fetched = bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0})

    assert compare_overlap(STORED, fetched, basis="as-traded").verdict == "suspicious"


# --- one answer alone -----------------------------------------------------------------------


def test_a_first_answer_on_two_bases_is_detected() -> None:
    spliced = bars_of(*BEFORE, *AFTER, splits={5: 2.0})
    whole = bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0})

    assert unrestated_splits(spliced) == ((day(5), 2.0),)
    assert unrestated_splits(whole) == ()
    assert unrestated_splits(bars_of(*AFTER, splits={0: 2.0})) == ()


def test_no_bars_at_all_are_insufficient() -> None:
    assert verdict(STORED, STORED.iloc[:0]) == "insufficient"
    assert verdict(concat([]), STORED) == "insufficient"


# --- bars of another provider ----------------------------------------------------------------


def test_bars_of_another_provider_raise_no_doubt_however_many_they_are() -> None:
    # Three own bars, and four of another one that is off by two cents in each price.
    rows = (*BEFORE, *((*(price * 2 for price in row[:4]), row[4]) for row in AFTER))
    fetched = bars_of(*rows)
    stored = fetched.copy()
    stored.loc[stored.index[3:], list(PRICES)] += 0.02
    others = pd.DatetimeIndex(stored.index[3:])

    assert compare_overlap(stored, fetched).verdict == "suspicious"
    found = compare_overlap(stored, fetched, others=others)
    assert found.verdict == "corrected"
    assert {each.stamp for each in found.revisions} == {day(number) for number in (3, 4, 5, 6)}
    # More than half of the own ones are still more than half.
    moved = altered(altered(fetched, 0, close=87.0), 2, high=90.0)
    assert compare_overlap(stored, moved, others=others).verdict == "suspicious"


def test_a_restatement_shows_in_the_own_bars_alone() -> None:
    # The other one had the last two days before the split, rounded otherwise.
    stored = bars_of(*BEFORE)
    stored.loc[stored.index[3:], list(PRICES)] += 0.02
    fetched = bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0})
    others = pd.DatetimeIndex(stored.index[3:])

    found = compare_overlap(stored, fetched, others=others)

    assert found.restatement == Restatement(2.0, ((day(5), 2.0),))


def test_where_too_few_bars_are_own_those_of_another_provider_count() -> None:
    stored = STORED.copy()
    stored.loc[stored.index[2:], list(PRICES)] += 0.02
    others = pd.DatetimeIndex(stored.index[2:])

    assert compare_overlap(stored, STORED, others=others).verdict == "suspicious"
