"""Which provider each bar is from, after any run."""

from __future__ import annotations

import pytest

from ml4t_nb.core.bars import Bars, as_instant
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import Span
from ml4t_nb.records import Source
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, evening, rising

WHOLE = rising("2024-01-08", "2024-03-15")


def without(bars: Bars, *days: str) -> Bars:
    return bars.drop([each for each in bars.index if f"{each:%Y-%m-%d}" in days])


def sources(runner: Runner) -> list[tuple[str, str, str]]:
    """First and last day, and the provider, of each span."""
    return [
        (f"{each.span.start:%Y-%m-%d}", f"{each.span.end - TICK:%Y-%m-%d}", each.provider)
        for each in runner.store.snapshot(runner.dataset).manifest.sources
    ]


@pytest.fixture
def loaded(runner: Runner) -> Runner:
    """Stored up to 2024-03-08 without two days, which the other provider has."""
    runner.provider.bars = without(WHOLE, "2024-03-05", "2024-03-06")
    runner.others["other"] = Scripted(bars=WHOLE, name="other")
    runner.load(evening("2024-03-08"))
    return runner


def test_bars_of_the_own_provider_have_no_source(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"))

    assert sources(loaded) == []


def test_bars_that_another_provider_adds_are_its_own(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other")

    assert sources(loaded) == [
        ("2024-03-05", "2024-03-06", "other"),
        ("2024-03-11", "2024-03-11", "other"),
    ]


def test_an_equal_bar_of_another_provider_changes_nothing(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other")
    before = sources(loaded)
    loaded.provider.bars = WHOLE

    assert loaded.update(evening("2024-03-11")).record.outcome == "unchanged"
    assert sources(loaded) == before


def test_a_bar_that_the_own_provider_corrects_is_its_own_again(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other")
    corrected = WHOLE.copy()
    corrected.loc["2024-03-06", "close"] = WHOLE["close"]["2024-03-06"] + 0.25
    loaded.provider.bars = corrected

    loaded.update(evening("2024-03-12"))

    assert sources(loaded) == [
        ("2024-03-05", "2024-03-05", "other"),
        ("2024-03-11", "2024-03-11", "other"),
    ]


def test_a_switch_names_the_provider_of_the_bars_before(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other", switch=True)

    assert sources(loaded) == [
        ("2024-01-08", "2024-03-04", "scripted"),
        ("2024-03-07", "2024-03-08", "scripted"),
    ]


def test_a_load_from_another_provider_is_a_switch(loaded: Runner) -> None:
    loaded.load(evening("2024-03-11"), provider="other", start="2024-03-11")

    # Three bars before it were compared, and with them those between.
    assert sources(loaded) == [
        ("2024-01-08", "2024-03-04", "scripted"),
        ("2024-03-07", "2024-03-08", "scripted"),
    ]
    manifest = loaded.store.snapshot(loaded.dataset).manifest
    assert manifest.config.provider == "other"
    assert manifest.first == as_instant(WHOLE.index[0])


def test_removed_bars_have_no_source(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other")

    loaded.remove(evening("2024-03-11"), start="2024-03-06", end="2024-03-07")

    assert sources(loaded) == [
        ("2024-03-05", "2024-03-05", "other"),
        ("2024-03-11", "2024-03-11", "other"),
    ]


def test_a_restatement_by_the_own_provider_keeps_what_it_does_not_serve(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other")
    half = without(WHOLE, "2024-03-05", "2024-03-06").copy()
    half[["open", "high", "low", "close"]] /= 2
    half.loc["2024-03-12", "split"] = 2.0
    loaded.provider.bars = half

    result = loaded.update(evening("2024-03-12"))

    assert result.record.verdict == "restated"
    stored = loaded.store.snapshot(loaded.dataset).bars()
    assert stored["close"]["2024-03-05"] == WHOLE["close"]["2024-03-05"] / 2
    assert sources(loaded) == [("2024-03-05", "2024-03-06", "other")]


def test_spans_end_with_the_bar(loaded: Runner) -> None:
    loaded.update(evening("2024-03-11"), provider="other")

    (first, _) = loaded.store.snapshot(loaded.dataset).manifest.sources
    days = [as_instant(each) for each in WHOLE["2024-03-05":"2024-03-06"].index]
    assert first == Source(Span(days[0], days[1] + TICK), "other")
