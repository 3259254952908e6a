"""Dividends, distributions and splits: on the right bar, or named as left out."""

from __future__ import annotations

from datetime import date

import pytest

from ml4t_nb.core.bars import Bars
from ml4t_nb.finding import Finding
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.testing import request_for, utc
from tests.replay import Bar, Dividend, Fault, Listing, Replay, Split
from tests.replay.faults import FaultKind

WEEK = request_for("AAPL", "daily", "2012-08-06", "2012-08-11")


def day(number: int, close: float = 100.0) -> Bar:
    return Bar(utc(f"2012-07-{number:02}T13:30"), close, close + 1, close - 1, close, 1000)


def july(number: int) -> date:
    return date(2012, 7, number)


def listing(symbol: str, *, kind: str = "EQUITY", **events: object) -> Listing:
    days = tuple(day(number) for number in (2, 3, 5, 6, 9, 10))
    return Listing(symbol, kind=kind, days=days, **events)  # type: ignore[arg-type]  # by their names


def cash(bars: Bars) -> dict[str, float]:
    paid = bars["dividend"][bars["dividend"] != 0]
    return {f"{stamp:%m-%d}": value for stamp, value in paid.items()}


@pytest.mark.parametrize("kind", ["drop", "null"])
def test_a_dividend_whose_bar_is_missing_is_on_the_next_never_the_one_before(
    replay: Replay, yahoo: YahooProvider, kind: FaultKind
) -> None:
    replay.faults.append(Fault(kind, days=("2012-08-09",)))

    answer = yahoo.fetch(WEEK)

    assert cash(answer.bars) == {"08-10": 2.65}
    detail = (
        "the dividend of 2.65 with ex-date 2012-08-09 has no bar, and is assigned to 2012-08-10"
    )
    assert answer.findings == (Finding(utc("2012-08-09"), "dividend", detail),)


