"""What a person decided against does not come back from the provider, and another value does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.calendars import calendar
from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.bars import Bars, concat, observed
from ml4t_nb.core.gapfill import ExpectedGrid, reconcile_gaps
from ml4t_nb.finding import Refusal
from ml4t_nb.model import Gap
from ml4t_nb.pipeline import close, refetch, refill, reopen
from ml4t_nb.records import UpdateRecord
from tests.pipeline.runner import FORWARD, Runner
from tests.pipeline.scripted import bars_at, evening, restated, rising, sessions

XNYS = calendar("XNYS")
WHOLE = rising("2024-02-20", "2024-04-12")
PRICES = ["open", "high", "low", "close"]


def with_values(bars: Bars, day: str, **columns: float) -> Bars:
    changed = bars.copy()
    for name, value in columns.items():
        changed.loc[pd.Timestamp(day, tz="UTC"), name] = value
    return changed


def decide(runner: Runner, change: Callable[[Bars], Bars], *, taken_out: bool = False) -> None:
    """A commit that changes observed bars, and refuses what was there before."""
    with runner.store.transaction(runner.dataset) as tx:
        state = tx.manifest
        assert state is not None
        before = observed(tx.bars())
        after = change(before)
        gone = pd.DatetimeIndex(before.index.difference(after.index))
        done = reconcile_gaps(
            after,
            grid=ExpectedGrid.of(state.dataset, state.config, XNYS),
            known=state.gaps,
            fill_by=None,
            is_whole=True,
            rejected=gone if taken_out else None,
        )
        tx.put(done.bars)
        refusals = (*state.refusals, Refusal(tx.number))
        tx.commit(
            replace(state, gaps=done.gaps, refusals=refusals),
            UpdateRecord(state.updated or evening("2024-03-08"), "review", "scripted", "changed"),
        )


def reject(runner: Runner, *days: str) -> None:
    out = pd.DatetimeIndex(days, tz="UTC")
    decide(runner, lambda bars: bars[~bars.index.isin(out)], taken_out=True)


def stored_days(runner: Runner) -> set[str]:
    return {f"{each:%m-%d}" for each in observed(runner.stored()).index}


def gaps(runner: Runner) -> list[tuple[str, str, str, int]]:
    return [
        (f"{each.start:%m-%d}", f"{each.end:%m-%d}", each.state, each.attempts)
        for each in runner.store.snapshot(runner.dataset).manifest.gaps
    ]


@pytest.fixture
def loaded(runner: Runner) -> Runner:
    runner.provider.bars = WHOLE
    runner.load(evening("2024-03-15"))
    return runner


class TestRejectedBars:
    def test_they_do_not_come_back_and_new_ones_do(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")

        result = loaded.update(evening("2024-03-18"))

        assert (result.record.error, result.record.added, result.record.revised) == (None, 1, 0)
        assert "03-12" not in stored_days(loaded)
        assert loaded.store.snapshot(loaded.dataset).rejected_rows().empty
        (gap,) = result.gaps
        assert (gap.state, gap.filled_by, gap.is_pending) == ("rejected", None, False)
        assert result.record.gaps_open == 0

    def test_nothing_new_is_unchanged(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12", "2024-03-13", "2024-03-14", "2024-03-15")

        record = loaded.update(evening("2024-03-15"), days=1).record

        assert (record.outcome, record.error, record.added) == ("unchanged", None, 0)

    def test_an_answer_that_is_refused_whole_is_unchanged(self, loaded: Runner) -> None:
        decide(loaded, lambda bars: bars.assign(close=bars["close"] + 0.25))

        for day in ("2024-03-15", "2024-03-15"):
            record = loaded.update(evening(day), days=1).record
            assert (record.outcome, record.error, record.added) == ("unchanged", None, 0)

    def test_another_value_is_taken(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")
        loaded.provider.bars = with_values(WHOLE, "2024-03-12", close=111.5)

        loaded.update(evening("2024-03-18"))

        assert loaded.stored()["close"]["2024-03-12"] == 111.5
        assert gaps(loaded) == []

    def test_the_last_bar_is_a_rejected_gap_once_another_follows(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-15")
        assert gaps(loaded) == []

        loaded.update(evening("2024-03-18"))

        assert gaps(loaded) == [("03-15", "03-15", "rejected", 1)]

    def test_they_are_requested_again_until_the_answer_is_known(self, loaded: Runner) -> None:
        reject(loaded, "2024-02-27")
        spans = []
        for day in ("2024-03-18", "2024-03-19", "2024-03-20"):
            loaded.update(evening(day))
            spans.append(
                min(
                    span.start
                    for span in loaded.store.snapshot(loaded.dataset).manifest.recent[-1].spans
                )
            )

        days = [f"{each:%m-%d}" for each in spans]
        assert days[0] == days[1] == "02-22"
        assert days[2] > "03-01"
        assert gaps(loaded) == [("02-27", "02-27", "rejected", 2)]

    def test_a_gap_beside_them_keeps_its_own_state(self, runner: Runner) -> None:
        runner.provider.bars = WHOLE.drop(pd.DatetimeIndex(["2024-03-06", "2024-03-08"], tz="UTC"))
        runner.load(evening("2024-03-15"))
        reject(runner, "2024-03-07")

        assert gaps(runner) == [
            ("03-06", "03-06", "open", 1),
            ("03-07", "03-07", "rejected", 0),
            ("03-08", "03-08", "open", 1),
        ]
        runner.update(evening("2024-03-18"))

        # What was missing is filled at once, what was rejected is not.
        filled = runner.stored().query("filled")
        assert [f"{each:%m-%d}" for each in filled.index] == ["03-06", "03-08"]
        assert gaps(runner) == [
            ("03-06", "03-06", "confirmed", 2),
            ("03-07", "03-07", "rejected", 1),
            ("03-08", "03-08", "confirmed", 2),
        ]

    def test_a_person_may_fill_them(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")
        loaded.act_on_gap(
            evening("2024-03-15"), refill("forward"), start="2024-03-12", end="2024-03-12"
        )

        loaded.update(evening("2024-03-18"))

        assert loaded.stored()["filled"]["2024-03-12"]
        (gap,) = loaded.store.snapshot(loaded.dataset).manifest.gaps
        assert (gap.state, gap.filled_by) == ("rejected", "forward")

    def test_a_refetch_does_not_bring_them_back(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")

        loaded.act_on_gap(evening("2024-03-15"), refetch, start="2024-03-12", end="2024-03-12")

        assert gaps(loaded) == [("03-12", "03-12", "rejected", 1)]

    def test_reopening_is_for_closures(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")
        place = {"start": "2024-03-12", "end": "2024-03-12"}
        loaded.act_on_gap(evening("2024-03-15"), reopen(), **place)
        assert gaps(loaded) == [("03-12", "03-12", "rejected", 0)]

        loaded.act_on_gap(evening("2024-03-15"), close("no session"), **place)
        loaded.update(evening("2024-03-18"))
        assert [each[2] for each in gaps(loaded)] == ["closed"]

        loaded.act_on_gap(evening("2024-03-18"), reopen(), **place)
        loaded.update(evening("2024-03-19"))
        assert [each[2] for each in gaps(loaded)] == ["rejected"]

    def test_accepting_takes_them_back(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")

        loaded.update(evening("2024-03-18"), accept=True)

        assert_frame_equal(loaded.stored(), WHOLE[:"2024-03-18"])
        manifest = loaded.store.snapshot(loaded.dataset).manifest
        assert (manifest.refusals, manifest.gaps) == ((), ())

    def test_a_dividend_of_theirs_is_not_counted_twice(self, loaded: Runner) -> None:
        reject(loaded, "2024-03-12")
        loaded.provider.bars = with_values(WHOLE, "2024-03-12", dividend=1.5)

        for day in ("2024-03-18", "2024-03-19"):
            loaded.update(evening(day))

        stored = loaded.stored()
        assert "03-12" not in stored_days(loaded)
        assert stored["dividend"]["2024-03-13"] == 1.5
        assert stored["dividend"].sum() == 1.5


class TestReplacedBars:
    @pytest.fixture
    def replaced(self, loaded: Runner) -> Runner:
        """2024-03-12 has another close than the provider's."""
        decide(loaded, lambda bars: with_values(bars, "2024-03-12", close=115.25))
        return loaded

    def test_the_provider_does_not_change_them_back(self, replaced: Runner) -> None:
        result = replaced.update(evening("2024-03-18"))

        assert (result.record.verdict, result.record.revised) == ("same", 0)
        assert replaced.stored()["close"]["2024-03-12"] == 115.25

    def test_rounding_is_no_other_value(self, replaced: Runner) -> None:
        replaced.provider.bars = WHOLE * np.where(WHOLE.columns.isin(PRICES), 1 + 1e-8, 1.0)
        replaced.provider.bars["filled"] = False

        replaced.update(evening("2024-03-18"))

        assert replaced.stored()["close"]["2024-03-12"] == 115.25

    def test_a_split_moves_them_with_the_others(self, replaced: Runner) -> None:
        closes = [*WHOLE["close"][:"2024-03-15"], 60.0, 61.0, 62.0]
        after = bars_at(sessions("2024-02-20", "2024-03-20"), closes, splits={"2024-03-18": 2.0})
        after.loc["2024-03-18", ["open", "high"]] = [59.5, 61.0]
        after[:"2024-03-15"] = WHOLE[:"2024-03-15"]
        replaced.provider.bars = restated(after, 2.0, ex_date="2024-03-18")

        result = replaced.update(evening("2024-03-18"))

        assert result.record.verdict == "restated"
        assert result.record.notes == ()
        assert replaced.stored()["close"]["2024-03-12"] == 115.25 / 2
        (refusal,) = replaced.store.snapshot(replaced.dataset).manifest.refusals
        assert [ratio for _, ratio in refusal.splits] == [2.0]
        # And on the basis after the split, too.
        assert replaced.update(evening("2024-03-19")).record.revised == 0
        assert replaced.stored()["close"]["2024-03-12"] == 115.25 / 2

    def test_a_restatement_that_no_split_explains_moves_them_too(self, replaced: Runner) -> None:
        spun = WHOLE.copy()
        spun[PRICES] *= 0.8
        replaced.provider.bars = spun

        record = replaced.update(evening("2024-03-18")).record
        assert (record.error, record.verdict) == (None, "restated")
        assert replaced.update(evening("2024-03-19")).record.revised == 0
        assert replaced.stored()["close"]["2024-03-12"] == pytest.approx(115.25 * 0.8, rel=1e-12)


