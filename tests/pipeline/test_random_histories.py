"""Any history, told by any provider's row, kept by any runs: prices are those that were traded."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import observed
from ml4t_nb.core.gapfill import Fill
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Span
from ml4t_nb.pipeline import close, refetch, unfill
from ml4t_nb.reading.one import view
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import FORWARD, Runner
from tests.pipeline.scripted import DAYS, Scripted, evening
from tests.pipeline.truth import Action, Fault, FaultKind, Truth

pytestmark = pytest.mark.long

XNYS = calendar("XNYS")
SESSIONS = XNYS.stamps(Span(evening("2024-01-01"), evening("2024-04-20")), "daily")[:48]
LAST = len(SESSIONS) - 1
RATIOS = (2.0, 3.0, 1.5, 7.0, 20.0, 0.1, 0.05, 0.125, 4 / 3, 1.25, 1.1, 1.05)

Step = tuple[str, int, int, int]


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Prices that move by a percent a day, some splits and dividends, and rows that are wrong."""
    seed = draw(st.integers(0, 10_000))
    moves = np.random.default_rng(seed).normal(0, 0.01, len(SESSIONS)).clip(-0.03, 0.03)
    split_days = draw(st.lists(st.integers(8, LAST), max_size=3, unique=True))
    splits = {
        day: draw(st.sampled_from(RATIOS))
        for place, day in enumerate(sorted(split_days))
        if place == 0 or day - sorted(split_days)[place - 1] > 9
    }
    price, closes = 100.0, []
    for day, move in enumerate(moves.tolist()):
        price *= (1 + move) / splits.get(day, 1.0)
        closes.append(price)
    # While late news is out, nothing can be held against the store: so half have none.
    is_prompt = draw(st.booleans())
    late = st.just(0) if is_prompt else st.sampled_from([0, 0, 1, 3])
    actions = [
        Action(day, "split", ratio, min(day + draw(late), LAST)) for day, ratio in splits.items()
    ]
    for day in draw(st.lists(st.integers(2, LAST), max_size=5, unique=True)):
        share = draw(st.sampled_from([0.01, 0.02, 0.05]))
        actions.append(Action(day, "dividend", closes[day] * share, min(day + draw(late), LAST)))
    faults = []
    happened = sorted({a.day for a in actions}) or [LAST // 2]
    days = st.one_of(st.sampled_from(happened), st.sampled_from(happened), st.integers(1, LAST))
    kinds: list[FaultKind] = ["blank", "blank", "zero", "absent", "wrong"]
    if is_prompt:
        kinds.remove("wrong")
    first = min((day for day in happened if day > 10), default=LAST)
    if draw(st.booleans()):
        # A halt of the day on which the runs begin to watch.
        faults.append(Fault(first, draw(st.sampled_from(kinds[:3])), first, first + 100))
    for day in sorted({*draw(st.lists(days, max_size=5))} - {each.day for each in faults}):
        kind = draw(st.sampled_from(kinds))
        # Late news of a day whose row is gone again by then is told, and so kept, on the next.
        comes = kind == "absent" and any(a.day == day and a.told > day for a in actions)
        begins = day + (0 if comes else draw(st.sampled_from([0, 0, 0, 2])))
        lasts = draw(st.sampled_from([100, 100, 1, 2, 5]))
        # At the end all prices are right: a wrong one that lasts is no business of ours.
        lasts = min(lasts, 5) if kind == "wrong" else lasts
        faults.append(Fault(day, kind, begins, begins + lasts))
    return Truth(
        SESSIONS,
        closes,
        actions,
        [f for f in faults if f.kind != "wrong" or f.ends <= LAST],
        basis=draw(st.sampled_from(["split-adjusted", "split-adjusted", "as-traded"])),
        decimals=draw(st.sampled_from([None, None, 6])),
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["update"] * 8 + ["load", "remove", "remove", "refetch", "unfill", "close"]
        ),
        st.sampled_from([1, 1, 1, 1, 0, 2, 5]),
        st.integers(0, LAST),
        st.sampled_from([0, 0, 1, 2, 7, 21]),
    ),
    min_size=6,
    max_size=12,
)