def test_a_dividend_whose_bar_is_missing_is_there_whatever_span_is_asked_for(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.faults.append(Fault("drop", days=("2012-08-09",), times=-1))
    bars = [
        yahoo.fetch(request_for("AAPL", "daily", start, "2012-08-18")).bars
        for start in ("2012-08-01", "2012-08-09", "2012-08-10")
    ]

    assert [cash(each) for each in bars] == [{"08-10": 2.65}] * 3
    assert cash(yahoo.fetch(request_for("AAPL", "daily", "2012-08-11", "2012-08-18")).bars) == {}


def test_a_dividend_comes_home_when_its_bar_does(replay: Replay, yahoo: YahooProvider) -> None:
    replay.faults.append(Fault("drop", days=("2012-08-09",)))
    yahoo.fetch(WEEK)

    answer = yahoo.fetch(WEEK)

    assert cash(answer.bars) == {"08-09": 2.65}
    assert answer.findings == ()


def test_a_dividend_of_a_day_without_a_session_is_of_the_next(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.add(listing("HOLIDAY", dividends=(Dividend(july(4), 0.5),)))

    answer = yahoo.fetch(request_for("HOLIDAY", "daily", "2012-07-02", "2012-07-11"))

    assert cash(answer.bars) == {"07-05": 0.5}
    assert answer.findings == ()


def test_a_split_whose_bar_is_missing_takes_effect_with_the_next(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.add(listing("SPLITS", splits=(Split(july(5), 7),)))
    replay.faults.append(Fault("drop", days=("2012-07-05",)))

    answer = yahoo.fetch(request_for("SPLITS", "daily", "2012-07-02", "2012-07-10"))

    assert list(answer.bars["split"]) == [1.0, 1.0, 7.0, 1.0]
    (finding,) = answer.findings
    assert (finding.stamp, finding.rule) == (utc("2012-07-05"), "basis")


def test_a_dividend_of_a_session_without_a_row_yet_is_handed_over_without_prices(
    replay: Replay, yahoo: YahooProvider
) -> None:
    replay.at("2012-08-09T09:31-04:00")
    replay.faults.append(Fault("drop", days=("2012-08-09",)))

    answer = yahoo.fetch(WEEK)

    assert cash(answer.bars) == {"08-09": 2.65}
    assert answer.bars["close"].isna().tolist() == [False, False, False, True]
    assert answer.findings == ()


def test_cash_in_another_currency_is_left_out_and_named(
    replay: Replay, yahoo: YahooProvider
) -> None:
    paid = (Dividend(july(5), 0.5, "EUR"), Dividend(july(9), 0.7, "USD"))
    replay.add(listing("ABROAD", dividends=paid))

    answer = yahoo.fetch(request_for("ABROAD", "daily", "2012-07-02", "2012-07-11"))

    assert cash(answer.bars) == {"07-09": 0.7}
    (finding,) = answer.findings
    assert (finding.stamp, finding.rule) == (utc("2012-07-05"), "dividend")
    assert finding.detail == (
        "the dividend of 0.5 with ex-date 2012-07-05 "
        "is in EUR where prices are in USD, and left out"
    )


def test_distributed_gains_are_dividends_too(replay: Replay, yahoo: YahooProvider) -> None:
    fund = listing(
        "FUND1",
        kind="ETF",
        dividends=(Dividend(july(5), 0.25),),
        gains=(Dividend(july(5), 1.5), Dividend(july(9), 2.0)),
    )
    replay.add(fund)

    answer = yahoo.fetch(request_for("FUND1", "daily", "2012-07-02", "2012-07-11"))

    assert cash(answer.bars) == {"07-05": 1.75, "07-09": 2.0}
    assert answer.findings == ()


def test_gains_that_may_be_in_the_dividend_already_are_a_finding(
    replay: Replay, yahoo: YahooProvider
) -> None:
    fund = listing(
        "FUND2", kind="ETF", dividends=(Dividend(july(5), 2.0),), gains=(Dividend(july(5), 1.5),)
    )
    replay.add(fund)

    answer = yahoo.fetch(request_for("FUND2", "daily", "2012-07-02", "2012-07-11"))

    assert cash(answer.bars) == {"07-05": 3.5}
    (finding,) = answer.findings
    assert finding.rule == "dividend"
    assert "count twice" in finding.detail


def test_two_dividends_of_one_day_add_up_in_its_week(replay: Replay, yahoo: YahooProvider) -> None:
    replay.add(listing("PAYER", dividends=(Dividend(july(5), 0.5), Dividend(july(6), 0.25))))

    bars = yahoo.fetch(request_for("PAYER", "weekly", "2012-07-02", "2012-07-16")).bars

    assert cash(bars) == {"07-02": 0.75}


def test_dividends_of_shares_before_a_split_are_on_its_basis(
    replay: Replay, yahoo: YahooProvider
) -> None:
    paid, split = Dividend(july(3), 0.5), Split(july(6), 2)
    replay.add(listing("BOTH", dividends=(paid,), splits=(split,)))

    bars = yahoo.fetch(request_for("BOTH", "daily", "2012-07-02", "2012-07-11")).bars

    assert cash(bars) == {"07-03": 0.25}
    assert list(bars["split"]) == [1.0, 1.0, 1.0, 2.0, 1.0, 1.0]


def test_an_event_without_a_bar_for_weeks_is_left_out_and_named(
    replay: Replay, yahoo: YahooProvider
) -> None:
    bars = (day(2), day(3), Bar(utc("2012-09-04T13:30"), 100, 101, 99, 100, 10))
    replay.add(Listing("HALTED", days=bars, dividends=(Dividend(july(5), 0.5),)))

    answer = yahoo.fetch(request_for("HALTED", "daily", "2012-07-02", "2012-09-05"))

    assert cash(answer.bars) == {}
    (finding,) = answer.findings
    assert "left out" in finding.detail
