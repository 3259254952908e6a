"""Minute bars: pieces, unfinished bars, and history that is no longer served."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import STAMPS, Bars
from ml4t_nb.errors import OptionError, ProviderError, ProviderUnavailable
from ml4t_nb.events import Event, Fetched, FetchPlanned, FetchStarted
from ml4t_nb.model import Frequency, bar_length
from ml4t_nb.providers import Request
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import DAYS, bars_at, rising

OPEN_MINUTES = 390
PIECES = replace(DAYS, max_span={"1m": timedelta(days=2)}, max_age={"1m": timedelta(days=10)})


def minutes(*days: str) -> Bars:
    """All minutes of New York's regular hours in winter, 14:30 to 21:00 UTC."""
    stamps = pd.DatetimeIndex(
        [
            stamp
            for day in days
            for stamp in pd.date_range(f"{day}T14:30", periods=OPEN_MINUTES, freq="min", tz="UTC")
        ]
    )
    return bars_at(stamps, [100.0 + (step * 13 % 29) / 7 for step in range(len(stamps))])


WEEK = minutes("2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12")


@pytest.fixture
def runner(runner: Runner) -> Runner:
    return replace(runner, frequency="1m")


def at(day: str, time: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)


def test_a_load_is_cut_to_the_provider_s_limits(runner: Runner) -> None:
    runner.provider.bars = WEEK
    runner.provider.limits = PIECES

    result = runner.load(at("2024-01-12", "22:00"), start="2024-01-08")

    spans = [request.span for request in runner.provider.asked]
    assert all(span.end - span.start <= timedelta(days=2) for span in spans)
    assert result.gaps == ()
    assert_frame_equal(runner.stored(), WEEK)


def test_a_load_tells_its_pieces_before_it_asks_for_the_first(runner: Runner) -> None:
    runner.provider.bars = WEEK
    runner.provider.limits = replace(PIECES, max_span={"1m": timedelta(hours=12)})
    told: list[Event] = []

    replace(runner, observe=told.append).load(at("2024-01-12", "22:00"), start="2024-01-08")

    steps = [e for e in told if isinstance(e, FetchPlanned | FetchStarted | Fetched)]
    first = steps[0]
    assert isinstance(first, FetchPlanned)
    # From Monday's midnight in New York to Friday's 16:29: ten half days, of which eight are stored
    # first, for which the day after them is asked, which may bring a split. The last two overlap
    # the others by three minutes, and so are three.
    assert len(first.pieces) == 12
    assert first.pieces == tuple(e.span for e in steps if isinstance(e, FetchStarted))
    assert [len(e.pieces) for e in steps if isinstance(e, FetchPlanned)] == [12, 3]
    assert sum(e.rows for e in steps if isinstance(e, Fetched)) >= len(WEEK)


def test_a_load_that_breaks_off_keeps_what_came_and_the_next_one_goes_on(runner: Runner) -> None:
    runner.provider.bars = WEEK
    runner.provider.limits = PIECES

    def breaks_off(request: Request) -> ProviderError | None:
        # The days after are answered: they show that no later split has restated what came.
        if request.dataset.frequency == "daily" or request.span.start < at("2024-01-10", "00:00"):
            return None
        return ProviderUnavailable("the line is dead", provider="scripted")

    runner.provider.fails = breaks_off
    result = runner.load(at("2024-01-12", "22:00"), start="2024-01-08")

    assert result.record.outcome == "partial"
    assert 0 < result.rows < len(WEEK)

    runner.provider.fails = lambda _: None
    runner.update(at("2024-01-12", "22:00"))

    assert_frame_equal(runner.stored(), WEEK)


def test_an_unfinished_minute_is_not_stored(runner: Runner) -> None:
    runner.provider.bars = WEEK

    result = runner.load(at("2024-01-08", "15:10"))

    # The bar of 14:39 ends at 14:40, and the provider's delay of half an hour at 15:10.
    assert (result.rows, result.last) == (10, at("2024-01-08", "14:39"))


def test_what_the_provider_no_longer_serves_is_rescaled_by_a_split(runner: Runner) -> None:
    runner.provider.bars = WEEK[:"2024-01-10"]
    runner.load(at("2024-01-10", "22:00"))
    ex_date = pd.Timestamp("2024-01-11T14:30", tz="UTC")
    after = WEEK.copy()
    before = after.index < ex_date
    after.loc[before, ["open", "high", "low", "close"]] /= 2
    after.loc[before, "volume"] *= 2
    after.loc[ex_date:, ["open", "high", "low", "close"]] /= 2
    after.loc[ex_date, "split"] = 2.0
    runner.provider.bars = after["2024-01-10":]

    result = runner.update(at("2024-01-12", "22:00"))

    assert result.record.restatement is not None
    assert result.record.restatement.kept == 2 * OPEN_MINUTES
    assert_frame_equal(runner.stored(), after)


def test_a_missing_minute_is_asked_for_with_its_neighbours(runner: Runner) -> None:
    lost = pd.Timestamp("2024-01-08T16:00", tz="UTC")
    runner.provider.bars = WEEK.drop(lost)[:"2024-01-11"]
    runner.provider.limits = replace(PIECES, max_age={})
    runner.load(at("2024-01-11", "22:00"), start="2024-01-08")
    runner.provider.asked.clear()
    runner.provider.bars = WEEK

    result = runner.update(at("2024-01-12", "22:00"), days=1)

    spans = [(request.span.start, request.span.end) for request in runner.provider.asked]
    assert (at("2024-01-08", "15:57"), at("2024-01-08", "16:03") + timedelta(microseconds=1)) in [
        (start, end) for start, end in spans
    ]
    assert result.gaps == ()
    assert_frame_equal(runner.stored(), WEEK)