class TestUndoneRestatement:
    """The provider has halved its prices for a split that a person does not believe."""

    @pytest.fixture
    def undone(self, loaded: Runner) -> Runner:
        half = restated(with_values(WHOLE, "2024-03-18", split=2.0), 2.0, ex_date="2024-03-18")
        half.loc["2024-03-18":, PRICES] /= 2
        loaded.provider.bars = half
        before = loaded.stored()
        loaded.update(evening("2024-03-18"))
        decide(loaded, lambda _: before)
        assert_frame_equal(loaded.stored(), before)
        return loaded

    def test_the_same_answer_is_unchanged(self, undone: Runner) -> None:
        before = undone.stored()

        record = undone.update(evening("2024-03-18")).record

        assert (record.outcome, record.error) == ("unchanged", None)
        assert_frame_equal(undone.stored(), before)

    def test_new_bars_on_its_basis_are_not_joined(self, undone: Runner) -> None:
        before = undone.stored()

        record = undone.update(evening("2024-03-19")).record

        assert record.outcome == "failed"
        assert record.error is not None
        assert record.error.message == (
            "scripted restates the history as the restatement that was undone"
        )
        assert "ml4t-data update -s ACME --accept" in spell(record.error.hint, "ml4t-data")
        assert_frame_equal(undone.stored(), before)

    def test_accepting_takes_it(self, undone: Runner) -> None:
        record = undone.update(evening("2024-03-19"), accept=True).record

        assert record.verdict == "restated"
        assert_frame_equal(undone.stored(), undone.provider.bars[:"2024-03-19"])

    def test_a_provider_that_takes_it_back_goes_on(self, undone: Runner) -> None:
        undone.provider.bars = WHOLE

        record = undone.update(evening("2024-03-19")).record

        assert (record.error, record.verdict, record.added) == (None, "same", 2)
        assert_frame_equal(undone.stored(), WHOLE[:"2024-03-19"])


