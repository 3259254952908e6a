"""One may change one's mind about a gap, and no observed bar ever shows it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import observed
from ml4t_nb.errors import Overtaken, ProviderError, ProviderUnavailable
from ml4t_nb.model import FetchAttempt, FillMethod
from ml4t_nb.pipeline import GapAction, close, refetch, refill, reopen, unfill
from ml4t_nb.providers import Request
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, evening, rising

FULL = rising("2024-02-20", "2024-03-15")
# Closes: 105 on 2024-02-27, 106 on the missing day, 107 on 2024-02-29, which opens at 106.
HOLED = FULL.drop(pd.Timestamp("2024-02-28", tz="UTC"))
DAY = {"start": "2024-02-28", "end": "2024-02-28"}
NOW = evening("2024-03-15")


@pytest.fixture
def runner(runner: Runner) -> Runner:
    runner.provider.bars = HOLED
    runner.load(NOW)
    runner.update(NOW)
    return runner


@pytest.mark.parametrize(
    ("method", "price"),
    [("forward", 105.0), ("backward", 106.0), ("interpolate", 106.0), ("zero", 0)],
)
def test_a_gap_is_filled_again_by_another_method(
    runner: Runner, method: FillMethod, price: float
) -> None:
    result = runner.act_on_gap(NOW, refill(method), **DAY)

    bar = runner.stored().loc["2024-02-28"]
    assert list(bar[["open", "high", "low", "close", "volume"]]) == [price] * 4 + [0.0]
    assert [gap.filled_by for gap in result.gaps] == [method]
    assert_frame_equal(observed(runner.stored()), HOLED)


def test_a_fill_taken_back_stays_away(runner: Runner) -> None:
    runner.act_on_gap(NOW, unfill(), **DAY)
    assert_frame_equal(runner.stored(), HOLED)

    result = runner.update(NOW)

    assert_frame_equal(runner.stored(), HOLED)
    assert (result.record.filled, result.record.gaps_open) == (0, 1)


def test_refilling_fills_what_was_left_open(runner: Runner) -> None:
    runner.act_on_gap(NOW, unfill(), **DAY)

    runner.act_on_gap(NOW, refill("backward"), **DAY)

    assert runner.stored().loc["2024-02-28", "close"] == 106.0


def test_a_closed_gap_is_not_filled_not_asked_for_and_not_pending(runner: Runner) -> None:
    result = runner.act_on_gap(NOW, close("typhoon"), **DAY)

    assert [(gap.state, gap.reason, gap.filled_by) for gap in result.gaps] == [
        ("closed", "typhoon", None)
    ]
    assert result.record.gaps_open == 0
    runner.provider.asked.clear()
    after = runner.update(NOW + timedelta(days=2))
    assert_frame_equal(runner.stored(), HOLED)
    assert [gap.state for gap in after.gaps] == ["closed"]
    assert all(request.span.start > evening("2024-02-29") for request in runner.provider.asked)


def test_a_closed_gap_can_be_reopened(runner: Runner) -> None:
    runner.act_on_gap(NOW, close("typhoon"), **DAY)

    result = runner.act_on_gap(NOW, reopen(), **DAY)

    assert [(gap.state, gap.reason) for gap in result.gaps] == [("open", "")]
    assert runner.update(NOW).record.filled == 1


def test_a_confirmed_gap_is_asked_for_again_on_request(runner: Runner) -> None:
    runner.update(evening("2024-03-18"))
    confirmed = runner.update(evening("2024-03-19"))
    assert [gap.state for gap in confirmed.gaps] == ["confirmed"]
    runner.provider.bars = FULL

    result = runner.act_on_gap(evening("2024-03-19"), refetch, **DAY)

    assert (result.record.added, result.gaps) == (1, ())
    assert_frame_equal(runner.stored(), FULL)


def test_only_gaps_in_the_span_are_repaired(runner: Runner) -> None:
    result = runner.act_on_gap(NOW, close("typhoon"), start="2024-03-01", end="2024-03-15")

    assert [gap.state for gap in result.gaps] == ["open"]


def test_a_piece_that_failed_is_asked_for_until_it_is_answered(tmp_path: Path) -> None:
    runner = Runner(Store(tmp_path / "other"), Scripted(rising("2024-01-22", "2024-03-15")))
    runner.load(NOW, start="2024-02-20")

    def down(request: Request) -> ProviderError | None:
        if request.span.start > evening("2024-02-01"):
            return None
        return ProviderUnavailable("the line is dead", provider="scripted")

    runner.provider.fails = down
    failed = runner.load(NOW, start="2024-01-22", end="2024-02-19")

    assert failed.record.outcome == "failed"
    (entry,) = unanswered(runner)
    assert (str(entry.span.start)[:10], entry.attempts, entry.error) == (
        "2024-01-22",
        1,
        "the line is dead",
    )

    runner.provider.fails = lambda _: None
    runner.update(NOW)

    assert_frame_equal(runner.stored(), runner.provider.bars)
    assert unanswered(runner) == []


def unanswered(runner: Runner) -> list[FetchAttempt]:
    fetch_log = runner.store.snapshot(runner.dataset).manifest.fetch_log
    return [entry for entry in fetch_log if entry.outcome == "failed"]


@pytest.mark.parametrize("mending", [close("typhoon"), refill("zero"), unfill(), reopen()])
def test_a_gap_is_not_touched_as_of_an_earlier_day(runner: Runner, mending: GapAction) -> None:
    before = runner.stored()

    with pytest.raises(Overtaken, match="was updated as of 2024-03-15"):
        runner.act_on_gap(evening("2024-03-14"), mending, **DAY)

    assert_frame_equal(runner.stored(), before)