def test_minutes_up_to_the_eve_of_a_split_are_on_the_basis_before_it(runner: Runner) -> None:
    eve = WEEK[:"2024-01-09"]
    served = eve.copy()
    served[["open", "high", "low", "close"]] /= 2
    served["volume"] *= 2
    runner.provider.bars = served
    runner.provider.days = rising("2024-01-08", "2024-01-10", start=50.0)
    runner.provider.days.loc["2024-01-10", "split"] = 2.0

    runner.load(at("2024-01-10", "22:00"), start="2024-01-08", end="2024-01-09")

    assert_frame_equal(runner.stored(), eve)


def test_a_load_that_was_killed_goes_on_at_the_piece_where_it_stopped(runner: Runner) -> None:
    weeks = minutes(
        *(f"2024-01-{day:02}" for day in (*range(8, 13), *range(16, 20), *range(22, 27)))
    )
    runner.provider.bars = weeks
    runner.provider.limits = replace(PIECES, max_span={"1m": timedelta(days=1)}, max_age={})

    def killed(request: Request) -> ProviderError | None:
        if request.span.start > at("2024-01-17", "00:00"):
            raise KeyboardInterrupt
        return None

    runner.provider.fails = killed
    with pytest.raises(KeyboardInterrupt):
        runner.load(at("2024-01-26", "22:00"), start="2024-01-08")
    kept = runner.stored()
    assert_frame_equal(kept, weeks[: len(kept)])
    assert len(kept) >= 5 * OPEN_MINUTES

    runner.provider.asked.clear()
    runner.provider.fails = lambda _: None
    runner.update(at("2024-01-26", "22:00"), days=1)

    assert_frame_equal(runner.stored(), weeks)
    # A day before the last bar that was kept, that of 2024-01-12.
    assert min(request.span.start for request in runner.provider.asked) > at("2024-01-11", "20:00")


def test_a_load_without_a_start_needs_one_where_there_is_no_oldest_bar(runner: Runner) -> None:
    runner.provider.limits = replace(PIECES, max_age={})

    with pytest.raises(OptionError, match="at most 2 days at a time"):
        runner.load(at("2024-01-12", "22:00"))


def test_an_earlier_start_is_loaded_piece_by_piece_towards_the_past(runner: Runner) -> None:
    runner.provider.bars = WEEK
    runner.provider.limits = replace(PIECES, max_span={"1m": timedelta(hours=2)}, max_age={})
    runner.load(at("2024-01-12", "22:00"), start="2024-01-12")

    runner.load(at("2024-01-12", "22:00"), start="2024-01-08", end="2024-01-11")

    assert_frame_equal(runner.stored(), WEEK)
    assert runner.store.snapshot(runner.dataset).manifest.gaps == ()


def test_a_load_of_more_after_a_failed_update_brings_all_of_it(runner: Runner) -> None:
    runner.provider.bars = WEEK
    runner.provider.limits = PIECES
    runner.load(at("2024-01-11", "22:00"), start="2024-01-11")
    runner.provider.fails = lambda _: ProviderUnavailable("the line is dead", provider="scripted")
    runner.update(at("2024-01-12", "22:00"))
    runner.provider.fails = lambda _: None

    runner.load(at("2024-01-12", "22:00"), start="2024-01-08")

    assert_frame_equal(runner.stored(), WEEK)


def test_two_bars_of_one_minute_are_reported(runner: Runner) -> None:
    late = WEEK.index[100] + pd.Timedelta(seconds=3)
    again = WEEK.iloc[[100]].set_axis(pd.DatetimeIndex([late], dtype=STAMPS))
    twice = pd.concat([WEEK, again]).sort_index()
    runner.provider.bars = twice.rename_axis("timestamp")

    result = runner.load(at("2024-01-12", "22:00"), start="2024-01-08")

    assert [(f.rule, f.stamp) for f in result.findings if f.rule == "extra"] == [
        ("extra", late.to_pydatetime())
    ]
    assert result.gaps == ()


@pytest.mark.parametrize("frequency", ["hourly", "5m"])
def test_a_provider_without_daily_bars_is_asked_for_later_splits_all_the_same(
    runner: Runner, frequency: Frequency
) -> None:
    runner = replace(runner, frequency=frequency)
    length = bar_length(frequency)
    assert length is not None
    days = pd.bdate_range("2024-01-02", "2024-02-02", tz="UTC")
    days = days[days != pd.Timestamp("2024-01-15", tz="UTC")]
    stamps = pd.DatetimeIndex(
        [
            stamp
            for day in days
            for stamp in pd.date_range(f"{day:%F}T14:30Z", f"{day:%F}T20:59Z", freq=length)
        ]
    )
    # 50 since the split of the 29th restated it; traded at 100 before.
    bars = bars_at(stamps, [50.0] * len(stamps), splits={"2024-01-29T14:30": 2.0})
    runner.provider.bars = bars
    runner.provider.limits = replace(
        DAYS, frequencies=(frequency,), max_span={frequency: timedelta(days=7)}
    )

    runner.load(at("2024-02-02", "22:00"), start="2024-01-02", end="2024-01-26")

    stored = runner.stored()
    assert stored.index[-1] == stamps[stamps < pd.Timestamp("2024-01-27", tz="UTC")][-1]
    assert set(stored["close"]) == {100.0}
    assert set(stored["volume"]) == {500.0}
    assert all(
        request.span.end - request.span.start <= timedelta(days=7)
        for request in runner.provider.asked
    )
