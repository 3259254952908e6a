"""A load of many requests that breaks off goes on at the request where it stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.errors import ProviderError, ProviderUnavailable
from ml4t_nb.model import Frequency, SessionOverride
from ml4t_nb.providers import Request
from tests.pipeline.interrupted import (
    FIRST,
    End,
    Market,
    before_restatement,
    kept,
    on_one_scale,
    pieces_of,
    refused,
    same,
    serve,
    with_split,
)
from tests.pipeline.runner import Runner


def resumes_at_any_point(number: int, at: int, end: End, split: int | None) -> None:
    market = pieces_of(number)
    if split is not None:
        ex = market.bars.index[split % (len(market.bars) - 7) + 7].date()
        market = replace(market, bars=with_split(market.bars, 2.0, ex))
    with TemporaryDirectory() as folder:
        whole, most = market.whole(Path(folder, "whole"))
        home = Path(folder, "broken")

        runner = market.broken(home, at % most + 1, end)
        total = market.resumed(runner)

        same(runner, whole)
        assert kept(home) == []
        assert kept(Path(folder, "whole")) == []
        if split is None:
            # The request that was under way, and one that shows that nothing was restated since;
            # in an outage the days after are asked for in vain, too.
            assert total <= most + 2 + (end == "outage")


def restated_meanwhile(number: int, at: int, end: End, split: int, ratio: float) -> None:
    market = pieces_of(number)
    ex = market.bars.index[split % (len(market.bars) - 7) + 7].date()
    old = before_restatement(market.bars, ratio, ex)
    market = replace(market, bars=with_split(market.bars, ratio, ex))
    with TemporaryDirectory() as folder:
        whole, most = market.whole(Path(folder, "whole"))

        runner = market.broken(Path(folder, "broken"), at % most + 1, end, old)
        serve(runner.provider, market.bars)
        market.load(runner)

        if refused(runner):
            on_one_scale(runner, whole)
        else:
            assert_frame_equal(runner.stored(), whole.stored(), rtol=1e-12, atol=0)


POINTS = {
    "number": st.integers(2, 20),
    "at": st.integers(0, 40),
    "end": st.sampled_from(["ctrl-c", "outage"]),
}
QUICK = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a load takes long, and its numbers are small
)


@QUICK
@given(**POINTS, split=st.none() | st.integers(0, 300))
def test_a_load_that_breaks_off_anywhere_ends_as_if_it_had_not(
    number: int, at: int, end: End, split: int | None
) -> None:
    resumes_at_any_point(number, at, end, split)


@QUICK
@given(**POINTS, split=st.integers(0, 300), ratio=st.sampled_from([2.0, 1.1, 0.1]))
def test_what_was_restated_in_between_is_never_joined_on_two_scales(
    number: int, at: int, end: End, split: int, ratio: float
) -> None:
    restated_meanwhile(number, at, end, split, ratio)


@pytest.mark.slow
@settings(QUICK, max_examples=100, derandomize=False)
@given(**POINTS, split=st.none() | st.integers(0, 300))
def test_a_load_that_breaks_off_at_hundreds_of_points(
    number: int, at: int, end: End, split: int | None
) -> None:
    resumes_at_any_point(number, at, end, split)


@pytest.mark.slow
@settings(QUICK, max_examples=100, derandomize=False)
@given(**POINTS, split=st.integers(0, 300), ratio=st.sampled_from([2.0, 1.1, 0.1, 1.5]))
def test_what_was_restated_in_between_at_hundreds_of_points(
    number: int, at: int, end: End, split: int, ratio: float
) -> None:
    restated_meanwhile(number, at, end, split, ratio)


def test_bars_before_a_piece_without_an_answer_are_stored_as_they_were_traded(
    tmp_path: Path,
) -> None:
    """The split that has restated them is in what was not answered: the days after tell of it."""
    market = pieces_of(6)
    ex = market.bars.index[-8].date()
    traded = before_restatement(market.bars, 2.0, ex)
    runner = market.runner(tmp_path, with_split(market.bars, 2.0, ex))

    def fails(request: Request) -> ProviderError | None:
        is_late = request.dataset.frequency == "hourly" and request.span.end.date() >= ex
        return ProviderUnavailable("this piece fails", provider="scripted") if is_late else None

    runner.provider.fails = fails
    market.load(runner)

    stored = runner.stored()
    assert 0 < len(stored) < len(traded)
    assert_frame_equal(stored, traded.iloc[: len(stored)], check_freq=False)


@pytest.mark.parametrize("at", [3, 7, 10, 14])
def test_no_more_is_asked_than_the_request_under_way_and_one_to_see_that_nothing_has_changed(
    tmp_path: Path, at: int
) -> None:
    market = pieces_of(12)
    _, most = market.whole(tmp_path / "whole")

    runner = market.broken(tmp_path / "broken", at, "ctrl-c")

    assert market.resumed(runner) <= most + 2


def killed_load(home: Path, at: int, number: int, frequency: Frequency) -> None:
    """A load in a process of its own that is killed at its request number ``at``."""
    market = pieces_of(number, frequency)
    runner = market.runner(home)

    def killed(request: Request) -> ProviderError | None:
        del request
        if len(runner.provider.asked) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    runner.provider.fails = killed
    market.load(runner)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize(("frequency", "at"), [("1m", 4), ("hourly", 12)])
def test_a_process_that_is_killed_keeps_what_it_was_answered(
    tmp_path: Path, frequency: Frequency, at: int
) -> None:
    context = multiprocessing.get_context("forkserver")
    market = pieces_of(5 if frequency == "1m" else 14, frequency)
    number = 5 if frequency == "1m" else 14
    whole, most = market.whole(tmp_path / "whole")
    home = tmp_path / "home"
    process = context.Process(target=killed_load, args=(home, at, number, frequency))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL

    runner = market.runner(home)
    rest = market.resumed(runner)

    same(runner, whole)
    assert rest + at <= most + 2


def interrupted(market: Market, home: Path) -> Runner:
    """A load of six pieces of which four were answered."""
    return market.broken(home, 5, "ctrl-c")


Change = Callable[[Runner, Market], None]


def by_a_day_and_an_hour(runner: Runner, market: Market) -> None:
    del runner
    market.as_of += timedelta(hours=25)


def by_the_clock(runner: Runner, market: Market) -> None:
    """The as-of is given, and the same the day after."""
    del market
    for each in kept(runner.store.home):
        written = each.stat().st_mtime - 25 * 3600
        os.utime(each, (written, written))


def by_damage(runner: Runner, market: Market) -> None:
    del market
    for each in kept(runner.store.home):
        content = bytearray(each.read_bytes())
        content[-9] ^= 1
        each.write_bytes(content)


def by_a_calendar(runner: Runner, market: Market) -> None:
    del market
    runner.session_overrides = (SessionOverride("XNYS", date(2024, 1, 3)),)


@pytest.mark.parametrize("change", [by_a_day_and_an_hour, by_the_clock, by_damage, by_a_calendar])
def test_what_is_old_damaged_or_of_another_calendar_is_asked_for_again(
    tmp_path: Path, change: Change
) -> None:
    market = pieces_of(6)
    runner = interrupted(market, tmp_path)
    assert len(kept(tmp_path)) == 4
    runner.provider.asked.clear()
    change(runner, market)

    market.load(runner)

    assert runner.provider.asked[0].span.start.date() == FIRST
    assert len(runner.provider.asked) >= 6
    assert kept(tmp_path) == []


def test_another_provider_does_not_go_on_with_the_answers_of_the_first(tmp_path: Path) -> None:
    market = pieces_of(6)
    runner = interrupted(market, tmp_path)
    other = replace(runner.provider, name="other", asked=[], bars=market.bars)
    runner.others["other"] = other

    runner.load(market.as_of, start=f"{FIRST}", provider="other")

    assert len(other.asked) == 6


def test_an_answer_that_was_not_over_is_asked_for_again(tmp_path: Path) -> None:
    """The bars of the running session were not final when the load broke off."""
    market = pieces_of(6)
    # Noon of the last session, in New York.
    evening, noon = market.as_of, market.as_of.replace(hour=17)
    early = market.bars.copy()
    early.loc[early.index > pd.Timestamp(noon) - pd.Timedelta("1h"), "close"] = 1.0
    runner = replace(market, as_of=noon).broken(tmp_path, 7, "ctrl-c", early)
    serve(runner.provider, market.bars)
    assert market.as_of == evening

    market.load(runner)

    assert_frame_equal(runner.stored(), market.bars)


def test_a_removed_dataset_is_asked_for_anew(tmp_path: Path) -> None:
    market = pieces_of(12)
    runner = market.broken(tmp_path, 12, "ctrl-c")
    assert kept(tmp_path)

    runner.remove(market.as_of)

    assert kept(tmp_path) == []


def test_a_folder_that_cannot_be_written_only_costs_requests(tmp_path: Path) -> None:
    market = pieces_of(6)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "answers").write_text("somebody's file")
    runner = interrupted(market, tmp_path)

    market.load(runner)

    assert_frame_equal(runner.stored(), market.bars)


def test_one_request_leaves_no_file(tmp_path: Path) -> None:
    market = pieces_of(1)

    market.load(market.runner(tmp_path))

    assert not (tmp_path / "cache" / "answers").exists()


def test_a_history_that_is_fetched_again_goes_on_too(tmp_path: Path) -> None:
    """What restates all that is stored is committed at once, however many requests it takes."""
    market = pieces_of(10)
    ex = market.bars.index[-1].date()
    old = before_restatement(market.bars, 2.0, ex)
    earlier = market.as_of - timedelta(days=1)
    new = with_split(market.bars, 2.0, ex)

    def restated(home: Path, at: int | None) -> tuple[Runner, int]:
        runner = market.runner(home, old[old.index < pd.Timestamp(ex, tz="UTC")])
        runner.load(earlier, start=f"{FIRST}")
        runner.provider.asked.clear()
        serve(runner.provider, new)
        asked = runner.provider.asked

        def killed(request: Request) -> ProviderError | None:
            del request
            if len(asked) == at:
                raise KeyboardInterrupt
            return None

        runner.provider.fails = killed
        if at is not None:
            with pytest.raises(KeyboardInterrupt):
                runner.update(market.as_of)
        runner.update(market.as_of)
        return runner, len(asked)

    whole, most = restated(tmp_path / "whole", None)
    runner, total = restated(tmp_path / "broken", 8)

    same(runner, whole)
    # The three of the look back, which show that there is a restatement, are sent again as well.
    assert total <= most + 2 + 3
