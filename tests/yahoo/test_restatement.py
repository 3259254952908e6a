"""Every verdict on stored against refetched bars, reached through the real yfinance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.spelling import spell
from tests.replay import Bar, Dividend, Fault, Listing, Split, sampled
from tests.yahoo.client import (
    Client,
    assert_true_bars,
    evening,
    price_breaks,
    quoted,
    sessions_of,
    shares,
)


@pytest.fixture(scope="module")
def quiet() -> Listing:
    """Four months of IBM without a dividend or split."""
    return shares(sampled("IBM"), "2005-11-10", "2006-03-15")


def changed(listing: Listing, day: date, factor: float) -> Listing:
    """The same share, one day's prices corrected since."""

    def corrected(bar: Bar) -> Bar:
        if listing.day_of(bar.start) != day:
            return bar
        return replace(bar, high=round(bar.high * factor, 2))

    return replace(listing, days=tuple(corrected(bar) for bar in listing.days))


def moved(listing: Listing, factor: float, *, before: date) -> Listing:
    """The same share, prices before a day multiplied, and no split to explain it."""

    def scaled(bar: Bar) -> Bar:
        if listing.day_of(bar.start) >= before:
            return bar
        first, high, low, last = (price * factor for price in bar.prices)
        return replace(bar, open=first, high=high, low=low, close=last)

    return replace(listing, days=tuple(scaled(bar) for bar in listing.days))


def test_unchanged_bars_are_the_same(client: Client, quiet: Listing) -> None:
    client.replay.add(quiet)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))

    record = client.updated("ACME", at=evening(date(2006, 2, 28)))

    assert (record.outcome, record.verdict, record.added, record.revised) == (
        "changed",
        "same",
        2,
        0,
    )
    assert client.updated("ACME", at=evening(date(2006, 2, 28))).outcome == "unchanged"
    assert_true_bars(client.stored("ACME"), quiet)


def test_a_corrected_price_is_taken_over_and_logged(client: Client, quiet: Listing) -> None:
    client.replay.add(quiet)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    better = changed(quiet, date(2006, 2, 22), 1.01)
    client.replay.add(better)

    record = client.updated("ACME", at=evening(date(2006, 2, 28)))

    assert (record.verdict, record.revised) == ("corrected", 1)
    (revision,) = record.revisions
    # IBM's high of 2006-02-22 was 81.65.
    assert (revision.stamp.date(), revision.column) == (date(2006, 2, 22), "high")
    assert (revision.old, revision.new) == (81.65, 82.47)
    assert_true_bars(client.stored("ACME"), better)


def test_prices_that_contradict_the_stored_ones_stop_the_update_until_accepted(
    client: Client, quiet: Listing
) -> None:
    client.replay.add(quiet)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    other = moved(quiet, 1.003, before=date(2006, 2, 14))
    # A part of the history moved by what no split explains.
    client.replay.add(moved(other, 0.98, before=date(2006, 1, 10)))
    before = client.stored("ACME")

    for day in (27, 28):
        client.replay.asked.clear()
        record = client.updated("ACME", at=evening(date(2006, 2, day)), lookback_days=30)
        assert (record.outcome, record.added) == ("failed", 0)
        assert record.error is not None
        assert record.error.type == "Suspicious"
        said = spell(record.error.hint, "ml4t-data")
        assert f"`ml4t-data update -s ACME --home {client.home} --accept`" in said
        assert client.stored("ACME").equals(before)
        # The window once, and the whole history once.
        assert client.replay.bars_asked == 2
    (judged,) = verbs.health(client.ws, as_of=evening(date(2006, 2, 28))).datasets
    assert judged.state == "error"
    assert "contradicts" in judged.reason

    record = client.updated("ACME", at=evening(date(2006, 2, 28)), lookback_days=30, accept=True)

    assert (record.outcome, record.verdict) == ("changed", "suspicious")
    assert_true_bars(client.stored("ACME"), client.replay.market.listings["ACME"])
    (judged,) = verbs.health(client.ws, as_of=evening(date(2006, 2, 28))).datasets
    assert judged.state == "healthy"


def test_accept_takes_a_split_that_yahoo_never_applies(client: Client) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 2))
    client.replay.add(listing)
    client.replay.market.restated_from["ACME", ex] = date(2099, 1, 1)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    assert client.updated("ACME", at=evening(ex)).outcome == "failed"
    assert price_breaks(client.stored("ACME"), listing) == []

    record = client.updated("ACME", at=evening(ex), accept=True)

    # Who accepts takes the seam too: the record says what was accepted.
    assert (record.outcome, record.verdict) == ("changed", "suspicious")
    assert price_breaks(client.stored("ACME"), listing) == [ex]


