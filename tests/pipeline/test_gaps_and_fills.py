"""A missing bar has a state and a history, and what stands in for it is told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.adjust import undo_splits
from ml4t_nb.core.bars import Bars, observed
from ml4t_nb.core.gapfill import Fill
from ml4t_nb.errors import OptionError, ProviderError, ProviderUnavailable
from ml4t_nb.model import SessionOverride
from ml4t_nb.providers import Request
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import DAYS, Scripted, evening, rising

FULL = rising("2024-02-20", "2024-03-15")
EARLY = pd.Timestamp("2024-01-17", tz="UTC")
HOLED_DAY = pd.Timestamp("2024-02-28", tz="UTC")
HOLED = FULL.drop(HOLED_DAY)


def test_a_removed_session_is_one_gap_of_one_bar(runner: Runner) -> None:
    runner.provider.bars = HOLED

    result = runner.load(evening("2024-03-15"))

    (gap,) = result.gaps
    assert (gap.start.isoformat(), gap.missing, gap.state) == (
        "2024-02-28T00:00:00+00:00",
        1,
        "open",
    )


def test_an_update_asks_again_for_a_gap_before_it_fills_it(runner: Runner) -> None:
    runner.provider.bars = HOLED[:"2024-03-14"]
    runner.load(evening("2024-03-14"))
    runner.provider.bars = FULL

    result = runner.update(evening("2024-03-15"))

    assert (result.record.added, result.record.filled, result.gaps) == (2, 0, ())
    assert_frame_equal(runner.stored(), FULL)


def test_a_gap_that_stays_is_filled_forward_and_flagged(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-15"))

    result = runner.update(evening("2024-03-15"))

    filled = runner.stored().loc["2024-02-28"]
    assert result.record.filled == 1
    assert bool(filled["filled"])
    # The close of 2024-02-27 is the fifth of a series that begins at 100 on 2024-02-20.
    assert list(filled[["open", "high", "low", "close", "volume"]]) == [105.0] * 4 + [0.0]
    assert_frame_equal(observed(runner.stored()), HOLED)


def test_filling_can_be_left_out(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-15"))

    result = runner.update(evening("2024-03-15"), fill=None)

    assert (result.record.filled, result.record.gaps_open) == (0, 1)
    assert_frame_equal(runner.stored(), HOLED)


def test_a_gap_longer_than_the_limit_stays_open(runner: Runner) -> None:
    runner.provider.bars = FULL.drop(FULL["2024-02-27":"2024-02-29"].index)
    runner.load(evening("2024-03-15"))

    result = runner.update(evening("2024-03-15"), fill=Fill("forward", 2))

    assert (result.record.filled, [gap.missing for gap in result.gaps]) == (0, [3])


def test_an_observed_bar_takes_the_place_of_a_filled_one(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-14"))
    runner.update(evening("2024-03-14"))
    runner.provider.bars = FULL

    result = runner.update(evening("2024-03-15"))

    assert result.gaps == ()
    assert_frame_equal(runner.stored(), FULL)


def test_a_fill_follows_a_correction_of_the_bar_before_it(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-14"))
    runner.update(evening("2024-03-14"))
    corrected = HOLED.copy()
    corrected.loc["2024-02-27", ["open", "high", "low", "close"]] = [105.5, 106.5, 104.5, 106.0]
    runner.provider.bars = corrected

    runner.update(evening("2024-03-15"))

    assert runner.stored().loc["2024-02-28", "close"] == 106.0


def test_two_empty_answers_a_day_apart_confirm_a_gap(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-12"))
    same_day = runner.update(evening("2024-03-12") + timedelta(hours=1))
    next_day = runner.update(evening("2024-03-13"))
    requests = len(runner.provider.asked)

    later = runner.update(evening("2024-03-14"))

    assert [gap.state for gap in same_day.gaps] == ["open"]
    assert [(gap.state, gap.attempts) for gap in next_day.gaps] == [("confirmed", 2)]
    assert [gap.state for gap in later.gaps] == ["confirmed"]
    (request,) = runner.provider.asked[requests:]
    assert request.span.start > evening("2024-03-01")


def test_a_gap_that_loads_confirmed_is_filled_by_the_first_update_and_asked_for_no_more(
    runner: Runner,
) -> None:
    runner.provider.bars = rising("2024-01-02", "2024-03-15").drop(HOLED_DAY)
    runner.load(evening("2024-03-11"))
    runner.load(evening("2024-03-12"))
    confirmed = runner.load(evening("2024-03-13"))
    assert [(gap.state, gap.filled_by) for gap in confirmed.gaps] == [("confirmed", None)]

    filled = runner.update(evening("2024-03-14"))
    requests = len(runner.provider.asked)
    runner.update(evening("2024-03-15"))

    assert [(gap.state, gap.filled_by) for gap in filled.gaps] == [("confirmed", "forward")]
    assert list(runner.stored().index[runner.stored()["filled"]]) == [HOLED_DAY]
    (request,) = runner.provider.asked[requests:]
    assert request.span.start > evening("2024-03-01")


def test_a_gap_that_the_provider_no_longer_reaches_is_not_asked_for(store: Store) -> None:
    limits = replace(DAYS, max_age={"daily": timedelta(days=20)})
    runner = Runner(
        store, Scripted(bars=rising("2024-01-02", "2024-03-15").drop(EARLY), limits=limits)
    )
    for day in ("2024-01-22", "2024-01-23", "2024-01-24"):
        runner.load(evening(day), start="2024-01-10")
    runner.update(evening("2024-02-09"), fill=None)
    assert [gap.state for gap in runner.store.snapshot(runner.dataset).manifest.gaps] == [
        "confirmed"
    ]
    requests = len(runner.provider.asked)

    runner.update(evening("2024-02-12"))
    runner.update(evening("2024-02-13"))

    # A week before the last stored bar, and no further.
    starts = [request.span.start for request in runner.provider.asked[requests:]]
    assert [f"{start:%m-%d}" for start in starts] == ["02-02", "02-05"]


def test_a_failed_run_is_kept_in_the_history_and_changes_no_bar(runner: Runner) -> None:
    runner.provider.bars = FULL[:"2024-03-14"]
    runner.load(evening("2024-03-14"))

    def down(request: Request) -> ProviderError:
        del request
        return ProviderUnavailable("the server answers with 503", provider="scripted")

    runner.provider.fails = down
    failed = runner.update(evening("2024-03-15"))

    assert failed.record.outcome == "failed"
    assert failed.record.error is not None
    assert failed.record.error.type == "ProviderUnavailable"
    assert failed.rows == len(FULL) - 1
    assert_frame_equal(runner.stored(), FULL[:"2024-03-14"])

    runner.provider = runner.provider.with_bars(FULL)
    runner.provider.fails = lambda _: None
    assert runner.update(evening("2024-03-15")).record.outcome == "changed"


def test_a_load_that_failed_is_made_up_for_by_the_first_update_and_not_the_second(
    runner: Runner,
) -> None:
    runner.provider.bars = FULL
    runner.load(evening("2024-03-15"), start="2024-03-04")
    runner.remove(evening("2024-03-15"), start="2024-03-14")
    runner.provider.fails = lambda _: ProviderUnavailable("down", provider="scripted")
    runner.load(evening("2024-03-15"), start="2024-02-26")
    runner.provider.fails = lambda _: None

    first = runner.update(evening("2024-03-15"))
    second = runner.update(evening("2024-03-15"))

    assert (first.record.outcome, second.record.outcome) == ("changed", "unchanged")
    assert_frame_equal(runner.stored(), FULL["2024-02-26":])


def test_a_bar_outside_the_calendar_is_kept_and_reported(runner: Runner) -> None:
    # Washington's birthday, 2024-02-19, is no session of XNYS.
    runner.provider.bars = rising("2024-02-12", "2024-03-01")

    result = runner.load(evening("2024-03-01"))

    assert [(f.rule, str(f.stamp)[:10]) for f in result.findings] == [("extra", "2024-02-19")]
    assert result.gaps == ()
    assert len(runner.stored()) == 15


def test_another_calendar_judges_every_bar_again(runner: Runner) -> None:
    runner.provider.bars = FULL
    runner.load(evening("2024-03-15"))

    result = runner.load(evening("2024-03-15"), calendar="24/7")

    assert sum(gap.missing for gap in result.gaps) == 6
    assert [gap.missing for gap in result.gaps] == [2, 2, 2]


def test_removing_the_end_of_a_dataset_takes_its_gaps_along(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-15"))

    removed = runner.remove(evening("2024-03-15"), start="2024-02-27")

    assert removed == len(HOLED[HOLED.index >= "2024-02-27"])
    assert runner.store.snapshot(runner.dataset).manifest.gaps == ()
    assert_frame_equal(runner.stored(), HOLED[:"2024-02-26"])


def test_removing_the_middle_of_a_dataset_leaves_a_gap(runner: Runner) -> None:
    runner.provider.bars = FULL
    runner.load(evening("2024-03-15"))

    runner.remove(evening("2024-03-15"), start="2024-02-27", end="2024-02-28")

    (gap,) = runner.store.snapshot(runner.dataset).manifest.gaps
    assert (gap.missing, gap.state) == (2, "open")


def split_on(day: str) -> Bars:
    bars = FULL.copy()
    bars.loc[day, "split"] = 2.0
    return bars


def test_what_is_left_after_a_removed_split_is_on_the_basis_before_it(runner: Runner) -> None:
    runner.provider.bars = split_on("2024-03-11")
    runner.load(evening("2024-03-15"))

    runner.remove(evening("2024-03-15"), start="2024-03-11")

    left = runner.stored()
    # 2024-03-08 is the fourteenth session of a series that begins at 100.
    assert list(left.loc["2024-03-08", ["close", "volume"]]) == [2 * 113.0, 500.0]
    assert_frame_equal(left, undo_splits(FULL[:"2024-03-08"], 2.0))

    runner.update(evening("2024-03-15"))

    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_as_traded_bars_stay_as_they_are_when_a_split_after_them_is_removed(runner: Runner) -> None:
    runner.provider.basis = "as-traded"
    runner.provider.bars = split_on("2024-03-11")
    runner.provider.bars.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    runner.load(evening("2024-03-15"))

    runner.remove(evening("2024-03-15"), start="2024-03-11")

    assert_frame_equal(runner.stored(), FULL[:"2024-03-08"])


def test_a_split_is_not_removed_from_the_middle(runner: Runner) -> None:
    runner.provider.bars = split_on("2024-03-11")
    runner.load(evening("2024-03-15"))

    with pytest.raises(OptionError, match="2024-03-11"):
        runner.remove(evening("2024-03-15"), start="2024-03-08", end="2024-03-12")

    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_a_jump_stays_reported_when_later_runs_no_longer_look_before_it(runner: Runner) -> None:
    jumped = FULL.copy()
    jumped.loc["2024-03-05":, ["open", "high", "low", "close"]] *= 6
    runner.provider.bars = jumped[:"2024-03-12"]
    runner.load(evening("2024-03-12"))
    for day in ("2024-03-13", "2024-03-14", "2024-03-15"):
        runner.provider.bars = jumped[:day]
        runner.update(evening(day))

    findings = runner.store.snapshot(runner.dataset).manifest.findings

    assert [(f.rule, str(f.stamp)[:10]) for f in findings] == [("jump", "2024-03-05")]


def test_a_declared_closure_is_not_a_gap_and_a_declared_session_is_one(runner: Runner) -> None:
    runner.provider.bars = HOLED
    runner.load(evening("2024-03-14"))
    runner.session_overrides = (
        SessionOverride("XNYS", date(2024, 2, 28)),
        SessionOverride("XNYS", date(2024, 3, 9), is_open=True),
    )

    result = runner.update(evening("2024-03-15"), fill=None)

    # 2024-03-09 is a Saturday.
    assert [(str(gap.start)[:10], gap.missing) for gap in result.gaps] == [("2024-03-09", 1)]
