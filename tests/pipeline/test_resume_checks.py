"""What a run that broke off was answered is no answer to what is asked again, and no obstacle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ProviderError, ProviderUnavailable
from ml4t_nb.pipeline import refetch
from ml4t_nb.providers import Request
from tests.pipeline.interrupted import (
    FIRST,
    Market,
    before_restatement,
    kept,
    pieces_of,
    serve,
    with_split,
)
from tests.pipeline.runner import Runner

LOST = [9, 23, 37]


def answered(runner: Runner, count: int) -> None:
    """Let a provider answer so many requests from now on."""
    asked = runner.provider.asked
    before = len(asked)

    def fails(request: Request) -> ProviderError | None:
        del request
        is_down = len(asked) > before + count
        return ProviderUnavailable("no more today", provider="scripted") if is_down else None

    runner.provider.fails = fails


def broken_again(market: Market, home: Path) -> Runner:
    """A stored dataset with three gaps, and the answers of a second load that broke off."""
    runner = market.runner(home, market.bars.drop(market.bars.index[LOST]))
    market.load(runner)
    answered(runner, 6)
    market.load(runner)
    assert len(kept(home)) == 6
    runner.provider.fails = lambda _: None
    runner.provider.asked.clear()
    return runner


def test_what_a_user_asks_for_again_is_asked_for(tmp_path: Path) -> None:
    market = pieces_of(8)
    runner = broken_again(market, tmp_path)
    serve(runner.provider, market.bars)

    result = runner.act_on_gap(market.as_of, refetch, start=f"{FIRST}", end="2024-01-20")

    assert result.record.added == 3
    assert_frame_equal(runner.stored(), market.bars, check_freq=False)
    assert kept(tmp_path) == []


def test_an_update_asks_for_what_was_missing_in_an_answer_that_was_kept(tmp_path: Path) -> None:
    market = pieces_of(8)
    runner = broken_again(market, tmp_path)
    serve(runner.provider, market.bars)

    runner.update(market.as_of)

    assert_frame_equal(runner.stored(), market.bars, check_freq=False)


def test_a_kept_answer_without_a_bar_counts_as_of_when_it_was_asked_for(tmp_path: Path) -> None:
    """A second empty answer, of another day, would confirm the gaps: there was none."""
    market = pieces_of(8)
    runner = broken_again(market, tmp_path)

    runner.update(market.as_of + timedelta(days=1), days=40)

    # One to see that nothing has changed, and what is after the kept answers.
    assert len(runner.provider.asked) == 4
    gaps = runner.store.snapshot(runner.dataset).manifest.gaps
    assert [(each.state, each.attempts) for each in gaps[:3]] == [("open", 1)] * 3


def test_an_outage_at_the_look_at_what_is_stored_is_recorded(tmp_path: Path) -> None:
    market = pieces_of(12)
    runner = market.broken(tmp_path, 12, "ctrl-c")
    answered(runner, 0)

    result = runner.load(market.as_of, start=f"{FIRST}")

    assert result.record.outcome == "failed"
    manifest = runner.store.snapshot(runner.dataset).manifest
    assert [each.outcome for each in manifest.recent] == ["changed", "failed"]
    assert [each.outcome for each in manifest.fetch_log] == ["bars", "failed"]
    assert len(kept(tmp_path)) == 3


def loaded_in_runs(runner: Runner, market: Market, *, end: str | None, count: int = 14) -> int:
    """How many runs of so many answers it takes until all is stored."""
    for number in range(1, 8):
        answered(runner, count)
        if runner.load(market.as_of, start=f"{FIRST}", end=end).record.error is None:
            return number
    pytest.fail("it does not get on")


def test_a_load_up_to_before_a_split_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What is stored was divided by the split: that is no restatement."""
    market = pieces_of(24)
    ex = market.bars.index[-20].date()
    market = replace(market, bars=with_split(market.bars, 2.0, ex))
    end = ex - timedelta(days=4)
    runner = market.runner(tmp_path)

    runs = loaded_in_runs(runner, market, end=f"{end}")

    assert runs <= 3
    traded = before_restatement(market.bars, 2.0, ex)
    traded = traded[traded.index < pd.Timestamp(end + timedelta(days=1), tz="UTC")]
    assert_frame_equal(runner.stored(), traded, check_freq=False)


def test_a_history_that_was_restated_meanwhile_is_asked_for_once_in_all_runs(
    tmp_path: Path,
) -> None:
    """The last stored bars have not moved, the first have: a split is between them."""
    market = pieces_of(24)
    ex = market.bars.index[60].date()
    runner = market.runner(tmp_path, before_restatement(market.bars, 2.0, ex))
    answered(runner, 14)
    market.load(runner)
    market = replace(market, bars=with_split(market.bars, 2.0, ex))
    serve(runner.provider, market.bars)

    assert loaded_in_runs(runner, market, end=None) <= 4

    assert_frame_equal(runner.stored(), market.bars, check_freq=False)


def without_first_bars(bars: Bars) -> Bars:
    return bars.iloc[3:]


def by_no_ratio(bars: Bars) -> Bars:
    other = bars.copy()
    other.iloc[:3, :4] *= np.array([[1.01], [0.98], [1.03]])
    return other


def by_a_volume(bars: Bars) -> Bars:
    other = bars.copy()
    other.iloc[1:2, 4] += 5.0
    return other


@pytest.mark.parametrize("served", [without_first_bars, by_no_ratio, by_a_volume])
def test_first_bars_that_differ_are_no_obstacle(
    tmp_path: Path, served: Callable[[Bars], Bars]
) -> None:
    market = pieces_of(24)
    runner = market.runner(tmp_path)
    answered(runner, 14)
    market.load(runner)
    assert len(runner.stored()) < len(market.bars)
    serve(runner.provider, served(market.bars))

    assert loaded_in_runs(runner, market, end=None) <= 4

    stored = runner.stored()
    assert list(stored.index) == list(market.bars.index)
    assert_frame_equal(stored.iloc[3:], market.bars.iloc[3:], check_freq=False)
