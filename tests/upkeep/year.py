"""The runs that cron starts in a simulated time, and a note of all that they asked and told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.notice import Notice
from ml4t_nb.render.digest import digest
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.notify import tell_run
from ml4t_nb.workspace import Workspace
from tests.replay import Listing, Replay
from tests.upkeep.market import at
from tests.upkeep.plan import Act, Plan
from tests.yahoo.client import NoWaiting

__all__ = ["Run", "Year"]

_MORNING, _EVENING, _NIGHT = (8, 0), (16, 45), (22, 0)
_BARS = re.compile(r"/v8/finance/chart/([^?]+)\?.*?period1=(-?\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when, how many requests each share cost and was planned to, what was told."""

    now: datetime
    asked: Counter[str]
    planned: Counter[str]
    since: dict[str, date]
    told: list[tuple[str, str]]
    absent: tuple[date, ...]
    code: int


@dataclass
class Year:
    """A store, kept current by `update --due`, as of a time that goes on."""

    plan: Plan
    replay: Replay
    home: Path
    hook: str
    listings: dict[str, Listing] = field(init=False)
    closures: list[date] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        drawn = self.plan.drawn.listings()
        for act in self.plan.acts:
            if act.what == "rename":
                drawn[act.other] = replace(drawn[act.symbol], symbol=act.other)
        self.listings = drawn
        for symbol, (announced, restated) in self.plan.lags.items():
            (split,) = drawn[symbol].splits
            on, days = self.plan.drawn.sessions.index(split.day), self.plan.drawn.sessions
            self.replay.market.announced_from[symbol, split.day] = days[on + announced]
            self.replay.market.restated_from[symbol, split.day] = days[on + restated]

    @property
    def end(self) -> datetime:
        """The evening of the last session."""
        return at(self.plan.drawn.sessions[-1], 22)

    @cached_property
    def ws(self) -> Workspace:
        """As a process has it that goes on, such as `watch`."""
        return self.workspace(self.home)

    def workspace(self, home: Path) -> Workspace:
        """A store of this provider, in which no time is waited for."""
        settings = Settings(home=home, provider="yahoo", yahoo_per_minute=1_000_000)
        return Workspace(settings, cancel=NoWaiting())

    def go(self) -> None:
        """Declare and load the shares, and let the time pass."""
        self.home.mkdir()
        self._declare()
        begin = self.plan.evening(0)
        self.set_market(begin)
        report = verbs.sync(self.ws, as_of=begin)
        assert code_of(report) == 0, report
        acts = sorted(self.plan.acts, key=lambda act: act.when)
        for now in self._times(begin):
            while acts and acts[0].when <= now:
                self._do(acts.pop(0))
            self.runs.append(self._run(now))
        assert not acts

    def _times(self, begin: datetime) -> Iterator[datetime]:
        first, last = begin.date(), self.plan.drawn.sessions[-1]
        days = pd.date_range(first, last).date
        sessions = {*self.plan.drawn.sessions}
        times = [
            at(day, *time)
            for day in days
            for time in (_MORNING, _EVENING, _NIGHT)
            if day in sessions or time == _EVENING
        ]
        for now in times:
            is_idle = any(start <= now < end for start, end in self.plan.without_cron)
            if now > begin and not is_idle:
                yield now

    def set_market(self, now: datetime) -> None:
        """Have the provider be as it is at an instant."""
        self.replay.market.now = now
        traded = self.plan.traded(now)
        self.replay.market.listings = {each: self.listings[each] for each in traded}
        self.replay.faults[:] = [each.fault() for each in self.plan.troubles if each.is_on(now)]
        self.replay.asked.clear()

    def _run(self, now: datetime) -> Run:
        self.set_market(now)
        planned = verbs.update(self.ws, due=True, plan=True, as_of=now).plan
        assert planned is not None
        assert self.replay.asked == []
        told = list[tuple[str, str]]()

        def compose(report: RunReport, notices: Sequence[Notice]) -> tuple[str, str]:
            told.extend((each.dataset.symbol, each.state) for each in notices)
            return digest(notices, as_of=report.as_of, home=report.home)

        report = verbs.update(self.ws, due=True, notify=True, as_of=now)
        deliveries = tell_run(self.ws, report, compose)
        assert [each.error for each in deliveries] == [""] * bool(told)
        found = [match for each in self.replay.asked if (match := _BARS.search(each))]
        since: dict[str, date] = {}
        for match in found:
            day = pd.Timestamp(int(match[2]), unit="s").date()
            since[match[1]] = min(day, since.get(match[1], day))
        return Run(
            now,
            Counter(match[1] for match in found),
            Counter({each.dataset.symbol: len(each.requests) for each in planned.datasets}),
            since,
            told,
            tuple(each.session for each in report.absent),
            code_of(report),
        )

    def _do(self, act: Act) -> None:
        self.set_market(act.when)
        match act.what:
            case "end":
                verbs.end(self.ws, act.symbol, as_of=act.when)
            case "rename":
                verbs.load(self.ws, act.other, as_of=act.when)
                verbs.rename(self.ws, (act.symbol, act.other), as_of=act.when)
            case "close":
                self.closures.append(act.day)
                self._declare()

    def _declare(self) -> None:
        symbols = ", ".join(f'"{each}"' for each in self.plan.drawn.symbols)
        days = ", ".join(f'"{each}"' for each in self.closures)
        (self.home / "ml4t.toml").write_text(
            f'[notify]\nhook = "{self.hook}"\n\n[closures]\nXNYS = [{days}]\n\n'
            f'[[universe]]\nname = "core"\nsymbols = [{symbols}]\n'
        )
