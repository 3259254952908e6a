"""Yahoo's bad days, through the real yfinance: the error, the requests, the time they take."""

from __future__ import annotations

import json
import time

import pandas as pd
import pytest

from ml4t_nb.errors import (
    ProviderError,
    ProviderUnavailable,
    RangeRefused,
    RateLimited,
    SymbolUnknown,
)
from ml4t_nb.model import Frequency
from ml4t_nb.providers.retry import fetch_with_retries
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.testing import request_for
from tests.replay import Fault, Replay
from tests.replay.faults import FaultKind

WEEK = request_for("AAPL", "daily", "2012-08-06", "2012-08-11")


@pytest.fixture(autouse=True)
def _zone_is_known(replay: Replay, yahoo: YahooProvider) -> None:
    """Let yfinance look the time zone up, so that each test counts its own requests only."""
    yahoo.fetch(WEEK)
    replay.asked.clear()


@pytest.mark.parametrize(
    ("kind", "code", "times", "error", "requests"),
    [
        # yfinance asks once more with another cookie after a status of 400 and above.
        ("status", 429, 2, RateLimited, 2),
        ("status", 500, 2, ProviderUnavailable, 2),
        ("status", 502, 2, ProviderUnavailable, 2),
        ("status", 503, 2, ProviderUnavailable, 2),
        ("html", 200, 1, ProviderUnavailable, 1),
        ("down", 200, 1, ProviderUnavailable, 1),
        ("truncated", 200, 1, ProviderUnavailable, 1),
        ("short_body", 200, 1, ProviderUnavailable, 1),
        # curl asks once more by itself when a connection it has used before is reset.
        ("reset", 200, 2, ProviderUnavailable, 2),
        ("hang", 200, 1, ProviderUnavailable, 1),
        ("delisted", 404, 1, SymbolUnknown, 1),
        ("no_result", 200, 1, ProviderUnavailable, 1),
        ("empty", 200, 1, ProviderUnavailable, 1),
    ],
)
def test_a_fault_is_one_clear_error_and_not_remembered(
    replay: Replay,
    yahoo: YahooProvider,
    *,
    kind: FaultKind,
    code: int,
    times: int,
    error: type[ProviderError],
    requests: int,
) -> None:
    replay.faults.append(Fault(kind, code=code, times=times))
    began = time.perf_counter()

    with pytest.raises(error) as caught:
        yahoo.fetch(WEEK)

    assert time.perf_counter() - began < 10
    assert replay.bars_asked == requests
    assert type(caught.value).__mro__.index(error) <= 1
    assert caught.value.provider == "yahoo"
    assert "AAPL" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert len(yahoo.fetch(WEEK).bars) == 5


def test_one_failure_that_yfinance_repairs_is_not_an_error(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("status", code=500))

    assert len(yahoo.fetch(WEEK).bars) == 5


def test_the_retry_policy_gets_past_two_bad_replies(replay: Replay, yahoo: YahooProvider) -> None:
    replay.faults += [Fault("truncated", times=2)]
    waits: list[float] = []

    answer = fetch_with_retries(yahoo, WEEK, on_retry=lambda *_: None, sleep=waits.append)

    assert len(answer.bars) == 5
    assert replay.bars_asked == 3
    assert [round(wait) for wait in waits] in ([1, 2], [1, 3])


def test_an_answer_without_bars_or_reason_is_asked_for_once_more(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("empty", times=-1))

    with pytest.raises(ProviderUnavailable, match="gives no reason"):
        fetch_with_retries(yahoo, WEEK, on_retry=lambda *_: None, sleep=lambda _: None)

    assert replay.bars_asked == 2


def test_no_bars_are_believed_where_the_calendar_has_no_session(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("empty", times=-1))

    assert yahoo.fetch(request_for("AAPL", "daily", "2012-08-11", "2012-08-13")).bars.empty


def test_no_bars_are_believed_of_a_session_that_is_not_over(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("empty", times=-1))
    today = request_for("AAPL", "daily", "2012-08-10", "2012-08-11", as_of="2012-08-10T15:00")

    assert yahoo.fetch(today).bars.empty


@pytest.mark.parametrize("symbol", ["NOPE", "SOLONG", "AAPLX"])
def test_an_unknown_symbol_costs_one_request(
    replay: Replay, yahoo: YahooProvider, symbol: str
) -> None:
    with pytest.raises(SymbolUnknown, match=f"has no symbol '{symbol}'"):
        yahoo.fetch(request_for(symbol, "daily", "2012-08-06", "2012-08-11"))

    assert len([each for each in replay.asked if "/chart/" in each]) == 1


@pytest.mark.parametrize(
    "symbol", ["AAPL?range=max", "../quote", "AAPL#", "A B", "", "%41APL", "A\n"]
)
def test_what_is_not_a_symbol_is_not_asked_for(
    replay: Replay, yahoo: YahooProvider, symbol: str
) -> None:
    with pytest.raises(SymbolUnknown):
        yahoo.fetch(request_for(symbol, "daily", "2012-08-06", "2012-08-11"))
    with pytest.raises(SymbolUnknown):
        yahoo.instrument(symbol)

    assert replay.asked == []


@pytest.mark.parametrize(
    ("frequency", "start", "end"),
    [("1m", "2019-11-01", "2019-11-12"), ("1m", "2019-10-01", "2019-10-03"),
     ("hourly", "2016-01-04", "2016-01-08")],
)  # fmt: skip
def test_a_span_too_long_or_too_old_is_refused_in_yahoos_words(
    replay: Replay, yahoo: YahooProvider, frequency: Frequency, start: str, end: str
) -> None:
    replay.at("2019-11-12T18:00-05:00")

    with pytest.raises(RangeRefused, match="data not available"):
        yahoo.fetch(request_for("^GSPC", frequency, start, end, as_of="2019-11-12T23:00"))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"chart": None},
        {"chart": {"result": [], "error": None}},
        {"chart": {"result": [{}], "error": None}},
        {"chart": {"result": [{"meta": {}, "indicators": {"quote": [{"open": [1]}]}}]}},
        {"chart": {"result": [{"meta": None, "timestamp": ["x"], "indicators": 7}]}},
        [],
        "words",
        None,
    ],
)
def test_json_of_another_shape_is_an_outage(
    replay: Replay, yahoo: YahooProvider, body: object
) -> None:
    replay.faults.append(Fault("text", text=json.dumps(body)))

    with pytest.raises(ProviderUnavailable):
        yahoo.fetch(WEEK)


def test_a_slow_reply_is_given_up_after_the_deadline(replay: Replay, yahoo: YahooProvider) -> None:
    replay.faults.append(Fault("hang", match="chart", times=-1))
    began = time.perf_counter()

    with pytest.raises(ProviderUnavailable):
        yahoo.fetch(request_for("IBM", "daily", "2012-08-06", "2012-08-11"))

    assert time.perf_counter() - began < 10


def test_a_restatement_is_not_hidden_by_an_earlier_reply(
    replay: Replay, yahoo: YahooProvider
) -> None:
    request = request_for("AAPL", "daily", "2005-02-23", "2005-02-26")
    replay.at("2005-02-25T18:00-05:00")
    before = yahoo.fetch(request).bars
    replay.at("2005-02-28T18:00-05:00")

    after = yahoo.fetch(request).bars

    assert list(before["close"] / after["close"]) == [2.0, 2.0, 2.0]
    assert isinstance(after, pd.DataFrame)
