"""How two versions of bars differ, and whether a restatement explains it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, make_bars
from ml4t_nb.core.version_difference import version_difference

FIRST = pd.Timestamp("2024-01-01", tz="UTC")


def day(row: int) -> pd.Timestamp:
    return FIRST + timedelta(days=row)


def bars(rows: int, *, start: int = 0, **columns: Any) -> Bars:  # noqa: ANN401
    """Daily bars that close at 100, 101 and so on from the first of January on."""
    close = 100.0 + np.arange(start, start + rows)
    prices = {"open": close - 1, "high": close + 2, "low": close - 2, "close": close}
    stamps = [day(start + row) for row in range(rows)]
    return make_bars(stamps, {**prices, "volume": np.full(rows, 1_000.0), **columns})


def restated(held: Bars, factor: float, rows: slice = slice(None)) -> Bars:
    made = held.copy()
    stamps = made.index[rows]
    made.loc[stamps, list(PRICES)] *= factor
    made.loc[stamps, "volume"] /= factor
    return made


def counts(then: Bars, now: Bars) -> dict[str, int]:
    kinds = version_difference(then, now, beside=3).changes["change"].value_counts()
    return {str(kind): int(number) for kind, number in kinds.items()}


def test_equal_bars_do_not_differ_and_the_last_of_them_are_shown() -> None:
    found = version_difference(bars(40), bars(40), beside=5)

    assert set(found.changes["change"]) == {"same"}
    assert found.after.index[-1] == day(39)
    assert len(found.before) == len(found.after) == 6


def test_a_corrected_bar_is_shown_among_those_beside_it() -> None:
    now = bars(40)
    now.loc[day(20), "close"] = 120.5

    found = version_difference(bars(40), now, beside=3)

    assert [found.after.index[0], found.after.index[-1]] == [day(17), day(23)]
    assert found.changes["change"].tolist() == ["same"] * 3 + ["replaced"] + ["same"] * 3
    assert not found.splits
    assert found.changes["factor"].isna().all()


def test_bars_that_were_added_are_shown_behind_as_many_that_were_there() -> None:
    found = version_difference(bars(40), bars(60), beside=3)

    assert found.changes["change"].tolist() == ["same"] * 20 + ["added"] * 20
    assert found.before.index[-1] == day(39)


def test_bars_before_and_among_those_that_were_there_are_added_too() -> None:
    then = bars(40, start=10).drop(index=day(20))

    # Ten between the first and the last that were added, and eleven behind these.
    assert counts(then, bars(50)) == {"same": 10 + 11, "added": 11}


def test_a_split_since_explains_why_each_bar_was_halved() -> None:
    split = np.ones(15)
    split[2] = 2.0
    later = restated(bars(15, start=12, split=split), 0.5)
    now = pd.concat([restated(bars(12), 0.5), later])

    found = version_difference(bars(12), now, beside=3)

    assert found.splits == ((day(14), 2.0),)
    moved = found.changes["change"] == "replaced"
    assert moved.sum() == 12
    assert set(found.changes.loc[moved, "factor"]) == {0.5}
    assert set(found.changes.loc[moved, "prices"]) == {"exact"}
    assert (found.before.index[0], found.after.index[-1]) == (day(0), day(26))


def test_a_split_that_is_gone_again_explains_why_each_bar_was_doubled() -> None:
    split = np.ones(15)
    split[2] = 2.0
    then = pd.concat([restated(bars(12), 0.5), bars(15, start=12, split=split)])

    found = version_difference(then, bars(12), beside=3)

    assert found.splits == ((day(14), 0.5),)
    assert set(found.changes["factor"].dropna()) == {2.0}


def test_a_split_does_not_explain_another_factor() -> None:
    split = np.ones(15)
    split[2] = 2.0
    now = pd.concat([restated(bars(30), 0.4), bars(15, start=30, split=split)])

    found = version_difference(bars(30), now, beside=3)

    assert found.splits == ()
    assert set(found.changes["factor"].dropna()) == {0.4}


def test_a_history_on_another_basis_without_a_split_has_its_factor() -> None:
    found = version_difference(bars(30), restated(bars(40), 0.99, slice(30)), beside=3)

    assert found.splits == ()
    assert found.changes["factor"].dropna().round(9).tolist() == [0.99] * 30


@pytest.mark.parametrize("rows", [1, 19])
def test_a_few_bars_with_one_factor_are_corrected_and_not_restated(rows: int) -> None:
    now = restated(bars(rows), 1.01)

    found = version_difference(bars(rows), now, beside=3)

    assert found.changes["factor"].isna().all()
    assert set(found.changes["change"]) == {"replaced"}


def test_two_splits_since_have_a_factor_each() -> None:
    split = np.ones(40)
    split[10], split[30] = 2.0, 3.0
    then = bars(20, split=np.r_[split[:10], 1.0, split[11:20]])
    now = bars(40, split=split)
    now = pd.concat([restated(now[:10], 1 / 6), restated(now[10:30], 1 / 3), now[30:]])

    found = version_difference(then, now, beside=3)

    assert found.splits == ((day(10), 2.0), (day(30), 3.0))
    factors = found.changes["factor"].dropna()
    assert factors[:10].round(9).tolist() == [round(1 / 6, 9)] * 10
    assert factors[10:].round(9).tolist() == [round(1 / 3, 9)] * 10


def test_filled_bars_are_left_out_and_a_bar_in_their_place_was_added() -> None:
    then = bars(30)
    then.loc[day(12), "filled"] = True

    assert counts(then, bars(30)) == {"same": 6, "added": 1}


NUMBER = st.sampled_from([10.0, 10.5, 20.0, 21.0])


@st.composite
def versions(draw: st.DrawFn) -> Bars:
    days = sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=41)))
    close = [draw(NUMBER) for _ in days]
    split = [draw(st.sampled_from([1.0, 1.0, 1.0, 2.0])) for _ in days]
    columns = dict.fromkeys(PRICES, close)
    return make_bars([day(each) for each in days], {**columns, "split": split})


@given(then=versions(), now=versions(), beside=st.integers(0, 30))
def test_every_bar_that_differs_is_shown_as_what_became_of_it(
    then: Bars, now: Bars, beside: int
) -> None:
    changes = version_difference(then, now, beside=beside).changes["change"]

    expected = {}
    for stamp in then.index.union(now.index):
        if stamp not in then.index:
            expected[stamp] = "added"
        elif stamp not in now.index:
            expected[stamp] = "removed"
        elif list(then.loc[stamp, list(NUMBERS)]) != list(now.loc[stamp, list(NUMBERS)]):
            expected[stamp] = "replaced"
    assert changes[changes != "same"].to_dict() == expected


@given(then=versions(), factor=st.sampled_from([0.5, 1 / 7, 3.0]), more=st.integers(0, 5))
def test_a_factor_is_said_of_a_bar_only_if_its_prices_moved_by_it(
    then: Bars, factor: float, more: int
) -> None:
    now = restated(then, factor)
    stray = now.index[: min(more, len(now))]
    now.loc[stray, "close"] += 0.25

    changes = version_difference(then, now, beside=3).changes

    said = changes[(changes["prices"] == "exact") & changes["factor"].notna()]
    was, new = (held["close"].reindex(said.index) for held in (then, now))
    assert new.to_numpy() == pytest.approx((was * said["factor"]).to_numpy())