def test_an_undone_correction_of_one_bar_stops_no_new_bars(loaded: Runner) -> None:
    loaded.provider.bars = with_values(WHOLE, "2024-03-12", **dict.fromkeys(PRICES, 150.0))
    before = loaded.stored()
    loaded.update(evening("2024-03-15"), accept=True)
    decide(loaded, lambda _: before)

    record = loaded.update(evening("2024-03-18")).record

    assert (record.error, record.added) == (None, 1)
    assert_frame_equal(loaded.stored(), WHOLE[:"2024-03-18"])


def test_refilling_by_default_leaves_them(loaded: Runner) -> None:
    reject(loaded, "2024-03-12")
    for day in ("2024-03-18", "2024-03-19", "2024-03-20"):
        loaded.update(evening(day), fill=FORWARD)

    assert not loaded.stored()["filled"].any()
    assert concat([loaded.stored()]).index.is_unique
    assert isinstance(loaded.store.snapshot(loaded.dataset).manifest.gaps[0], Gap)


LATE = pd.Timestamp("2024-03-12", tz="UTC")


class TestPartOnAnotherBasis:
    """The provider serves bars at another multiple, and a person keeps what is stored."""

    def kept(self, runner: Runner, ratio: float, *, served: Bars = WHOLE) -> None:
        """Eight bars, up to the last one stored, were served so, and taken back."""
        before = runner.stored()
        runner.provider.bars = served.copy()
        runner.provider.bars.loc["2024-03-06":"2024-03-15", PRICES] *= ratio
        runner.update(evening("2024-03-15"), accept=True)
        last = before["close"]["2024-03-15"] * ratio
        assert runner.stored()["close"]["2024-03-15"] == pytest.approx(last)
        decide(runner, lambda _: before)

    @pytest.mark.parametrize("ratio", [1.1, 2.0, 10.0])
    def test_new_bars_at_that_multiple_are_not_joined(self, loaded: Runner, ratio: float) -> None:
        self.kept(loaded, ratio)
        loaded.provider.bars.loc["2024-03-18":, PRICES] *= ratio

        record = loaded.update(evening("2024-03-19")).record

        assert record.error is not None
        assert "which was decided against" in record.error.message
        assert_frame_equal(loaded.stored(), WHOLE[:"2024-03-15"])

    @pytest.mark.parametrize("ratio", [0.1, 2.0, 10.0])
    def test_new_bars_that_go_on_from_the_stored_ones_are(
        self, loaded: Runner, ratio: float
    ) -> None:
        self.kept(loaded, ratio)

        record = loaded.update(evening("2024-03-19")).record

        assert (record.error, record.added) == (None, 2)
        assert_frame_equal(loaded.stored(), WHOLE[:"2024-03-19"])

    @pytest.mark.parametrize(("ratio", "is_taken"), [(10.0, False), (1.0, True)])
    def test_a_bar_that_was_missing_between_them_is_joined_on_the_stored_basis_alone(
        self, runner: Runner, *, ratio: float, is_taken: bool
    ) -> None:
        runner.provider.bars = WHOLE.drop(LATE)
        runner.load(evening("2024-03-15"))
        self.kept(runner, 10.0, served=WHOLE.drop(LATE))
        late = WHOLE.loc[[LATE]]
        late[PRICES] *= ratio
        runner.provider.bars = concat([runner.provider.bars, late]).sort_index()

        runner.update(evening("2024-03-15"))

        assert (LATE in observed(runner.stored()).index) == is_taken
