"""A clock, or an as-of, was ahead: the dataset goes back in time and loses nothing."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Overtaken
from ml4t_nb.pipeline import UpdateRequest, run_update
from tests.pipeline.runner import FORWARD, Runner
from tests.pipeline.scripted import DAYS, evening, rising


def test_a_bar_that_was_stored_too_early_is_made_good_once_its_session_is_over(
    runner: Runner,
) -> None:
    """At noon of Friday, 2024-03-15, the machine believes that it is 2025."""
    whole = rising("2024-01-08", "2024-03-18")
    noon = whole.iloc[:-1].copy()
    for column in ("high", "close"):
        noon.loc[pd.Timestamp("2024-03-15", tz="UTC"), column] = noon["open"].iloc[-1]
    runner.provider.bars = noon
    runner.load(evening("2024-03-13"))
    runner.update(evening("2025-03-14"))
    runner.provider.bars = whole

    with pytest.raises(Overtaken, match="as of 2025-03-14") as caught:
        runner.update(evening("2024-03-18"))
    assert "ml4t-data update -s ACME --reset-as-of" in spell(caught.value.advice, "ml4t-data")
    result = runner.update(evening("2024-03-18"), reset_as_of=True)

    assert (result.record.added, result.record.revised) == (1, 1)
    assert_frame_equal(runner.stored(), whole)
    assert runner.store.snapshot(runner.dataset).manifest.updated == evening("2024-03-18")
    assert runner.update(evening("2024-03-19")).record.outcome == "unchanged"


def test_all_is_compared_where_nothing_is_due_and_no_symbol_is_named(runner: Runner) -> None:
    """On a Sunday the clock is ahead of the day before, and a bar is revised meanwhile."""
    runner.provider.limits = replace(DAYS, requests_per_minute=6000.0)
    runner.provider.bars = rising("2024-01-08", "2024-03-15")
    runner.load(evening("2024-03-17"))
    revised = runner.provider.bars.copy()
    revised.loc[pd.Timestamp("2024-01-10", tz="UTC"), ["close", "high"]] += 0.25
    runner.provider.bars = revised
    request = UpdateRequest(runner.dataset, None, FORWARD, reset_as_of=True)

    result = run_update(runner.context(evening("2024-03-16")), request)

    assert result.record.revised == 1
    assert_frame_equal(runner.stored(), revised)


def test_no_bar_goes_while_it_is_not_finished(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-15")
    runner.load(evening("2025-03-14"))
    before = runner.store.snapshot(runner.dataset).manifest

    with pytest.raises(Overtaken, match="holds a bar of 2024-03-15") as caught:
        runner.update(evening("2024-03-14"), reset_as_of=True)

    assert "once it is" in caught.value.hint
    assert runner.store.snapshot(runner.dataset).manifest == before


def test_gaps_and_spans_that_were_asked_for_too_early_are_asked_for_again(runner: Runner) -> None:
    whole = rising("2024-01-08", "2024-03-15")
    runner.provider.bars = whole.drop(pd.Timestamp("2024-02-21", tz="UTC"))
    runner.load(evening("2024-03-08"))
    runner.update(evening("2025-03-14"), fill=None)
    (gap,) = runner.store.snapshot(runner.dataset).manifest.gaps
    assert gap.asked == evening("2025-03-14")

    runner.update(evening("2024-03-15"), reset_as_of=True, fill=None)
    manifest = runner.store.snapshot(runner.dataset).manifest
    assert [each.asked for each in manifest.gaps] == [evening("2024-03-15")]
    assert max(each.span.end for each in manifest.fetch_log) < evening("2024-03-18")
    runner.provider.bars = whole
    runner.update(evening("2024-03-18"))

    assert runner.store.snapshot(runner.dataset).manifest.gaps == ()
    assert_frame_equal(runner.stored(), whole)


def test_a_dataset_that_is_not_ahead_is_updated_as_ever(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-15")
    runner.load(evening("2024-03-13"))

    result = runner.update(evening("2024-03-15"), reset_as_of=True)

    assert result.record.added == 2
    assert len(result.history) == 2
