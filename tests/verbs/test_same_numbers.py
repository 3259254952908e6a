"""Bars are the same to the last bit with the oldest and the newest releases of what we need.

The digests were made with pandas 2.2, numpy 1.26 and pyarrow 18, and with pandas 3.1, numpy 2.4 and
pyarrow 26; either read and updated what the other had written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import ml4t_nb
from ml4t_nb.core.bars import NUMBERS, STAMPS
from ml4t_nb.model import Frequency


def digest(frame: pd.DataFrame) -> str:
    index = pd.DatetimeIndex(frame.index)
    assert index.dtype == STAMPS
    numbers = frame[list(NUMBERS)].to_numpy("float64")
    return hashlib.sha256(index.asi8.tobytes() + numbers.tobytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Case:
    symbol: str
    provider: str
    frequency: Frequency
    days: tuple[str, str, str]
    """Where it starts, what is loaded at first, and what an update adds."""
    expected: str


CASES = (
    Case("AAPL", "sample", "daily", ("2004-01-02", "2005-02-25", "2005-03-01"), "5b80dd95387bf7aa"),
    Case(
        "GOOGL",
        "synthetic",
        "daily",
        ("2003-01-01", "2023-12-29", "2024-01-19"),
        "68a174e803dc92cc",
    ),
    Case(
        "QQQ", "synthetic", "weekly", ("2000-01-01", "2023-12-29", "2024-01-19"), "5680b941ece8ca6b"
    ),
    Case("SPY", "synthetic", "1m", ("2024-01-02", "2024-01-12", "2024-01-19"), "107996ac4a7e27d4"),
    Case(
        "BTC-USD",
        "synthetic",
        "hourly",
        ("2024-01-02", "2024-01-12", "2024-01-19"),
        "5bb1dbd0074db998",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.symbol)
def test_the_numbers_do_not_depend_on_the_releases(tmp_path: Path, case: Case) -> None:
    start, first, then = case.days
    ml4t_nb.load(
        case.symbol,
        provider=case.provider,
        frequency=case.frequency,
        start=start,
        as_of=first,
        home=tmp_path,
    )
    ml4t_nb.update(case.symbol, as_of=then, home=tmp_path)

    frames = [
        ml4t_nb.bars(case.symbol, adjust=each, home=tmp_path) for each in ("raw", "splits", "all")
    ]

    assert digest(pd.concat(frames)) == case.expected
