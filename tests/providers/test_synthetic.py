from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, concat
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Span
from ml4t_nb.providers import Answer, Provider, Request, open_provider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import ProviderContract

LATER = "2024-06-01"


def utc(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def answer(
    symbol: str,
    frequency: Frequency,
    start: str | datetime,
    end: str | datetime,
    *,
    asset_class: AssetClass = "equities",
    follows: str = "XNYS",
    as_of: str = LATER,
    holes: tuple[Span, ...] = (),
) -> Answer:
    begin = utc(start) if isinstance(start, str) else start
    finish = utc(end) if isinstance(end, str) else end
    request = Request(
        DatasetId(asset_class, frequency, symbol),
        Span(begin, finish),
        utc(as_of),
        calendar(follows),
    )
    return open_provider("synthetic", Settings(synthetic_holes=holes)).fetch(request)


def dates(bars: Bars) -> list[str]:
    return [f"{stamp:%Y-%m-%d}" for stamp in bars.index]


class TestSynthetic(ProviderContract):
    dataset = DatasetId("equities", "daily", "AAPL")
    span = Span(utc("2023-01-01"), utc("2024-01-01"))
    as_of = utc(LATER)
    empty_span = Span(utc("1988-01-01"), utc("1989-01-01"))

    @pytest.fixture
    def provider(self) -> Provider:
        return open_provider("synthetic", Settings())


class TestSyntheticByTheMinute(TestSynthetic):
    dataset = DatasetId("equities", "1m", "AAPL")
    span = Span(utc("2023-11-20"), utc("2023-11-28"))
    empty_span = Span(utc("2010-01-01"), utc("2010-02-01"))


class TestSyntheticByTheWeek(TestSynthetic):
    dataset = DatasetId("equities", "weekly", "AAPL")


class TestSyntheticCoin(TestSynthetic):
    dataset = DatasetId("crypto", "hourly", "BTC-USD")
    calendar_name = "24/7"
    span = Span(utc("2023-12-30"), utc("2024-01-03"))
    empty_span = Span(utc("2010-01-01"), utc("2010-02-01"))


class TestSyntheticCurrency(TestSynthetic):
    dataset = DatasetId("fx", "30m", "EURUSD=X")
    calendar_name = "fx"
    span = Span(utc("2023-10-26"), utc("2023-11-08"))
    empty_span = Span(utc("2010-01-01"), utc("2010-02-01"))


@pytest.mark.parametrize("frequency", get_args(Frequency))
@pytest.mark.parametrize(
    ("asset_class", "follows"),
    [
        ("equities", "XNYS"),
        ("equities", "XTKS"),
        ("equities", "XASX"),
        ("etfs", "XLON"),
        ("indices", "XNYS"),
        ("crypto", "24/7"),
        ("fx", "fx"),
    ],
)
def test_every_expected_bar_is_made_and_sound(
    asset_class: AssetClass, follows: str, frequency: Frequency
) -> None:
    start, end = utc("2023-03-06"), utc("2023-04-17")

    bars = answer("X", frequency, start, end, asset_class=asset_class, follows=follows).bars

    expected = calendar(follows).stamps(Span(start, end), frequency)
    assert bars.index.equals(expected)
    kept, findings = reject_invalid(bars)
    assert findings == ()
    found = suspects(kept, basis="split-adjusted", asset_class=asset_class, allowed=Thresholds())
    assert found == ()


def test_each_answer_says_that_it_is_made_up() -> None:
    assert answer("A", "daily", "2023-01-01", "2023-02-01").notes == (
        "synthetic bars: a seeded random walk, not market data",
    )


@pytest.mark.parametrize("frequency", get_args(Frequency))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 60 * 24 * 20 - 1), min_size=1, max_size=3, unique=True))
def test_bars_do_not_depend_on_the_span_asked_for(frequency: Frequency, cuts: list[int]) -> None:
    start, end = utc("2022-12-24"), utc("2023-01-13")
    edges = [start, *(start + timedelta(minutes=cut) for cut in sorted(cuts)), end]

    whole = answer("AAPL", frequency, start, end).bars
    parts = [answer("AAPL", frequency, *pair).bars for pair in pairwise(edges)]

    assert_frame_equal(concat(parts), whole, check_freq=False, check_exact=True)


def test_bars_of_a_year_are_those_of_ten() -> None:
    one = answer("AAPL", "daily", "2019-01-01", "2020-01-01").bars
    ten = answer("AAPL", "daily", "2014-01-01", "2024-01-01").bars

    there = ten[pd.DatetimeIndex(ten.index).year == 2019]
    assert_frame_equal(there, one, check_freq=False, check_exact=True)


