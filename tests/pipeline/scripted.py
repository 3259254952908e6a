"""A provider that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pandas as pd

from ml4t_nb.core.bars import Bars, empty_bars, make_bars, within
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import Basis
from ml4t_nb.providers import Answer, Instrument, Limits, Request

DAYS = Limits(asset_classes=("equities", "crypto"), frequencies=("daily", "1m"))


@dataclass
class Scripted:
    """Answers with its ``bars``, all of them at once known, and notes what it was asked.

    Parameters
    ----------
    bars
        Everything it has, unfinished bars too.
    days
        The daily bars, where ``bars`` are intraday.
    fails
        Gives the error a request ends in, or None.
    """

    bars: Bars = field(default_factory=empty_bars)
    days: Bars = field(default_factory=empty_bars)
    basis: Basis = "split-adjusted"
    limits: Limits = DAYS
    fails: Callable[[Request], Ml4tError | None] = lambda _: None
    asked: list[Request] = field(default_factory=list)
    name: str = "scripted"
    summary: str = "what the test says"

    def instrument(self, symbol: str) -> Instrument:
        del symbol
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        error = self.fails(request)
        if error is not None:
            raise error
        index = pd.DatetimeIndex(self.bars.index)
        is_daily = bool((index == index.normalize()).all())
        fits = is_daily or request.dataset.frequency != "daily"
        return Answer(within(self.bars if fits else self.days, request.span))

    def with_bars(self, bars: Bars) -> Scripted:
        return replace(self, bars=bars, asked=[])


def sessions(first: str, last: str) -> pd.DatetimeIndex:
    """Monday to Friday; the tests stay clear of holidays."""
    return pd.bdate_range(first, last, tz="UTC")


def bars_at(
    stamps: pd.DatetimeIndex, closes: list[float], *, splits: dict[str, float] | None = None
) -> Bars:
    """Bars that open at the close before, with a range of one and a volume of a thousand."""
    close = pd.Series(closes, index=stamps, dtype=float)
    opened = close.shift().fillna(close)
    ratios = {pd.Timestamp(day, tz="UTC"): ratio for day, ratio in (splits or {}).items()}
    split = pd.Series([ratios.get(stamp, 1.0) for stamp in stamps], index=stamps)
    columns = {
        "open": opened,
        "high": pd.concat([opened, close], axis=1).max(axis=1) + 0.5,
        "low": pd.concat([opened, close], axis=1).min(axis=1) - 0.5,
        "close": close,
        "volume": pd.Series(1000.0, index=stamps),
        "split": split,
    }
    return make_bars(stamps, columns)


def rising(first: str, last: str, *, start: float = 100.0) -> Bars:
    """One bar a session, each close one higher than the last."""
    stamps = sessions(first, last)
    return bars_at(stamps, [start + step for step in range(len(stamps))])


def restated(bars: Bars, ratio: float, *, ex_date: str) -> Bars:
    """``bars`` as a provider shows them once it has divided what lies before the ex-date."""
    moved = bars.copy()
    before = moved.index < pd.Timestamp(ex_date, tz="UTC")
    for column in ("open", "high", "low", "close", "dividend"):
        moved.loc[before, column] /= ratio
    moved.loc[before, "volume"] *= ratio
    return moved


def evening(day: str) -> datetime:
    """After the close of New York and any provider's delay."""
    return datetime.fromisoformat(f"{day}T23:00+00:00")


def ago(days: float) -> timedelta:
    return timedelta(days=days)
