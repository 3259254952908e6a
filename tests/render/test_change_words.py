"""What is said of a run's changes: never more than is true of every single bar."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml4t_nb.core.bars import make_bars
from ml4t_nb.core.change_factors import change_factors
from ml4t_nb.records import Restatement, UpdateRecord
from ml4t_nb.render.change.change_html import change_html
from ml4t_nb.render.change.number_words import counts_words, proof_words
from ml4t_nb.render.change.run_change import RunChange, run_change
from ml4t_nb.render.change.wording import change_sentence, detail_words
from ml4t_nb.reports import PlotReport
from tests.render.reports import day
from tests.render.test_plots import report

FIRST = day("2024-01-01")
PRICES = ("open", "high", "low", "close")
Rows = list[tuple[int, int, int, int]]
"""Open, high, low and close of each bar, in ten-thousandths."""


def frame(rows: Rows, volumes: list[int] | None = None, *, first: int = 0) -> pd.DataFrame:
    stamps = pd.DatetimeIndex([FIRST + timedelta(days=first + at) for at in range(len(rows))])
    columns: dict[str, Any] = {
        name: pd.Series([row[at] / 10_000 for row in rows], stamps)
        for at, name in enumerate(PRICES)
    }
    columns["volume"] = pd.Series(volumes or [1000] * len(rows), stamps, dtype=float)
    return make_bars(stamps, columns)


def with_prices(held: pd.DataFrame, factor: float, rows: slice = slice(None)) -> pd.DataFrame:
    """The bars, the prices of some multiplied."""
    made = held.copy()
    stamps = made.index[rows]
    made.loc[stamps, list(PRICES)] = made.loc[stamps, list(PRICES)] * factor
    return made


def changed(
    before: pd.DataFrame,
    after: pd.DataFrame,
    restatement: Restatement | None,
    **more: Any,  # noqa: ANN401  # of a record
) -> RunChange:
    record = UpdateRecord(
        day("2024-06-03"), "update", "sample", "changed", version=2, restatement=restatement, **more
    )
    splits = [(pd.Timestamp(at), value) for at, value in restatement.splits] if restatement else []
    ratio = None if restatement is None else restatement.ratio
    judged = change_factors(before, after, ratio=ratio, splits=splits)
    what = replace(report(), bars=after, before=before, record=record, changes=judged)
    return run_change(what)


def one_factor(before: Rows, after: Rows) -> Fraction | None:
    """The one factor that moves each price of each bar to its new one, in exact fractions."""
    factors = {
        Fraction(new, old)
        for was, now in zip(before, after, strict=True)
        for old, new in zip(was, now, strict=True)
    }
    return factors.pop() if len(factors) == 1 else None


PRICE = st.integers(10_000, 2_000_000).map(lambda value: 2 * value)
BARS = st.lists(st.tuples(PRICE, PRICE, PRICE, PRICE), min_size=2, max_size=25)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(before=BARS, data=st.data())
def test_every_bar_is_said_only_if_it_is_so_of_every_bar(before: Rows, data: st.DataObject) -> None:
    after: Rows = [tuple(price // 2 for price in row) for row in before]  # type: ignore[misc]  # four of them
    places = st.tuples(st.integers(0, len(before) - 1), st.integers(0, 3), st.integers(-40, 40))
    for row, column, by in data.draw(st.lists(places, max_size=4)):
        values = list(after[row])
        values[column] += by * 100  # a whole number of cents
        after[row] = tuple(values)  # type: ignore[assignment]  # four of them
    split = FIRST + timedelta(days=len(before))
    change = changed(
        frame(before, [1000] * len(before)),
        pd.concat([frame(after, [2000] * len(after)), frame([after[-1]], first=len(before))]),
        Restatement(2.0, ((split, 2.0),)),
    )
    # By hand: a bar keeps to a half if the cents of all four prices do.
    kept = sum(
        all(abs(2 * new - old) < 100 for old, new in zip(was, now, strict=True))
        for was, now in zip(before, after, strict=True)
    )
    is_all = kept == len(before)

    sentence, details = change_sentence(change), detail_words(change)

    assert ("Every bar" in details) == (is_all and change.is_restated)
    if "Every bar changed by the same factor;" in details:
        assert one_factor(before, after) == Fraction(1, 2)
    if "halved" in sentence and not is_all:
        words = r": ([\d,]+) of its ([\d,]+) earlier bars? (?:was|were) halved, and ([\d,]+)"
        found = re.search(words, sentence)
        assert found is not None, sentence
        assert [int(each.replace(",", "")) for each in found.groups()] == [
            kept, len(before), len(before) - kept,
        ]  # fmt: skip
    if is_all:
        assert f"its {len(before):,} earlier bars were halved" in sentence
        assert proof_words(change) == ("0.5000", f"on all {len(before):,} bars")


def test_a_bar_that_stayed_on_the_old_basis_is_counted_and_ringed() -> None:
    before = frame([(20_000 * at,) * 4 for at in range(10, 20)])
    after = with_prices(with_prices(before, 0.5, slice(4)), 0.5, slice(5, None))

    change = changed(before, after, Restatement(2.0))

    assert change.odd.tolist() == [False] * 4 + [True] + [False] * 5
    assert "9 of its 10 bars were halved, and 1 was not." in change_sentence(change)
    assert proof_words(change) == ("0.5000", "on 9 of 10 bars")
    assert "Every bar" not in detail_words(change)


def test_nothing_else_moved_is_said_only_of_volumes_and_dividends_that_kept_to_it_too() -> None:
    rows: Rows = [(20_000, 24_000, 18_000, 22_000)] * 3
    halves: Rows = [(10_000, 12_000, 9_000, 11_000)] * 3
    split = Restatement(2.0, ((FIRST + timedelta(days=3), 2.0),))

    scaled = changed(frame(rows, [10, 20, 30]), frame(halves, [20, 40, 60]), split)
    one_not = changed(frame(rows, [10, 20, 30]), frame(halves, [20, 40, 67]), split)
    kept = changed(frame(rows, [10, 20, 30]), frame(halves, [10, 20, 30]), split)

    assert detail_words(scaled) == (
        "Prices ÷ 2, volume \N{MULTIPLICATION SIGN} 2, from 1 Jan 2024 to 3 Jan 2024. "
        "Every bar changed by the same factor; nothing else moved. The old bars are kept."
    )
    assert "on 2 of 3 bars" in detail_words(one_not)
    assert "nothing else moved" not in detail_words(one_not)
    assert "volume unchanged" in detail_words(kept)


def test_two_splits_have_two_factors_and_no_common_one() -> None:
    before = frame([(60_000,) * 4] * 2 + [(30_000,) * 4] * 3)
    after = frame([(10_000,) * 4] * 5)
    splits = ((FIRST + timedelta(days=2), 2.0), (FIRST + timedelta(days=5), 3.0))

    change = changed(before, after, Restatement(6.0, splits))

    assert change_sentence(change) == (
        "AAPL split 2:1 on 3 Jan 2024 and 3:1 on 6 Jan 2024: "
        "its 5 bars were divided by 6 or divided by 3."
    )
    assert "by the factor of the splits after it" in detail_words(change)
    assert proof_words(change) == ("0.1667 or 0.3333", "on all 5 bars")


def test_a_restatement_without_a_split_says_so_or_names_the_dividend_that_explains_it() -> None:
    before = frame([(1_000_000,) * 4] * 4)
    after = with_prices(before, 0.98)
    large, small = (
        pd.concat([after, frame([(990_000,) * 4], first=4).assign(dividend=paid)])
        for paid in (2.0, 0.5)
    )
    moved = Restatement(1 / 0.98)

    assert change_sentence(changed(before, after, moved)) == (
        "sample moved the history of AAPL to another basis and names no split: "
        "its 4 bars were multiplied by 0.98."
    )
    assert change_sentence(changed(before, large, moved)).startswith(
        "AAPL paid a dividend of 2 on 5 Jan 2024: its 4 earlier bars were multiplied by 0.98"
    )
    assert "names no split" in change_sentence(changed(before, small, moved))


@pytest.mark.parametrize("count", [1, 2, 7, 600, 20_000])
@pytest.mark.parametrize("restated", [True, False])
def test_the_picture_is_small_and_whole_whatever_the_number_of_bars(
    count: int,
    restated: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    before = frame([(20_000 + 7 * at,) * 4 for at in range(count)])
    middle = slice(count // 2, count // 2 + 1)
    after = with_prices(before, 0.5) if restated else with_prices(before, 1.5, middle)
    change = changed(before, after, Restatement(2.0) if restated else None, revised=1)

    html = change_html(change.report)

    assert len(html.encode()) < 60_000
    assert "NaN" not in html
    assert "nan" not in html
    assert "<script" not in html
    drawn, still = (
        re.findall(r"<svg [^>]*change-picture.*?</g></svg>", html)[0],
        re.findall(r"base64,([^\"]+)", html)[0],
    )
    for svg in (f"<p>{drawn}</p>", b64decode(still).decode()):
        ET.fromstring(svg)  # noqa: S314  # our own
    assert counts_words(change).endswith(("restated", "changed"))


def test_the_end_of_a_long_line_is_named_by_its_last_value() -> None:
    rows: Rows = [(20_000 + 2 * at,) * 4 for at in range(5_001)]
    before = frame(rows)
    after = with_prices(before, 0.5)

    html = change_html(changed(before, after, Restatement(2.0)).report)

    assert re.search(r">before <tspan[^>]*>3.00<", html)
    assert re.search(r">now <tspan[^>]*>1.50<", html)


def test_its_commands_name_the_store_that_was_looked_at_and_its_axis_the_currency(
    tmp_path: Path,
) -> None:
    before = frame([(20_000 + 2 * at,) * 4 for at in range(100)])
    made = changed(before, with_prices(before, 0.5), Restatement(2.0)).report

    html = change_html(replace(made, home=tmp_path / "other", currency="GBp"))

    assert f"%ml4t history AAPL --home {tmp_path}/other" in html
    assert f"%ml4t plot AAPL --home {tmp_path}/other --run 2 --json" in html
    assert "close, log scale, GBp (1/100 GBP)" in html


def test_a_report_of_words_from_outside_is_text() -> None:
    before = frame([(20_000,) * 4] * 3)
    change = changed(before, before.assign(close=3.0), None, revised=3)
    record = replace(change.record, provider="<b>x</b>")
    evil: PlotReport = replace(change.report, record=record)

    assert "<b>x" not in change_html(evil)