def test_apple_s_real_fall_of_52_percent_raises_no_alarm(client: Client) -> None:
    apple = sampled("AAPL", last="2000-10-13")
    client.replay.add(apple)
    client.loaded("AAPL", at=evening(date(2000, 9, 28)))

    record = client.updated("AAPL", at=evening(date(2000, 9, 29)))

    assert (record.outcome, record.verdict, record.added) == ("changed", "same", 1)
    last = client.stored("AAPL")["close"].iloc[-2:].tolist()
    # 53.50 and 25.75 as traded, on the basis after the split of June.
    assert last == [53.5, 25.75]
    for day in (date(2000, 10, 2), date(2000, 10, 3), date(2000, 10, 4), date(2000, 10, 12)):
        assert client.updated("AAPL", at=evening(day)).verdict == "same"
    assert_true_bars(client.stored("AAPL"), apple)


def test_a_listing_with_two_bars_so_far_is_replaced_as_a_whole(client: Client) -> None:
    facebook = sampled("FB", last="2012-06-05")
    client.replay.add(facebook)
    client.loaded("FB", at=evening(date(2012, 5, 18)))
    assert client.stored("FB")["close"].tolist() == [38.2318]

    first = client.updated("FB", at=evening(date(2012, 5, 21)))
    second = client.updated("FB", at=evening(date(2012, 5, 22)))
    third = client.updated("FB", at=evening(date(2012, 5, 23)))

    assert [each.verdict for each in (first, second, third)] == [
        "insufficient",
        "insufficient",
        "same",
    ]
    assert [each.added for each in (first, second, third)] == [1, 1, 1]
    assert_true_bars(client.stored("FB"), facebook)


def test_a_listing_of_two_bars_that_splits_is_on_one_basis(client: Client) -> None:
    ex = date(2005, 11, 14)
    young = shares(sampled("IBM"), "2005-11-10", "2005-11-30", split=Split(ex, 2))
    client.replay.add(young)
    client.loaded("ACME", at=evening(date(2005, 11, 11)))
    assert len(client.stored("ACME")) == 2

    client.updated("ACME", at=evening(ex))

    assert_true_bars(client.stored("ACME"), young)


def test_an_empty_lookback_reaches_the_rest_of_the_history(client: Client, quiet: Listing) -> None:
    """Three bars in common are found further back where the window holds fewer."""
    # Nothing traded from mid December to the end of January.
    halted = replace(
        quiet,
        days=tuple(
            bar
            for bar in quiet.days
            if not date(2005, 12, 15) <= quiet.day_of(bar.start) <= date(2006, 1, 31)
        ),
    )
    client.replay.add(halted)
    client.loaded("ACME", at=evening(date(2005, 12, 14)))
    assert client.updated("ACME", at=evening(date(2006, 1, 30))).outcome == "unchanged"

    record = client.updated("ACME", at=evening(date(2006, 2, 1)), lookback_days=1)

    assert (record.verdict, record.added) == ("same", 1)
    assert [stamp.date() for stamp in client.stored("ACME", filled=False).index] == [
        day for day in sessions_of(halted) if day <= date(2006, 2, 1)
    ]


def test_a_missing_day_that_comes_later_closes_its_gap(client: Client, quiet: Listing) -> None:
    client.replay.add(quiet)
    client.replay.faults.append(Fault("drop", times=-1, days=("2006-02-15",)))
    client.loaded("ACME", at=evening(date(2006, 2, 16)))
    first = client.updated("ACME", at=evening(date(2006, 2, 17)))
    assert (first.filled, client.stored("ACME").loc["2006-02-15", "filled"]) == (1, True)
    client.replay.faults.clear()

    # The lookback reaches back to the 15th no more.
    record = client.updated("ACME", at=evening(date(2006, 3, 1)), lookback_days=2)

    assert record.outcome == "changed"
    assert_true_bars(client.stored("ACME"), quiet)
    assert client.manifest("ACME").gaps == ()


DIVIDENDS = (Dividend(date(2006, 2, 8), 0.2), Dividend(date(2006, 2, 22), 0.25))


@pytest.fixture(scope="module")
def paying() -> Listing:
    return shares(sampled("IBM"), "2005-11-10", "2006-06-15", dividends=DIVIDENDS)


