"""The live service, for people with a connection: ``pytest -m network``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.providers import Instrument, Request
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for

pytestmark = pytest.mark.network


@pytest.fixture
def live(tmp_path: Path) -> YahooProvider:
    return YahooProvider(Settings(home=tmp_path))


def test_a_month_of_a_share_is_whole(live: YahooProvider) -> None:
    request = request_for("AAPL", "daily", "2024-02-01", "2024-03-01", as_of="2024-03-02")

    bars, findings = reject_invalid(live.fetch(request).bars)

    assert findings == ()
    assert bars.index.equals(request.calendar.stamps(request.span, "daily"))
    assert f"{bars['dividend'].idxmax():%Y-%m-%d}" == "2024-02-09"


def test_the_last_minutes_are_on_the_grid(live: YahooProvider) -> None:
    now = datetime.now(UTC)  # noqa: TID251  # the live service has no other
    span = Span(now - timedelta(days=5), now - timedelta(hours=1))
    xnys = calendar("XNYS")

    bars = live.fetch(Request(DatasetId("equities", "1m", "SPY"), span, now, xnys)).bars

    expected = xnys.stamps(span, "1m")
    assert bars.index.isin(expected).mean() > 0.99


@pytest.mark.parametrize(
    ("symbol", "instrument"),
    [
        ("AAPL", Instrument("equities", "XNYS")),
        ("SPY", Instrument("etfs", "XNYS")),
        ("^GSPC", Instrument("indices", "XNYS")),
        ("VOD.L", Instrument("equities", "XLON")),
        ("7203.T", Instrument("equities", "XTKS")),
        ("BTC-USD", Instrument("crypto", "24/7")),
        ("EURUSD=X", Instrument("fx", "fx")),
    ],
)
def test_class_and_calendar_are_known(
    live: YahooProvider, symbol: str, instrument: Instrument
) -> None:
    assert live.instrument(symbol) == instrument
