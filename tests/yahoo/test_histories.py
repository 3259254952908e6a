"""A history kept day by day is the history loaded at once, and its views are the source's."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from tests.replay import Dividend, Split, sampled
from tests.yahoo.client import (
    Client,
    assert_true_bars,
    evening,
    price_breaks,
    quoted,
    sessions_of,
    shares,
)


def same_bytes(left: Client, right: Client, symbol: str, folder: Path) -> None:
    assert_frame_equal(left.stored(symbol), right.stored(symbol), check_exact=True)
    for adjust in ("raw", "splits", "all"):
        paths = folder / "left.csv", folder / "right.csv"
        for client, path in zip((left, right), paths, strict=True):
            verbs.export(client.ws, symbol, adjust=adjust, out=path)
        assert paths[0].read_bytes() == paths[1].read_bytes(), adjust


def test_sixty_daily_updates_over_a_split_and_ten_dividends_equal_one_load(
    client: Client, tmp_path: Path
) -> None:
    days = sessions_of(shares(sampled("IBM"), "2005-12-01", "2006-03-15"))
    # A dividend every six sessions, one on the day of the split.
    paid = [Dividend(day, 0.21 + n / 100) for n, day in enumerate(days[9:68:6])]
    listing = shares(
        sampled("IBM"), "2005-12-01", "2006-03-15", split=Split(paid[5].day, 7), dividends=paid
    )
    client.replay.add(listing)
    client.loaded("ACME", at=evening(days[5]))

    for day in days[6:66]:
        assert client.updated("ACME", at=evening(day)).added == 1
        assert price_breaks(client.stored("ACME"), listing) == []

    at_once = Client(client.replay, tmp_path / "at_once")
    at_once.loaded("ACME", at=evening(days[65]))
    assert (client.stored("ACME")["dividend"] != 0).sum() == 10
    same_bytes(client, at_once, "ACME", tmp_path)
    assert_true_bars(client.stored("ACME"), listing)


@pytest.mark.slow
def test_three_real_years_of_microsoft_kept_daily_equal_one_load(
    client: Client, tmp_path: Path
) -> None:
    microsoft = sampled("MSFT", first="2002-12-02", last="2006-06-30")
    client.replay.add(microsoft)
    days = sessions_of(microsoft)
    client.loaded("MSFT", at=evening(days[20]))

    for day in days[21:]:
        assert client.updated("MSFT", at=evening(day)).added == 1

    at_once = Client(client.replay, tmp_path / "at_once")
    at_once.loaded("MSFT", at=evening(days[-1]))
    stored = client.stored("MSFT")
    assert ((stored["dividend"] != 0).sum(), (stored["split"] != 1).sum()) == (10, 1)
    same_bytes(client, at_once, "MSFT", tmp_path)


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "IBM"])
def test_the_views_are_the_source_s_own_over_thirteen_years(client: Client, symbol: str) -> None:
    listing = sampled(symbol)
    client.replay.add(listing)
    now = evening(date(2013, 3, 1))
    client.loaded(symbol, at=now)

    assert_true_bars(client.stored(symbol), listing)
    raw = client.stored(symbol, adjust="raw")
    for place, name in enumerate(("open", "high", "low", "close")):
        traded = [bar.prices[place] for bar in listing.days]
        np.testing.assert_allclose(raw[name], traded, rtol=1e-12)
    total = client.stored(symbol, adjust="all")
    theirs = quoted(listing, now=now)
    assert [stamp.date() for stamp in total.index] == list(theirs)
    np.testing.assert_allclose(total["close"], list(theirs.values()), rtol=1e-6)


def test_the_total_return_is_what_reinvested_dividends_earn(client: Client) -> None:
    ibm = sampled("IBM")
    client.loaded("IBM", at=evening(date(2013, 3, 1)))
    paid = {each.day: each.amount for each in ibm.dividends}
    closes = [bar.close for bar in ibm.days]
    # Each dividend buys shares at the last close without it; IBM did not split in these years.
    grown = [1.0]
    for day, before, close in zip(sessions_of(ibm)[1:], closes, closes[1:], strict=False):
        grown.append(grown[-1] * close / (before - paid.get(day, 0.0)))

    total = client.stored("IBM", adjust="all")["close"]

    assert len(paid) > 50
    np.testing.assert_allclose(total / total.iloc[0], grown, rtol=1e-6)


def test_updates_now_and_then_equal_one_load(client: Client, tmp_path: Path) -> None:
    apple = sampled("AAPL", first="2004-06-01", last="2006-06-30")
    client.replay.add(apple)
    first = date(2004, 9, 1)
    client.loaded("AAPL", at=evening(first))
    days = [first + timedelta(days=step) for step in range(11, 650, 53)]
    # Around the split of 28 February 2005.
    days += [date(2005, 2, 25), date(2005, 2, 27), date(2005, 2, 28), date(2005, 3, 1)]

    for day in sorted(days):
        client.updated("AAPL", at=evening(day))
        stored = client.stored("AAPL")
        assert_true_bars(stored, apple)
        assert price_breaks(stored, apple) == []

    at_once = Client(client.replay, tmp_path / "at_once")
    at_once.loaded("AAPL", at=evening(max(days)))
    same_bytes(client, at_once, "AAPL", tmp_path)


def test_inconsistent_joins_would_be_detected() -> None:
    """The detector that the other tests rest on."""
    listing = shares(sampled("IBM"), "2006-02-01", "2006-03-15", split=Split(date(2006, 2, 28), 2))
    from tests.yahoo.client import true_bars

    whole = true_bars(listing, date(2006, 3, 15))
    assert price_breaks(whole, listing) == []
    spliced = whole.copy()
    spliced.loc[:"2006-02-14", "close"] *= 2
    assert price_breaks(spliced, listing) == [date(2006, 2, 15)]
    nudged = whole.copy()
    nudged.loc[:"2006-02-14", "close"] *= 1.00001
    assert price_breaks(nudged, listing) == [date(2006, 2, 15)]
