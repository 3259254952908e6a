"""Rows that a provider gave and that are not stored: they are logged, with why, and once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.core.bars import NUMBERS, Bars, as_stamps
from ml4t_nb.errors import ProviderUnavailable
from ml4t_nb.providers import Answer, Request
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, bars_at, evening, restated, rising, sessions

WHOLE = rising("2024-01-08", "2024-03-15")


def with_values(bars: Bars, day: str, **columns: float) -> Bars:
    changed = bars.copy()
    for name, value in columns.items():
        changed.loc[pd.Timestamp(day, tz="UTC"), name] = value
    return changed


def rejected(runner: Runner) -> pd.DataFrame:
    return runner.store.snapshot(runner.dataset).rejected_rows()


def days(rows: pd.DataFrame) -> list[str]:
    return [f"{each:%Y-%m-%d}" for each in rows["timestamp"]]


BAD_ROWS: dict[str, dict[str, float]] = {
    "nan": {"open": np.nan, "volume": np.nan},
    "price": {"low": 0.0},
    "volume": {"volume": -3.0},
    "action": {"dividend": -1.0},
}


@pytest.mark.parametrize(("rule", "values"), BAD_ROWS.items())
def test_a_bad_row_is_logged_with_all_its_numbers(
    runner: Runner, rule: str, values: dict[str, float]
) -> None:
    runner.provider.bars = with_values(WHOLE, "2024-03-06", **values)
    runner.load(evening("2024-03-08"))

    (row,) = rejected(runner).to_dict("records")
    assert row["timestamp"] == pd.Timestamp("2024-03-06", tz="UTC")
    assert (row["rule"], row["change"], row["provider"]) == (rule, "rejected", "scripted")
    assert (row["version"], row["at"]) == (1, pd.Timestamp("2024-03-08T23:00Z"))
    given = runner.provider.bars.loc[pd.Timestamp("2024-03-06", tz="UTC"), list(NUMBERS)]
    np.testing.assert_array_equal([row[name] for name in NUMBERS], given.to_numpy(float))
    (finding,) = (each for each in runner.open_findings() if each.rule == rule)
    assert row["detail"] == finding.detail


def test_rows_of_one_stamp_that_disagree_are_all_logged(runner: Runner) -> None:
    other = with_values(WHOLE.loc["2024-03-06":"2024-03-06"], "2024-03-06", close=7.0)
    runner.provider.bars = pd.concat([WHOLE, other, other]).sort_index(kind="stable")

    runner.load(evening("2024-03-08"))

    rows = rejected(runner)
    assert days(rows) == ["2024-03-06", "2024-03-06"]
    assert set(rows["rule"]) == {"duplicate"}
    assert sorted(rows["close"]) == [7.0, WHOLE["close"]["2024-03-06"]]


def test_of_two_rows_of_one_stamp_the_one_without_a_volume_is_logged(runner: Runner) -> None:
    lacking = with_values(WHOLE.loc["2024-03-06":"2024-03-06"], "2024-03-06", volume=np.nan)
    runner.provider.bars = pd.concat([WHOLE, lacking]).sort_index(kind="stable")

    runner.load(evening("2024-03-08"))

    assert rejected(runner)["rule"].tolist() == ["nan"]
    assert runner.stored()["volume"]["2024-03-06"] == 1000.0


class Stampless(Scripted):
    """Gives one more row, a copy of the last one without a stamp."""

    def fetch(self, request: Request) -> Answer:
        bars = super().fetch(request).bars
        lost = bars.tail(1).set_axis(as_stamps([pd.NaT]))
        return Answer(pd.concat([bars, lost]))


def test_a_row_without_a_stamp_is_logged_until_there_is_none(runner: Runner) -> None:
    runner.provider = Stampless(bars=WHOLE)
    runner.load(evening("2024-03-08"))

    rows = rejected(runner)
    assert rows["timestamp"].isna().tolist() == [True]
    assert rows["close"].tolist() == [WHOLE["close"]["2024-03-08"]]
    assert [each.stamp for each in runner.open_findings() if each.is_hard] == [None]

    runner.provider = Scripted(bars=WHOLE)
    runner.update(evening("2024-03-11"))
    assert [each for each in runner.open_findings() if each.is_hard]
    runner.update(evening("2024-03-12"), days=4000)
    assert not [each for each in runner.open_findings() if each.is_hard]


def test_a_row_is_logged_again_only_if_it_changed(runner: Runner) -> None:
    runner.provider.bars = with_values(WHOLE, "2024-03-06", low=0.0)
    runner.load(evening("2024-03-08"))
    runner.update(evening("2024-03-11"))
    assert days(rejected(runner)) == ["2024-03-06"]

    runner.provider.bars = with_values(runner.provider.bars, "2024-03-06", high=300.0)
    runner.update(evening("2024-03-12"))
    assert rejected(runner)["version"].tolist() == [1, 3]


def test_rows_that_are_not_final_are_not_logged(runner: Runner) -> None:
    runner.provider.bars = with_values(WHOLE, "2024-03-08", low=0.0)
    runner.load(evening("2024-03-08").replace(hour=15))

    assert rejected(runner).empty


def test_a_bad_row_where_a_good_bar_is_stored_is_logged_and_no_finding(runner: Runner) -> None:
    runner.provider.bars = WHOLE
    runner.load(evening("2024-03-08"))
    runner.provider.bars = with_values(WHOLE, "2024-03-06", close=np.nan)

    result = runner.update(evening("2024-03-11"))

    assert result.findings == ()
    assert days(rejected(runner)) == ["2024-03-06"]


def test_what_is_kept_against_the_provider_is_logged_with_what_it_gave(runner: Runner) -> None:
    runner.provider.bars = WHOLE
    runner.load(evening("2024-03-08"))
    spoilt = WHOLE.copy()
    spoilt.loc["2024-03-05":"2024-03-06", ["open", "high", "low", "close"]] *= 100
    runner.provider.bars = spoilt

    runner.update(evening("2024-03-11"))
    runner.update(evening("2024-03-12"))

    rows = rejected(runner)
    assert days(rows) == ["2024-03-05", "2024-03-06"]
    assert set(rows["rule"]) == {"kept"}
    assert rows["close"].tolist() == spoilt["close"]["2024-03-05":"2024-03-06"].tolist()


def test_what_a_person_accepts_is_not_logged(runner: Runner) -> None:
    runner.provider.bars = WHOLE
    runner.load(evening("2024-03-08"))
    runner.provider.bars = with_values(WHOLE, "2024-03-06", close=9999.0, high=9999.0)

    runner.update(evening("2024-03-11"), accept=True)

    assert rejected(runner).empty
    assert runner.stored()["close"]["2024-03-06"] == 9999.0


def test_a_run_that_fails_logs_nothing(runner: Runner) -> None:
    runner.provider.bars = WHOLE
    runner.load(evening("2024-03-08"))
    runner.provider.bars = with_values(WHOLE, "2024-03-06", low=0.0)
    runner.provider.fails = lambda _: ProviderUnavailable("down", provider="scripted")

    assert runner.update(evening("2024-03-11")).record.outcome == "failed"
    assert rejected(runner).empty


class TestPriorState:
    """What a restatement can be undone to."""

    @pytest.fixture
    def split(self, runner: Runner) -> Runner:
        before = rising("2024-01-08", "2024-03-08")
        runner.provider.bars = before.drop(pd.Timestamp("2024-02-07", tz="UTC"))
        runner.load(evening("2024-03-08"))
        after = bars_at(
            sessions("2024-01-08", "2024-03-13"),
            [*before["close"], 71.0, 72.0, 73.0],
            splits={"2024-03-11": 2.0},
        )
        after.loc["2024-03-11", "open"] = 70.5
        after.loc["2024-03-11", "high"] = 71.5
        runner.provider.bars = restated(after, 2.0, ex_date="2024-03-11").drop(
            pd.Timestamp("2024-02-07", tz="UTC")
        )
        return runner

    def test_a_restatement_keeps_what_was_before(self, split: Runner) -> None:
        before = split.store.snapshot(split.dataset)
        held = before.bars()

        split.update(evening("2024-03-12"))

        snapshot = split.store.snapshot(split.dataset)
        prior = snapshot.manifest.prior
        assert prior is not None
        assert (prior.version, prior.gaps) == (2, before.manifest.gaps)
        assert prior.config == before.manifest.config
        # The fill of 2024-02-07 too: the load made none.
        assert [f"{each:%m-%d}" for each in prior.added] == ["02-07", "03-11", "03-12"]
        rows = snapshot.revised_rows()
        gone = rows[rows["change"] != "added"].set_index("timestamp")
        pd.testing.assert_frame_equal(gone[list(NUMBERS)], held[list(NUMBERS)])
        added = rows[rows["change"] == "added"]["timestamp"]
        assert sorted(added) == sorted(pd.Timestamp(each) for each in prior.added)

    def test_it_is_kept_while_nothing_changes(self, split: Runner) -> None:
        split.update(evening("2024-03-12"))

        split.update(evening("2024-03-12"))

        assert split.store.snapshot(split.dataset).manifest.prior is not None

    def test_a_new_bar_ends_it(self, split: Runner) -> None:
        split.update(evening("2024-03-12"))

        split.update(evening("2024-03-13"))

        assert split.store.snapshot(split.dataset).manifest.prior is None

    def test_removed_bars_end_it(self, split: Runner) -> None:
        split.update(evening("2024-03-12"))

        split.remove(evening("2024-03-12"), end="2024-01-12")

        assert split.store.snapshot(split.dataset).manifest.prior is None

    def test_a_correction_keeps_none(self, runner: Runner) -> None:
        runner.provider.bars = WHOLE
        runner.load(evening("2024-03-08"))
        runner.provider.bars = with_values(WHOLE, "2024-03-06", volume=7.0)

        runner.update(evening("2024-03-11"))

        assert runner.store.snapshot(runner.dataset).manifest.prior is None
