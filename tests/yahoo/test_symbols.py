"""What Yahoo says of a symbol becomes its asset class and its calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.replay import Bar, Listing
from tests.yahoo.client import Client, evening

AT = datetime(2024, 1, 20, 12, tzinfo=UTC)


def listing(symbol: str, kind: str, exchange: str, zone: str, hours: tuple[time, time]) -> Listing:
    """A fortnight of bars at one price, Monday to Friday; crypto on every day."""
    share = Listing(
        symbol, zone=zone, kind=kind, exchange=exchange, opens=hours[0], closes=hours[1]
    )
    days = [date(2024, 1, 5) + timedelta(days=n) for n in range(15)]
    return replace(
        share,
        days=tuple(
            Bar(share.session(day)[0], 10.0, 11.0, 9.0, 10.0, 100)
            for day in days
            if kind == "CRYPTOCURRENCY" or day.weekday() < 5
        ),
    )


ALL_DAY = (time(), time())
LISTED = [
    (
        listing("VOD.L", "EQUITY", "LSE", "Europe/London", (time(8), time(16, 30))),
        "XLON",
        "equities",
    ),
    (listing("7203.T", "EQUITY", "JPX", "Asia/Tokyo", (time(9), time(15))), "XTKS", "equities"),
    (listing("BTC-USD", "CRYPTOCURRENCY", "CCC", "UTC", ALL_DAY), "24/7", "crypto"),
    (listing("EURUSD=X", "CURRENCY", "CCY", "Europe/London", ALL_DAY), "fx", "fx"),
    (listing("SPY", "ETF", "PCX", "America/New_York", (time(9, 30), time(16))), "XNYS", "etfs"),
    (
        listing("^GDAXI", "INDEX", "GER", "Europe/Berlin", (time(9), time(17, 30))),
        "XETR",
        "indices",
    ),
]


@pytest.mark.parametrize(
    ("share", "calendar", "asset_class"), LISTED, ids=[each[0].symbol for each in LISTED]
)
def test_class_and_calendar_come_from_yahoo(
    client: Client, share: Listing, calendar: str, asset_class: str
) -> None:
    client.replay.add(share)

    client.loaded(share.symbol, at=AT)

    manifest = client.manifest(share.symbol)
    assert manifest.config.calendar == calendar
    assert manifest.dataset.asset_class == asset_class
    days = [stamp.date() for stamp in client.stored(share.symbol).index]
    assert days == [share.day_of(bar.start) for bar in share.days]


def test_a_calendar_of_one_s_own_choice_prevails_and_stays(client: Client) -> None:
    share = LISTED[0][0]
    client.replay.add(share)

    client.loaded("VOD.L", at=AT, calendar="XAMS")

    assert client.manifest("VOD.L").config.calendar == "XAMS"
    client.updated("VOD.L", at=AT)
    assert client.manifest("VOD.L").config.calendar == "XAMS"


def test_yahoo_is_the_default_provider(client: Client) -> None:
    client.replay.market.now = evening(date(2013, 3, 1))
    settings = Settings.read({"ML4T_DATA_HOME": str(client.home)}, folder=client.home)

    (done,) = verbs.load(
        Workspace(settings, cancel=client.waited),
        "AAPL",
        start="2013-02-01",
        as_of=evening(date(2013, 3, 1)),
    ).results

    assert (done.record.provider, done.record.outcome) == ("yahoo", "changed")
    assert str(done.dataset) == "equities/daily/AAPL"
    assert client.manifest("AAPL").config.calendar == "XNYS"


def test_a_class_that_yahoo_contradicts_is_refused(client: Client) -> None:
    client.replay.add(LISTED[2][0])

    (done,) = client.load("BTC-USD", at=AT, asset_class="equities").results

    assert done.record.error is not None
    assert done.record.error.message == "yahoo lists BTC-USD under crypto, not equities"
    assert client.ws.store.datasets() == ()
