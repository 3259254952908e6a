"""What is fetched contradicts what is stored, and is not taken."""

from __future__ import annotations

import pytest

from ml4t_nb.core.bars import PRICES
from ml4t_nb.core.overlap import compare_overlap
from ml4t_nb.records import Restatement
from tests.core.overlap_bars import AFTER, BEFORE, STORED, altered, bars_of, day, over, verdict


@pytest.mark.parametrize("ratio", [2.0, 7.0, 0.1, 1.5, 1.05, 1.02])
def test_a_split_whose_history_is_not_restated_is_suspicious(ratio: float) -> None:
    first = over(BEFORE[4:], ratio)
    fetched = bars_of(*BEFORE, *first, splits={5: ratio})

    found = compare_overlap(STORED, fetched)

    assert found.verdict == "suspicious"
    assert "2005-02-06" in found.reason


def test_it_stays_suspicious_on_the_following_days() -> None:
    assert verdict(STORED, bars_of(*BEFORE, *AFTER, splits={5: 2.0})) == "suspicious"


def test_it_is_not_an_alarm_once_it_was_accepted() -> None:
    accepted = bars_of(*BEFORE, *AFTER, splits={5: 2.0})

    assert verdict(accepted, bars_of(*BEFORE, *AFTER, AFTER[1], splits={5: 2.0})) == "same"


def test_an_accepted_history_that_is_restated_at_last_is_restated() -> None:
    accepted = bars_of(*BEFORE, *AFTER, splits={5: 2.0})

    found = compare_overlap(accepted, bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0}))

    assert found.restatement == Restatement(2.0, ((day(5), 2.0),))


def test_a_split_named_late_whose_history_is_not_restated_is_suspicious() -> None:
    rows = (*BEFORE, *AFTER)

    assert verdict(bars_of(*rows), bars_of(*rows, splits={5: 2.0})) == "suspicious"


def test_prices_restated_the_day_before_the_split_is_named_are_no_alarm() -> None:
    rows = over(BEFORE, 2)

    fetched = bars_of(*rows, *AFTER, splits={5: 2.0})

    assert compare_overlap(bars_of(*rows), fetched, unnamed=[2.0]).verdict == "same"
    # Who has not seen them restated cannot tell that from a split announced early.
    found = compare_overlap(bars_of(*rows), fetched)
    assert (found.verdict, found.is_pending) == ("suspicious", True)
    later = bars_of(*rows, *AFTER, AFTER[1], splits={5: 2.0})
    assert compare_overlap(bars_of(*rows), later).verdict == "same"


def test_the_first_of_two_splits_restated_and_the_second_not_is_suspicious() -> None:
    half = over(BEFORE, 2)
    fetched = bars_of(*half, *AFTER, *over(AFTER, 3), splits={5: 2.0, 7: 3.0})

    assert verdict(STORED, fetched) == "suspicious"


def test_older_bars_on_another_basis_are_suspicious() -> None:
    fetched = bars_of(*over(BEFORE[:2], 2), *BEFORE[2:])

    assert verdict(STORED, fetched) == "suspicious"


def test_the_oldest_bar_alone_on_another_basis_is_suspicious() -> None:
    fetched = bars_of(*over(BEFORE[:1], 2), *BEFORE[1:])

    assert verdict(STORED, fetched) == "suspicious"


def test_newer_bars_on_another_basis_are_suspicious() -> None:
    fetched = bars_of(*BEFORE[:3], *over(BEFORE[3:], 2))

    assert verdict(STORED, fetched) == "suspicious"


def test_a_step_that_no_split_explains_is_suspicious() -> None:
    fetched = bars_of(*over(BEFORE[:3], 2), *BEFORE[3:], AFTER[0], splits={2: 2.0})

    assert verdict(STORED, fetched) == "suspicious"


def test_a_step_by_another_ratio_than_the_splits_is_suspicious() -> None:
    stored = bars_of(*BEFORE, AFTER[0])
    fetched = bars_of(*over(BEFORE, 3), *AFTER, splits={5: 2.0})

    assert verdict(stored, fetched) == "suspicious"


def test_a_restatement_taken_back_is_suspicious() -> None:
    stored = bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0})

    assert verdict(stored, bars_of(*BEFORE, *AFTER, splits={5: 2.0})) == "suspicious"
    only = stored.iloc[4:]
    assert verdict(only, bars_of(*BEFORE, *AFTER, splits={5: 2.0})) == "suspicious"


def test_prices_that_stood_still_show_no_ratio() -> None:
    still = bars_of(*((10.0, 10.0, 10.0, 10.0, 0.0),) * 5)
    moved = bars_of(*((9.5, 9.5, 9.5, 9.5, 0.0),) * 5)

    assert verdict(still, moved) == "suspicious"