@dataclass
class Life:
    """A dataset, an evening, and which late news no run has covered yet."""

    truth: Truth
    runner: Runner
    at: int
    answered: list[tuple[int, Span]] = field(default_factory=list)

    @property
    def evening(self) -> str:
        return f"{SESSIONS[self.at]:%Y-%m-%d}"

    def go(self, steps: list[Step], start: int) -> None:
        self.run("load", start | 1, 0)
        for name, ahead, day, days in steps:
            self.at = min(self.at + ahead, LAST)
            self.run(name, day, days)
        self.at = LAST
        self.run("update", 0, 4000, is_last=True)

    def run(self, name: str, day: int, days: int, *, is_last: bool = False) -> None:
        runner, when = self.runner, evening(self.evening)
        runner.provider.bars = self.truth.served(self.at)
        first, last = (SESSIONS[min(each, self.at)] for each in (day, day + days))
        start, end = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
        record = None
        match name:
            case "update":
                fill = (FORWARD, None, Fill("interpolate", 2))[day % 3]
                record = runner.update(when, days=days, fill=fill).record
                if is_last and record.outcome == "failed":
                    # A small split that is told late is refused until a person accepts it.
                    event("accepted")
                    record = runner.update(when, days=days, fill=fill, accept=True).record
            case "load":
                record = runner.load(when, start=start, end=None if day % 2 else end).record
            case "remove":
                self._remove(start, end)
            case "refetch":
                record = runner.act_on_gap(when, refetch, start=start, end=end).record
            case "unfill":
                runner.act_on_gap(when, unfill(), start=start, end=end)
            case "close":
                runner.act_on_gap(when, close("no session"), start=start, end=end)
        outcome = "changed" if record is None else record.outcome
        note(f"{self.evening} {name} {start} {end} {days}: {outcome}")
        event(f"{name} {outcome}")
        if record is not None and outcome != "failed":
            self.answered += [(self.at, span) for span in record.spans]
        self.check(is_last=is_last)

    def _remove(self, start: str, end: str) -> None:
        held = self.runner.stored()
        left = held[(held.index < start) | (held.index > end)]
        if len(left[~left["filled"]]) < 6:
            return
        try:
            self.runner.remove(evening(self.evening), start=start, end=end)
        except OptionError as error:
            assert "would be lost between the remaining bars" in error.message  # noqa: PT017

    def check(self, *, is_last: bool) -> None:
        snapshot = self.runner.store.snapshot(self.runner.dataset)
        held = snapshot.bars()
        real = held[~held["filled"]]
        if is_last:
            days = SESSIONS.get_indexer(real.index)
            assert set(days.tolist()) >= {
                day for day in self.truth.sound_days(self.at) if days[0] <= day <= days[-1]
            }
        elif not self._knows_all(SESSIONS.get_indexer(real.index).tolist()):
            return
        for how in ("raw", "splits", "all"):
            seen = observed(view(snapshot, BarsRequest(adjust=how)))
            assert self.truth.faults_of(seen, how) == [], real[
                (real["split"] != 1) | (real["dividend"] != 0)
            ][["close", "dividend", "split"]].to_string()

    def _knows_all(self, days: list[int]) -> bool:
        """Whether all late news of stored days was within a run's reach, with the bar before."""
        late = [(a.day, a.told) for a in self.truth.actions if a.told > a.day]
        late += [(f.day, f.ends) for f in self.truth.faults if f.kind == "wrong"]
        return all(
            any(
                at >= told and span.start <= SESSIONS[max(day - 8, 0)] and span.end > SESSIONS[day]
                for at, span in self.answered
            )
            for day, told in late
            if day <= days[-1]
        )


def lives(truth: Truth, start: int, lead: int, steps: list[Step], *, in_pieces: bool) -> None:
    home = Path(tempfile.mkdtemp())
    limits = replace(DAYS, max_span={"daily": timedelta(days=25)}) if in_pieces else DAYS
    try:
        runner = Runner(Store(home / "home"), Scripted(basis=truth.basis, limits=limits))
        # The first runs are around something that happens.
        first = min([a.day for a in truth.actions if a.day > 10], default=LAST // 2)
        at = max(first - lead, 9)
        Life(truth, runner, at).go(steps, min(start, at - 8))
    finally:
        shutil.rmtree(home)


anything = given(
    truth=truths(),
    start=st.integers(0, 20),
    lead=st.integers(0, 5),
    steps=STEPS,
    in_pieces=st.booleans(),
)


# The same histories at every run; the thousands are others each time.
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@anything
def test_views_show_what_was_traded(
    truth: Truth, start: int, lead: int, steps: list[Step], *, in_pieces: bool
) -> None:
    lives(truth, start, lead, steps, in_pieces=in_pieces)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@anything
def test_views_show_what_was_traded_in_thousands_of_histories(
    truth: Truth, start: int, lead: int, steps: list[Step], *, in_pieces: bool
) -> None:
    lives(truth, start, lead, steps, in_pieces=in_pieces)
