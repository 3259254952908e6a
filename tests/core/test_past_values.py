"""Bars as a commit found and left them, from what is stored now and from the log of revisions."""

from __future__ import annotations

import pandas as pd

from ml4t_nb.core.bars import COLUMNS, Bars, make_bars
from ml4t_nb.core.past_values import around_change


def bars(*closes: float, first: str = "2024-01-01") -> Bars:
    """One bar a day of these closes; NaN leaves a day out."""
    values = pd.Series(closes, pd.date_range(first, periods=len(closes))).dropna()
    columns = dict.fromkeys(("open", "high", "low", "close"), values)
    return make_bars(values.index, columns)


def logged(*rows: tuple[int, str, float, str]) -> pd.DataFrame:
    """Rows of a version, a day, a close and a change."""
    frames = [
        bars(close, first=day).reset_index().assign(version=version, change=change)
        for version, day, close, change in rows
    ]
    names = ["timestamp", *COLUMNS, "version", "change"]
    return pd.concat(frames) if frames else pd.DataFrame(columns=names)


def days(of: Bars) -> dict[int, float]:
    return dict(zip(of.index.day.tolist(), of["close"].tolist(), strict=True))  # type: ignore[attr-defined]  # a DatetimeIndex


def test_a_replaced_bar_has_its_old_and_its_new_value_between_bars_that_stayed() -> None:
    log = logged((2, "2024-01-04", 40.0, "replaced"))

    before, after = around_change(bars(1, 2, 3, 4, 5, 6, 7), log, 2, beside=2)

    assert days(before) == {2: 2, 3: 3, 4: 40, 5: 5, 6: 6}
    assert days(after) == {2: 2, 3: 3, 4: 4, 5: 5, 6: 6}


def test_what_later_runs_replaced_is_what_the_run_had_left() -> None:
    log = logged(
        (2, "2024-01-03", 30.0, "replaced"),
        (3, "2024-01-03", 31.0, "replaced"),
        (3, "2024-01-02", 20.0, "removed"),
        (4, "2024-01-03", 32.0, "replaced"),
        (4, "2024-01-04", 4.0, "added"),
    )

    before, after = around_change(bars(1, float("nan"), 3, 4), log, 2, beside=5)

    assert days(before) == {1: 1, 2: 20, 3: 30}
    assert days(after) == {1: 1, 2: 20, 3: 31}
    before, after = around_change(bars(1, float("nan"), 3, 4), log, 3, beside=5)
    assert days(before) == {1: 1, 2: 20, 3: 31}
    assert days(after) == {1: 1, 3: 32}


def test_a_bar_that_was_added_or_taken_out_is_on_one_side_alone() -> None:
    log = logged((2, "2024-01-02", 2.0, "added"), (2, "2024-01-03", 3.0, "removed"))

    before, after = around_change(bars(1, 2, float("nan"), 4), log, 2, beside=1)

    assert days(before) == {1: 1, 3: 3, 4: 4}
    assert days(after) == {1: 1, 2: 2, 4: 4}


def test_fills_are_left_out_and_a_run_that_changed_nothing_has_nothing() -> None:
    log = logged((2, "2024-01-02", 2.0, "replaced")).assign(filled=True)
    held = bars(1, 2, 3).assign(filled=[False, True, False])

    assert [len(part) for part in around_change(held, log, 2, beside=3)] == [0, 0]
    assert [len(part) for part in around_change(held, logged(), 2, beside=3)] == [0, 0]
