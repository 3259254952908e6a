"""Every row that a run was given is stored, or logged as rejected, replaced, or decided against."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, numbers_of, observed
from ml4t_nb.errors import Ml4tError
from ml4t_nb.finding import Ruling
from ml4t_nb.model import Span
from ml4t_nb.pipeline import (
    DecisionRequest,
    ReconcileRequest,
    UndoRequest,
    run_decision,
    run_reconcile,
    run_undo,
)
from ml4t_nb.providers import Answer, Request
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, bars_at, evening

SESSIONS = calendar("XNYS").stamps(Span(evening("2024-01-01"), evening("2024-03-20")), "daily")[:44]
LAST = len(SESSIONS) - 1
PRICES = ["open", "high", "low", "close"]

Change = tuple[str, int]
Step = tuple[str, int, int, tuple[Change, ...]]

CHANGES = st.tuples(
    st.sampled_from(["none", "none", "zero", "blank", "spike", "correct", "twice", "split"]),
    st.integers(0, LAST),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["update"] * 6 + ["accept", "other", "load", "reject", "approve", "undo", "reconcile"]
        ),
        st.sampled_from([0, 1, 1, 1, 3]),
        st.sampled_from([1, 7, 40]),
        st.lists(CHANGES, max_size=2).map(tuple),
    ),
    min_size=4,
    max_size=12,
)


@dataclass
class Remembering(Scripted):
    """Remembers what it has answered."""

    given: list[Bars] = field(default_factory=list)

    def fetch(self, request: Request) -> Answer:
        answer = super().fetch(request)
        self.given.append(answer.bars)
        return answer


@dataclass
class Feed:
    """A provider's bars, which it changes as it likes."""

    closes: list[float]
    changes: dict[int, str] = field(default_factory=dict)
    splits: dict[int, float] = field(default_factory=dict)

    def change(self, kind: str, day: int, at: int) -> None:
        if kind == "split":
            if all(abs(day - other) > 5 for other in self.splits) and day > at:
                self.splits[day] = 2.0
        elif kind == "none":
            self.changes.pop(day, None)
        else:
            self.changes[day] = kind

    def served(self, at: int) -> Bars:
        told = [day for day in self.splits if day <= at]
        # Prices go on across a split once it has restated those before it.
        bars = bars_at(
            SESSIONS[: at + 1],
            self.closes[: at + 1],
            splits={f"{SESSIONS[day]:%Y-%m-%d}": 2.0 for day in told},
        )
        bars[PRICES] /= 2.0 ** len(told)
        again = []
        for day, kind in self.changes.items():
            if day > at:
                continue
            row = bars.index[day]
            match kind:
                case "zero":
                    bars.loc[row, "low"] = 0.0
                case "blank":
                    bars.loc[row, PRICES] = np.nan
                case "spike":
                    bars.loc[row, "high"] *= 1.5
                case "correct":
                    bars.loc[row, "close"] += 0.0625
                case "twice":
                    again.append(bars.loc[[row]].assign(close=bars.loc[row, "close"] + 1 / 32))
        return pd.concat([bars, *again]).sort_index(kind="stable")


class Life:
    """A dataset, and every row that its runs were given."""

    def __init__(self, home: Path) -> None:
        moves = np.random.default_rng(5).integers(-8, 9, LAST + 1)
        closes = (100 + np.cumsum(moves) / 8).tolist()
        self.feed, self.at = Feed(closes), 20
        self.other = Remembering(name="other")
        self.own = Remembering()
        self.runner = Runner(Store(home / "home"), self.own, others={"other": self.other})
        self.rows: list[Bars] = []

    def go(self, steps: list[Step]) -> None:
        self.run("load", 40)
        for name, ahead, days, changes in steps:
            self.at = min(self.at + ahead, LAST)
            for kind, day in changes:
                self.feed.change(kind, min(day, LAST), self.at)
            try:
                outcome = self.run(name, days)
            except Ml4tError as error:
                outcome = type(error).__name__
            note(f"{SESSIONS[self.at]:%m-%d} {name} {days} {changes}: {outcome}")
            event(f"{name} {outcome}")
            self.check()

    def run(self, name: str, days: int) -> str:
        runner, dataset = self.runner, self.runner.dataset
        when = evening(f"{SESSIONS[self.at]:%Y-%m-%d}")
        self.own.bars, self.own.given = self.feed.served(self.at), []
        self.other.bars, self.other.given = Feed(self.feed.closes).served(self.at), []
        match name:
            case "load":
                return self.keep(runner.load(when))
            case "update" | "accept":
                return self.keep(runner.update(when, days=days, accept=name == "accept"))
            case "other":
                # It knows no split, and is on another basis after one.
                return self.keep(runner.update(when, days=days, provider="other"))
            case "reject" | "approve":
                ruling: Ruling = "rejected" if name == "reject" else "accepted"
                request = DecisionRequest(dataset, ruling, "so it is", when)
                return run_decision(runner.context(when), request).record.outcome
            case "undo":
                return run_undo(runner.context(when), UndoRequest(dataset)).record.outcome
        wanted = ReconcileRequest(dataset, "other", ("missing", "suspect", "rejected"), when, 0.02)
        return run_reconcile(runner.context(when), wanted).record.outcome

    def keep(self, result: UpdateResult) -> str:
        """Remember what the run was given of what it had to store."""
        if result.record.outcome != "failed":
            for bars in (*self.own.given, *self.other.given):
                inside = [
                    any(stamp in span for span in result.record.spans) for stamp in bars.index
                ]
                self.rows.append(bars[inside])
        return result.record.outcome

    def check(self) -> None:
        snapshot = self.runner.store.snapshot(self.runner.dataset)
        frames = [observed(snapshot.bars()).reset_index()]
        frames += [snapshot.rejected_rows(), snapshot.revised_rows()]
        columns = ["timestamp", *PRICES]
        there = {
            (row[0], *key)
            for row in pd.concat([each[columns] for each in frames]).itertuples(index=False)
            for key in self.bases(row[1:])
        }
        given = pd.concat(self.rows).drop_duplicates()
        lost = [
            stamp
            for stamp, prices in zip(given.index, numbers_of(given)[:, :4].tolist(), strict=True)
            if (stamp, *rounded(prices)) not in there
        ]
        assert lost == [], given.loc[lost]

    def bases(self, prices: tuple[float, ...]) -> list[tuple[float, ...]]:
        """Prices on the basis after any of the splits: what is refused is logged on that before."""
        powers = range(-len(self.feed.splits), len(self.feed.splits) + 1)
        return [rounded([price * 2.0**power for price in prices]) for power in powers]


def rounded(prices: list[float]) -> tuple[float, ...]:
    return tuple(-1.0 if np.isnan(price) else round(price, 9) for price in prices)


def lives(steps: list[Step]) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        Life(home).go(steps)
    finally:
        shutil.rmtree(home)


@pytest.mark.long
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_no_row_that_a_run_was_given_is_lost(steps: list[Step]) -> None:
    lives(steps)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_no_row_is_lost_in_a_thousand_histories(steps: list[Step]) -> None:
    lives(steps)
