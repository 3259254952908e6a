"""What is fetched on another basis than what is stored, with the split that explains it."""

from __future__ import annotations

import pandas as pd
import pytest

from ml4t_nb.core.overlap import compare_overlap
from ml4t_nb.records import Restatement, Revision
from tests.core.overlap_bars import AFTER, BEFORE, STORED, altered, bars_of, day, over, verdict


@pytest.mark.parametrize(
    ("ratio", "decimals"),
    [(2.0, 6), (2.0, 4), (2.0, 2), (7.0, 6), (7.0, 4), (0.1, 6), (1.5, 6), (1.05, 6), (20.0, 4)],
)
def test_a_split_with_its_bar_restates_all_before_it(ratio: float, decimals: int) -> None:
    rows = over(BEFORE, ratio, decimals)
    fetched = bars_of(*rows, rows[-1], splits={5: ratio})

    found = compare_overlap(STORED, fetched)

    assert found.verdict == "restated"
    assert found.restatement is not None
    assert found.restatement.ratio == pytest.approx(ratio, rel=1e-4)
    assert found.restatement.splits == ((day(5), ratio),)
    assert found.revisions == ()


def test_the_ratio_of_a_named_split_is_exact() -> None:
    found = compare_overlap(
        STORED, bars_of(*over(BEFORE, 7, 4), (12.6, 12.7, 12.5, 12.6, 1.0), splits={5: 7.0})
    )

    assert found.restatement is not None
    assert found.restatement.ratio == 7.0


def test_prices_restated_before_the_split_is_named_are_restated() -> None:
    found = compare_overlap(STORED, bars_of(*over(BEFORE, 2)))

    assert found.verdict == "restated"
    assert found.restatement == Restatement(2.0, ())
    assert found.reason.endswith("the provider reports no split")


@pytest.mark.parametrize("ratio", [7.0, 1.5, 0.1, 0.05])
def test_a_simple_ratio_is_recognised_without_its_split(ratio: float) -> None:
    assert compare_overlap(STORED, bars_of(*over(BEFORE, ratio))).restatement == Restatement(
        ratio, ()
    )


def test_a_ratio_that_is_not_simple_is_measured() -> None:
    found = compare_overlap(STORED, bars_of(*over(BEFORE, 1.0462)))

    assert found.restatement is not None
    assert found.restatement.ratio == pytest.approx(1.0462, rel=1e-6)


def test_a_fall_by_half_on_the_ex_date_of_a_restated_history_is_not_an_alarm() -> None:
    crash = (22.0, 23.0, 21.0, 22.5, 5e7)

    assert verdict(STORED, bars_of(*over(BEFORE, 2), crash, splits={5: 2.0})) == "restated"


def test_prices_restated_a_day_late_step_at_the_ex_date() -> None:
    # Stored: unrestated up to the ex-date and the ex-date's bar, the split unknown then.
    stored = bars_of(*BEFORE, AFTER[0])
    fetched = bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0})

    found = compare_overlap(stored, fetched)

    assert found.verdict == "restated"
    assert found.restatement == Restatement(2.0, ((day(5), 2.0),))
    assert [(each.column, each.new) for each in found.revisions] == [("split", 2.0)]


def test_a_step_after_a_single_bar_is_understood() -> None:
    stored = bars_of(BEFORE[4], *AFTER, first=4)
    fetched = bars_of(*over(BEFORE[4:], 2), *AFTER, first=4, splits={5: 2.0})

    assert verdict(stored, fetched) == "restated"


def test_two_splits_after_the_stored_bars_multiply() -> None:
    rows = over(BEFORE, 6)
    fetched = bars_of(*rows, rows[-1], rows[-1], splits={5: 2.0, 6: 3.0})

    found = compare_overlap(STORED, fetched)

    assert found.restatement == Restatement(6.0, ((day(5), 2.0), (day(6), 3.0)))


def test_two_splits_of_which_one_steps_and_one_follows() -> None:
    stored = bars_of(*BEFORE, *AFTER)
    rows = over((*over(BEFORE, 2), *AFTER), 3)
    fetched = bars_of(*rows, rows[-1], splits={5: 2.0, 7: 3.0})

    found = compare_overlap(stored, fetched)

    assert found.verdict == "restated"
    assert found.restatement == Restatement(6.0, ((day(5), 2.0), (day(7), 3.0)))


