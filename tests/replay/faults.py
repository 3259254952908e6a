"""What goes wrong at Yahoo: with a reply as a whole, or with the rows in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from tests.replay.listings import Bar

FaultKind = Literal[
    # instead of the reply
    "status",
    "html",
    "text",
    "down",
    "reset",
    "hang",
    "delisted",
    "no_result",
    # of the reply's bytes
    "truncated",
    "short_body",
    "drip",
    # of the reply's rows
    "empty",
    "drop",
    "null",
    "null_prices",
    "null_volume",
    "scale",
    "last_twice",
    "live",
]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, for some requests.

    Parameters
    ----------
    match
        Regular expression on ``host/path?query``; by default requests for bars of a span.
    times
        For how many matching requests; -1 for all.
    code
        HTTP status of ``status``.
    seconds
        How long ``hang`` says nothing, and ``drip`` takes for each byte; how long after the last
        row's stamp ``live`` lies.
    days
        Local dates (or starts, ``2019-11-05T14:30``, UTC) of the rows concerned.
    factor
        What prices are multiplied by.
    text
        The body of ``text``.
    """

    kind: FaultKind
    match: str = r"/v8/finance/chart/.*period1"
    times: int = 1
    code: int = 500
    seconds: float = 30.0
    days: tuple[str, ...] = ()
    factor: float = 1.0
    text: str = ""

    def take(self, target: str) -> bool:
        """Whether it strikes this request; counts it."""
        if self.times == 0 or not re.search(self.match, target):
            return False
        self.times -= 1
        return True


Row = tuple[int, tuple[float | None, ...], int | None, float | None]
"""Unix time, the four prices, volume, adjusted close."""


def spoil(rows: list[Row], bars: list[Bar], names: list[str], fault: Fault) -> list[Row]:
    """Rows after a fault of rows; ``names`` are the rows' local dates."""
    stamps = [bar.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") for bar in bars]
    hit = [n in fault.days or s in fault.days for n, s in zip(names, stamps, strict=True)]
    if fault.kind == "drop":
        return [row for row, is_hit in zip(rows, hit, strict=True) if not is_hit]
    if fault.kind == "last_twice" and rows:
        at, prices, volume, adjusted = rows[-1]
        return [*rows, (at + 60, prices, (volume or 0) + 1000, adjusted)]
    if fault.kind == "live" and rows:
        at, prices, _, adjusted = rows[-1]
        return [*rows, (at + int(fault.seconds), (prices[3],) * 4, 0, adjusted)]
    return [_changed(row, fault) if is_hit else row for row, is_hit in zip(rows, hit, strict=True)]


def _changed(row: Row, fault: Fault) -> Row:
    at, prices, volume, adjusted = row
    if fault.kind == "null":
        return at, (None,) * 4, None, None
    if fault.kind == "null_prices":
        return at, (None,) * 4, volume, None
    if fault.kind == "null_volume":
        return at, prices, None, adjusted
    if fault.kind == "scale":
        scaled = tuple(None if each is None else each * fault.factor for each in prices)
        return at, scaled, volume, adjusted
    return row
