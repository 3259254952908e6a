"""Two names of one share made one series: no bar is lost, and those of the new name stay."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, upsert
from ml4t_nb.core.renamed import JoinedNames, join_names
from ml4t_nb.model import DatasetId
from tests.pipeline.scripted import rising

META = DatasetId("equities", "daily", "META")
WHOLE = rising("2024-01-02", "2024-04-30")
# Quoted on the basis after a split 2:1.
SPLIT = WHOLE.copy()
SPLIT.loc["2024-03-01", "split"] = 2.0


def joined(old: Bars, new: Bars) -> JoinedNames | str:
    return join_names(old, new, basis="split-adjusted", dataset=META)


@given(
    old=st.sets(st.integers(0, len(WHOLE) - 1), min_size=1),
    new=st.sets(st.integers(0, len(WHOLE) - 1), min_size=1),
)
def test_every_bar_of_either_is_there_if_three_are_in_common(old: set[int], new: set[int]) -> None:
    one, other = WHOLE.iloc[sorted(old)], WHOLE.iloc[sorted(new)]

    found = joined(one, other)

    if len(old & new) < 3:
        assert isinstance(found, str)
        return
    assert isinstance(found, JoinedNames)
    pd.testing.assert_frame_equal(found.bars, upsert(one, other))
    assert list(found.taken) == list(one.index.difference(other.index))


@given(start=st.integers(5, 70), length=st.integers(3, 10))
def test_what_a_split_has_restated_is_brought_to_the_new_basis(start: int, length: int) -> None:
    old = SPLIT.iloc[: start + length]
    if old.index[-1] < pd.Timestamp("2024-03-01", tz="UTC"):
        old = undo_splits(old, 2)  # nobody knew of the split then

    found = joined(old, SPLIT.iloc[start:])

    assert isinstance(found, JoinedNames)
    pd.testing.assert_frame_equal(found.bars, SPLIT, rtol=1e-12)


@pytest.mark.parametrize("shift", [1, 5])
def test_another_share_with_prices_alike_is_refused(shift: int) -> None:
    other = WHOLE.copy()
    other[["open", "high", "low", "close"]] += shift

    found = joined(WHOLE.iloc[:60], other.iloc[40:])

    assert isinstance(found, str)
    assert "20 of 20 bars differ in price" in found


def test_a_split_of_the_new_name_that_its_prices_do_not_show_is_refused() -> None:
    unrestated = WHOLE.copy()
    unrestated.loc["2024-03-01":, ["open", "high", "low", "close"]] /= 2
    unrestated.loc["2024-03-01", "split"] = 2.0

    found = joined(WHOLE.iloc[:30], unrestated.iloc[20:])

    assert isinstance(found, str)
    assert "the split 2:1 of 2024-03-01 is reported" in found
