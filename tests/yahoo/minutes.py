"""Minutes of a month, of a share that is split in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.replay import Bar, Listing, Split, index_of_minutes

__all__ = ["DECEMBER", "EX_MINUTE", "NOVEMBER", "month_of_minutes"]

# The exchange's own days of that time; Thanksgiving was on the 28th.
NOVEMBER = (5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 25, 26, 27, 29)
DECEMBER = (2, 3, 4, 5, 6, 9, 10)
EX_MINUTE = date(2019, 12, 3)


def month_of_minutes() -> Listing:
    """Four real days of minutes over and over, as a share that split 2:1 on 3 December."""
    index = index_of_minutes()
    days = [date(2019, 11, day) for day in NOVEMBER] + [date(2019, 12, day) for day in DECEMBER]
    by_day = [
        [bar for bar in index.minutes if index.session(day)[0] <= bar.start < index.session(day)[1]]
        for day in days[:4]
    ]
    bars: list[Bar] = []
    for place, day in enumerate(days):
        times = 2 if day < EX_MINUTE else 1
        shift = day - index.day_of(by_day[place % 4][0].start)
        # The day after Thanksgiving ends at 13:00.
        length = 210 if day == date(2019, 11, 29) else 390
        for bar in by_day[place % 4][:length]:
            first, high, low, last = (price * times for price in bar.prices)
            bars.append(Bar(bar.start + shift, first, high, low, last, bar.volume))
    return replace(
        index,
        symbol="ACME",
        kind="EQUITY",
        exchange="NMS",
        minutes=tuple(bars),
        splits=(Split(EX_MINUTE, 2),),
    )
