"""A market that is drawn from a seed: what was traded, and on which days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from random import Random
from zoneinfo import ZoneInfo

import pandas as pd

from tests.replay import Bar, Dividend, Listing, Split
from tests.yahoo.client import scaled

__all__ = ["NEW_YORK", "Drawn", "at", "sessions_between"]

NEW_YORK = ZoneInfo("America/New_York")

_HOLIDAYS = {
    *("2023-09-04", "2023-11-23", "2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19"),
    *("2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04", "2024-09-02", "2024-11-28"),
    "2024-12-25",
}
_RATIOS = ((2, 1), (3, 1), (1, 10), (7, 1), (3, 2))


def sessions_between(first: str, last: str) -> list[date]:
    """Sessions of the New York Stock Exchange."""
    days = (stamp.date() for stamp in pd.bdate_range(first, last))
    return [day for day in days if str(day) not in _HOLIDAYS]


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of day in New York."""
    return datetime.combine(day, time(hour, minute), NEW_YORK).astimezone(UTC)


@dataclass
class Drawn:
    """Shares whose bars are drawn for each of the sessions.

    Parameters
    ----------
    closed
        Sessions by the calendar on which the exchange was closed.
    """

    seed: int
    symbols: Sequence[str]
    sessions: Sequence[date]
    closed: Collection[date] = ()
    splits: dict[str, Split] = field(default_factory=dict)
    without_dividends: set[str] = field(default_factory=set)

    def split(self, symbol: str, day: date, random: Random) -> None:
        """Have a share split on a day; one share splits once."""
        self.splits[symbol] = Split(day, *random.choice(_RATIOS))

    def listings(self) -> dict[str, Listing]:
        """Each share, with its bars as traded."""
        return {each: self._listing(each) for each in self.symbols}

    def _listing(self, symbol: str) -> Listing:
        random = Random(f"{self.seed} {symbol}")  # noqa: S311  # no secret
        listing, split = Listing(symbol), self.splits.get(symbol)
        close, days = random.uniform(60, 240), []
        for day in self.sessions:
            if day in self.closed:
                continue
            opened = close * random.uniform(0.996, 1.004)
            close = opened * min(max(random.gauss(1, 0.009), 0.975), 1.025)
            high = max(opened, close) * random.uniform(1.001, 1.006)
            low = min(opened, close) * random.uniform(0.994, 0.999)
            volume = random.randint(400_000, 900_000)
            first, top, bottom, last = (round(each, 2) for each in (opened, high, low, close))
            bar = Bar(listing.session(day)[0], first, top, bottom, last, volume)
            if split is not None and day < split.day:
                bar = scaled(bar, split.numerator / split.denominator)
            days.append(bar)
        return replace(
            listing,
            days=tuple(days),
            splits=() if split is None else (split,),
            dividends=self._dividends(listing, days, random, split),
        )

    def _dividends(
        self, listing: Listing, days: Sequence[Bar], random: Random, split: Split | None
    ) -> tuple[Dividend, ...]:
        """One a quarter, for every other share, and none within two weeks of a split."""
        if random.random() < 0.5 or listing.symbol in self.without_dividends:
            return ()
        paid = (days[row] for row in range(random.randint(5, 50), len(days), 63))
        cash = (
            Dividend(listing.day_of(bar.start), round(bar.close * random.uniform(0.003, 0.01), 2))
            for bar in paid
        )
        return tuple(
            each for each in cash if split is None or abs((each.day - split.day).days) > 14
        )
