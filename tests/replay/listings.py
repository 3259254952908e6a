"""What is traded on the replayed market: bars as traded, dividends and splits by ex-date."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ``start`` is the instant it opens, aware."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int

    @property
    def prices(self) -> tuple[float, float, float, float]:
        return self.open, self.high, self.low, self.close


@dataclass(frozen=True, slots=True)
class Split:
    """``numerator`` shares for ``denominator`` from ``day`` on."""

    day: date
    numerator: float
    denominator: float = 1


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash per share as of ``day``; ``currency`` only where Yahoo gives one."""

    day: date
    amount: float
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol.

    Parameters
    ----------
    kind, exchange
        Yahoo's ``instrumentType`` and ``exchangeName``.
    opens, closes
        Local times; a close at or before the open is on the next day.
    days, minutes
        Bars as traded; days that are missing are made from minutes.
    """

    symbol: str
    zone: str = "America/New_York"
    kind: str = "EQUITY"
    exchange: str = "NMS"
    currency: str = "USD"
    opens: time = time(9, 30)
    closes: time = time(16)
    days: tuple[Bar, ...] = ()
    minutes: tuple[Bar, ...] = ()
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    gains: tuple[Dividend, ...] = ()

    def session(self, day: date) -> tuple[datetime, datetime]:
        """Open and close of ``day``."""
        zone = ZoneInfo(self.zone)
        start = datetime.combine(day, self.opens, zone)
        end = datetime.combine(day, self.closes, zone)
        return start, end if end > start else end + timedelta(days=1)

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def bars(self, minutes: int | None) -> list[Bar]:
        """Bars of so many minutes, anchored at the session's open; of a day if None."""
        if minutes is None and self.days:
            return list(self.days)
        if minutes == 1:
            return list(self.minutes)
        return list(_grouped(self, minutes))


def _grouped(listing: Listing, minutes: int | None) -> Iterator[Bar]:
    open_bar: Bar | None = None
    for bar in listing.minutes:
        start, _ = listing.session(listing.day_of(bar.start))
        if minutes is not None:
            start += (bar.start - start) // timedelta(minutes=minutes) * timedelta(minutes=minutes)
        if open_bar is None or open_bar.start != start:
            if open_bar is not None:
                yield open_bar
            open_bar = replace(bar, start=start)
        else:
            open_bar = Bar(
                start,
                open_bar.open,
                max(open_bar.high, bar.high),
                min(open_bar.low, bar.low),
                bar.close,
                open_bar.volume + bar.volume,
            )
    if open_bar is not None:
        yield open_bar


def sampled(symbol: str, *, first: str = "2000-03-01", last: str = "2013-03-01") -> Listing:
    """A share of the bars that the package ships, as traded from ``first`` to ``last``."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    import ml4t_nb.providers

    folder = Path(ml4t_nb.providers.__file__).parent / "sample" / "data"
    rows = pq.read_table(folder / "wiki5_daily_as_traded.parquet")
    rows = rows.filter(pc.equal(rows["symbol"], symbol)).to_pylist()
    listing = Listing(symbol, exchange="NYQ" if symbol == "IBM" else "NMS")
    days = [
        _bar(listing.session(day)[0], row)
        for row in rows
        if first <= (day := _day(row["t"])).isoformat() <= last
    ]
    with (folder / "wiki5_actions.csv").open(newline="") as file:
        actions = [row for row in csv.DictReader(file) if row["symbol"] == symbol]
    return Listing(
        symbol,
        exchange=listing.exchange,
        days=tuple(days),
        splits=tuple(
            Split(date.fromisoformat(row["date"]), float(row["value"]))
            for row in actions
            if row["kind"] == "split"
        ),
        dividends=tuple(
            Dividend(date.fromisoformat(row["date"]), float(row["value"]))
            for row in actions
            if row["kind"] == "dividend"
        ),
    )


def _bar(start: datetime, row: Mapping[str, Any]) -> Bar:
    first, high, low, last = (float(row[name]) for name in ("open", "high", "low", "close"))
    return Bar(start, first, high, low, last, int(float(row["volume"])))


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def index_of_minutes() -> Listing:
    """^GSPC from 2019-11-05 to 2019-11-08, by the minute (from the examples of mplfinance)."""
    with (_HERE / "data" / "gspc_2019-11_1m.csv").open(newline="") as file:
        bars = tuple(
            _bar(datetime.fromisoformat(row["t"]).astimezone(UTC), row)
            for row in csv.DictReader(file)
        )
    return Listing("^GSPC", kind="INDEX", exchange="SNP", minutes=bars)
