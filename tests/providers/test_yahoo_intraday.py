"""Bars within the day through the real yfinance."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from ml4t_nb.errors import RangeRefused
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Span
from ml4t_nb.providers import Provider, Request
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.testing import ProviderContract, request_for, utc
from tests.replay import Bar, Dividend, Fault, Listing, Replay, Split

FRIDAY = utc("2019-11-08T23:00")


@pytest.fixture(autouse=True)
def _evening(replay: Replay) -> None:
    replay.at("2019-11-08T18:00-05:00")


def gspc(frequency: Frequency, start: str, end: str) -> Request:
    return request_for(
        "^GSPC", frequency, start, end, as_of="2019-11-08T23:00", asset_class="indices"
    )


class TestMinuteContract(ProviderContract):
    dataset = DatasetId("indices", "1m", "^GSPC")
    span = Span(utc("2019-11-05"), utc("2019-11-07"))
    as_of = FRIDAY
    empty_span = Span(utc("2019-11-02"), utc("2019-11-04"))
    unknown = "NOSUCH"

    @pytest.fixture
    def provider(self, yahoo: YahooProvider) -> Provider:
        return yahoo


class TestHalfHourContract(TestMinuteContract):
    dataset = DatasetId("indices", "30m", "^GSPC")


class TestHourContract(TestMinuteContract):
    dataset = DatasetId("indices", "hourly", "^GSPC")


@pytest.mark.parametrize(
    ("frequency", "rows", "last"),
    [
        ("1m", 780, "2019-11-08T20:59"),
        ("5m", 156, "2019-11-08T20:55"),
        ("15m", 52, "2019-11-08T20:45"),
        ("30m", 26, "2019-11-08T20:30"),
        ("hourly", 14, "2019-11-08T20:30"),
    ],
)
def test_every_frequency_opens_with_the_session(
    yahoo: YahooProvider, frequency: Frequency, rows: int, last: str
) -> None:
    bars = yahoo.fetch(gspc(frequency, "2019-11-07", "2019-11-09")).bars

    assert len(bars) == rows
    assert bars.index[0].to_pydatetime() == utc("2019-11-07T14:30")
    assert bars.index[-1].to_pydatetime() == utc(last)


def test_a_minute_arrives_to_the_last_bit(yahoo: YahooProvider) -> None:
    bars = yahoo.fetch(gspc("1m", "2019-11-05T14:30", "2019-11-05T14:31")).bars

    assert bars.to_dict("list") == {
        "open": [3080.8],
        "high": [3081.47],
        "low": [3080.3],
        "close": [3080.49],
        "volume": [0.0],
        "dividend": [0.0],
        "split": [1.0],
        "filled": [False],
    }


def test_a_half_hour_at_the_end_of_a_span_is_whole(yahoo: YahooProvider) -> None:
    whole = yahoo.fetch(gspc("30m", "2019-11-05", "2019-11-06")).bars

    cut = yahoo.fetch(gspc("30m", "2019-11-05T15:00", "2019-11-05T15:05")).bars

    assert cut.index.to_list() == [utc("2019-11-05T15:00")]
    assert cut.equals(whole[whole.index == utc("2019-11-05T15:00")])


def test_half_hours_begin_where_the_session_does(replay: Replay, yahoo: YahooProvider) -> None:
    start = utc("2019-11-08T03:45")
    minutes = tuple(
        Bar(start + timedelta(minutes=place), 50 + place, 51 + place, 49 + place, 50.5 + place, 1)
        for place in range(75)
    )
    bombay = Listing(
        "TCS.NS", zone="Asia/Kolkata", exchange="NSI", opens=time(9, 15), closes=time(15, 30),
        minutes=minutes,
    )  # fmt: skip
    replay.add(bombay)

    request = request_for(
        "TCS.NS", "30m", "2019-11-08", "2019-11-09", as_of="2019-11-08T23:00", at="XBOM"
    )
    bars = yahoo.fetch(request).bars

    assert [f"{stamp:%H:%M}" for stamp in bars.index] == ["03:45", "04:15", "04:45"]
    assert bars["open"].tolist() == [50, 80, 110]
    assert bars["high"].tolist() == [80, 110, 125]
    assert bars["close"].tolist() == [79.5, 109.5, 124.5]
    assert bars["volume"].tolist() == [30, 30, 15]


def test_hours_begin_again_after_lunch(replay: Replay, yahoo: YahooProvider) -> None:
    # Tokyo, nine hours ahead: 11:00 to 11:30, and 12:30 to 13:35.
    morning = (utc("2019-11-08T02:00") + timedelta(minutes=place) for place in range(30))
    afternoon = (utc("2019-11-08T03:30") + timedelta(minutes=place) for place in range(65))
    minutes = tuple(
        Bar(stamp, 50 + place, 51 + place, 49 + place, 50.5 + place, 1)
        for place, stamp in enumerate((*morning, *afternoon))
    )
    tokyo = Listing(
        "7203.T", zone="Asia/Tokyo", exchange="JPX", opens=time(9), closes=time(15),
        minutes=minutes,
    )  # fmt: skip
    replay.add(tokyo)

    request = request_for(
        "7203.T", "hourly", "2019-11-08", "2019-11-09", as_of="2019-11-08T23:00", at="XTKS"
    )
    bars = yahoo.fetch(request).bars

    assert [f"{stamp:%H:%M}" for stamp in bars.index] == ["02:00", "03:30", "04:30"]
    assert bars["open"].tolist() == [50, 80, 140]
    assert bars["close"].tolist() == [79.5, 139.5, 144.5]
    assert bars["volume"].tolist() == [30, 60, 5]


def test_a_half_hour_with_an_empty_quarter_has_no_prices(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("null_prices", days=("2019-11-05T14:45",)))
    volumes = tuple(
        Bar(utc("2019-11-05T14:30") + timedelta(minutes=place), 50, 51, 49, 50, 3)
        for place in range(60)
    )
    replay.add(Listing("HOLLOW", minutes=volumes))

    bars = yahoo.fetch(
        request_for("HOLLOW", "30m", "2019-11-05", "2019-11-06", as_of="2019-11-08T23:00")
    ).bars

    assert bars["close"].isna().tolist() == [True, False]


def test_minutes_without_a_trade_are_not_bars(replay: Replay, yahoo: YahooProvider) -> None:
    replay.faults.append(Fault("null", days=("2019-11-05T14:31", "2019-11-05T14:33")))

    bars = yahoo.fetch(gspc("1m", "2019-11-05T14:30", "2019-11-05T14:35")).bars

    assert [f"{stamp:%H:%M}" for stamp in bars.index] == ["14:30", "14:32", "14:34"]


@pytest.mark.parametrize(("frequency", "seconds"), [("1m", 3661), ("5m", 3780), ("hourly", 3723)])
def test_the_last_trade_is_not_a_bar(
    replay: Replay, yahoo: YahooProvider, frequency: Frequency, seconds: float
) -> None:
    coin = round_the_clock("LTC-USD")
    replay.add(coin)
    replay.faults.append(Fault("live", seconds=seconds))

    bars = yahoo.fetch(crypto("LTC-USD", frequency)).bars

    length = {"1m": 1, "5m": 5, "hourly": 60}[frequency]
    assert bars.index[-1].to_pydatetime() == utc("2019-11-08T12:00") - timedelta(minutes=length)
    assert len(bars) == 720 / length


def round_the_clock(symbol: str) -> Listing:
    start = utc("2019-11-08T00:00")
    minutes = tuple(
        Bar(start + timedelta(minutes=place), 50, 51, 49, 50, 3) for place in range(720)
    )
    return Listing(
        symbol,
        zone="UTC",
        kind="CRYPTOCURRENCY",
        exchange="CCC",
        opens=time(0),
        closes=time(0),
        minutes=minutes,
    )


def crypto(symbol: str, frequency: Frequency) -> Request:
    asset_class: AssetClass = "crypto"
    return request_for(
        symbol,
        frequency,
        "2019-11-08",
        "2019-11-09",
        as_of="2019-11-08T23:00",
        at="24/7",
        asset_class=asset_class,
    )


def paying(symbol: str) -> Listing:
    """Two hours a day on three days, a dividend on the second, a split on the third."""
    minutes = tuple(
        Bar(utc(f"2019-11-{day:02}T14:30") + timedelta(minutes=place), 30, 31, 29, 30, 4)
        for day in (5, 6, 7)
        for place in range(120)
    )
    return Listing(
        symbol,
        minutes=minutes,
        dividends=(Dividend(utc("2019-11-06").date(), 0.6),),
        splits=(Split(utc("2019-11-07").date(), 2),),
    )


def test_events_of_a_day_are_on_its_first_bar(replay: Replay, yahoo: YahooProvider) -> None:
    replay.add(paying("PAYS"))

    bars = yahoo.fetch(
        request_for("PAYS", "5m", "2019-11-05", "2019-11-08", as_of="2019-11-08T23:00")
    ).bars

    assert bars["dividend"][bars["dividend"] > 0].to_dict() == {utc("2019-11-06T14:30"): 0.3}
    assert bars["split"][bars["split"] != 1].to_dict() == {utc("2019-11-07T14:30"): 2.0}


def test_events_of_a_day_are_on_its_first_bar_with_prices(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.add(paying("PAYSLATE"))
    replay.faults.append(Fault("null", days=("2019-11-06T14:30",)))

    bars = yahoo.fetch(
        request_for("PAYSLATE", "1m", "2019-11-05", "2019-11-07", as_of="2019-11-08T23:00")
    ).bars

    assert bars["dividend"][bars["dividend"] > 0].to_dict() == {utc("2019-11-06T14:31"): 0.3}


def test_a_span_within_a_day_has_no_event_of_its_morning(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.add(paying("PAYSONCE"))

    bars = yahoo.fetch(request_for("PAYSONCE", "1m", "2019-11-06T15:00", "2019-11-06T15:10")).bars

    assert len(bars) == 10
    assert not bars["dividend"].any()


def test_a_whole_day_missing_leaves_its_events_out_and_says_so(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.add(paying("PAYSNOT"))
    replay.faults.append(Fault("drop", days=("2019-11-06",)))

    answer = yahoo.fetch(
        request_for("PAYSNOT", "5m", "2019-11-05", "2019-11-08", as_of="2019-11-08T23:00")
    )

    assert not answer.bars["dividend"].any()
    (finding,) = answer.findings
    assert (finding.stamp, finding.rule) == (utc("2019-11-06"), "dividend")


def test_a_split_is_known_before_the_first_trade_of_its_day(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.add(paying("PAYSSOON"))
    replay.at("2019-11-07T09:30-05:00")
    replay.faults.append(Fault("drop", days=("2019-11-07",)))

    bars = yahoo.fetch(
        request_for("PAYSSOON", "5m", "2019-11-05", "2019-11-08", as_of="2019-11-07T14:30")
    ).bars

    assert bars.index[-1].to_pydatetime() == utc("2019-11-07T14:30")
    assert bars["split"].iloc[-1] == 2.0
    assert bars["close"].isna().iloc[-1]


@pytest.mark.parametrize("frequency", ["1m", "5m", "15m", "30m", "hourly"])
def test_the_limits_are_what_yahoo_serves(
    replay: Replay, yahoo: YahooProvider, frequency: Frequency
) -> None:
    age = yahoo.limits.max_age[frequency]
    length = yahoo.limits.max_span.get(frequency, age)
    calendar, dataset = gspc(frequency, "2019-11-05", "2019-11-06").calendar, "^GSPC"

    def ask(start: timedelta) -> None:
        span = Span(FRIDAY - start, FRIDAY - start + length)
        yahoo.fetch(Request(DatasetId("indices", frequency, dataset), span, FRIDAY, calendar))

    ask(age)
    with pytest.raises(RangeRefused):
        ask(age + timedelta(days=2))
    assert replay.bars_asked >= 2
