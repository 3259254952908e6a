from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import cast

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import PRICES, Bars
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import RangeRefused, SymbolUnknown
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Span
from ml4t_nb.providers import Answer, Instrument, Provider, Request, open_provider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import ProviderContract

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


def utc(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def asked(
    symbol: str,
    *,
    as_of: str,
    frequency: Frequency = "daily",
    asset_class: AssetClass = "equities",
    start: str = "2000-01-01",
    end: str = "2014-01-01",
) -> Answer:
    dataset = DatasetId(asset_class, frequency, symbol)
    request = Request(dataset, Span(utc(start), utc(end)), utc(as_of), calendar("XNYS"))
    return open_provider("sample", Settings()).fetch(request)


def shipped(symbol: str) -> pd.DataFrame:
    """The shipped bars as pandas alone reads them."""
    path = files("ml4t_nb.providers.sample") / "data" / "wiki5_daily_as_traded.parquet"
    table = pd.read_parquet(str(path))
    return table[table["symbol"] == symbol].set_index("t").sort_index()


def shipped_actions(kind: str) -> list[tuple[str, str, float]]:
    path = files("ml4t_nb.providers.sample") / "data" / "wiki5_actions.csv"
    rows = csv.DictReader(path.read_text().splitlines())
    return [
        (row["symbol"], row["date"], float(row["value"])) for row in rows if row["kind"] == kind
    ]


def close(bars: Bars, day: str) -> float:
    return float(cast("float", bars.loc[pd.Timestamp(day, tz="UTC"), "close"]))


class TestSample(ProviderContract):
    dataset = DatasetId("equities", "daily", "AAPL")
    span = Span(utc("2005-01-01"), utc("2005-06-01"))
    as_of = utc("2005-06-01T12:00")
    empty_span = Span(utc("1995-01-01"), utc("1996-01-01"))
    unknown = "TSLA"

    @pytest.fixture
    def provider(self) -> Provider:
        return open_provider("sample", Settings())


class TestSampleByTheWeek(TestSample):
    dataset = DatasetId("equities", "weekly", "MSFT")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_shipped_bars_break_no_hard_rule_and_of_two_a_low_is_doubtful(symbol: str) -> None:
    bars, findings = reject_invalid(asked(symbol, as_of="2013-06-01").bars)

    assert findings == ()
    found = suspects(bars, basis="split-adjusted", asset_class="equities", allowed=Thresholds())
    assert {symbol: [bars.index[each.first].year for each in found]} == {
        symbol: {"AAPL": [2010], "MSFT": [2008]}.get(symbol, [])
    }


def test_all_twelve_thousand_bars_are_served() -> None:
    counts = {symbol: len(asked(symbol, as_of="2013-06-01").bars) for symbol in SYMBOLS}

    assert counts == {"AAPL": 3270, "FB": 196, "GOOG": 2148, "IBM": 3270, "MSFT": 3270}


def test_before_a_split_bars_are_as_traded_then() -> None:
    bars = asked("AAPL", as_of="2000-06-21T12:00").bars

    assert bars.index[-1] == pd.Timestamp("2000-06-20", tz="UTC")
    assert bars.iloc[-1][list(PRICES)].tolist() == [98.50, 103.94, 98.37, 101.25]
    assert bars["volume"].iloc[-1] == 4476700
    assert (bars["split"] == 1).all()


def test_a_split_restates_the_bars_before_it_once_its_own_bar_is_final() -> None:
    bars = asked("AAPL", as_of="2000-06-21T21:00").bars

    assert bars.loc[bars["split"] != 1, "split"].to_dict() == {
        pd.Timestamp("2000-06-21", tz="UTC"): 2.0
    }
    assert close(bars, "2000-06-20") == 50.625
    assert bars.loc[pd.Timestamp("2000-06-20", tz="UTC"), "volume"] == 8953400
    assert close(bars, "2000-06-21") == 55.63


def test_two_later_splits_divide_by_four() -> None:
    bars = asked("AAPL", as_of="2005-03-01").bars

    assert close(bars, "2000-03-01") == 130.31 / 4
    assert close(bars, "2005-02-25") == 88.99 / 2
    assert close(bars, "2005-02-28") == 44.86


def test_a_session_is_served_half_an_hour_after_its_close() -> None:
    before = asked("IBM", as_of="2005-03-01T21:29").bars
    after = asked("IBM", as_of="2005-03-01T21:30").bars

    assert before.index[-1] == pd.Timestamp("2005-02-28", tz="UTC")
    assert after.index[-1] == pd.Timestamp("2005-03-01", tz="UTC")


def test_a_half_day_is_served_half_an_hour_after_its_early_close() -> None:
    bars = asked("IBM", as_of="2004-11-26T18:30").bars

    assert bars.index[-1] == pd.Timestamp("2004-11-26", tz="UTC")


@pytest.mark.parametrize(
    ("symbol", "day", "traded"),
    [
        ("AAPL", "2000-06-21", 8750000),
        ("AAPL", "2005-02-28", 23271800),
        ("MSFT", "2003-02-18", 57415500),
    ],
)
def test_the_volume_of_a_split_day_is_all_that_was_traded(
    symbol: str, day: str, traded: int
) -> None:
    bars = asked(symbol, as_of=f"{day}T23:00").bars

    assert bars["volume"].iloc[-1] == traded


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_volumes_as_traded_are_whole_round_lots(symbol: str) -> None:
    volumes = shipped(symbol)["volume"]

    assert (volumes > 0).all()
    assert (volumes % 100 == 0).all()


@pytest.mark.parametrize(
    ("symbol", "day"), [("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")]
)
def test_the_prices_of_a_split_day_are_restated_for_those_before_and_its_volume_is_too(
    symbol: str, day: str
) -> None:
    before = asked(symbol, as_of=f"{day}T12:00").bars.tail(5)
    after = asked(symbol, as_of=f"{day}T23:00").bars.tail(6)

    assert (after["volume"].iloc[:5].to_numpy() == before["volume"].to_numpy() * 2).all()
    assert (after["close"].iloc[:5].to_numpy() == before["close"].to_numpy() / 2).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_prices_without_a_later_split_are_the_shipped_ones(symbol: str) -> None:
    source = shipped(symbol).loc["2005-03-01":]

    bars = asked(symbol, as_of="2013-06-01", start="2005-03-01").bars

    for name in (*PRICES, "volume"):
        assert np.array_equal(bars[name], source[name])


def test_dividends_stand_on_their_ex_dates_as_paid() -> None:
    served = {
        (symbol, f"{stamp:%Y-%m-%d}", value)
        for symbol in SYMBOLS
        for stamp, value in asked(symbol, as_of="2013-06-01").bars["dividend"].items()
        if value
    }

    # All dividends shipped lie after the last split of their stock.
    assert served == set(shipped_actions("dividend"))
    assert len(served) == 92


def test_a_dividend_is_unknown_before_its_ex_date_is_final() -> None:
    assert (asked("AAPL", as_of="2012-08-09T12:00").bars["dividend"] == 0).all()
    assert asked("AAPL", as_of="2012-08-10T00:00").bars["dividend"].iloc[-1] == 2.65


def test_weeks_are_made_of_days_on_the_same_basis() -> None:
    bars = asked("AAPL", as_of="2005-03-05", frequency="weekly").bars

    # 2005-02-28 was a Monday: the week before it is restated, its own is not.
    week = bars.loc[pd.Timestamp("2005-02-21", tz="UTC")]
    days = shipped("AAPL").loc["2005-02-22":"2005-02-25"]  # Presidents' Day was closed
    assert week["open"] == days["open"].iloc[0] / 2
    assert week["high"] == days["high"].max() / 2
    assert week["close"] == 88.99 / 2
    assert week["volume"] == days["volume"].sum() * 2
    assert bars.loc[pd.Timestamp("2005-02-28", tz="UTC"), "split"] == 2.0


def test_asked_later_than_its_data_it_says_so_once() -> None:
    assert asked("FB", as_of="2014-01-15").notes == ("sample's bars end on 2013-03-01",)


def test_on_its_last_weekend_there_is_nothing_to_say() -> None:
    assert asked("FB", as_of="2013-03-03").notes == ()


def test_before_a_listing_there_are_no_bars_and_a_note() -> None:
    answer = asked("FB", as_of="2012-05-18T15:00")

    assert answer.bars.empty
    assert answer.notes == ("sample's bars of FB begin on 2012-05-18",)


def test_a_listing_has_one_bar_after_its_first_session() -> None:
    bars = asked("FB", as_of="2012-05-18T23:00").bars

    assert bars[list(PRICES)].to_numpy().tolist() == [shipped("FB").iloc[0][list(PRICES)].tolist()]


def test_a_misspelt_symbol_is_met_with_the_nearest_and_all_five() -> None:
    with pytest.raises(SymbolUnknown) as caught:
        asked("aapl", as_of="2005-03-01")

    assert caught.value.hint == "did you mean 'AAPL'? sample has AAPL, FB, GOOG, IBM, MSFT"


def test_an_unlike_symbol_is_met_with_all_five() -> None:
    with pytest.raises(SymbolUnknown) as caught:
        open_provider("sample", Settings()).instrument("7203.T")

    assert caught.value.hint == "sample has AAPL, FB, GOOG, IBM, MSFT"


def test_its_symbols_are_shares_on_the_new_york_exchange() -> None:
    assert open_provider("sample", Settings()).instrument("IBM") == Instrument("equities", "XNYS")


def test_a_share_is_not_a_crypto_currency() -> None:
    with pytest.raises(SymbolUnknown, match="as equities, not as crypto"):
        asked("AAPL", as_of="2005-03-01", asset_class="crypto")


def test_there_are_no_minutes() -> None:
    with pytest.raises(RangeRefused, match="no 1m bars"):
        asked("AAPL", as_of="2005-03-01", frequency="1m")


def test_every_day_by_day_answer_extends_the_one_before_but_for_splits() -> None:
    """The overlap of consecutive answers is equal, or twice as high before a split of two."""
    provider = open_provider("sample", Settings())
    xnys = calendar("XNYS")
    dataset = DatasetId("equities", "daily", "AAPL")
    request = Request(dataset, Span(utc("2000-01-01"), utc("2014-01-01")), utc("2000-03-02"), xnys)
    ratios: dict[str, float] = {}
    before = provider.fetch(request).bars
    for day in range(1, 400):
        as_of = utc("2000-03-02") + timedelta(days=day)
        bars = provider.fetch(replace(request, as_of=as_of)).bars
        assert len(bars) - len(before) in (0, 1)
        old, new = before["close"], bars["close"].iloc[: len(before)]
        ratio = (old / new).unique().tolist()
        if ratio != [1.0]:
            ratios[f"{bars.index[-1]:%Y-%m-%d}"] = ratio[0]
            assert len(ratio) == 1
        before = bars

    assert ratios == {"2000-06-21": 2.0}
