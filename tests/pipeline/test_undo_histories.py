"""Whatever a run changed, an undo right after it gives back; and so a decision about a finding."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from hypothesis import HealthCheck, event, settings

from ml4t_nb.core.bars import Bars, observed
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Adjustment
from ml4t_nb.pipeline import DecisionRequest, UndoRequest, run_decision, run_undo
from ml4t_nb.pipeline.undoable import has_replaced_all
from ml4t_nb.reading.one import view
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import DAYS, Scripted, evening
from tests.pipeline.test_random_histories import LAST, Life, Step, anything
from tests.pipeline.truth import Truth

pytestmark = pytest.mark.long

_Act = Callable[[Runner], object]


@dataclass
class State:
    """All that a reader may see of a dataset."""

    manifest: Manifest
    bars: Bars
    views: dict[str, Any]

    @classmethod
    def of(cls, runner: Runner) -> State:
        snapshot = runner.store.snapshot(runner.dataset)
        views = {how: view(snapshot, BarsRequest(adjust=how)) for how in get_args(Adjustment)}
        return cls(snapshot.manifest, snapshot.bars(), views)


def assert_same(one: Bars, other: Bars) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert (one.to_numpy(float) == other.to_numpy(float)).all()


class Undoing(Life):
    """A life in which each step is also taken back, in a copy of the store."""

    def run(self, name: str, day: int, days: int, *, is_last: bool = False) -> None:
        before = State.of(self.runner) if self.runner.store.datasets() else None
        super().run(name, day, days, is_last=is_last)
        last = self.runner.store.snapshot(self.runner.dataset).manifest.recent[-1]
        if before is not None and last.verb in ("load", "update", "gaps"):
            self.in_copy(lambda copy: self.undone(copy, before))
        self.in_copy(self.decided)

    def in_copy(self, act: _Act) -> None:
        store, folder = self.runner.store, Path(tempfile.mkdtemp())
        try:
            shutil.copytree(store.home, folder / "home")
            act(replace(self.runner, store=Store(folder / "home")))
        finally:
            shutil.rmtree(folder)

    def undone(self, copy: Runner, before: State) -> None:
        ran = copy.store.snapshot(copy.dataset).manifest
        if not (ran.recent[-1].revised or ran.recent[-1].restatement):
            return
        undo(copy, self.evening, ran.sequence)
        after = State.of(copy)
        event(f"undone {ran.recent[-1].verdict}")
        if has_replaced_all(ran.recent[-1]):
            assert_same(after.bars, before.bars)
            for how, bars in before.views.items():
                assert_same(after.views[how], bars)
            assert after.manifest.gaps == before.manifest.gaps
            assert after.manifest.config == before.manifest.config
            return
        # What it brought stays, and what was observed before is as it was.
        had, has = observed(before.bars), observed(after.bars)
        assert had.index.isin(has.index).all()
        assert_same(has.loc[had.index], had)

    def decided(self, copy: Runner) -> None:
        before = State.of(copy)
        waiting = [each for each in before.manifest.findings if each.is_to_decide]
        # Those of stored bars first: they take bars out.
        if not waiting:
            return
        chosen = min(waiting, key=lambda each: each.is_hard).rule
        for ruling in ("accepted", "rejected"):
            request = DecisionRequest(
                copy.dataset, ruling, "a test", evening(self.evening), rule=chosen
            )
            try:
                run_decision(copy.context(evening(self.evening)), request)
            except OptionError as error:
                assert "would be" in error.message  # noqa: PT017
                return
            event(f"{ruling} {chosen}")
            undo(copy, self.evening)
            after = State.of(copy)
            assert_same(after.bars, before.bars)
            for how, bars in before.views.items():
                assert_same(after.views[how], bars)
            was, now = before.manifest, after.manifest
            assert now.refusals == was.refusals
            assert now.sources == was.sources
            assert [gap.span for gap in now.gaps] == [gap.span for gap in was.gaps]
            assert [gap.filled_by for gap in now.gaps] == [gap.filled_by for gap in was.gaps]
            assert [f for f in now.findings if f.is_to_decide] == waiting


def undo(runner: Runner, day: str, version: int | None = None) -> None:
    run_undo(runner.context(evening(day)), UndoRequest(runner.dataset, version))


def lives(truth: Truth, start: int, lead: int, steps: list[Step], *, in_pieces: bool) -> None:
    home = Path(tempfile.mkdtemp())
    limits = replace(DAYS, max_span={"daily": timedelta(days=25)}) if in_pieces else DAYS
    try:
        runner = Runner(Store(home / "home"), Scripted(basis=truth.basis, limits=limits))
        first = min([a.day for a in truth.actions if a.day > 10], default=LAST // 2)
        at = max(first - lead, 9)
        Undoing(truth, runner, at).go(steps, min(start, at - 8))
    finally:
        shutil.rmtree(home)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@anything
def test_a_step_is_undone_to_the_bit(
    truth: Truth, start: int, lead: int, steps: list[Step], *, in_pieces: bool
) -> None:
    lives(truth, start, lead, steps, in_pieces=in_pieces)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@anything
def test_a_step_is_undone_to_the_bit_in_a_thousand_histories(
    truth: Truth, start: int, lead: int, steps: list[Step], *, in_pieces: bool
) -> None:
    lives(truth, start, lead, steps, in_pieces=in_pieces)