def test_dividends_leave_the_stored_prices_as_they_are(client: Client, paying: Listing) -> None:
    client.replay.add(paying)
    client.loaded("ACME", at=evening(date(2006, 2, 7)))
    before = client.stored("ACME")

    records = [client.updated("ACME", at=evening(each.day)) for each in DIVIDENDS]

    assert [record.verdict for record in records] == ["same", "same"]
    after = client.stored("ACME")
    assert after.loc[before.index].equals(before)
    assert_true_bars(after, paying)
    total = client.stored("ACME", adjust="all")["close"]
    for day, close in quoted(paying, now=evening(DIVIDENDS[1].day)).items():
        assert total.loc[str(day)] == pytest.approx(close, rel=1e-12)


def without_cash(listing: Listing) -> Listing:
    return replace(listing, dividends=())


def test_a_dividend_that_comes_late_is_booked_on_its_day(client: Client, paying: Listing) -> None:
    client.replay.add(without_cash(paying))
    client.loaded("ACME", at=evening(date(2006, 2, 22)))
    client.replay.add(paying)

    record = client.updated("ACME", at=evening(date(2006, 2, 23)), lookback_days=7)

    assert (record.verdict, record.revised) == ("corrected", 1)
    (revision,) = record.revisions
    assert (revision.stamp.date(), revision.column) == (date(2006, 2, 22), "dividend")
    assert (revision.old, revision.new) == (0.0, 0.25)


def test_a_dividend_later_than_the_window_is_found_within_thirty_days(
    client: Client, paying: Listing
) -> None:
    client.replay.add(without_cash(paying))
    client.loaded("ACME", at=evening(date(2006, 2, 23)))
    client.updated("ACME", at=evening(date(2006, 3, 10)))
    client.replay.add(paying)
    week = {"lookback_days": 7}
    assert client.updated("ACME", at=evening(date(2006, 3, 24)), **week).verdict == "same"
    assert not client.stored("ACME")["dividend"].any()

    record = client.updated("ACME", at=evening(date(2006, 3, 27)), **week)

    assert record.verdict == "corrected"
    assert [(each.stamp.date(), each.new) for each in record.revisions] == [
        (date(2006, 2, 8), 0.2),
        (date(2006, 2, 22), 0.25),
    ]
    assert_true_bars(client.stored("ACME"), paying)
    # The next verification is due thirty days later, not tomorrow.
    client.updated("ACME", at=evening(date(2006, 3, 28)), **week)
    assert client.manifest("ACME").recent[-1].spans[0].start.date() == date(2006, 3, 20)


def test_a_dividend_taken_back_is_taken_back_here(client: Client, paying: Listing) -> None:
    client.replay.add(paying)
    client.loaded("ACME", at=evening(date(2006, 2, 22)))
    client.replay.add(without_cash(paying))

    record = client.updated("ACME", at=evening(date(2006, 2, 23)), lookback_days=7)

    assert record.verdict == "corrected"
    assert [(each.column, each.old, each.new) for each in record.revisions] == [
        ("dividend", 0.25, 0.0)
    ]


def test_a_dividend_and_a_split_on_one_day(client: Client) -> None:
    ex = date(2006, 2, 22)
    listing = shares(
        sampled("IBM"),
        "2005-11-10",
        "2006-03-15",
        split=Split(ex, 2),
        dividends=(Dividend(date(2006, 2, 8), 0.8), Dividend(ex, 0.25)),
    )
    client.replay.add(listing)
    client.loaded("ACME", at=evening(date(2006, 2, 21)))

    record = client.updated("ACME", at=evening(ex))

    assert record.verdict == "restated"
    assert_true_bars(client.stored("ACME"), listing)
    assert client.stored("ACME").loc["2006-02-08", "dividend"] == 0.4
    assert client.stored("ACME", adjust="raw").loc["2006-02-08", "dividend"] == 0.8


def test_a_restatement_with_a_gap_makes_the_fills_again(client: Client) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 7))
    client.replay.add(listing)
    client.replay.faults.append(Fault("drop", times=-1, days=("2006-02-15",)))
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    client.updated("ACME", at=evening(date(2006, 2, 27)))
    before = client.stored("ACME")
    assert before["filled"].sum() == 1

    client.updated("ACME", at=evening(ex))

    after = client.stored("ACME")
    assert after["filled"].sum() == 1
    assert price_breaks(after[~after["filled"]], listing) == []
    close = after["close"]
    assert close.loc["2006-02-15"] == close.loc["2006-02-14"]
    assert close.loc["2006-02-15"] == pytest.approx(
        before["close"].loc["2006-02-15"] / 7, rel=1e-12
    )


