from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.core.bars import PRICES, Bars, concat, make_bars
from ml4t_nb.core.overlap import Comparison, compare_overlap, unrestated_splits
from ml4t_nb.records import Restatement, Revision

# Five days of AAPL before its split of 2005-02-28, and two after, as traded (Quandl WIKI).
BEFORE = (
    (86.72, 88.57, 86.68, 87.81, 19934000),
    (87.87, 88.49, 86.95, 88.02, 16000000),
    (88.48, 89.31, 87.73, 88.93, 27125500),
    (89.62, 89.91, 88.19, 88.99, 16348400),
    (88.50, 89.00, 87.51, 88.20, 15000100),
)
AFTER = (
    (44.68, 45.14, 43.96, 44.86, 23271800),
    (44.99, 45.11, 44.16, 44.50, 16721000),
)


def day(number: int) -> datetime:
    return datetime(2005, 2, 1, tzinfo=UTC) + timedelta(days=number)


def bars_of(
    *rows: Sequence[float],
    first: int = 0,
    splits: dict[int, float] | None = None,
    dividends: dict[int, float] | None = None,
) -> Bars:
    """Bars a day apart; events by the day's number."""
    days = range(first, first + len(rows))
    columns = dict(zip((*PRICES, "volume"), np.array(rows, dtype=float).T, strict=True))
    return make_bars(
        [day(number) for number in days],
        {
            **columns,
            "split": [(splits or {}).get(number, 1.0) for number in days],
            "dividend": [(dividends or {}).get(number, 0.0) for number in days],
        },
    )


def over(
    rows: Sequence[Sequence[float]], ratio: float, decimals: int = 6
) -> tuple[tuple[float, ...], ...]:
    """Rows as a provider quotes them after a split of ``ratio``, rounded."""
    return tuple(
        (*(round(price / ratio, decimals) for price in row[:4]), int(row[4] * ratio))
        for row in rows
    )


def verdict(stored: Bars, fetched: Bars) -> str:
    return compare_overlap(stored, fetched).verdict


def altered(bars: Bars, number: int, **values: float) -> Bars:
    changed = bars.copy()
    for name, value in values.items():
        changed.loc[pd.Timestamp(day(number)), name] = value
    return changed


STORED = bars_of(*BEFORE)


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


# --- restated -------------------------------------------------------------------------------


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


# --- suspicious -----------------------------------------------------------------------------


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


# --- what must always hold ------------------------------------------------------------------


def series(seed: int, count: int) -> npt.NDArray[np.float64]:
    """A walk of bars as traded on one basis: open, high, low, close, volume; cents."""
    draw = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(0.02 * draw.standard_normal(count)))
    opens = np.append(50.0, close[:-1]) * np.exp(0.005 * draw.standard_normal(count))
    high = np.maximum(opens, close) * (1 + 0.01 * draw.random(count))
    low = np.minimum(opens, close) * (1 - 0.01 * draw.random(count))
    prices = np.round(np.column_stack([opens, high, low, close]), 2)
    return np.column_stack([prices, draw.integers(1000, 100000, count)])


def quoted(
    traded: npt.NDArray[np.float64],
    splits: dict[int, float],
    *,
    restated_by: tuple[int, ...],
    last: int,
    decimals: int,
) -> Bars:
    """Bars 0 to ``last`` as quoted when the given splits restate what lies before them."""
    by_bar = np.array(
        [np.prod([splits[at] for at in restated_by if at > row]) for row in range(last + 1)]
    )
    prices = np.round(traded[: last + 1, :4] / by_bar[:, np.newaxis], decimals)
    named = {at: ratio for at, ratio in splits.items() if at <= last}
    return bars_of(
        *(tuple(row) for row in np.column_stack([prices, traded[: last + 1, 4] * by_bar])),
        splits=named,
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    stored_last=st.integers(4, 18),
    more=st.integers(1, 6),
    where=st.sets(st.integers(1, 24), max_size=3),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 20.0, 0.1, 0.5, 1.05]),
    window=st.integers(3, 10),
    decimals=st.sampled_from([4, 6, 12]),
)
def test_an_honest_provider_is_believed_and_its_ratio_is_right(
    *,
    seed: int,
    stored_last: int,
    more: int,
    where: set[int],
    ratio: float,
    window: int,
    decimals: int,
) -> None:
    # As traded on the first basis; each split divides what trades from its day on.
    last = stored_last + more
    splits = dict.fromkeys(sorted(at for at in where if at <= last), ratio)
    cumulative = np.array(
        [np.prod([r for at, r in splits.items() if at <= row]) for row in range(last + 1)]
    )
    walk = series(seed, last + 1)
    traded = np.column_stack([walk[:, :4] / cumulative[:, np.newaxis], walk[:, 4]])
    known = tuple(at for at in splits if at <= stored_last)
    stored = quoted(traded, splits, restated_by=known, last=stored_last, decimals=decimals)
    fetched = quoted(traded, splits, restated_by=tuple(splits), last=last, decimals=decimals)

    found = compare_overlap(
        stored, fetched.iloc[stored_last + 1 - window :] if window <= stored_last else fetched
    )

    new = len(splits) - len(known)
    if new:
        assert found.verdict == "restated"
        assert found.restatement is not None
        assert found.restatement.ratio == pytest.approx(ratio**new, rel=2e-3)
        assert found.restatement.splits == tuple(
            (day(at), ratio) for at in splits if at > stored_last
        )
    else:
        assert found.verdict == "same"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    stored_last=st.integers(4, 18),
    more=st.integers(1, 6),
    after=st.integers(1, 6),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 20.0, 0.1, 0.5, 1.05, 1.02]),
    window=st.integers(3, 10),
)
def test_a_provider_that_names_a_split_and_has_not_restated_is_never_believed(
    *, seed: int, stored_last: int, more: int, after: int, ratio: float, window: int
) -> None:
    last = stored_last + more
    ex_date = min(stored_last + after, last)
    walk = series(seed, last + 1)
    fell = np.where(np.arange(last + 1) >= ex_date, ratio, 1.0)
    traded = np.column_stack([walk[:, :4] / fell[:, np.newaxis], walk[:, 4]])
    splits = {ex_date: ratio}
    stored = quoted(traded, splits, restated_by=(), last=stored_last, decimals=6)
    fetched = quoted(traded, splits, restated_by=(), last=last, decimals=6)

    found = compare_overlap(stored, fetched.iloc[max(stored_last + 1 - window, 0) :])

    assert found.verdict == "suspicious"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(3, 20),
    cut=st.integers(1, 19),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 20.0, 0.1, 0.5, 1.05]),
)
def test_two_bases_in_one_answer_are_never_taken_for_good(
    seed: int, count: int, cut: int, ratio: float
) -> None:
    """The provider has moved the bars before some day to another basis and names no split."""
    cut = min(cut, count - 1)
    walk = series(seed, count)
    stored = bars_of(*(tuple(row) for row in walk))
    moved = walk.copy()
    moved[:cut, :4] = np.round(moved[:cut, :4] / ratio, 6)
    fetched = bars_of(*(tuple(row) for row in moved))

    assert verdict(stored, fetched) == "suspicious"


def test_no_bars_at_all_are_insufficient() -> None:
    assert verdict(STORED, STORED.iloc[:0]) == "insufficient"
    assert verdict(concat([]), STORED) == "insufficient"


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
