"""A market whose bars, splits, revisions and holes are known for any day: what a soak trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import Bars, make_bars, observed, within
from ml4t_nb.model import Basis, DatasetId, Gap, Span
from ml4t_nb.providers import Answer, Instrument, Limits, Request

__all__ = [
    "FIRST_DAY",
    "Market",
    "dataset",
    "day_of",
    "faults",
    "instant",
    "is_cuttable",
    "shown",
    "when_all_is_served",
]

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

FIRST_DAY = date(2015, 1, 1)
_START = datetime(2015, 1, 1, tzinfo=UTC)
_HOUR = 3_600_000_000
_HOURS = 24

# Every so many days something happens, and nothing else happens near it: a provider that splits
# and revises in one week is another test.
_SEASON = 60
_REVISED_DAYS, _REVISED_AFTER = (20, 32), 2
_HOLLOW_DAYS, _HOLLOW_HOURS, _HOLLOW_FOR = (26, 46), (3, 6), 9
_CUTTABLE = (5, 18)


def dataset(symbol: str) -> DatasetId:
    """Hours, round the clock."""
    return DatasetId("crypto", "hourly", symbol)


def instant(day: int) -> datetime:
    """The beginning of a day, counted from the first."""
    return _START + timedelta(days=day)


def day_of(moment: datetime) -> int:
    """The day an instant lies in."""
    return (moment - _START) // timedelta(days=1)


def is_cuttable(day: int) -> bool:
    """Whether nothing happens to the bars of that day, so that they may be taken out."""
    return _CUTTABLE[0] <= day % _SEASON <= _CUTTABLE[1]


def when_all_is_served(today: int) -> int:
    """A later day, of the next season, on which the provider has no hole."""
    return (today // _SEASON + 2) * _SEASON + _CUTTABLE[1]


def shown(symbol: str, today: int) -> Bars:
    """Every bar before ``today``, as the provider shows it on that day."""
    stamps = pd.date_range(_START, periods=today * _HOURS, freq="h")
    days = np.arange(len(stamps)) // _HOURS
    price = _prices(symbol, len(stamps))
    price += np.where(_is_revised(days) & (days + _REVISED_AFTER < today), 0.125, 0)
    factor = _factor(today - 1)
    columns = {
        "open": price * factor,
        "high": (price + 1) * factor,
        "low": (price - 0.5) * factor,
        "close": (price + 0.25) * factor,
        "volume": price * 64 / factor,
        "split": _splits(stamps, days),
    }
    bars = make_bars(stamps, columns)
    late = _is_hollow(days, np.arange(len(stamps)) % _HOURS) & (days + _HOLLOW_FOR >= today)
    return bars[~late]


def faults(symbol: str, bars: Bars, gaps: tuple[Gap, ...], cut: Days) -> list[str]:
    """How bars that somebody read differ from what may be stored; empty if they do not.

    Parameters
    ----------
    gaps
        Of the same snapshot.
    cut
        Days whose bars somebody may have taken out.
    """
    real = observed(bars)
    if real.empty:
        return ["there are no observed bars"]
    hours = (pd.DatetimeIndex(real.index).asi8 - _micros(_START)) // _HOUR
    days = hours // _HOURS
    found = list(_wrong_numbers(symbol, real, hours, days))
    lacking = np.setdiff1d(np.arange(hours[0], hours[-1] + 1), hours)
    excused = np.isin(lacking // _HOURS, cut) | _is_hollow(lacking // _HOURS, lacking % _HOURS)
    if not excused.all():
        found.append(f"{(~excused).sum()} bars are gone that nobody took out")
    listed = [
        np.arange(_hour(gap.start), _hour(gap.end) + 1) for gap in sorted(gaps) if gap.missing
    ]
    if not np.array_equal(np.concatenate([*listed, np.array([], dtype=np.int64)]), lacking):
        found.append("the gaps that are listed are not those that are there")
    return found


def _wrong_numbers(symbol: str, bars: Bars, hours: Days, days: Days) -> list[str]:
    price = _prices(symbol, int(hours[-1]) + 1)[hours]
    factor = _factor(int(days[-1]))
    opens = bars["open"].to_numpy() / factor
    later = price + np.where(_is_revised(days), 0.125, 0)
    real = np.where(opens == later, later, price)
    expected = {
        "open": real * factor,
        "high": (real + 1) * factor,
        "low": (real - 0.5) * factor,
        "close": (real + 0.25) * factor,
        "volume": real * 64 / factor,
        "split": _splits(pd.DatetimeIndex(bars.index), days),
        "dividend": np.zeros(len(bars)),
    }
    wrong = [name for name, each in expected.items() if not np.array_equal(bars[name], each)]
    return [f"wrong numbers in {', '.join(wrong)}"] if wrong else []


def _prices(symbol: str, count: int) -> Floats:
    """On a basis that never was split.

    In eighths, so that halving and doubling is exact; and calm, since a fall to a half on the day
    of a split would pass for one that the provider has not made yet.
    """
    hours = np.arange(count)
    return 100.0 + sum(symbol.encode()) % 50 + (hours % 97 + hours % 31) / 8


def _factor(last_day: int) -> float:
    """What the splits up to a day do to every price: 2:1 and 1:2 take turns."""
    return 0.5 if (last_day // _SEASON) % 2 else 1.0


def _splits(stamps: pd.DatetimeIndex, days: Days) -> Floats:
    is_first = stamps.hour.to_numpy() == 0
    season = days // _SEASON
    is_ex_date = is_first & (days % _SEASON == 0) & (season > 0)
    return np.where(is_ex_date, np.where(season % 2 == 1, 2.0, 0.5), 1.0)


def _is_revised(days: Days) -> npt.NDArray[np.bool_]:
    return np.isin(days % _SEASON, _REVISED_DAYS)


def _is_hollow(days: Days, hours: Days) -> npt.NDArray[np.bool_]:
    first, last = _HOLLOW_HOURS
    return np.isin(days % _SEASON, _HOLLOW_DAYS) & (first <= hours) & (hours < last)


def _hour(moment: datetime) -> int:
    return (_micros(moment) - _micros(_START)) // _HOUR


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@dataclass
class Market:
    """The provider; answers what is known at the request's as-of."""

    limits: Limits = field(
        default_factory=lambda: Limits(("crypto",), ("hourly", "daily"), delay=timedelta(0))
    )
    name: str = "soak"
    summary: str = "a market whose every bar is known"
    basis: Basis = "split-adjusted"

    def instrument(self, symbol: str) -> Instrument:
        """Nothing."""
        del symbol
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        """Bars in the span."""
        bars = shown(request.dataset.symbol, day_of(request.as_of))
        if request.dataset.frequency == "daily":
            bars = _daily(bars)
        return Answer(within(bars, Span(max(request.span.start, _START), request.span.end)))


def _daily(hours: Bars) -> Bars:
    """Days, which tell of splits that lie after the hours that are asked for."""
    days = hours.groupby(pd.DatetimeIndex(hours.index).floor("D"))
    columns = {
        "open": days["open"].first(),
        "high": days["high"].max(),
        "low": days["low"].min(),
        "close": days["close"].last(),
        "volume": days["volume"].sum(),
        "split": days["split"].prod(),
    }
    return make_bars(columns["open"].index, columns)
