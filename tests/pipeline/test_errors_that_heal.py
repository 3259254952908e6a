"""Bars that are wrong for some evenings, and right before or after."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.bars import Bars
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import evening, rising, sessions

PRICES = ["open", "high", "low", "close"]
TRUE = rising("2024-02-20", "2024-03-22")
SESSIONS = [f"{day:%Y-%m-%d}" for day in sessions("2024-03-01", "2024-03-22")]


def off(bars: Bars, factor: float, *days: str) -> Bars:
    """``bars`` with all prices of those days times ``factor``."""
    wrong = bars.copy()
    wrong.loc[wrong.index.isin(pd.DatetimeIndex(days, tz="UTC")), PRICES] *= factor
    return wrong


@pytest.mark.parametrize("factor", [0.01, 100.0, 0.001, 2.0, 0.5, 1 / 3])
@pytest.mark.parametrize(
    "days",
    [
        ["2024-03-07"],
        ["2024-03-06", "2024-03-07"],
        ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"],
        ["2024-03-04", "2024-03-06", "2024-03-07"],
    ],
)
def test_what_was_stored_wrong_is_corrected_once_the_provider_is_right(
    runner: Runner, factor: float, days: list[str]
) -> None:
    runner.provider.bars = off(TRUE, factor, *days)
    runner.load(evening("2024-03-11"))

    runner.provider.bars = TRUE
    record = runner.update(evening("2024-03-12")).record

    assert (record.error, record.verdict, record.revised) == (None, "corrected", len(days))
    assert_frame_equal(runner.stored(), TRUE[:"2024-03-12"])


def test_an_error_of_more_days_than_a_look_back_is_corrected_whole(runner: Runner) -> None:
    days = [day for day in SESSIONS if "2024-03-01" <= day <= "2024-03-14"]
    runner.provider.bars = off(TRUE, 0.01, *days)
    runner.load(evening("2024-03-14"))

    runner.provider.bars = TRUE
    record = runner.update(evening("2024-03-15")).record

    assert (record.error, record.verdict, record.revised) == (None, "corrected", len(days))
    assert_frame_equal(runner.stored(), TRUE[:"2024-03-15"])


def test_each_evening_s_last_bar_wrong_and_right_the_next_day(runner: Runner) -> None:
    runner.provider.bars = TRUE
    runner.load(evening("2024-03-01"))

    for day in SESSIONS[1:]:
        runner.provider.bars = off(TRUE, 0.01, day)
        result = runner.update(evening(day))
        assert result.record.error is None
        # Nothing vouches for a new bar, so it is stored, and said.
        assert [(f.rule, str(f.stamp)[:10]) for f in result.findings] == [("unit", day)]

    runner.provider.bars = TRUE
    runner.update(evening("2024-03-22"))
    assert_frame_equal(runner.stored(), TRUE)


def test_two_adjacent_bars_a_hundredth_of_the_right_price_are_said_and_heal(runner: Runner) -> None:
    days = ["2024-03-06", "2024-03-07"]
    runner.provider.bars = TRUE
    runner.load(evening("2024-03-05"))
    runner.provider.bars = off(TRUE, 0.01, *days)

    said = [runner.update(evening(day)).findings for day in (*days, "2024-03-08", "2024-03-11")]

    assert [[f.rule for f in each] for each in said] == [["unit"], [], [], []]
    runner.provider.bars = TRUE
    assert runner.update(evening("2024-03-12")).record.verdict == "corrected"
    assert_frame_equal(runner.stored(), TRUE[:"2024-03-12"])
    assert runner.open_findings() == []


@pytest.mark.parametrize("factor", [0.01, 100.0, 2.0, 0.5])
@pytest.mark.parametrize("days", [["2024-03-07"], ["2024-03-05", "2024-03-06", "2024-03-07"]])
def test_good_bars_are_kept_while_the_provider_answers_wrong_ones(
    runner: Runner, factor: float, days: list[str]
) -> None:
    runner.provider.bars = TRUE
    runner.load(evening("2024-03-11"))
    runner.provider.bars = off(TRUE, factor, *days)

    first, second = (runner.update(evening(day)) for day in ("2024-03-12", "2024-03-13"))

    for result in (first, second):
        assert (result.record.error, result.record.added, result.record.revised) == (None, 1, 0)
    assert_frame_equal(runner.stored(), TRUE[:"2024-03-13"])
    # Said on the evening on which it begins, and not again.
    (finding,) = first.findings
    assert finding.rule == "kept"
    assert finding.detail.startswith(days[0])
    assert days[-1] in finding.detail
    assert finding.step is not None
    assert spell(finding.step, "ml4t-data") == "ml4t-data update -s ACME --accept"
    assert second.findings == ()

    runner.provider.bars = TRUE
    assert runner.update(evening("2024-03-14"), days=14).findings == ()
    assert runner.open_findings() == []


def test_one_price_of_a_kept_bar_damaged_a_hundredfold_is_not_taken(runner: Runner) -> None:
    runner.provider.bars = TRUE
    runner.load(evening("2024-03-11"))
    wrong = TRUE.copy()
    # The thirteenth session of a series that begins at 100 closes at 112, half below its high.
    wrong.loc["2024-03-07", "high"] = 11250.0
    runner.provider.bars = wrong

    (finding,) = runner.update(evening("2024-03-12")).findings

    assert "returns high 11250 instead of the stored 112.5" in finding.detail
    assert_frame_equal(runner.stored(), TRUE[:"2024-03-12"])


def test_accepting_takes_the_providers_bars_instead_of_the_kept_ones(runner: Runner) -> None:
    runner.provider.bars = TRUE
    runner.load(evening("2024-03-11"))
    runner.provider.bars = off(TRUE, 0.01, "2024-03-07")

    record = runner.update(evening("2024-03-12"), accept=True).record

    assert (record.outcome, record.revised) == ("changed", 1)
    assert_frame_equal(runner.stored(), off(TRUE, 0.01, "2024-03-07")[:"2024-03-12"])


def test_a_real_fall_that_was_reported_late_is_taken(runner: Runner) -> None:
    fallen = off(TRUE, 0.5, *(day for day in SESSIONS if day >= "2024-03-11"))
    late = fallen.copy()
    # On the evening of the fall the provider still had the price of the day before.
    late.loc["2024-03-11", PRICES] = TRUE.loc["2024-03-08", PRICES]
    runner.provider.bars = late
    runner.load(evening("2024-03-11"))
    runner.provider.bars = fallen

    record = runner.update(evening("2024-03-11")).record

    assert (record.error, record.verdict) == (None, "corrected")
    assert_frame_equal(runner.stored(), fallen[:"2024-03-11"])


def test_a_jump_that_was_none_is_healed_to_the_first_bar(runner: Runner) -> None:
    before = [f"{day:%Y-%m-%d}" for day in sessions("2024-02-20", "2024-03-06")]
    runner.provider.bars = off(TRUE, 2.0, *before)
    runner.load(evening("2024-03-11"))
    runner.provider.bars = TRUE

    record = runner.update(evening("2024-03-12")).record

    assert record.error is None
    assert_frame_equal(runner.stored(), TRUE[:"2024-03-12"])
