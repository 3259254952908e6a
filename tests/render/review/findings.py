"""Bars with planted faults, and findings about them, that the tests of review share."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, make_bars
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import DatasetId
from ml4t_nb.reports import CompareReport, PlotReport, PriceScale

__all__ = ["AAPL", "answer", "calm", "finding", "plotted", "stamp"]

AAPL = DatasetId("equities", "daily", "AAPL")


def calm(count: int = 60) -> Bars:
    """Weekdays from 2005-01-03 that are all alike, but for the volume: 1000, 1001 ..."""
    return make_bars(
        pd.bdate_range("2005-01-03", periods=count),
        {
            "open": [10.0] * count,
            "high": [10.2] * count,
            "low": [9.9] * count,
            "close": [10.1] * count,
            "volume": [1000.0 + row for row in range(count)],
        },
    )


def plotted(bars: Bars, dataset: DatasetId = AAPL, zone: str = "America/New_York") -> PlotReport:
    return PlotReport(dataset, "sample", zone, bars, pd.DatetimeIndex(bars.index[:0]), ())


def stamp(bars: Bars, row: int) -> datetime:
    return as_instant(bars.index[row])


def finding(
    bars: Bars,
    row: int,
    rule: Rule = "spike",
    /,
    *,
    last: int | None = None,
    detail: str = "what was seen",
    **evidence: float,
) -> Finding:
    """A finding about one bar, or from it to the last; blanks are written with ``_``."""
    seen = tuple((name.replace("_", " "), value) for name, value in evidence.items())
    end = None if last is None else stamp(bars, last)
    return Finding(stamp(bars, row), rule, detail, end=end, evidence=seen)


def answer(stored: Bars, other: Bars, *factors: tuple[int, int, float]) -> CompareReport:
    """A comparison with ``files``; ``factors`` are scales from row to row."""
    scales = factors or ((0, len(stored) - 1, 1.0),)
    common = stored.index.intersection(other.index)
    return CompareReport(
        dataset=AAPL,
        provider="sample",
        other="files",
        as_of=datetime(2005, 6, 1, tzinfo=UTC),
        tolerance=0.001,
        common=len(common),
        agreeing=(),
        differences=(),
        only_stored=(),
        only_other=(),
        scales=tuple(PriceScale(stamp(stored, a), stamp(stored, b), f) for a, b, f in scales),
        volume_ratio=1.0,
        volumes_apart=0,
        stored_bars=stored,
        other_bars=other,
    )
