"""Daily and weekly bars through the real yfinance."""

from __future__ import annotations

import pytest

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import SymbolUnknown
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.providers import Instrument, Provider
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.testing import ProviderContract, request_for, utc
from tests.replay import Bar, Fault, Listing, Replay, Split


def days_of(bars: Bars) -> list[str]:
    return [f"{stamp:%Y-%m-%d}" for stamp in bars.index]


def day(number: int, close: float) -> Bar:
    return Bar(utc(f"2012-07-{number:02}T13:30"), close, close + 1, close - 1, close, 1000)


class TestDailyContract(ProviderContract):
    dataset = DatasetId("equities", "daily", "AAPL")
    span = Span(utc("2012-01-03"), utc("2012-03-01"))
    as_of = utc("2013-03-02")
    empty_span = Span(utc("1999-01-04"), utc("1999-02-01"))
    unknown = "NOSUCH"

    @pytest.fixture
    def provider(self, yahoo: YahooProvider) -> Provider:
        return yahoo


class TestWeeklyContract(TestDailyContract):
    dataset = DatasetId("equities", "weekly", "IBM")
    span = Span(utc("2012-01-02"), utc("2012-06-04"))


def test_prices_arrive_to_the_last_bit(yahoo: YahooProvider) -> None:
    bars = yahoo.fetch(request_for("AAPL", "daily", "2012-08-06", "2012-08-08")).bars

    assert bars.iloc[0].to_dict() == {
        "open": 617.29,
        "high": 624.868,
        "low": 615.26,
        "close": 622.55,
        "volume": 10789400.0,
        "dividend": 0.0,
        "split": 1.0,
        "filled": False,
    }


def test_a_span_excludes_its_end_and_includes_its_start(yahoo: YahooProvider) -> None:
    bars = yahoo.fetch(request_for("AAPL", "daily", "2012-08-06", "2012-08-10")).bars

    assert days_of(bars) == ["2012-08-06", "2012-08-07", "2012-08-08", "2012-08-09"]


def test_a_dividend_is_on_its_ex_date(yahoo: YahooProvider) -> None:
    bars = yahoo.fetch(request_for("AAPL", "daily", "2012-08-06", "2012-08-11")).bars

    assert list(bars["dividend"]) == [0.0, 0.0, 0.0, 2.65, 0.0]


def test_a_split_restates_all_that_was_before(replay: Replay, yahoo: YahooProvider) -> None:
    request = request_for("AAPL", "daily", "2005-02-24", "2005-03-02", as_of="2005-03-05")
    replay.at("2005-02-25T18:00-05:00")
    before = yahoo.fetch(request).bars
    replay.at("2005-03-01T18:00-05:00")

    after = yahoo.fetch(request).bars

    assert list(before["close"]) == [88.93, 88.99]
    assert list(after["close"]) == [44.465, 44.495, 44.86, 44.5]
    assert list(after["split"]) == [1.0, 1.0, 2.0, 1.0]
    assert after["volume"].iloc[0] == 2 * before["volume"].iloc[0]


