"""Gap detection beside the difference of neighbours, which any detection must take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.own.clock import Number, clocked
from ml4t_nb.calendars import calendar
from ml4t_nb.core.gap_detection import StampMatch
from ml4t_nb.model import Gap, Span

__all__ = ["measured"]

_FROM, _TO = datetime(2019, 6, 14, tzinfo=UTC), datetime(2024, 6, 14, tzinfo=UTC)
_HOLES = 200
_LONGEST = 40
_TIMES = 5


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Five years of minutes of XNYS and of 24/7, with 200 holes of up to 40 bars in each."""
    del folder
    for name, exchange in (("490,000 bars", "XNYS"), ("2.6 M bars", "24/7")):
        dates = calendar(exchange)
        span = Span(_FROM + (_TO - _FROM) * (1 - share), _TO)
        expected = dates.stamps(span, "1m")
        stamps = _with_holes(expected)
        plain = np.array(stamps.asi8)
        for number in range(rounds + 1):
            took = {
                "np.diff": [clocked(partial(np.diff, plain)) for _ in range(_TIMES)],
                "find_gaps": [clocked(partial(_gaps, stamps, expected)) for _ in range(_TIMES)],
                "expected stamps": [clocked(partial(dates.stamps, span, "1m"))],
            }
            for what, spent in took.items() if number else ():
                yield f"gaps among {name}", what, float(np.median(spent)), "ms"


def _gaps(stamps: pd.DatetimeIndex, expected: pd.DatetimeIndex) -> tuple[Gap, ...]:
    return StampMatch(stamps, expected).gaps


def _with_holes(expected: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """``expected`` without the holes; as many gaps are found as were made, which is asserted."""
    random = np.random.default_rng(7)
    room = len(expected) // _HOLES
    starts = np.arange(_HOLES) * room + random.integers(1, room - _LONGEST - 1, _HOLES)
    kept = np.ones(len(expected), dtype=bool)
    for start, length in zip(starts, random.integers(1, _LONGEST, _HOLES), strict=True):
        kept[start : start + length] = False
    stamps = expected[kept]
    assert sum(gap.missing for gap in _gaps(stamps, expected)) == int((~kept).sum())
    return stamps
