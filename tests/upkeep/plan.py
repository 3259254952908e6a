"""What goes wrong in a time, what a person does about it, and what is to be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from tests.replay import Fault
from tests.replay.faults import FaultKind
from tests.upkeep.market import Drawn, at

__all__ = ["ALL", "FOREVER", "Act", "Expected", "Plan", "Trouble"]

ALL = ""
FOREVER = at(date(2099, 1, 1), 12)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the provider's answers from one instant up to another.

    Parameters
    ----------
    symbol
        The share concerned; `ALL` for each.
    days
        Sessions whose bars are concerned.
    """

    kind: FaultKind
    symbol: str
    begins: datetime
    ends: datetime
    days: tuple[date, ...] = ()
    code: int = 503
    factor: float = 1.0

    def fault(self) -> Fault:
        """As the replayed market has it."""
        return Fault(
            self.kind,
            rf"/v8/finance/chart/{self.symbol or '[^?]*'}\?.*period1",
            times=-1,
            code=self.code,
            days=tuple(map(str, self.days)),
            factor=self.factor,
        )

    def is_on(self, now: datetime) -> bool:
        return self.begins <= now < self.ends


@dataclass(frozen=True, slots=True)
class Act:
    """What a person does: ends a symbol, renames it to another, or declares a closure."""

    when: datetime
    what: Literal["end", "rename", "close"]
    symbol: str = ""
    other: str = ""
    day: date = date.min


@dataclass(frozen=True, slots=True)
class Expected:
    """A notice that is told once, by the first run in some time that can know it."""

    symbol: str
    state: str
    first: datetime
    last: datetime


@dataclass
class Plan:
    """All that happens, as drawn.

    Parameters
    ----------
    lags
        By share that splits, after how many sessions the event is announced, and history restated.
    unlisted
        By share, from when on the provider does not know it; and the same for ``listed``.
    without_cron
        Times in which nothing runs.
    restless
        For each share, times in which more is requested of it than one answer a session.
    """

    drawn: Drawn
    begin: int
    troubles: list[Trouble] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    lags: dict[str, tuple[int, int]] = field(default_factory=dict)
    unlisted: dict[str, datetime] = field(default_factory=dict)
    listed: dict[str, datetime] = field(default_factory=dict)
    absent: set[date] = field(default_factory=set)
    without_cron: list[tuple[datetime, datetime]] = field(default_factory=list)
    restless: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def day(self, number: int) -> date:
        """A session, by its number in the simulated time."""
        return self.drawn.sessions[self.begin + number]

    def noon(self, number: int) -> datetime:
        return at(self.day(number), 12)

    def evening(self, number: int) -> datetime:
        """The first run after the close of a session."""
        return at(self.day(number), 16, 45)

    def expect(self, symbol: str, state: str, first: datetime, last: datetime) -> None:
        """Have a notice told by a run from ``first`` up to ``last``."""
        self.expected.append(Expected(symbol, state, first, last))

    def trouble(
        self,
        kind: FaultKind,
        symbol: str,
        begins: datetime,
        ends: datetime,
        *,
        days: tuple[date, ...] = (),
        code: int = 503,
        factor: float = 1.0,
    ) -> None:
        self.troubles.append(Trouble(kind, symbol, begins, ends, days, code, factor))
        # What failed or came late is asked for again up to the close after it.
        until = min(ends, begins + timedelta(days=15)) if days else ends
        self.restless.append((symbol, begins, until + timedelta(days=2)))

    def traded(self, now: datetime) -> list[str]:
        """Shares that the provider knows, by the names that they have then."""
        names = [*self.drawn.symbols, *self.listed]
        return [
            each
            for each in names
            if self.listed.get(each, now) <= now < self.unlisted.get(each, FOREVER)
        ]

    def is_restless(self, symbol: str, now: datetime) -> bool:
        """Whether more than one request may be sent for a share's session."""
        return any(
            who in (symbol, ALL) and begins <= now < ends for who, begins, ends in self.restless
        )