def test_two_late_splits_in_the_window_both_step() -> None:
    last = over(AFTER, 5)
    stored = bars_of(*BEFORE[:3], *AFTER, *last)
    fetched = bars_of(*over(BEFORE[:3], 10), *over(AFTER, 5), *last, splits={3: 2.0, 5: 5.0})

    found = compare_overlap(stored, fetched)

    assert found.verdict == "restated"
    assert found.restatement == Restatement(10.0, ((day(3), 2.0), (day(5), 5.0)))


def test_a_dividend_in_the_window_is_restated_with_the_prices() -> None:
    stored = bars_of(*BEFORE, dividends={2: 2.65})
    rows = over(BEFORE, 7)
    fetched = bars_of(*rows, rows[-1], splits={5: 7.0}, dividends={2: 0.378571})

    found = compare_overlap(stored, fetched)

    assert found.verdict == "restated"
    assert found.revisions == ()


def test_a_dividend_that_comes_with_a_restatement_is_listed() -> None:
    rows = over(BEFORE, 2)
    fetched = bars_of(*rows, rows[-1], splits={5: 2.0}, dividends={2: 0.5})

    assert compare_overlap(STORED, fetched).revisions == (Revision(day(2), "dividend", 0.0, 0.5),)


def test_a_long_restated_history_may_have_a_correction_in_it() -> None:
    stored = bars_of(*BEFORE * 8)
    rows = over(BEFORE * 8, 2)
    fetched = altered(bars_of(*rows, rows[-1], splits={40: 2.0}), 20, close=44.0)

    found = compare_overlap(stored, fetched)

    assert found.verdict == "restated"
    assert found.revisions == (Revision(day(20), "close", 43.905, 44.0),)


@pytest.mark.parametrize("place", [0, 20, 39])
def test_a_long_restated_history_with_one_bar_left_behind_is_suspicious(place: int) -> None:
    stored = bars_of(*BEFORE * 8)
    rows = list(over(BEFORE * 8, 2))
    rows[place] = (BEFORE * 8)[place]

    assert verdict(stored, bars_of(*rows, rows[1], splits={40: 2.0})) == "suspicious"


def test_a_volume_that_does_not_move_with_the_split_is_not_an_alarm() -> None:
    fetched = bars_of(*over(BEFORE, 2), (44.0, 44.0, 43.0, 44.0, 1.0), splits={5: 2.0})
    fetched.loc[fetched.index[:5], "volume"] = STORED["volume"].to_numpy()

    assert verdict(STORED, fetched) == "restated"


def test_penny_prices_rounded_to_four_decimals_are_restated() -> None:
    rows = ((0.0861, 0.0885, 0.0853, 0.0878, 1e6), (0.0879, 0.0891, 0.0860, 0.0880, 1e6))
    stored = bars_of(*rows, *rows)
    fetched = bars_of(
        *over(rows, 3, 4), *over(rows, 3, 4), (0.03, 0.03, 0.03, 0.03, 1.0), splits={4: 3.0}
    )

    found = compare_overlap(stored, fetched)

    assert found.verdict == "restated"
    assert found.restatement == Restatement(3.0, ((day(4), 3.0),))


def test_a_correction_beside_a_split_is_not_a_contradiction_in_a_short_history() -> None:
    fetched = altered(bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0}), 2, high=45.5)

    found = compare_overlap(STORED, fetched)

    assert found.verdict == "restated"
    assert found.restatement == Restatement(2.0, ((day(5), 2.0),))
    # As traded the high was 89.31: 44.655 on the new basis.
    assert found.revisions == (Revision(day(2), "high", 44.655, 45.5),)


def test_two_corrections_beside_a_split_in_a_short_history_are_one_too_many() -> None:
    fetched = altered(bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0}), 2, high=45.5)

    assert verdict(STORED, altered(fetched, 3, low=42.0)) == "suspicious"


def test_a_split_of_a_day_without_a_row_explains_a_step_only_while_it_is_reported() -> None:
    # The split of day 5 is in the stored prices. Its row is no longer there; the bars before it
    # come halved once more, which a split stored long ago does not explain.
    stored = bars_of(*over(BEFORE, 2), *AFTER, splits={5: 2.0})
    halved = bars_of(*over(BEFORE, 4), *AFTER)
    fetched = halved[halved.index != pd.Timestamp(day(5))]

    assert verdict(stored, fetched) == "suspicious"

    reported = ((pd.Timestamp(day(5)), 2.0),)
    found = compare_overlap(stored, fetched, reported=reported)

    assert (found.verdict, found.restatement) == ("restated", Restatement(2.0, ((day(5), 2.0),)))
