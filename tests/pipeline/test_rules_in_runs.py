"""Rules as runs apply them: told once, open until better bars come, over all that is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.core.bars import Bars, make_bars
from ml4t_nb.core.rules.configuration import RuleSettings
from ml4t_nb.finding import Finding
from ml4t_nb.settings_file import SettingsTable
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import evening, rising, sessions

TRUE = rising("2024-02-20", "2024-03-28", start=300.0)
EVENINGS = [f"{day:%Y-%m-%d}" for day in sessions("2024-03-08", "2024-03-28")]


def with_value(bars: Bars, day: str, **values: float) -> Bars:
    """``bars`` with other numbers on a day."""
    changed = bars.copy()
    for name, value in values.items():
        changed.loc[pd.Timestamp(day, tz="UTC"), name] = value
    return changed


def states(runner: Runner) -> list[tuple[str, str, str]]:
    findings = runner.store.snapshot(runner.dataset).manifest.findings
    return [(each.rule, f"{each.stamp:%Y-%m-%d}", each.state) for each in findings]


def told(runner: Runner, days: list[str]) -> list[list[str]]:
    """Rules of what each evening's update finds."""
    return [[each.rule for each in runner.update(evening(day)).findings] for day in days]


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("no volume", {"volume": np.nan}),
        ("spike", {"high": 500.0}),
        ("range", {"high": 310.0}),
        ("zero volume", {"volume": 0.0}),
        ("high volume", {"volume": 1.6e6}),
        ("large dividend", {"dividend": 120.0}),
    ],
)
@pytest.mark.parametrize("loaded", ["2024-03-07", "2024-03-08", "2024-03-12"])
def test_what_does_not_heal_stays_open_and_is_told_once(
    runner: Runner, rule: str, wrong: dict[str, float], loaded: str
) -> None:
    # It is in a load, or in an update. The look back of later ones leaves it behind.
    day = "2024-03-08"
    runner.provider.bars = with_value(TRUE, day, **wrong)
    first = [each.rule for each in runner.load(evening(loaded)).findings]

    updates = told(runner, [evening for evening in EVENINGS if evening > loaded])

    assert [*first, *(each for found in updates for each in found)] == [rule]
    assert states(runner) == [(rule, day, "open")]


@pytest.mark.parametrize(
    ("rule", "wrong"), [("no volume", {"volume": np.nan}), ("spike", {"close": 500.0})]
)
def test_what_heals_is_corrected(runner: Runner, rule: str, wrong: dict[str, float]) -> None:
    runner.provider.bars = with_value(TRUE, "2024-03-08", **wrong)
    runner.load(evening("2024-03-12"))
    assert states(runner) == [(rule, "2024-03-08", "open")]
    runner.provider.bars = TRUE

    assert told(runner, ["2024-03-13"]) == [[]]
    assert states(runner) == [(rule, "2024-03-08", "corrected")]


def test_a_dividend_is_held_against_those_of_all_that_is_stored(runner: Runner) -> None:
    bars = rising("2022-01-03", "2024-03-22", start=300.0)
    days = ("2022-03-01", "2022-09-01", "2023-03-01", "2023-09-01", "2024-03-06")
    for day, cash in zip(days, (0.4, 0.41, 0.42, 0.43, 44.0), strict=True):
        bars = with_value(bars, day, dividend=cash)
    runner.provider.bars = bars
    runner.load(evening("2024-03-05"))

    (finding,) = runner.update(evening("2024-03-06")).findings
    assert told(runner, ["2024-03-07", "2024-03-08"]) == [[], []]

    assert (finding.rule, str(finding.stamp)[:10]) == ("dividend unit", "2024-03-06")
    assert dict(finding.evidence)["usual"] == pytest.approx(0.415)


def test_a_rule_that_is_switched_off_takes_its_findings_along(runner: Runner) -> None:
    runner.provider.bars = with_value(TRUE, "2024-03-08", high=500.0)
    runner.load(evening("2024-03-12"))
    told(runner, EVENINGS[3:-1])
    assert states(runner) == [("spike", "2024-03-08", "open")]

    switched = replace(
        runner, rules=RuleSettings.of(SettingsTable(Path("ml4t.toml"), {"off": ["spike"]}))
    )

    assert told(switched, EVENINGS[-1:]) == [[]]
    assert states(runner) == [("spike", "2024-03-08", "corrected")]


def minutes(day: str, of: Bars) -> Bars:
    """A session of quiet minutes."""
    (low,), (high,) = (of.loc[day:day, name].tolist() for name in ("low", "high"))
    stamps = pd.date_range(f"{day}T14:30", periods=390, freq="min", tz="UTC")
    middle = (low + high) / 2
    shift = np.linspace(0, 1e-3, 390)
    columns = {"open": middle, "high": high, "low": low, "close": middle + shift, "volume": 5.0}
    return make_bars(stamps, columns)


@pytest.fixture
def both(runner: Runner) -> tuple[Runner, Runner]:
    """Daily bars, and minutes of three of their sessions; those of the second reach further."""
    days = rising("2024-02-26", "2024-03-22", start=300.0)
    parts = [minutes(day, days) for day in ("2024-03-04", "2024-03-05", "2024-03-06")]
    parts[1] = with_value(parts[1], "2024-03-05T18:00", high=326.5)
    runner.provider.days = days
    runner.provider.bars = pd.concat(parts)
    return runner, replace(runner, frequency="1m")


def found_in(runner: Runner) -> list[Finding]:
    return list(runner.store.snapshot(runner.dataset).manifest.findings)


def test_a_daily_bar_must_hold_the_minutes_that_are_stored(both: tuple[Runner, Runner]) -> None:
    daily, by_minutes = both
    assert daily.load(evening("2024-03-06")).findings == ()
    by_minutes.load(evening("2024-03-06"), start="2024-03-04")
    assert "intraday range" not in {each.rule for each in found_in(by_minutes)}

    updates = [daily.update(evening(day)).findings for day in ("2024-03-07", "2024-03-08")]

    # The sixth and seventh session of a series that begins at 300 with a range of half beyond.
    (finding,), none = updates
    assert none == ()
    assert (finding.rule, str(finding.stamp)[:10]) == ("intraday range", "2024-03-05")
    assert finding.evidence == (("high", 306.5), ("intraday high", 326.5))


def test_minutes_that_cannot_be_read_do_not_stop_the_days(both: tuple[Runner, Runner]) -> None:
    daily, by_minutes = both
    daily.load(evening("2024-03-06"))
    by_minutes.load(evening("2024-03-06"), start="2024-03-04")
    for file in by_minutes.store.snapshot(by_minutes.dataset).files():
        file.write_bytes(b"")

    assert daily.update(evening("2024-03-07")).findings == ()
    assert daily.update(evening("2024-03-08")).record.error is None
