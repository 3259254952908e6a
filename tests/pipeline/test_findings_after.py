"""What becomes of findings from run to run: none is told twice, lost, or ended without a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.core.bars import Bars
from ml4t_nb.finding import Finding
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import DAYS, bars_at, evening, restated, rising, sessions

WHOLE = rising("2023-06-05", "2024-03-22", start=200.0)


def with_values(bars: Bars, day: str, **columns: float) -> Bars:
    changed = bars.copy()
    for name, value in columns.items():
        changed.loc[pd.Timestamp(day, tz="UTC"), name] = value
    return changed


def scaled(bars: Bars, factor: float, first: str, last: str) -> Bars:
    changed = bars.copy()
    inside = (bars.index >= first) & (bars.index <= last)
    changed.loc[inside, ["open", "high", "low", "close"]] *= factor
    return changed


def findings(runner: Runner) -> list[tuple[str, str]]:
    """Rule and state of all that are known; the days are Monday to Friday, holidays too."""
    return [(each.rule, each.state) for each in known(runner)]


def known(runner: Runner) -> list[Finding]:
    found = runner.store.snapshot(runner.dataset).manifest.findings
    return [each for each in found if each.rule != "extra"]


def rules(found: tuple[Finding, ...]) -> list[str]:
    return [each.rule for each in found if each.rule != "extra"]


class TestRowsKeptOut:
    """The rows of 2024-03-12, of a provider that goes on giving them."""

    BAD = with_values(WHOLE, "2024-03-12", close=0.0)

    @pytest.fixture
    def loaded(self, runner: Runner) -> Runner:
        runner.provider.bars = WHOLE
        runner.load(evening("2024-03-11"))
        runner.provider.bars = self.BAD
        assert rules(runner.update(evening("2024-03-13")).findings) == ["price"]
        return runner

    def test_an_equal_one_is_told_once(self, loaded: Runner) -> None:
        assert loaded.update(evening("2024-03-14")).findings == ()
        assert findings(loaded) == [("price", "open")]

    def test_a_changed_one_is_a_new_finding(self, loaded: Runner) -> None:
        loaded.provider.bars = with_values(self.BAD, "2024-03-12", high=999.0)

        assert rules(loaded.update(evening("2024-03-14")).findings) == ["price"]
        assert sorted(findings(loaded)) == [("price", "corrected"), ("price", "open")]

    def test_another_bad_volume_is_a_new_finding_too(self, runner: Runner) -> None:
        runner.provider.bars = with_values(WHOLE, "2024-03-12", volume=-1.0)
        runner.load(evening("2024-03-13"))
        runner.provider.bars = with_values(WHOLE, "2024-03-12", volume=-2.0)

        assert rules(runner.update(evening("2024-03-14")).findings) == ["volume"]

    def test_a_good_bar_corrects_it(self, loaded: Runner) -> None:
        loaded.provider.bars = WHOLE

        assert loaded.update(evening("2024-03-14")).findings == ()
        assert findings(loaded) == [("price", "corrected")]

    def test_it_ends_with_the_row(self, loaded: Runner) -> None:
        loaded.provider.bars = WHOLE.drop(pd.Timestamp("2024-03-12", tz="UTC"))

        assert loaded.update(evening("2024-03-14")).findings == ()
        assert findings(loaded) == [("price", "corrected")]

    def test_it_stays_while_its_day_is_not_requested(self, loaded: Runner) -> None:
        loaded.update(evening("2024-03-20"))
        loaded.provider.bars = WHOLE
        before = loaded.store.snapshot(loaded.dataset).manifest.updated
        loaded.update(evening("2024-03-21"), days=1, fill=None)

        assert before == evening("2024-03-20")
        assert ("price", "open") in findings(loaded)

    def test_a_split_does_not_tell_it_again(self, loaded: Runner) -> None:
        split = with_values(self.BAD, "2024-03-15", split=2.0)
        loaded.provider.bars = restated(
            scaled(split, 0.5, "2024-03-15", "2024-03-22"), 2.0, ex_date="2024-03-15"
        )

        result = loaded.update(evening("2024-03-18"))

        assert result.record.verdict == "restated"
        assert result.findings == ()
        assert findings(loaded) == [("price", "open")]


def test_of_two_rows_that_disagree_any_change_is_news(runner: Runner) -> None:
    other = with_values(WHOLE.loc["2024-03-12":"2024-03-12"], "2024-03-12", close=7.0)
    runner.provider.bars = pd.concat([WHOLE, other]).sort_index(kind="stable")
    runner.load(evening("2024-03-13"))
    assert runner.update(evening("2024-03-14")).findings == ()

    other = with_values(other, "2024-03-12", close=8.0)
    runner.provider.bars = pd.concat([WHOLE, other]).sort_index(kind="stable")

    assert rules(runner.update(evening("2024-03-15")).findings) == ["duplicate"]


def test_kept_bars_are_told_once(runner: Runner) -> None:
    """Of the third answer they are the first bars; the fourth has other ones instead."""
    runner.provider.bars = WHOLE
    runner.load(evening("2024-03-11"))
    runner.provider.bars = scaled(WHOLE, 0.01, "2024-03-05", "2024-03-07")
    said = [runner.update(evening(f"2024-03-{day}"), fill=None) for day in (12, 13, 14)]
    runner.provider.bars = scaled(WHOLE, 0.01, "2024-03-06", "2024-03-07")
    said.append(runner.update(evening("2024-03-15"), days=14, fill=None))

    assert [rules(each.findings) for each in said] == [["kept"], [], [], ["kept"]]
    assert findings(runner) == [("kept", "corrected"), ("kept", "open")]


def test_what_an_answer_showed_stays_where_nothing_was_answered(runner: Runner) -> None:
    """A gap of long ago is requested with three bars on either side, and not what is between."""
    runner.provider.limits = replace(DAYS, max_span={"daily": timedelta(days=60)})
    lacking = with_values(WHOLE, "2024-01-10", volume=np.nan)
    runner.provider.bars = lacking.drop(pd.Timestamp("2023-11-15", tz="UTC"))
    runner.load(evening("2024-03-11"), start="2023-06-05")
    assert ("no volume", "open") in findings(runner)

    result = runner.update(evening("2024-03-12"))

    assert len(result.record.spans) == 2
    assert ("no volume", "open") in findings(runner)


class TestStretches:
    """A stretch that began before the bars that an update looks at."""

    def test_one_in_another_unit_goes_on(self, runner: Runner) -> None:
        runner.provider.bars = scaled(WHOLE, 100.0, "2023-11-13", "2024-03-22")
        runner.load(evening("2024-03-18"))
        (found,) = known(runner)

        said = [runner.update(evening(day)).findings for day in ("2024-03-19", "2024-03-20")]

        assert said == [(), ()]
        (after,) = known(runner)
        assert (after.rule, after.state, after.stamp) == ("unit", "open", found.stamp)
        assert after.end == pd.Timestamp("2024-03-20", tz="UTC")

    def test_one_in_another_unit_ends(self, runner: Runner) -> None:
        runner.provider.bars = scaled(WHOLE, 100.0, "2023-11-13", "2024-03-18")
        runner.load(evening("2024-03-18"))
        (found,) = known(runner)

        assert runner.update(evening("2024-03-19")).findings == ()
        (after,) = known(runner)
        assert after == found

    def test_frozen_bars_go_on(self, runner: Runner) -> None:
        days = sessions("2023-06-05", "2024-03-22")
        closes = [200.0 + min(row, 60) for row in range(len(days))]
        bars = bars_at(days, closes)
        bars.iloc[61:, :4] = bars.iloc[61, :4].to_numpy()
        runner.provider.bars = bars
        assert rules(runner.load(evening("2024-03-18")).findings) == ["frozen"]

        assert runner.update(evening("2024-03-19")).findings == ()
        (after,) = known(runner)
        assert (after.stamp, after.state) == (bars.index[61], "open")
        assert after.end == pd.Timestamp("2024-03-19", tz="UTC")


def test_a_jump_after_a_long_hole_stays(runner: Runner) -> None:
    hole = (WHOLE.index >= "2023-08-01") & (WHOLE.index < "2024-03-14")
    runner.provider.bars = scaled(WHOLE, 6.0, "2024-03-14", "2024-03-22")[~hole]
    assert "jump" in rules(runner.load(evening("2024-03-18")).findings)

    result = runner.update(evening("2024-03-19"), days=1, fill=None)

    assert result.findings == ()
    assert ("jump", "open") in findings(runner)
