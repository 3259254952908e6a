"""Every verdict on stored against refetched bars, reached through the real yfinance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.spelling import spell
from tests.replay import Bar, Dividend, Fault, Listing, Split, sampled
from tests.yahoo.desk import Desk, evening, held_to, quoted, seams, sessions_of, shares


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


def test_unchanged_bars_are_the_same(desk: Desk, quiet: Listing) -> None:
    desk.replay.add(quiet)
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))

    record = desk.updated("ACME", at=evening(date(2006, 2, 28)))

    assert (record.outcome, record.verdict, record.added, record.revised) == (
        "changed",
        "same",
        2,
        0,
    )
    assert desk.updated("ACME", at=evening(date(2006, 2, 28))).outcome == "unchanged"
    held_to(desk.stored("ACME"), quiet)


def test_a_corrected_price_is_taken_over_and_logged(desk: Desk, quiet: Listing) -> None:
    desk.replay.add(quiet)
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))
    better = changed(quiet, date(2006, 2, 22), 1.01)
    desk.replay.add(better)

    record = desk.updated("ACME", at=evening(date(2006, 2, 28)))

    assert (record.verdict, record.revised) == ("corrected", 1)
    (revision,) = record.revisions
    # IBM's high of 2006-02-22 was 81.65.
    assert (revision.stamp.date(), revision.column) == (date(2006, 2, 22), "high")
    assert (revision.old, revision.new) == (81.65, 82.47)
    held_to(desk.stored("ACME"), better)


def test_prices_that_contradict_the_stored_ones_stop_the_update_until_accepted(
    desk: Desk, quiet: Listing
) -> None:
    desk.replay.add(quiet)
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))
    other = moved(quiet, 1.003, before=date(2006, 2, 14))
    # A part of the history moved by what no split explains.
    desk.replay.add(moved(other, 0.98, before=date(2006, 1, 10)))
    before = desk.stored("ACME")

    for day in (27, 28):
        desk.replay.asked.clear()
        record = desk.updated("ACME", at=evening(date(2006, 2, day)), lookback_days=30)
        assert (record.outcome, record.added) == ("failed", 0)
        assert record.error is not None
        assert record.error.type == "Suspicious"
        said = spell(record.error.hint, "ml4t-data")
        assert f"`ml4t-data update -s ACME --home {desk.home} --accept`" in said
        assert desk.stored("ACME").equals(before)
        # The window once, and the whole history once.
        assert desk.replay.bars_asked == 2
    (judged,) = verbs.health(desk.ws, as_of=evening(date(2006, 2, 28))).datasets
    assert judged.state == "error"
    assert "contradicts" in judged.reason

    record = desk.updated("ACME", at=evening(date(2006, 2, 28)), lookback_days=30, accept=True)

    assert (record.outcome, record.verdict) == ("changed", "suspicious")
    held_to(desk.stored("ACME"), desk.replay.market.listings["ACME"])
    (judged,) = verbs.health(desk.ws, as_of=evening(date(2006, 2, 28))).datasets
    assert judged.state == "healthy"


def test_accept_takes_a_split_that_yahoo_never_applies(desk: Desk) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 2))
    desk.replay.add(listing)
    desk.replay.market.restated_from["ACME", ex] = date(2099, 1, 1)
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))
    assert desk.updated("ACME", at=evening(ex)).outcome == "failed"
    assert seams(desk.stored("ACME"), listing) == []

    record = desk.updated("ACME", at=evening(ex), accept=True)

    # Who accepts takes the seam too: the record says what was accepted.
    assert (record.outcome, record.verdict) == ("changed", "suspicious")
    assert seams(desk.stored("ACME"), listing) == [ex]


def test_apple_s_real_fall_of_52_percent_raises_no_alarm(desk: Desk) -> None:
    apple = sampled("AAPL", last="2000-10-13")
    desk.replay.add(apple)
    desk.loaded("AAPL", at=evening(date(2000, 9, 28)))

    record = desk.updated("AAPL", at=evening(date(2000, 9, 29)))

    assert (record.outcome, record.verdict, record.added) == ("changed", "same", 1)
    last = desk.stored("AAPL")["close"].iloc[-2:].tolist()
    # 53.50 and 25.75 as traded, on the basis after the split of June.
    assert last == [53.5, 25.75]
    for day in (date(2000, 10, 2), date(2000, 10, 3), date(2000, 10, 4), date(2000, 10, 12)):
        assert desk.updated("AAPL", at=evening(day)).verdict == "same"
    held_to(desk.stored("AAPL"), apple)


def test_a_listing_with_two_bars_so_far_is_replaced_as_a_whole(desk: Desk) -> None:
    facebook = sampled("FB", last="2012-06-05")
    desk.replay.add(facebook)
    desk.loaded("FB", at=evening(date(2012, 5, 18)))
    assert desk.stored("FB")["close"].tolist() == [38.2318]

    first = desk.updated("FB", at=evening(date(2012, 5, 21)))
    second = desk.updated("FB", at=evening(date(2012, 5, 22)))
    third = desk.updated("FB", at=evening(date(2012, 5, 23)))

    assert [each.verdict for each in (first, second, third)] == [
        "insufficient",
        "insufficient",
        "same",
    ]
    assert [each.added for each in (first, second, third)] == [1, 1, 1]
    held_to(desk.stored("FB"), facebook)


def test_a_listing_of_two_bars_that_splits_is_on_one_basis(desk: Desk) -> None:
    ex = date(2005, 11, 14)
    young = shares(sampled("IBM"), "2005-11-10", "2005-11-30", split=Split(ex, 2))
    desk.replay.add(young)
    desk.loaded("ACME", at=evening(date(2005, 11, 11)))
    assert len(desk.stored("ACME")) == 2

    desk.updated("ACME", at=evening(ex))

    held_to(desk.stored("ACME"), young)


def test_an_empty_lookback_reaches_the_rest_of_the_history(desk: Desk, quiet: Listing) -> None:
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
    desk.replay.add(halted)
    desk.loaded("ACME", at=evening(date(2005, 12, 14)))
    assert desk.updated("ACME", at=evening(date(2006, 1, 30))).outcome == "unchanged"

    record = desk.updated("ACME", at=evening(date(2006, 2, 1)), lookback_days=1)

    assert (record.verdict, record.added) == ("same", 1)
    assert [stamp.date() for stamp in desk.stored("ACME", filled=False).index] == [
        day for day in sessions_of(halted) if day <= date(2006, 2, 1)
    ]


def test_a_missing_day_that_comes_later_closes_its_gap(desk: Desk, quiet: Listing) -> None:
    desk.replay.add(quiet)
    desk.replay.faults.append(Fault("drop", times=-1, days=("2006-02-15",)))
    desk.loaded("ACME", at=evening(date(2006, 2, 16)))
    first = desk.updated("ACME", at=evening(date(2006, 2, 17)))
    assert (first.filled, desk.stored("ACME").loc["2006-02-15", "filled"]) == (1, True)
    desk.replay.faults.clear()

    # The lookback reaches back to the 15th no more.
    record = desk.updated("ACME", at=evening(date(2006, 3, 1)), lookback_days=2)

    assert record.outcome == "changed"
    held_to(desk.stored("ACME"), quiet)
    assert desk.manifest("ACME").gaps == ()


DIVIDENDS = (Dividend(date(2006, 2, 8), 0.2), Dividend(date(2006, 2, 22), 0.25))


@pytest.fixture(scope="module")
def paying() -> Listing:
    return shares(sampled("IBM"), "2005-11-10", "2006-06-15", dividends=DIVIDENDS)


def test_dividends_leave_the_stored_prices_as_they_are(desk: Desk, paying: Listing) -> None:
    desk.replay.add(paying)
    desk.loaded("ACME", at=evening(date(2006, 2, 7)))
    before = desk.stored("ACME")

    records = [desk.updated("ACME", at=evening(each.day)) for each in DIVIDENDS]

    assert [record.verdict for record in records] == ["same", "same"]
    after = desk.stored("ACME")
    assert after.loc[before.index].equals(before)
    held_to(after, paying)
    total = desk.stored("ACME", adjust="all")["close"]
    for day, close in quoted(paying, now=evening(DIVIDENDS[1].day)).items():
        assert total.loc[str(day)] == pytest.approx(close, rel=1e-12)


def without_cash(listing: Listing) -> Listing:
    return replace(listing, dividends=())


def test_a_dividend_that_comes_late_is_booked_on_its_day(desk: Desk, paying: Listing) -> None:
    desk.replay.add(without_cash(paying))
    desk.loaded("ACME", at=evening(date(2006, 2, 22)))
    desk.replay.add(paying)

    record = desk.updated("ACME", at=evening(date(2006, 2, 23)), lookback_days=7)

    assert (record.verdict, record.revised) == ("corrected", 1)
    (revision,) = record.revisions
    assert (revision.stamp.date(), revision.column) == (date(2006, 2, 22), "dividend")
    assert (revision.old, revision.new) == (0.0, 0.25)


def test_a_dividend_later_than_the_window_is_found_within_thirty_days(
    desk: Desk, paying: Listing
) -> None:
    desk.replay.add(without_cash(paying))
    desk.loaded("ACME", at=evening(date(2006, 2, 23)))
    desk.updated("ACME", at=evening(date(2006, 3, 10)))
    desk.replay.add(paying)
    week = {"lookback_days": 7}
    assert desk.updated("ACME", at=evening(date(2006, 3, 24)), **week).verdict == "same"
    assert not desk.stored("ACME")["dividend"].any()

    record = desk.updated("ACME", at=evening(date(2006, 3, 27)), **week)

    assert record.verdict == "corrected"
    assert [(each.stamp.date(), each.new) for each in record.revisions] == [
        (date(2006, 2, 8), 0.2),
        (date(2006, 2, 22), 0.25),
    ]
    held_to(desk.stored("ACME"), paying)
    # The next verification is due thirty days later, not tomorrow.
    desk.updated("ACME", at=evening(date(2006, 3, 28)), **week)
    assert desk.manifest("ACME").history[-1].spans[0].start.date() == date(2006, 3, 20)


def test_a_dividend_taken_back_is_taken_back_here(desk: Desk, paying: Listing) -> None:
    desk.replay.add(paying)
    desk.loaded("ACME", at=evening(date(2006, 2, 22)))
    desk.replay.add(without_cash(paying))

    record = desk.updated("ACME", at=evening(date(2006, 2, 23)), lookback_days=7)

    assert record.verdict == "corrected"
    assert [(each.column, each.old, each.new) for each in record.revisions] == [
        ("dividend", 0.25, 0.0)
    ]


def test_a_dividend_and_a_split_on_one_day(desk: Desk) -> None:
    ex = date(2006, 2, 22)
    listing = shares(
        sampled("IBM"),
        "2005-11-10",
        "2006-03-15",
        split=Split(ex, 2),
        dividends=(Dividend(date(2006, 2, 8), 0.8), Dividend(ex, 0.25)),
    )
    desk.replay.add(listing)
    desk.loaded("ACME", at=evening(date(2006, 2, 21)))

    record = desk.updated("ACME", at=evening(ex))

    assert record.verdict == "restated"
    held_to(desk.stored("ACME"), listing)
    assert desk.stored("ACME").loc["2006-02-08", "dividend"] == 0.4
    assert desk.stored("ACME", adjust="raw").loc["2006-02-08", "dividend"] == 0.8


def test_a_restatement_with_a_gap_makes_the_fills_again(desk: Desk) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 7))
    desk.replay.add(listing)
    desk.replay.faults.append(Fault("drop", times=-1, days=("2006-02-15",)))
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))
    desk.updated("ACME", at=evening(date(2006, 2, 27)))
    before = desk.stored("ACME")
    assert before["filled"].sum() == 1

    desk.updated("ACME", at=evening(ex))

    after = desk.stored("ACME")
    assert after["filled"].sum() == 1
    assert seams(after[~after["filled"]], listing) == []
    close = after["close"]
    assert close.loc["2006-02-15"] == close.loc["2006-02-14"]
    assert close.loc["2006-02-15"] == pytest.approx(
        before["close"].loc["2006-02-15"] / 7, rel=1e-12
    )


def test_days_that_a_restated_history_lacks_are_kept_on_its_basis(desk: Desk) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 7))
    desk.replay.add(listing)
    desk.loaded("ACME", at=evening(date(2006, 2, 27)))
    lost = ("2005-11-10", "2005-12-08", "2005-12-09", "2006-02-27")
    desk.replay.faults.append(Fault("drop", times=-1, days=lost))

    record = desk.updated("ACME", at=evening(ex))

    assert record.restatement is not None
    assert record.restatement.kept == 4
    assert record.notes == ("kept 4 bars that the provider no longer serves, on the same basis",)
    held_to(desk.stored("ACME"), listing)


def test_an_outage_while_the_history_is_refetched_leaves_the_old_one(desk: Desk) -> None:
    ex = date(2006, 2, 28)
    listing = shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=Split(ex, 7))
    desk.replay.add(listing)
    desk.loaded("ACME", at=evening(date(2006, 2, 27)))
    before = desk.stored("ACME")
    # The window is answered; what follows is not.
    old = rf"chart/ACME\?period1=({'|'.join(str(n) for n in range(1128, 1133))})"
    desk.replay.faults.append(Fault("status", match=old, times=-1, code=503))

    assert desk.updated("ACME", at=evening(ex)).outcome == "failed"

    assert desk.stored("ACME").equals(before)
    desk.replay.faults.clear()
    assert desk.updated("ACME", at=evening(ex)).verdict == "restated"
    held_to(desk.stored("ACME"), listing)


def test_a_day_without_prices_is_not_a_bar_until_it_has_some(desk: Desk, quiet: Listing) -> None:
    desk.replay.add(quiet)
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))
    desk.replay.faults.append(Fault("null_prices", times=-1, days=("2006-02-27",)))

    record = desk.updated("ACME", at=evening(date(2006, 2, 27)))

    assert record.added == 0
    assert desk.stored("ACME").index[-1].date() == date(2006, 2, 24)
    desk.replay.faults.clear()
    assert desk.updated("ACME", at=evening(date(2006, 2, 28))).added == 2
    held_to(desk.stored("ACME"), quiet)


@pytest.mark.parametrize("factor", [100.0, 1.02])
@pytest.mark.parametrize("later", [27, 1])
def test_a_bad_day_is_put_right_when_yahoo_does(
    desk: Desk, quiet: Listing, factor: float, later: int
) -> None:
    """A bar in another unit comes now and then."""
    desk.replay.add(quiet)
    desk.loaded("ACME", at=evening(date(2006, 2, 24)))
    desk.replay.faults.append(Fault("scale", times=-1, days=("2006-02-27",), factor=factor))
    desk.updated("ACME", at=evening(date(2006, 2, 27)))
    desk.replay.faults.clear()
    day = date(2006, 3 if later == 1 else 2, later)

    record = desk.updated("ACME", at=evening(day))

    assert record.verdict == "corrected"
    held_to(desk.stored("ACME"), quiet)


def test_an_as_of_of_long_ago_is_on_the_basis_of_today_and_says_so(desk: Desk) -> None:
    long_ago = evening(date(2005, 1, 10))
    # Yahoo answers today, after the split of 2005-02-28.
    desk.replay.market.now = evening(date(2013, 3, 1))

    (done,) = verbs.load(desk.ws, "AAPL", start="2004-06-01", as_of=long_ago).results

    (note,) = done.record.notes
    assert "2013-03-01" in note
    assert "2005-01-10" in note
    stored = desk.stored("AAPL")
    assert stored.index[-1].date() == date(2005, 1, 10)
    # 68.96 as traded.
    assert stored["close"].iloc[-1] == pytest.approx(68.96 / 2, rel=1e-12)
    (then,) = verbs.update(desk.ws, "AAPL", as_of=evening(date(2005, 3, 4))).results
    assert then.record.verdict == "same"
    assert seams(desk.stored("AAPL"), sampled("AAPL")) == []


def test_an_answer_of_today_says_nothing_of_its_basis(desk: Desk) -> None:
    assert desk.loaded("AAPL", at=evening(date(2013, 3, 1))).record.notes == ()
    assert desk.loaded("IBM", at=evening(date(2013, 2, 24))).record.notes == ()


def test_a_history_of_the_sample_goes_on_with_yahoo(desk: Desk) -> None:
    verbs.load(desk.ws, "AAPL", provider="sample", as_of=evening(date(2005, 2, 25)))

    record = desk.updated("AAPL", at=evening(date(2005, 3, 4)), provider="yahoo", switch=True)

    assert (record.verdict, record.provider) == ("restated", "yahoo")
    held_to(desk.stored("AAPL"), sampled("AAPL"))
    assert desk.updated("AAPL", at=evening(date(2005, 3, 7))).provider == "yahoo"