def test_days_that_a_restated_history_lacks_are_kept_on_its_basis(client: Client) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 7))
    client.replay.add(listing)
    client.loaded("ACME", at=evening(date(2006, 2, 27)))
    lost = ("2005-11-10", "2005-12-08", "2005-12-09", "2006-02-27")
    client.replay.faults.append(Fault("drop", times=-1, days=lost))

    record = client.updated("ACME", at=evening(ex))

    assert record.restatement is not None
    assert record.restatement.kept == 4
    assert record.notes == ("kept 4 bars that the provider no longer serves, on the same basis",)
    assert_true_bars(client.stored("ACME"), listing)


def test_an_outage_while_the_history_is_refetched_leaves_the_old_one(client: Client) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 7))
    client.replay.add(listing)
    client.loaded("ACME", at=evening(date(2006, 2, 27)))
    before = client.stored("ACME")
    # The window is answered; what follows is not.
    old = rf"chart/ACME\?period1=({'|'.join(str(n) for n in range(1128, 1133))})"
    client.replay.faults.append(Fault("status", match=old, times=-1, code=503))

    assert client.updated("ACME", at=evening(ex)).outcome == "failed"

    assert client.stored("ACME").equals(before)
    client.replay.faults.clear()
    assert client.updated("ACME", at=evening(ex)).verdict == "restated"
    assert_true_bars(client.stored("ACME"), listing)


def test_a_day_without_prices_is_not_a_bar_until_it_has_some(
    client: Client, quiet: Listing
) -> None:
    client.replay.add(quiet)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    client.replay.faults.append(Fault("null_prices", times=-1, days=("2006-02-27",)))

    record = client.updated("ACME", at=evening(date(2006, 2, 27)))

    assert record.added == 0
    assert client.stored("ACME").index[-1].date() == date(2006, 2, 24)
    client.replay.faults.clear()
    assert client.updated("ACME", at=evening(date(2006, 2, 28))).added == 2
    assert_true_bars(client.stored("ACME"), quiet)


@pytest.mark.parametrize("factor", [100.0, 1.02])
@pytest.mark.parametrize("later", [27, 1])
def test_a_bad_day_is_put_right_when_yahoo_does(
    client: Client, quiet: Listing, factor: float, later: int
) -> None:
    """A bar in another unit comes now and then."""
    client.replay.add(quiet)
    client.loaded("ACME", at=evening(date(2006, 2, 24)))
    client.replay.faults.append(Fault("scale", times=-1, days=("2006-02-27",), factor=factor))
    client.updated("ACME", at=evening(date(2006, 2, 27)))
    client.replay.faults.clear()
    day = date(2006, 3 if later == 1 else 2, later)

    record = client.updated("ACME", at=evening(day))

    assert record.verdict == "corrected"
    assert_true_bars(client.stored("ACME"), quiet)


def test_an_as_of_of_long_ago_is_on_the_basis_of_today_and_says_so(client: Client) -> None:
    long_ago = evening(date(2005, 1, 10))
    # Yahoo answers today, after the split of 2005-02-28.
    client.replay.market.now = evening(date(2013, 3, 1))

    (done,) = verbs.load(client.ws, "AAPL", start="2004-06-01", as_of=long_ago).results

    (note,) = done.record.notes
    assert "2013-03-01" in note
    assert "2005-01-10" in note
    stored = client.stored("AAPL")
    assert stored.index[-1].date() == date(2005, 1, 10)
    # 68.96 as traded.
    assert stored["close"].iloc[-1] == pytest.approx(68.96 / 2, rel=1e-12)
    (then,) = verbs.update(client.ws, "AAPL", as_of=evening(date(2005, 3, 4))).results
    assert then.record.verdict == "same"
    assert price_breaks(client.stored("AAPL"), sampled("AAPL")) == []


def test_an_answer_of_today_says_nothing_of_its_basis(client: Client) -> None:
    assert client.loaded("AAPL", at=evening(date(2013, 3, 1))).record.notes == ()
    assert client.loaded("IBM", at=evening(date(2013, 2, 24))).record.notes == ()


def test_a_history_of_the_sample_goes_on_with_yahoo(client: Client) -> None:
    verbs.load(client.ws, "AAPL", provider="sample", as_of=evening(date(2005, 2, 25)))

    record = client.updated("AAPL", at=evening(date(2005, 3, 4)), provider="yahoo", switch=True)

    assert (record.verdict, record.provider) == ("restated", "yahoo")
    assert_true_bars(client.stored("AAPL"), sampled("AAPL"))
    assert client.updated("AAPL", at=evening(date(2005, 3, 7))).provider == "yahoo"
