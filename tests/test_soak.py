"""A few seconds of the soak that is run for minutes before a release."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.soak import soak
from benchmarks.soak_market import faults, instant, shown
from ml4t_nb.core.bars import Bars
from ml4t_nb.model import Gap


@pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")
def test_everything_at_once_breaks_no_rule(tmp_path: Path) -> None:
    home, notes = tmp_path / "home", tmp_path / "notes"
    home.mkdir()
    notes.mkdir()

    report = soak(home, notes, seconds=4, seed=5, least=3)

    assert report.broken == ()
    assert report.kills >= 3
    assert {"read", "health", "list", "export"} <= set(report.done)
    assert report.done["update"] + report.done["update, restated"] > 0
    assert report.checked["a snapshot is sound"] > 0
    assert "no rule was broken" in report.text()


NOBODY_CUT = np.array([], dtype=np.int64)


@pytest.fixture
def bars() -> Bars:
    """All there is on day 80, after the split of day 60."""
    return shown("ALPHA", 80)


def test_the_soaks_rules_find_nothing_in_the_market_as_it_is(bars: Bars) -> None:
    assert len(bars) == 80 * 24
    assert faults("ALPHA", bars, (), NOBODY_CUT) == []


def test_the_soaks_rules_find_one_wrong_bit(bars: Bars) -> None:
    close = bars["close"].to_numpy(copy=True)
    close[700] = np.nextafter(close[700], 0)
    bars["close"] = close

    assert faults("ALPHA", bars, (), NOBODY_CUT) == ["wrong numbers in close"]


def test_the_soaks_rules_find_a_mixture_of_two_bases(bars: Bars) -> None:
    mixed = bars.copy()
    mixed.iloc[:100] = shown("ALPHA", 50).iloc[:100]

    assert "wrong numbers" in faults("ALPHA", mixed, (), NOBODY_CUT)[0]


def test_the_soaks_rules_find_a_bar_that_is_gone(bars: Bars) -> None:
    stamp = instant(10) + timedelta(hours=5)
    less = bars.drop(stamp)
    gap = Gap(stamp, stamp, 1)

    assert faults("ALPHA", less, (gap,), NOBODY_CUT) == ["1 bars are gone that nobody took out"]
    assert faults("ALPHA", less, (gap,), np.array([10])) == []
    assert faults("ALPHA", less, (), np.array([10])) == [
        "the gaps that are listed are not those that are there"
    ]