def test_the_row_of_an_open_session_is_handed_over_with_its_split(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.at("2005-02-28T12:00-05:00")
    request = request_for("AAPL", "daily", "2005-02-25", "2005-03-02", as_of="2005-02-28T17:00")

    bars = yahoo.fetch(request).bars

    assert days_of(bars) == ["2005-02-25", "2005-02-28"]
    assert list(bars["split"]) == [1.0, 2.0]
    assert bars["close"].iloc[0] == 44.495


def test_a_split_is_known_before_its_first_row(replay: Replay, yahoo: YahooProvider) -> None:
    replay.at("2005-02-28T09:31-05:00")
    replay.faults.append(Fault("drop", days=("2005-02-28",)))
    request = request_for("AAPL", "daily", "2005-02-24", "2005-03-02", as_of="2005-02-28T14:31")

    bars = yahoo.fetch(request).bars

    assert days_of(bars) == ["2005-02-24", "2005-02-25", "2005-02-28"]
    assert list(bars["split"]) == [1.0, 1.0, 2.0]
    assert list(bars["close"].isna()) == [False, False, True]


def test_a_missing_session_is_missing(replay: Replay, yahoo: YahooProvider) -> None:
    replay.faults.append(Fault("drop", days=("2012-08-07",)))

    answer = yahoo.fetch(request_for("AAPL", "daily", "2012-08-06", "2012-08-09"))

    assert days_of(answer.bars) == ["2012-08-06", "2012-08-08"]
    assert answer.findings == ()


def test_a_row_without_prices_stays_for_validation(replay: Replay, yahoo: YahooProvider) -> None:
    for kind in ("null", "null_prices"):
        replay.faults.append(Fault(kind, days=("2012-08-07",)))

        bars = yahoo.fetch(request_for("AAPL", "daily", "2012-08-06", "2012-08-09")).bars

        assert days_of(bars) == ["2012-08-06", "2012-08-07", "2012-08-08"]
        assert list(bars["close"].isna()) == [False, True, False]


def test_an_empty_row_on_a_holiday_is_not_a_bar(replay: Replay, yahoo: YahooProvider) -> None:
    replay.add(Listing("FOURTH", days=(day(3, 100), day(4, 101), day(5, 102))))
    replay.faults.append(Fault("null", days=("2012-07-04",)))

    answer = yahoo.fetch(request_for("FOURTH", "daily", "2012-07-02", "2012-07-06"))

    assert days_of(answer.bars) == ["2012-07-03", "2012-07-05"]


def test_of_two_rows_for_the_last_session_the_later_counts(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.at("2012-08-08T18:00-04:00")
    replay.faults.append(Fault("last_twice"))

    bars = yahoo.fetch(request_for("AAPL", "daily", "2012-08-06", "2012-08-09")).bars

    assert days_of(bars) == ["2012-08-06", "2012-08-07", "2012-08-08"]
    assert bars["volume"].iloc[-1] == 8739500.0 + 1000
    assert list(bars["dividend"]) == [0.0, 0.0, 0.0]


def test_splits_of_one_day_multiply(replay: Replay, yahoo: YahooProvider) -> None:
    bars = tuple(day(number, 100) for number in (2, 3, 5, 6))
    splits = (Split(utc("2012-07-05").date(), 3, 2), Split(utc("2012-07-06").date(), 1, 10))
    replay.add(Listing("REVERSE", days=bars, splits=splits))

    found = yahoo.fetch(request_for("REVERSE", "daily", "2012-07-02", "2012-07-07")).bars

    assert list(found["split"]) == [1.0, 1.0, 1.5, 0.1]
    assert list(found["close"]) == pytest.approx([100 / 1.5 / 0.1, 100 / 1.5 / 0.1, 1000, 100])


def test_a_week_is_made_of_its_days(yahoo: YahooProvider) -> None:
    answer = yahoo.fetch(request_for("AAPL", "weekly", "2012-08-06", "2012-08-13"))

    assert days_of(answer.bars) == ["2012-08-06"]
    assert answer.bars.iloc[0].to_dict() == {
        "open": 617.29,
        "high": 625.0,
        "low": 615.26,
        "close": 621.7,
        "volume": 10789400 + 10373100 + 8739500 + 7915800 + 6962100,
        "dividend": 2.65,
        "split": 1.0,
        "filled": False,
    }
    assert answer.findings == ()


def test_a_week_with_an_empty_day_is_left_out_and_said_so(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("null", days=("2012-08-08",)))

    answer = yahoo.fetch(request_for("AAPL", "weekly", "2012-07-30", "2012-08-20"))

    assert days_of(answer.bars) == ["2012-07-30", "2012-08-13"]
    (finding,) = answer.findings
    assert (finding.stamp, finding.rule) == (utc("2012-08-06"), "nan")
    assert finding.detail == "2012-08-08 has no prices, so its week is left out"


def test_a_week_that_lacks_a_session_is_kept_and_said_so(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("drop", days=("2012-08-08",)))

    answer = yahoo.fetch(request_for("AAPL", "weekly", "2012-07-30", "2012-08-20"))

    assert days_of(answer.bars) == ["2012-07-30", "2012-08-06", "2012-08-13"]
    (finding,) = answer.findings
    assert (finding.stamp, finding.rule) == (utc("2012-08-06"), "partial")


def test_the_first_week_of_a_listing_lacks_nothing(yahoo: YahooProvider) -> None:
    answer = yahoo.fetch(request_for("FB", "weekly", "2012-05-07", "2012-05-28"))

    assert days_of(answer.bars) == ["2012-05-14", "2012-05-21"]
    assert answer.findings == ()


def test_a_day_of_an_exchange_far_away_keeps_its_date(replay: Replay, yahoo: YahooProvider) -> None:
    tokyo = tuple(Bar(utc(f"2012-07-{number:02}T00:00"), 10, 11, 9, 10, 5) for number in (2, 3, 4))
    replay.add(Listing("7203.T", zone="Asia/Tokyo", exchange="JPX", currency="JPY", days=tokyo))

    bars = yahoo.fetch(request_for("7203.T", "daily", "2012-07-02", "2012-07-04", at="XTKS")).bars

    assert days_of(bars) == ["2012-07-02", "2012-07-03"]


def test_a_span_before_the_listing_is_empty(yahoo: YahooProvider) -> None:
    answer = yahoo.fetch(request_for("FB", "daily", "2011-01-03", "2011-02-01"))

    assert answer.bars.empty


@pytest.mark.parametrize(
    ("symbol", "zone", "kind", "exchange", "instrument"),
    [
        ("NYSE", "America/New_York", "EQUITY", "NYQ", Instrument("equities", "XNYS")),
        ("NASDAQ", "America/New_York", "EQUITY", "NMS", Instrument("equities", "XNYS")),
        ("FUND", "America/New_York", "ETF", "PCX", Instrument("etfs", "XNYS")),
        ("VOD.L", "Europe/London", "EQUITY", "LSE", Instrument("equities", "XLON")),
        ("6758.T", "Asia/Tokyo", "EQUITY", "JPX", Instrument("equities", "XTKS")),
        ("BTC-USD", "UTC", "CRYPTOCURRENCY", "CCC", Instrument("crypto", "24/7")),
        ("EURUSD=X", "Europe/London", "CURRENCY", "CCY", Instrument("fx", "fx")),
        ("^DJI", "America/New_York", "INDEX", "DJI", Instrument("indices", "XNYS")),
        ("^N225", "Asia/Tokyo", "INDEX", "unheard of", Instrument("indices", "XTKS")),
        ("OLD", "America/New_York", "MUTUALFUND", "NAS", Instrument(None, "XNYS")),
    ],
)
def test_class_and_calendar_are_those_of_yahoo(
    replay: Replay,
    yahoo: YahooProvider,
    *,
    symbol: str,
    zone: str,
    kind: str,
    exchange: str,
    instrument: Instrument,
) -> None:
    days = (Bar(utc("2013-03-01T00:00"), 10, 11, 9, 10, 5),)
    replay.add(Listing(symbol, zone=zone, kind=kind, exchange=exchange, days=days))

    assert yahoo.instrument(symbol) == instrument


@pytest.mark.parametrize(
    ("symbol", "kind"), [("GC=F", "FUTURE"), ("AAPL130316C00400000", "OPTION")]
)
def test_what_is_none_of_the_asset_classes_is_refused(
    replay: Replay, yahoo: YahooProvider, symbol: str, kind: str
) -> None:
    days = (Bar(utc("2013-03-01T00:00"), 10, 11, 9, 10, 5),)
    replay.add(Listing(symbol, zone="America/New_York", kind=kind, exchange="CMX", days=days))

    with pytest.raises(SymbolUnknown, match=f"{symbol} as {kind.lower()}"):
        yahoo.instrument(symbol)


def test_a_symbol_that_has_not_traded_of_late_is_known_all_the_same(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.at("2013-06-01T18:00-04:00")

    assert yahoo.instrument("AAPL") == Instrument("equities", "XNYS")