def test_minutes_do_not_depend_on_where_a_long_span_begins() -> None:
    # Long spans are made in blocks, and a block boundary falls elsewhere for each start.
    long = answer("AAPL", "1m", "2021-12-30", "2023-01-05").bars
    short = answer("AAPL", "1m", "2022-12-29", "2023-01-05").bars

    assert_frame_equal(long.iloc[-len(short) :], short, check_freq=False, check_exact=True)


def test_bars_do_not_depend_on_the_as_of_once_they_are_final() -> None:
    then = answer("AAPL", "daily", "2023-01-01", "2023-07-01", as_of="2023-03-15T12:00").bars
    later = answer("AAPL", "daily", "2023-01-01", "2023-07-01").bars

    assert then.index[-1] == pd.Timestamp("2023-03-14", tz="UTC")
    assert_frame_equal(later.iloc[: len(then)], then, check_freq=False, check_exact=True)


def test_only_minutes_that_are_over_are_served() -> None:
    bars = answer("A", "1m", "2023-03-15", "2023-03-16", as_of="2023-03-15T14:00:30").bars

    assert bars.index[-1] == pd.Timestamp("2023-03-15T13:59", tz="UTC")


def test_an_unfinished_week_is_not_served() -> None:
    bars = answer("A", "weekly", "2023-03-01", "2023-04-01", as_of="2023-03-16T12:00").bars

    assert dates(bars) == ["2023-03-06"]


def test_symbols_walk_apart() -> None:
    one = answer("AAPL", "daily", "2020-01-01", "2024-01-01").bars["close"]
    other = answer("MSFT", "daily", "2020-01-01", "2024-01-01").bars["close"]

    apart = np.corrcoef(np.log(one).diff()[1:], np.log(other).diff()[1:])[0, 1]
    assert abs(apart) < 0.15


def merged(minutes: Bars, rule: str) -> Bars:
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return minutes.resample(rule).agg(how).dropna()


@pytest.mark.parametrize(
    ("frequency", "rule"), [("5m", "5min"), ("15m", "15min"), ("30m", "30min")]
)
def test_longer_bars_are_made_of_minutes(frequency: Frequency, rule: str) -> None:
    minutes = answer("AAPL", "1m", "2023-03-10", "2023-03-16").bars
    longer = answer("AAPL", frequency, "2023-03-10", "2023-03-16").bars

    assert_frame_equal(
        longer[["open", "high", "low", "close", "volume"]], merged(minutes, rule), check_freq=False
    )


def test_weeks_are_made_of_days() -> None:
    days = answer("AAPL", "daily", "2023-03-06", "2023-03-11").bars
    week = answer("AAPL", "weekly", "2023-03-06", "2023-03-07").bars.iloc[0]

    assert len(days) == 5
    assert week["open"] == days["open"].iloc[0]
    assert week["high"] == days["high"].max()
    assert week["low"] == days["low"].min()
    assert week["close"] == days["close"].iloc[-1]
    assert week["volume"] == days["volume"].sum()


def test_a_planted_hole_has_no_bars_and_changes_no_others() -> None:
    hole = Span(utc("2023-03-07"), utc("2023-03-09"))

    bars = answer("A", "daily", "2023-03-06", "2023-03-11", holes=(hole,)).bars

    whole = answer("A", "daily", "2023-03-06", "2023-03-11").bars
    assert dates(bars) == ["2023-03-06", "2023-03-09", "2023-03-10"]
    assert_frame_equal(bars, whole.iloc[[0, 3, 4]], check_exact=True)


def test_history_begins_in_1990_and_minutes_in_2015() -> None:
    days = answer("A", "daily", "1985-01-01", "1991-01-01").bars
    minutes = answer("A", "1m", "2014-12-01", "2015-02-01").bars

    assert days.index[0] == pd.Timestamp("1990-01-02", tz="UTC")
    assert minutes.index[0] == pd.Timestamp("2015-01-02T14:30", tz="UTC")


def test_prices_are_on_the_grid_of_their_class() -> None:
    cents = answer("A", "1m", "2023-03-06", "2023-03-08").bars["close"]
    pips = answer("E", "1m", "2023-03-06", "2023-03-08", asset_class="fx", follows="fx").bars

    assert ((cents * 100).round() / 100 == cents).all()
    assert pips["close"].between(0.2, 6).all()
    assert (pips["volume"] == 0).all()


@pytest.mark.parametrize(
    ("symbol", "asset_class"),
    [
        ("AAPL", None),
        ("BRK-B", None),
        ("VOD.L", None),
        ("BTC-USD", "crypto"),
        ("ETH-BTC", "crypto"),
        ("EURUSD=X", "fx"),
        ("JPY=X", "fx"),
        ("^GSPC", "indices"),
    ],
)
def test_the_class_is_read_from_a_spelling_that_only_one_has(
    symbol: str, asset_class: AssetClass | None
) -> None:
    instrument = open_provider("synthetic", Settings()).instrument(symbol)

    assert instrument.asset_class == asset_class
