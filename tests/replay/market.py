"""What Yahoo's chart service answers at a given instant."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.replay.faults import Fault, Row, spoil
from tests.replay.listings import Bar, Dividend, Listing, Split

Json = dict[str, Any]

_MINUTES = {"1m": 1, "2m": 2, "5m": 5, "15m": 15, "30m": 30, "60m": 60, "90m": 90, "1h": 60}
_DAYS_BACK = {"1m": 30, "2m": 60, "5m": 60, "15m": 60, "30m": 60, "90m": 60, "60m": 730, "1h": 730}
_TICK = timedelta(microseconds=1)
_LAST_TICK = timedelta(seconds=59)
_MINUTE_SPAN = timedelta(days=8)


class Refusal(Exception):
    """An answer without bars: a status, and Yahoo's words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.body: Json = {"chart": {"result": None, "error": {"code": code, "description": words}}}


@dataclass
class Market:
    """Listings, and the instant they are asked at.

    Parameters
    ----------
    restated_from
        By symbol and ex-date, the day from which a split has restated the past; its ex-date if
        not named.
    announced_from
        Likewise, the day from which the split is among the events.
    """

    listings: dict[str, Listing]
    now: datetime
    restated_from: dict[tuple[str, date], date] = field(default_factory=dict)
    announced_from: dict[tuple[str, date], date] = field(default_factory=dict)

    def chart(self, symbol: str, query: Mapping[str, str], faults: Sequence[Fault] = ()) -> Json:
        """The reply's JSON.

        Raises
        ------
        Refusal
            For an unknown symbol or a span that is not served.
        """
        listing = self.listings.get(symbol.upper())
        if listing is None:
            raise Refusal(404, "Not Found", "No data found, symbol may be delisted")
        interval = query.get("interval", "1d")
        start, end = self._window(query)
        self._refuse(listing, interval, start, end, spans="period1" in query)
        bars = self._bars(listing, interval, start, end)
        rows = self._rows(listing, bars)
        names = [str(listing.day_of(bar.start)) for bar in bars]
        for fault in faults:
            rows = spoil(rows, bars, names, fault)
        if any(fault.kind == "empty" for fault in faults):
            rows = []
        result: Json = {
            "meta": self._meta(listing, interval, bars),
            "indicators": {"quote": [_columns(rows)]},
        }
        if rows:
            result["timestamp"] = [row[0] for row in rows]
            if interval == "1d":
                result["indicators"]["adjclose"] = [{"adjclose": [row[3] for row in rows]}]
            result["events"] = self._events(listing, start, end)
        return {"chart": {"result": [result], "error": None}}

    def _window(self, query: Mapping[str, str]) -> tuple[datetime, datetime]:
        if "period1" in query:
            return _instant(int(query["period1"])), _instant(int(query["period2"]))
        return self.now - timedelta(days=5), self.now + timedelta(seconds=1)

    def _refuse(
        self, listing: Listing, interval: str, start: datetime, end: datetime, *, spans: bool
    ) -> None:
        if interval != "1d" and interval not in _MINUTES:
            raise Refusal(422, "Unprocessable Entity", f"not replayed: {interval}")
        if not spans:
            return
        words = (
            f"{interval} data not available for startTime={start.timestamp():.0f} "
            f"and endTime={end.timestamp():.0f}. "
        )
        if interval == "1m" and end - start > _MINUTE_SPAN:
            words += "Only 8 days worth of 1m granularity data are allowed per request."
            raise Refusal(422, "Unprocessable Entity", words)
        if interval != "1d" and start < self.now - timedelta(days=_DAYS_BACK[interval]):
            words += f"The requested range must be within the last {_DAYS_BACK[interval]} days."
            raise Refusal(422, "Unprocessable Entity", words)
        first = next(iter(listing.bars(_MINUTES.get(interval))), None)
        if first is not None and end <= first.start:
            words = f"Data doesn't exist for startDate = {start:%s}, endDate = {end:%s}"
            raise Refusal(400, "Bad Request", words)

    def _bars(self, listing: Listing, interval: str, start: datetime, end: datetime) -> list[Bar]:
        """Bars begun by now, on the split basis of now, the last perhaps unfinished."""
        known = listing.bars(_MINUTES.get(interval))
        first = bisect_left(known, start, key=lambda bar: bar.start)
        last = bisect_left(known, min(end, self.now + _TICK), key=lambda bar: bar.start)
        bars = [self._restated(listing, bar) for bar in known[first:last]]
        if bars and interval == "1d":
            bars[-1] = self._unfinished(listing, bars[-1])
        return bars

    def _factor(self, listing: Listing, day: date) -> float:
        return math.prod(
            split.numerator / split.denominator
            for split in listing.splits
            if day < split.day and self._since(listing, split, self.restated_from)
        )

    def _since(
        self, listing: Listing, split: Split, known: Mapping[tuple[str, date], date]
    ) -> bool:
        day = known.get((listing.symbol, split.day), split.day)
        return listing.session(day)[0] <= self.now

    def _restated(self, listing: Listing, bar: Bar) -> Bar:
        factor = self._factor(listing, listing.day_of(bar.start))
        if factor == 1:
            return bar
        first, high, low, last = (price / factor for price in bar.prices)
        return Bar(bar.start, first, high, low, last, int(bar.volume * factor))

    def _unfinished(self, listing: Listing, bar: Bar) -> Bar:
        """The bar of a session that is not over has gone part of its way."""
        start, end = listing.session(listing.day_of(bar.start))
        if self.now >= end:
            return bar
        part = (self.now - start) / (end - start)
        close = bar.open + (bar.close - bar.open) * part
        return Bar(
            bar.start,
            bar.open,
            max(bar.open, close) + (bar.high - max(bar.open, bar.close)) * part,
            min(bar.open, close) - (min(bar.open, bar.close) - bar.low) * part,
            close,
            int(bar.volume * part),
        )

    def _rows(self, listing: Listing, bars: Sequence[Bar]) -> list[Row]:
        paid = {each.day: each.amount for each in self._paid(listing, listing.dividends)}
        rows: list[Row] = []
        factor = 1.0
        for index in range(len(bars) - 1, -1, -1):
            bar, day = bars[index], listing.day_of(bars[index].start)
            rows.append((self._stamp(listing, bar), bar.prices, bar.volume, bar.close * factor))
            if day in paid and index and day != listing.day_of(bars[index - 1].start):
                factor *= 1 - paid[day] / bars[index - 1].close
        return rows[::-1]

    def _stamp(self, listing: Listing, bar: Bar) -> int:
        """A daily row of today carries the last trade's time, other rows their start."""
        start, end = listing.session(listing.day_of(bar.start))
        is_today = start <= self.now < start + timedelta(hours=14) and not listing.minutes
        if is_today and bar.start == start and listing.kind != "CRYPTOCURRENCY":
            return int(min(self.now, end).timestamp())
        return int(bar.start.timestamp())

    def _paid(self, listing: Listing, paid: Iterable[Dividend]) -> list[Dividend]:
        return [
            Dividend(each.day, each.amount / self._factor(listing, each.day), each.currency)
            for each in paid
            if listing.session(each.day)[0] <= self.now
        ]

    def _events(self, listing: Listing, start: datetime, end: datetime) -> Json:
        def at(day: date) -> int:
            return int(listing.session(day)[0].timestamp())

        def cash(paid: Iterable[Dividend]) -> Json:
            return {
                str(at(each.day)): {"amount": each.amount, "date": at(each.day)}
                | ({"currency": each.currency} if each.currency else {})
                for each in self._paid(listing, paid)
                if start <= listing.session(each.day)[0] < end
            }

        splits = {
            str(at(each.day)): {
                "date": at(each.day),
                "numerator": each.numerator,
                "denominator": each.denominator,
                "splitRatio": f"{each.numerator:g}:{each.denominator:g}",
            }
            for each in listing.splits
            if start <= listing.session(each.day)[0] < end
            and self._since(listing, each, self.announced_from)
        }
        events = {
            "dividends": cash(listing.dividends),
            "splits": splits,
            "capitalGains": cash(listing.gains),
        }
        return {name: each for name, each in events.items() if each}

    def _meta(self, listing: Listing, interval: str, bars: Sequence[Bar]) -> Json:
        known = listing.days or listing.minutes
        begun = bisect_left(known, self.now + _TICK, key=lambda bar: bar.start)
        traded = self.now
        if begun:
            last = known[begun - 1].start
            end = listing.session(listing.day_of(last))[1] if listing.days else last + _LAST_TICK
            traded = min(self.now, end)
        meta: Json = {
            "currency": listing.currency,
            "symbol": listing.symbol,
            "exchangeName": listing.exchange,
            "instrumentType": listing.kind,
            "exchangeTimezoneName": listing.zone,
            "timezone": self.now.astimezone(ZoneInfo(listing.zone)).tzname(),
            "dataGranularity": interval,
            "priceHint": 2,
            "regularMarketTime": int(traded.timestamp()),
            "validRanges": ["1d", "5d", "1mo", "1y", "max"],
        }
        if interval != "1d":
            days = sorted({listing.day_of(bar.start) for bar in bars})
            days = days or [listing.day_of(self.now)]
            meta["tradingPeriods"] = [[_period(*listing.session(day))] for day in days]
        return meta


def _period(start: datetime, end: datetime) -> Json:
    offset = start.utcoffset() or timedelta(0)
    return {
        "timezone": start.tzname(),
        "start": int(start.timestamp()),
        "end": int(end.timestamp()),
        "gmtoffset": int(offset.total_seconds()),
    }


def _columns(rows: Sequence[Row]) -> Json:
    if not rows:
        return {}
    names = ("open", "high", "low", "close")
    prices = {name: [row[1][place] for row in rows] for place, name in enumerate(names)}
    return {**prices, "volume": [row[2] for row in rows]}


def _instant(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
