"""What is taken is what the other has, on the stored basis; the rest is as it was, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, as_instant, as_stamps, numbers_of
from ml4t_nb.core.gapfill import ExpectedGrid
from ml4t_nb.core.joins import JoinFault
from ml4t_nb.core.taking import Taking, taking_of, wanted_of
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, CarriedAction, Span, TakenKind
from tests.core.rules.series import sample

# Split 2:1 on 2005-02-28, which is row 150.
TRUTH = sample("AAPL").loc["2004-07-26":"2005-09-30"].assign(dividend=0.0)
SPLIT = 150
EVERY: tuple[TakenKind, ...] = ("missing", "suspect", "volume")


@dataclass(frozen=True)
class Stored:
    """A dataset with faults: its bars, what they carry, its findings."""

    bars: Bars
    carried: tuple[CarriedAction, ...]
    findings: tuple[Finding, ...]
    basis: Basis


def stored(basis: Basis, missing: set[int], spiked: set[int], lost: set[int]) -> Stored:
    bars = TRUTH if basis == "split-adjusted" else adjusted(TRUTH, "raw", basis="split-adjusted")
    numbers = {name: bars[name].to_numpy(copy=True) for name in NUMBERS}
    for row in spiked:
        numbers["high"][row] *= 3
    for row in lost:
        numbers["volume"][row] = 0.0
    carried: tuple[CarriedAction, ...] = ()
    if SPLIT in missing:
        bearer = next(row for row in range(SPLIT, len(TRUTH)) if row not in missing)
        numbers["split"][bearer] = 2.0
        dates = as_instant(TRUTH.index[SPLIT]), as_instant(TRUTH.index[bearer])
        carried = (CarriedAction(*dates, split=2.0),)
    findings = [Finding(as_instant(TRUTH.index[row]), "spike", "high") for row in spiked]
    findings += [Finding(as_instant(TRUTH.index[row]), "zero volume", "none") for row in lost]
    left = bars.assign(**numbers).drop(TRUTH.index[sorted(missing)])
    return Stored(left, carried, tuple(findings), basis)


def taken(held: Stored, other: Bars, kinds: tuple[TakenKind, ...] = EVERY) -> Taking | JoinFault:
    grid = ExpectedGrid(calendar("XNYS"), "daily", 0.1, held.basis)
    gaps = grid.match(pd.DatetimeIndex(held.bars.index)).gaps
    ends = [as_instant(TRUTH.index[row]) for row in (0, -1)]
    span = Span(ends[0], ends[1] + TICK)
    wanted = wanted_of(kinds, held.bars, gaps, held.findings, grid=grid, span=span)
    return taking_of(wanted, held.bars, other, carried=held.carried, grid=grid, tolerance=1e-3)


def truth_on(basis: Basis) -> Bars:
    return TRUTH if basis == "split-adjusted" else adjusted(TRUTH, "raw", basis="split-adjusted")


rows = st.sets(st.integers(6, len(TRUTH) - 7), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    basis=st.sampled_from(["split-adjusted", "as-traded"]),
    missing=rows,
    spiked=rows,
    lost=rows,
    unit=st.sampled_from([1.0, 100.0, 0.001]),
    is_raw=st.booleans(),
    takes_split=st.booleans(),
)
def test_any_faults_are_mended_on_any_basis_and_in_any_unit(
    basis: Basis,
    missing: set[int],
    spiked: set[int],
    lost: set[int],
    unit: float,
    *,
    is_raw: bool,
    takes_split: bool,
) -> None:
    missing = (missing | {SPLIT} if takes_split else missing) - spiked - lost
    held = stored(basis, missing, spiked, lost)
    other = adjusted(TRUTH, "raw", basis="split-adjusted") if is_raw else TRUTH
    other = other.assign(**{name: other[name] * unit for name in PRICES}, split=1.0)

    found = taken(held, other)

    near_split = {row for row in missing | spiked | lost if abs(row - SPLIT) < 4}
    if isinstance(found, JoinFault):
        # One has the split in its prices there, and the other has not.
        assert is_raw
        assert near_split
        return
    assert found.carried == ()
    expected = truth_on(basis)
    np.testing.assert_allclose(numbers_of(found.bars), numbers_of(expected), rtol=1e-9)
    assert found.bars.index.equals(expected.index)
    left = held.bars.index.difference(found.chosen.stamps)
    np.testing.assert_array_equal(
        numbers_of(found.bars.loc[left])[:, :5], numbers_of(held.bars.loc[left])[:, :5]
    )
    places = sorted(missing | spiked | lost)
    assert found.chosen.stamps.equals(pd.DatetimeIndex(TRUTH.index[places]))


@pytest.mark.parametrize("basis", ["split-adjusted", "as-traded"])
def test_a_split_of_a_missing_day_moves_back_to_its_bar(basis: Basis) -> None:
    held = stored(basis, {SPLIT, SPLIT + 1}, set(), set())
    assert held.bars["split"].iloc[SPLIT] == 2.0

    found = taken(held, TRUTH.assign(split=1.0))

    assert isinstance(found, Taking)
    assert found.carried == ()
    np.testing.assert_allclose(numbers_of(found.bars), numbers_of(truth_on(basis)), rtol=1e-12)


@pytest.mark.parametrize(("basis", "factor"), [("split-adjusted", 1.0), ("as-traded", 2.0)])
def test_a_dividend_of_a_missing_day_moves_back_to_its_bar(basis: Basis, factor: float) -> None:
    # Of 0.30 on the bar after the split, 0.10 is of two days before it: as traded 0.20.
    held = stored(basis, {SPLIT - 2, SPLIT - 1}, set(), set())
    at = SPLIT - 2
    dividend = held.bars["dividend"].to_numpy(copy=True)
    dividend[at] = 0.3
    dates = as_instant(TRUTH.index[SPLIT - 2]), as_instant(TRUTH.index[SPLIT])
    carried = (CarriedAction(*dates, share=1 / 3),)

    found = taken(
        Stored(held.bars.assign(dividend=dividend), carried, (), basis), TRUTH.assign(split=1.0)
    )

    assert isinstance(found, Taking)
    assert found.carried == ()
    paid = found.bars["dividend"]
    assert paid.iloc[[SPLIT - 2, SPLIT]].tolist() == pytest.approx([0.1 * factor, 0.2])
    assert np.count_nonzero(paid) == 2


def test_a_dividend_moves_only_as_far_back_as_there_is_a_bar() -> None:
    held = stored("split-adjusted", {60, 61, 62}, set(), set())
    dividend = held.bars["dividend"].to_numpy(copy=True)
    dividend[60] = 0.3
    dates = [as_instant(TRUTH.index[row]) for row in (60, 63)]
    carried = (CarriedAction(dates[0], dates[1], share=1.0),)

    found = taken(
        Stored(held.bars.assign(dividend=dividend), carried, (), "split-adjusted"),
        TRUTH.drop(TRUTH.index[60]),
    )

    assert isinstance(found, Taking)
    assert found.bars["dividend"].iloc[60] == pytest.approx(0.3)
    assert found.carried == (CarriedAction(dates[0], as_instant(TRUTH.index[61]), share=1.0),)


def test_splits_and_dividends_of_the_other_are_told_and_not_taken() -> None:
    held = stored("split-adjusted", {20, 21}, set(), set())
    dividend = np.zeros(len(TRUTH))
    dividend[20] = 0.25

    found = taken(held, TRUTH.assign(dividend=dividend))

    assert isinstance(found, Taking)
    assert list(found.events) == list(TRUTH.index[[20]])
    assert (found.bars["dividend"] == 0).all()


def test_a_volume_that_the_other_lacks_too_is_not_taken_and_never_lost() -> None:
    held = stored("split-adjusted", set(), {30}, {40})
    volume = TRUTH["volume"].to_numpy(copy=True)
    volume[[30, 40]] = 0.0

    found = taken(held, TRUTH.assign(volume=volume))

    assert isinstance(found, Taking)
    assert list(found.chosen.stamps) == list(TRUTH.index[[30]])
    assert found.bars["volume"].iloc[30] == TRUTH["volume"].iloc[30]


def test_only_bars_that_the_calendar_expects_are_missing() -> None:
    held = stored("split-adjusted", {20}, set(), set())
    night = as_stamps([TRUTH.index[20] + pd.Timedelta(hours=5)])
    stray = TRUTH.iloc[[20]].set_axis(night)
    other = pd.concat([TRUTH, stray]).sort_index()

    found = taken(held, other)

    assert isinstance(found, Taking)
    assert list(found.chosen.stamps) == [TRUTH.index[20]]


def test_nothing_is_taken_for_findings_about_dividends() -> None:
    held = stored("split-adjusted", set(), set(), set())
    finding = Finding(as_instant(TRUTH.index[30]), "large dividend", "half the price")

    found = taken(Stored(held.bars, (), (finding,), held.basis), TRUTH)

    assert isinstance(found, Taking)
    assert found.chosen.stamps.empty
