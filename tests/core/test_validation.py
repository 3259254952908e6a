from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import NUMBERS, Bars, make_bars, require_bars
from ml4t_nb.core.validation import reject_invalid, rejected_actions
from ml4t_nb.finding import Finding
from ml4t_nb.testing.strategies import faulty_bars

SOUND = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 100.0}
NEVER = (math.nan, math.inf, -math.inf)


def rows(*changes: dict[str, float], first: str = "2024-01-01", every: str = "1D") -> Bars:
    """Sound bars, a day apart, each with its changes."""
    stamps = pd.date_range(first, periods=len(changes), freq=every, unit="us")
    columns = {
        name: [{"dividend": 0.0, "split": 1.0, **SOUND, **change}[name] for change in changes]
        for name in NUMBERS
    }
    return make_bars(stamps, columns)


def flat(*closes: float, volume: float = 0.0) -> Sequence[dict[str, float]]:
    return [
        {"open": close, "high": close, "low": close, "close": close, "volume": volume}
        for close in closes
    ]


def seen(findings: Sequence[Finding]) -> list[tuple[int, str]]:
    return [(each.stamp.day if each.stamp else 0, each.rule) for each in findings]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        *[
            ({name: value}, "nan")
            for name in NUMBERS
            for value in NEVER
            if (name, value) != ("volume", NEVER[0])
        ],
        *[({name: value}, "price") for name in NUMBERS[:4] for value in (0.0, -1.0)],
        ({"volume": -1.0}, "volume"),
        ({"dividend": -0.1}, "action"),
        ({"split": 0.0}, "action"),
        ({"split": -2.0}, "action"),
    ],
)
def test_a_row_that_breaks_a_hard_rule_is_kept_out_and_found(
    change: dict[str, float], rule: str
) -> None:
    kept, findings = reject_invalid(rows({}, change, {}))

    assert [stamp.day for stamp in kept.index] == [1, 3]
    assert seen(findings) == [(2, rule)]
    assert findings[0].is_hard


def test_sound_rows_pass_unchanged() -> None:
    bars = rows({}, {"volume": 0.0}, {"dividend": 0.5, "split": 0.1})

    kept, findings = reject_invalid(bars)

    pd.testing.assert_frame_equal(kept, bars, check_freq=False)
    assert findings == ()


def test_a_row_without_its_volume_is_kept_with_none_and_found() -> None:
    kept, findings = reject_invalid(
        rows({}, {"volume": math.nan}, {"volume": math.nan, "close": math.nan})
    )

    assert kept["volume"].tolist() == [100, 0]
    assert kept["close"].tolist() == [11, 11]
    assert seen(findings) == [(2, "no volume"), (3, "nan")]
    assert [finding.is_hard for finding in findings] == [False, True]


def test_a_row_without_its_volume_gives_way_to_its_double_that_has_one() -> None:
    bars = rows({}, {"volume": math.nan}, {})
    bars.index = bars.index[[0, 1, 1]]

    kept, findings = reject_invalid(bars)

    assert kept["volume"].tolist() == [100, 100]
    assert seen(findings) == [(2, "nan")]


def test_rows_none_of_which_has_a_volume_are_kept_without_a_word() -> None:
    kept, findings = reject_invalid(rows({"volume": math.nan}, {"volume": math.nan}))

    assert kept["volume"].tolist() == [0, 0]
    assert findings == ()


def test_a_row_is_found_once_however_many_rules_it_breaks() -> None:
    _, findings = reject_invalid(rows({"open": math.nan, "high": -1.0, "volume": -1.0}))

    assert seen(findings) == [(1, "nan")]


def test_rows_in_any_order_come_out_sorted() -> None:
    kept, findings = reject_invalid(
        rows({"close": 9.5}, {"close": 10.5}, {"close": 11.5}).iloc[[2, 0, 1]]
    )

    assert kept["close"].tolist() == [9.5, 10.5, 11.5]
    assert findings == ()


def test_a_row_said_twice_is_one_row() -> None:
    kept, findings = reject_invalid(rows({}, {"close": 10.5}).iloc[[0, 1, 1]])

    assert kept["close"].tolist() == [11.0, 10.5]
    assert findings == ()


def test_rows_of_one_stamp_that_disagree_are_all_kept_out() -> None:
    bars = rows({}, {"close": 10.5}, {"close": 11.5})
    bars.index = bars.index[[0, 1, 1]]

    kept, findings = reject_invalid(bars)

    assert [stamp.day for stamp in kept.index] == [1]
    assert seen(findings) == [(2, "duplicate")]
    assert findings[0].detail == "2 rows of one stamp disagree; closes 10.5, 11.5"


def test_an_unsound_row_does_not_take_its_sound_double_with_it() -> None:
    bars = rows({}, {"close": math.nan}, {"close": 11.5})
    bars.index = bars.index[[0, 1, 1]]

    kept, findings = reject_invalid(bars)

    assert kept["close"].tolist() == [11.0, 11.5]
    assert seen(findings) == [(2, "nan")]


def test_a_row_without_a_stamp_is_kept_out() -> None:
    bars = make_bars(["2024-01-01", None], {name: [10.0, 10.0] for name in NUMBERS[:4]})

    kept, findings = reject_invalid(bars)

    assert len(kept) == 1
    assert findings[0].stamp is None
    assert findings[0].rule == "nan"


def test_no_rows_are_no_findings() -> None:
    kept, findings = reject_invalid(rows())

    assert require_bars(kept).empty
    assert findings == ()


@given(bars=faulty_bars(sound=st.sampled_from([1.0, 2.0])))
def test_what_is_left_is_always_sound_and_every_lost_stamp_is_found(bars: Bars) -> None:
    kept, findings = reject_invalid(bars)

    require_bars(kept)
    assert kept["close"].isin([1.0, 2.0]).all()
    lost = set(bars.index) - set(kept.index)
    assert lost <= {pd.Timestamp(each.stamp) for each in findings if each.stamp}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"low": 5e-324}, "price"),
        ({"high": 1e200}, "price"),
        ({"split": 1e200}, "action"),
        ({"split": 1e-200}, "action"),
        ({"dividend": 1e300}, "action"),
        ({"volume": 1e300}, "volume"),
    ],
)
def test_a_number_that_no_market_has_is_kept_out(change: dict[str, float], rule: str) -> None:
    kept, findings = reject_invalid(rows({}, change, {}))

    assert [stamp.day for stamp in kept.index] == [1, 3]
    assert seen(findings) == [(2, rule)]


def test_prices_of_coins_and_of_many_reverse_splits_are_kept() -> None:
    tiny = dict.fromkeys(("open", "high", "low", "close"), 1.2e-10)
    huge = dict.fromkeys(("open", "high", "low", "close"), 150000000000.0)

    kept, findings = reject_invalid(rows(tiny, {**huge, "split": 1e-5}))

    assert (len(kept), findings) == (2, ())


def test_an_absurd_split_of_a_row_without_a_price_is_not_handed_on() -> None:
    given = rows({}, {"open": math.nan, "split": 1e200}, {})

    assert rejected_actions(given, reject_invalid(given)[0]).empty
