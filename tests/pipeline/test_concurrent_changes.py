"""What others do to a dataset while a run asks its provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb.core.bars import Bars, as_stamps
from ml4t_nb.errors import Overtaken, ProviderError
from ml4t_nb.model import DatasetId, SessionOverride
from ml4t_nb.pipeline import close
from ml4t_nb.providers import Request
from ml4t_nb.reading.one import view
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.transaction import Transaction
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, bars_at, evening, restated, rising, sessions


def as_traded() -> Bars:
    """A split of two on 2024-01-15, on the prices that were paid."""
    closes = [200.0] * 5 + [100.0] * 45
    return bars_at(sessions("2024-01-08", "2024-03-15"), closes, splits={"2024-01-15": 2.0})


def meanwhile(runner: Runner, act: Callable[[], object]) -> None:
    """While the provider is next asked, somebody else acts on the same store."""
    waiting = [act]

    def fails(request: Request) -> ProviderError | None:
        del request
        while waiting:
            waiting.pop()()
        return None

    runner.provider.fails = fails


@pytest.fixture
def other(runner: Runner) -> Runner:
    """Another writer, whose provider quotes prices as they were paid."""
    runner.provider.bars = restated(as_traded(), 2.0, ex_date="2024-01-15")
    return Runner(runner.store, Scripted(bars=as_traded(), basis="as-traded", name="other"))


def first_close(runner: Runner) -> float:
    """On the split basis of the last bar, whatever is stored."""
    seen = view(runner.store.snapshot(runner.dataset), BarsRequest(adjust="splits"))
    return float(seen["close"].iloc[0])


def test_an_update_never_joins_a_dataset_that_was_loaded_again_on_another_basis(
    runner: Runner, other: Runner
) -> None:
    runner.load(evening("2024-03-13"))

    def anew() -> None:
        other.remove(evening("2024-03-13"))
        other.load(evening("2024-03-13"))

    meanwhile(runner, anew)
    with pytest.raises(Overtaken, match="reconfigured"):
        runner.update(evening("2024-03-15"))

    assert runner.store.snapshot(runner.dataset).manifest.config.basis == "as-traded"
    assert first_close(runner) == 100.0


def test_a_first_load_never_joins_another_ones_bars_on_another_basis(
    runner: Runner, other: Runner
) -> None:
    meanwhile(runner, lambda: other.load(evening("2024-03-13")))

    with pytest.raises(Overtaken, match="reconfigured"):
        runner.load(evening("2024-03-13"), start="2024-02-01")

    assert first_close(runner) == 100.0


def test_an_update_keeps_the_calendar_that_was_named_meanwhile(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-15")
    runner.load(evening("2024-03-13"))
    other = Runner(runner.store, replace(runner.provider))

    meanwhile(runner, lambda: other.load(evening("2024-03-13"), calendar="XLON"))
    with pytest.raises(Overtaken, match="reconfigured"):
        runner.update(evening("2024-03-15"))

    assert runner.store.snapshot(runner.dataset).manifest.config.calendar == "XLON"
    assert runner.update(evening("2024-03-15")).record.outcome == "changed"


def test_closures_of_another_run_are_no_obstacle(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-15")
    runner.load(evening("2024-03-12"))
    typhoon = SessionOverride("XHKG", date(2023, 9, 1))
    other = Runner(runner.store, replace(runner.provider), session_overrides=(typhoon,))

    meanwhile(runner, lambda: other.update(evening("2024-03-13")))

    assert runner.update(evening("2024-03-14")).record.added == 1


def test_an_update_brings_nothing_back_that_was_removed_meanwhile(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-15")
    runner.load(evening("2024-01-31"))

    # More than thirty days later: the whole history is asked for.
    meanwhile(runner, lambda: runner.remove(evening("2024-02-01"), end="2024-01-19"))
    with pytest.raises(Overtaken, match="removed meanwhile"):
        runner.update(evening("2024-03-15"))

    assert f"{runner.stored().index[0]:%Y-%m-%d}" == "2024-01-22"
    assert runner.update(evening("2024-03-15")).record.added == 32


def test_an_action_on_a_gap_goes_by_the_calendar_that_was_named_while_it_waited(
    runner: Runner,
) -> None:
    bars = rising("2024-01-08", "2024-03-15")
    # London trades on the first and the last of these days, New York does not.
    lacking = as_stamps(["2024-01-15", "2024-02-06", "2024-02-19"])
    runner.provider.bars = bars[~bars.index.isin(lacking)]
    runner.load(evening("2024-03-13"))
    other = Runner(runner.store, replace(runner.provider))

    class Waiting(Store):
        """A store whose lock another writer holds first, to name another calendar."""

        @contextmanager
        def transaction(
            self, dataset: DatasetId, seen: Snapshot | None = None
        ) -> Iterator[Transaction]:
            other.load(evening("2024-03-13"), calendar="XLON")
            with super().transaction(dataset, seen) as tx:
                yield tx

    late = Runner(Waiting(runner.store.home), replace(runner.provider))
    late.act_on_gap(
        evening("2024-03-13"), close("no session"), start="2024-02-06", end="2024-02-06"
    )

    gaps = runner.store.snapshot(runner.dataset).manifest.gaps
    assert [(f"{gap.start:%m-%d}", gap.state) for gap in gaps] == [
        ("01-15", "open"),
        ("02-06", "closed"),
        ("02-19", "open"),
    ]