def test_prices_that_stood_still_are_restated_by_a_named_split() -> None:
    still = bars_of(*((10.0, 10.0, 10.0, 10.0, 0.0),) * 5)
    moved = bars_of(*((5.0, 5.0, 5.0, 5.0, 0.0),) * 6, splits={5: 2.0})

    assert verdict(still, moved) == "restated"


def test_prices_shifted_by_a_constant_are_suspicious() -> None:
    rows = tuple((*(round(price - 0.5, 2) for price in row[:4]), row[4]) for row in BEFORE)

    assert verdict(STORED, bars_of(*rows)) == "suspicious"


def test_coarse_prices_shifted_by_two_ticks_are_suspicious() -> None:
    stored = bars_of(*((p, p, p, p, 1.0) for p in (0.0010, 0.0011, 0.0012)))
    fetched = bars_of(*((p, p, p, p, 1.0) for p in (0.0008, 0.0009, 0.0010)))

    assert verdict(stored, fetched) == "suspicious"


def test_another_instrument_under_the_same_symbol_is_suspicious() -> None:
    other = tuple((row[0] / 3.1, row[1] / 2.9, row[2] / 3.3, row[3] / 3, row[4]) for row in BEFORE)

    assert verdict(STORED, bars_of(*other)) == "suspicious"


def test_prepended_bars_across_an_unrestated_split_are_suspicious() -> None:
    stored = bars_of(*AFTER, *AFTER, first=5, splits={5: 2.0})
    fetched = bars_of(*BEFORE, *AFTER, *AFTER, splits={5: 2.0})

    assert verdict(stored, fetched) == "suspicious"


def test_prepended_bars_across_a_restated_split_are_not() -> None:
    stored = bars_of(*AFTER, *AFTER, first=5, splits={5: 2.0})
    fetched = bars_of(*over(BEFORE, 2), *AFTER, *AFTER, splits={5: 2.0})

    assert verdict(stored, fetched) == "same"


@pytest.mark.parametrize("ratio", [2.0, 0.5, 1.5, 100.0, 0.01])
def test_the_newest_bar_alone_on_another_basis_is_suspicious_since_new_ones_may_be(
    ratio: float,
) -> None:
    whole = bars_of(*BEFORE, (88.30, 89.10, 87.90, 88.60, 16000000))
    moved = whole.copy()
    moved.loc[moved.index[4:], list(PRICES)] = (moved[list(PRICES)].iloc[4:] / ratio).round(4)

    assert verdict(STORED, moved) == "suspicious"
    # A bar that is off alone, between two that are not, is an outlier that is not taken.
    alone = moved.copy()
    alone.loc[alone.index[5], list(PRICES)] = whole[list(PRICES)].iloc[5]
    found = compare_overlap(STORED, alone)
    assert (found.verdict, len(found.outliers)) == ("same", 1)
    # The stored one was off, and is put right.
    wrong = STORED.copy()
    wrong.loc[wrong.index[4], list(PRICES)] /= ratio
    assert verdict(wrong, whole) == verdict(wrong, STORED) == "corrected"


def test_the_newest_bar_may_be_corrected_in_all_its_prices() -> None:
    # By little, by one difference, or where prices stood still.
    assert verdict(STORED, altered(STORED, 4, open=89.5, high=90, low=88.51, close=89.2)) == (
        "corrected"
    )
    flat = bars_of(*BEFORE[:4], (60.0, 60.0, 60.0, 60.0, 100))
    assert verdict(flat, altered(flat, 4, open=80, high=80, low=80, close=80)) == "corrected"
    # By a ratio, with none after it; or if it goes back to the others, though the next is off.
    half = STORED.copy()
    half.loc[half.index[4], list(PRICES)] /= 2
    assert verdict(STORED, half) == "corrected"
    assert verdict(half, bars_of(*BEFORE, (44.15, 44.55, 43.95, 44.3, 1))) == "corrected"


@pytest.mark.parametrize("ratio", [2.0, 0.25, 1.5])
@pytest.mark.parametrize("count", [1, 2])
def test_bars_since_a_stored_split_that_come_without_it_are_no_restatement(
    ratio: float, count: int
) -> None:
    # The bars before the split stay as they are: they, and not those after it, would have moved.
    stored = bars_of(*BEFORE, *over(AFTER, 0.5)[:count], splits={5: ratio})
    fetched = stored.copy()
    fetched.loc[fetched.index[5:], list(PRICES)] *= ratio

    assert verdict(stored, fetched) == "suspicious"
