"""Loads of many requests that break off, and are run again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pandas as pd
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import Ml4tError, ProviderError, ProviderUnavailable
from ml4t_nb.model import Frequency, Span, bar_length
from ml4t_nb.pipeline import LoadRequest, plan_load
from ml4t_nb.providers import Limits, Request
from ml4t_nb.providers.base import Policy
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, bars_at, sessions

FIRST = date(2024, 1, 2)
PIECE = timedelta(days=3)
HOLIDAYS = [pd.Timestamp(day, tz="UTC") for day in ("2024-01-15", "2024-02-19")]

End = Literal["ctrl-c", "outage"]


def limits(frequency: Frequency) -> Limits:
    """Three days a request, and no second try."""
    return Limits(
        ("equities",),
        (frequency, "daily"),
        max_span={frequency: PIECE},
        requests_per_minute=1e6,
        retry=Policy({}),
    )


def intraday(frequency: Frequency, *, until: date) -> Bars:
    length = bar_length(frequency)
    assert length is not None
    days = sessions(f"{FIRST}", f"{until}").difference(pd.DatetimeIndex(HOLIDAYS))
    stamps = pd.DatetimeIndex(
        [
            stamp
            for day in days
            for stamp in pd.date_range(f"{day:%F}T14:30Z", f"{day:%F}T20:59Z", freq=length)
        ]
    )
    return bars_at(stamps, [60.0 + (step * 13 % 29) / 70 for step in range(len(stamps))])


def before_restatement(bars: Bars, ratio: float, ex: date) -> Bars:
    """``bars`` as they were before the provider named that split, and restated by it."""
    earlier = bars.copy()
    rows = earlier.index < pd.Timestamp(ex, tz="UTC")
    earlier.loc[rows, ["open", "high", "low", "close"]] *= ratio
    earlier.loc[rows, "volume"] /= ratio
    earlier["split"] = 1.0
    return earlier


def with_split(bars: Bars, ratio: float, ex: date) -> Bars:
    """``bars`` that name a split on the first bar from that date on."""
    named = bars.copy()
    named.loc[named.index[named.index >= pd.Timestamp(ex, tz="UTC")][0], "split"] = ratio
    return named


def serve(provider: Scripted, bars: Bars) -> None:
    """Let a provider have these bars, and the days that they make."""
    provider.bars = bars
    provider.days = bars.groupby(pd.DatetimeIndex(bars.index).normalize()).agg(
        dict.fromkeys(bars.columns, "first")
        | {"high": "max", "low": "min", "close": "last", "volume": "sum", "split": "prod"}
    )


@dataclass
class Market:
    """A provider and the loads from it, each in a store of its own unless told otherwise."""

    bars: Bars
    as_of: datetime
    frequency: Frequency = "hourly"

    def runner(self, home: Path, bars: Bars | None = None) -> Runner:
        provider = Scripted(limits=limits(self.frequency))
        serve(provider, self.bars if bars is None else bars)
        return Runner(Store(home), provider, frequency=self.frequency)

    def load(self, runner: Runner) -> None:
        runner.load(self.as_of, start=f"{FIRST}")

    def whole(self, home: Path) -> tuple[Runner, int]:
        """A load that nothing interrupts, and its requests."""
        runner = self.runner(home)
        self.load(runner)
        return runner, len(runner.provider.asked)

    def broken(self, home: Path, at: int, end: End, bars: Bars | None = None) -> Runner:
        """A load whose request number ``at`` has no answer."""
        runner = self.runner(home, bars)

        def fails(request: Request) -> ProviderError | None:
            del request
            if len(runner.provider.asked) < at:
                return None
            if end == "ctrl-c":
                raise KeyboardInterrupt
            return ProviderUnavailable("the line is dead", provider="scripted")

        runner.provider.fails = fails
        with suppress(KeyboardInterrupt, Ml4tError):
            self.load(runner)
        runner.provider.fails = lambda _: None
        return runner

    def planned(self, runner: Runner) -> list[Span]:
        request = LoadRequest("ACME", None, self.frequency, "scripted", start=FIRST)
        plan = plan_load(runner.context(self.as_of), request)
        return [each.span for each in plan.requests]

    def resumed(self, runner: Runner) -> int:
        """Load again; the requests of both, which are those that the plan said."""
        asked = runner.provider.asked
        before, plan = len(asked), self.planned(runner)
        self.load(runner)
        after = [each.span for each in asked[before:]]
        # After a split it may look at the last stored bars as well, and at the first kept ones.
        sent = iter(after)
        assert all(each in sent for each in plan) or len(after) < len(plan)
        return len(asked)


def pieces_of(number: int, frequency: Frequency = "hourly") -> Market:
    """A market whose whole history is so many pieces, up to the evening of its last session."""
    until = FIRST + number * PIECE - timedelta(days=1)
    bars = intraday(frequency, until=until)
    last = bars.index[-1].date()
    as_of = datetime(last.year, last.month, last.day, 23, tzinfo=UTC)
    return Market(bars, as_of, frequency)


def same(one: Runner, other: Runner) -> None:
    """Require the same bars, gaps and findings, to the bit."""
    assert_frame_equal(one.stored(), other.stored(), check_exact=True)
    ours, theirs = (each.store.snapshot(each.dataset).manifest for each in (one, other))
    assert (ours.gaps, ours.findings, ours.config) == (theirs.gaps, theirs.findings, theirs.config)


def kept(home: Path) -> list[Path]:
    return [each for each in (home / "cache" / "answers").rglob("*") if each.is_file()]


def refused(runner: Runner) -> bool:
    """Whether the last run said that it does not trust the provider."""
    last = runner.store.snapshot(runner.dataset).manifest.recent[-1]
    return last.error is not None and last.error.type in ("Suspicious", "SplitPending")


def on_one_scale(runner: Runner, whole: Runner) -> None:
    """Require that stored prices are those of the whole, or all of them by one ratio."""
    ours, true = runner.stored()["close"], whole.stored()["close"]
    ratios = ours / true[ours.index]
    assert ratios.max() / ratios.min() < 1 + 1e-9
