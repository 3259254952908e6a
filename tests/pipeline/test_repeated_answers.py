"""A run that asks for years because of an old gap leaves what it would leave if it judged them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import Bars, as_stamps
from ml4t_nb.core.gapfill import Fill
from ml4t_nb.model import SessionOverride
from ml4t_nb.pipeline import commit
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.pipeline.repeated import judged_since
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, evening, rising

# The gaps are older than what an update looks back.
HOLES = as_stamps(["2023-02-28", "2023-05-16", "2023-05-17"])
ALL = rising("2023-01-03", "2024-03-18").drop(HOLES)
UNTIL = "2024-03-14"
LATER = Fill("forward", 5, is_at_once=False)


def with_value(bars: Bars, day: str, column: str, value: float) -> Bars:
    """``bars`` with another number on one day."""
    numbers = bars[column].to_numpy(copy=True)
    numbers[bars.index == pd.Timestamp(day, tz="UTC")] = value
    return bars.assign(**{column: numbers})


def close_of(bars: Bars, day: str) -> float:
    return float(bars["close"].to_numpy()[bars.index == pd.Timestamp(day, tz="UTC")][0])


def late(bars: Bars) -> Bars:
    return pd.concat([bars, rising("2023-01-03", "2024-03-18").loc[HOLES[:1]]]).sort_index()


def corrected(bars: Bars) -> Bars:
    return with_value(bars, "2023-04-03", "close", close_of(bars, "2023-04-03") + 0.25)


def another_volume(bars: Bars) -> Bars:
    return with_value(bars, "2023-04-03", "volume", 1001.0)


def one_less(bars: Bars) -> Bars:
    return bars.drop(pd.Timestamp("2023-06-01", tz="UTC"))


def unreadable(bars: Bars) -> Bars:
    return with_value(bars, "2023-04-03", "close", np.nan)


def without_volume(bars: Bars) -> Bars:
    return with_value(bars, "2023-04-03", "volume", np.nan)


def of_a_saturday(bars: Bars) -> Bars:
    more = rising("2023-04-03", "2023-04-03").set_index(pd.DatetimeIndex(["2023-04-08"], tz="UTC"))
    more.index = more.index.astype(bars.index.dtype).rename("timestamp")
    return pd.concat([bars, more]).sort_index()


def split_in_two(bars: Bars) -> Bars:
    return with_value(bars, "2023-04-03", "split", 2.0)


def recent(bars: Bars) -> Bars:
    return with_value(bars, "2024-03-13", "close", close_of(bars, "2024-03-13") + 0.125)


def same(bars: Bars) -> Bars:
    return bars


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each fetch, whether what was asked for because of a gap was left out."""
    noted: list[bool] = []

    def noting(
        got: FetchResult, run: DatasetRun, before: Manifest, since: datetime | None
    ) -> FetchResult:
        done = judged_since(got, run, before, since)
        noted.append(done.since is not None)
        return done

    monkeypatch.setattr(commit, "judged_since", noting)
    return noted


@pytest.fixture
def loaded(runner: Runner) -> Runner:
    runner.provider.bars = ALL[:UNTIL]
    result = runner.load(evening(UNTIL))
    assert [gap.missing for gap in result.gaps] == [1, 2]
    return runner


def what_is_left(store: Store, runner: Runner) -> tuple[Manifest, Bars]:
    """The manifest without what differs from run to run, and the bars."""
    snapshot = store.snapshot(runner.dataset)
    manifest = snapshot.manifest
    recent = tuple(replace(each, seconds=0.0, chunks_written=0) for each in manifest.recent)
    plain = replace(manifest, recent=recent, chunks=(), revisions=(), rejected=())
    return plain, snapshot.bars()


@dataclass(frozen=True)
class Case:
    """What the provider has by then, and whether what was asked for is left out."""

    change: Callable[[Bars], Bars]
    is_left_out: bool = False
    fill: Fill | None = LATER
    closed: str = ""
    first: str = f"{UNTIL}T23:30"


@pytest.mark.parametrize(
    "case",
    [
        Case(same, is_left_out=True),
        Case(recent, is_left_out=True),
        Case(same, first="2024-03-15T23:00"),  # the second answer fills the gaps
        Case(same, fill=Fill("forward", 1, is_at_once=False), first="2024-03-15T23:00"),
        Case(same, fill=Fill("forward", 5)),
        Case(same, fill=Fill("forward", 1)),
        Case(late),
        Case(corrected),
        Case(another_volume),
        Case(one_less),
        Case(unreadable),
        Case(without_volume),
        Case(of_a_saturday),
        Case(split_in_two),
        Case(same, closed="2023-05-16"),
        Case(same, closed="2023-04-03"),
    ],
)
def test_it_leaves_what_it_would_leave_if_it_judged_all(
    loaded: Runner,
    tmp_path: Path,
    taken: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    case: Case,
) -> None:
    shutil.copytree(loaded.store.home, tmp_path / "other")
    loaded.provider.bars = case.change(ALL)
    if case.closed:
        loaded.session_overrides = (SessionOverride("XNYS", date.fromisoformat(case.closed)),)
    other = replace(loaded, store=Store(tmp_path / "other"))
    times = [datetime.fromisoformat(f"{case.first}+00:00"), evening("2024-03-18")]

    for each in times:
        loaded.update(each, fill=case.fill)
    assert taken[:1] == [case.is_left_out]
    with monkeypatch.context() as patch:
        patch.setattr(commit, "judged_since", lambda got, *_: got)
        for each in times:
            other.update(each, fill=case.fill)

    manifest, bars = what_is_left(loaded.store, loaded)
    whole, expected = what_is_left(other.store, other)
    assert_frame_equal(bars, expected)
    assert manifest == whole


def test_what_was_answered_counts_for_the_gaps_before(loaded: Runner, taken: list[bool]) -> None:
    loaded.provider.bars = ALL

    result = loaded.update(evening(UNTIL) + timedelta(minutes=30), fill=LATER)

    assert taken == [True]
    # Three bars before the first gap, so that the join is compared.
    assert [span.start.date() for span in result.record.spans] == [date(2023, 2, 23)]
    assert [(gap.missing, gap.attempts, gap.state) for gap in result.gaps] == [
        (1, 1, "open"),
        (2, 1, "open"),
    ]
    assert result.record.verdict == "same"

    result = loaded.update(evening("2024-03-18"), fill=LATER)

    # The second empty answer confirms the gaps, which are filled now.
    assert taken == [True, False]
    assert [(gap.state, gap.filled_by) for gap in result.gaps] == [("confirmed", "forward")] * 2
    assert result.record.filled == 3


def test_a_bar_that_no_run_judges_again_keeps_its_finding(
    runner: Runner, taken: list[bool]
) -> None:
    spiked = with_value(ALL, "2023-04-03", "high", 3 * close_of(ALL, "2023-04-03"))
    runner.provider.bars = spiked[:UNTIL]
    runner.load(evening(UNTIL))
    before = runner.open_findings()
    assert "spike" in {each.rule for each in before}

    runner.update(evening(UNTIL) + timedelta(minutes=30), fill=LATER)

    assert taken[-1]
    assert runner.open_findings() == before


def test_the_history_is_judged_whole_once_it_is_due(loaded: Runner, taken: list[bool]) -> None:
    loaded.provider = Scripted(bars=rising("2023-01-03", "2024-06-14").drop(HOLES))

    loaded.update(evening("2024-06-14"), fill=LATER)

    assert taken == []
    assert loaded.store.snapshot(loaded.dataset).manifest.verified == evening("2024-06-14")
