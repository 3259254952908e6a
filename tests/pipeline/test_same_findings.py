"""What is found evening by evening is what one load of the same series finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml4t_nb.core.bars import PRICES, Bars, make_bars
from ml4t_nb.storage.store import Store
from tests.core.rules.series import calm
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted

pytestmark = pytest.mark.long

FIRST, COUNT, LOADED = datetime(2024, 1, 1, tzinfo=UTC), 124, 104

Fault = Callable[[dict[str, np.ndarray], slice], None]


def times(factor: float, *names: str) -> Fault:
    def spoil(columns: dict[str, np.ndarray], rows: slice) -> None:
        for name in names or PRICES:
            columns[name][rows] *= factor

    return spoil


def standing_still(columns: dict[str, np.ndarray], rows: slice) -> None:
    for name in (*PRICES, "volume"):
        columns[name][rows] = columns[name][rows.start]


def paid(cash: float) -> Fault:
    def spoil(columns: dict[str, np.ndarray], rows: slice) -> None:
        columns["dividend"][rows] = cash

    return spoil


FAULTS: dict[str, Fault] = {
    "tenfold": times(10),
    "a tenth": times(0.1),
    "pence": times(100),
    "pounds": times(0.01),
    "high": times(1.4, "high"),
    "close": times(1.4, "close"),
    "no volume": times(0, "volume"),
    "volume": times(3000, "volume"),
    "frozen": standing_still,
    "dividend": paid(30.0),
    "small dividend": paid(0.5),
}


def days_with(faults: list[tuple[str, int, int]]) -> Bars:
    bars = calm(COUNT)
    columns = {name: bars[name].to_numpy(copy=True) for name in (*PRICES, "volume", "dividend")}
    for name, row, length in faults:
        FAULTS[name](columns, slice(row, min(row + length, COUNT)))
    return make_bars(pd.date_range(FIRST, periods=COUNT, freq="D"), columns)


def standing(runner: Runner) -> list[tuple[str, datetime | None, datetime | None]]:
    return sorted((each.rule, each.stamp, each.end) for each in runner.open_findings())


def after(row: int) -> datetime:
    """When the bar of that row is final, and the next one is not."""
    return FIRST + timedelta(days=row + 1, hours=3)


@settings(max_examples=15)
@given(
    faults=st.lists(
        st.tuples(st.sampled_from(sorted(FAULTS)), st.integers(20, COUNT - 1), st.integers(1, 9)),
        min_size=1,
        max_size=2,
    )
)
@example(faults=[("pence", 20, 104)])
@example(faults=[("frozen", 30, 80)])
@example(faults=[("no volume", 25, 99)])
@example(faults=[("close", LOADED, 1), ("close", LOADED + 15, 1)])
def test_evening_by_evening_finds_what_one_load_finds(faults: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        nightly, at_once = (
            Runner(Store(Path(folder) / name), Scripted(days_with(faults)))
            for name in ("nightly", "at_once")
        )
        at_once.load(after(COUNT - 1), calendar="24/7")
        told = list(nightly.load(after(LOADED - 1), calendar="24/7").findings)
        for row in range(LOADED, COUNT):
            told += nightly.update(after(row)).findings

        assert standing(nightly) == standing(at_once)
        # No bar is told twice by one rule.
        keys = [(each.rule, each.stamp) for each in told]
        assert len(set(keys)) == len(keys)
