"""Prices that contradict each other, stand still, or jump."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ml4t_nb.core.bars import Bars, observed
from ml4t_nb.core.findings import as_findings
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.finding import Finding
from tests.core.rules.series import bars_of, calm, found
from tests.core.test_validation import SOUND, flat, rows, seen


def find_suspect(bars: Bars) -> tuple[Finding, ...]:
    real = observed(bars)
    found = suspects(real, basis="split-adjusted", asset_class="equities", allowed=Thresholds())
    return as_findings(found, real)


@pytest.mark.parametrize(
    "change", [{"high": 10.9}, {"low": 10.1}, {"high": 8.5, "low": 8.0}, {"high": 9.0, "low": 12.0}]
)
def test_high_and_low_that_do_not_span_the_others_are_remarked(change: dict[str, float]) -> None:
    findings = find_suspect(rows({}, change))

    assert seen(findings) == [(2, "range")]
    assert not findings[0].is_hard


def test_high_and_low_in_single_precision_are_no_remark() -> None:
    assert find_suspect(rows({"close": 12.0000004, "open": 8.9999996})) == ()


def test_five_bars_that_repeat_each_other_are_frozen() -> None:
    findings = find_suspect(rows({}, *flat(11, 11, 11, 11, 11), {}))

    assert seen(findings) == [(2, "frozen")]
    assert findings[0].detail.startswith("5 bars repeat all prices, the last at 2024-01-06")


def test_four_bars_that_repeat_each_other_are_not() -> None:
    assert find_suspect(rows({}, *flat(11, 11, 11, 11), {})) == ()


def test_a_price_that_stands_still_while_shares_are_traded_is_not_frozen() -> None:
    traded = [{**bar, "volume": 10.0 + at} for at, bar in enumerate(flat(11, 11, 11, 11, 11, 11))]

    assert find_suspect(rows(*traded)) == ()


def test_prices_that_stand_still_among_moving_ones_are_frozen_whatever_is_traded() -> None:
    bars = calm(40)
    bars.iloc[20:25, :4] = bars.iloc[20, :4].to_numpy()

    assert found(bars) == [("frozen", 20, 24)]
    assert found(bars.iloc[:25]) == [("frozen", 20, 24)]


def test_prices_of_few_cents_that_repeat_each_other_are_not_frozen() -> None:
    rows = np.tile([0.02, 0.03, 0.02, 0.02], (40, 1))
    rows[::7, 3] = 0.03

    assert found(bars_of(rows, volume=1e6 + np.arange(40.0))) == []


def test_the_same_volume_again_and_again_is_frozen() -> None:
    assert seen(find_suspect(rows(*flat(11, 11, 11, 11, 11, volume=7.0)))) == [(1, "frozen")]


def test_quiet_minutes_are_frozen_only_after_an_hour() -> None:
    assert find_suspect(rows(*flat(*[11] * 60), every="1min")) == ()
    assert seen(find_suspect(rows(*flat(*[11] * 61), every="1min"))) == [(1, "frozen")]


def test_filled_bars_are_ignored() -> None:
    bars = rows({}, *flat(11, 11, 11, 11, 11, 11), {})
    bars["filled"] = [False, *[True] * 6, False]

    assert find_suspect(bars) == ()


@pytest.mark.parametrize("factor", [5.5, 1 / 5.5, 30.0, 1 / 30])
def test_a_price_that_moves_more_than_fivefold_is_remarked(factor: float) -> None:
    after = {name: SOUND[name] * factor for name in ("open", "high", "low", "close")}

    assert (2, "jump") in seen(find_suspect(rows({}, after)))


def test_a_price_that_halves_is_not_a_remark() -> None:
    # AAPL, 2000-09-28 and 29.
    day = {"open": 53.0, "high": 53.5, "low": 52.5, "close": 53.5}
    fall = {"open": 28.19, "high": 29.0, "low": 25.37, "close": 25.75}

    assert find_suspect(rows(day, fall)) == ()


def test_a_jump_by_the_ratio_of_a_split_is_explained() -> None:
    after = {name: SOUND[name] / 20 for name in ("open", "high", "low", "close")}

    assert find_suspect(rows({}, {**after, "split": 20.0})) == ()
    assert seen(find_suspect(rows({}, {**after, "split": 2.0}))) == [(2, "jump")]


def test_one_price_of_a_bar_out_of_all_proportion_is_remarked() -> None:
    assert seen(find_suspect(rows({}, {"high": 1200.0}, {}))) == [(2, "jump")]


def test_a_finding_names_its_instant() -> None:
    findings = find_suspect(rows({}, {"high": 10.5}, first="2024-01-02T14:30", every="1h"))

    assert findings[0].stamp == datetime(2024, 1, 2, 15, 30, tzinfo=UTC)
