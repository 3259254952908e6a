"""The provider that asks Yahoo Finance through yfinance; what it serves, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import get_args

from ml4t_nb.model import AssetClass, Frequency
from ml4t_nb.providers.base import Backoff, Limits, Policy
from ml4t_nb.providers.retry import DEFAULT
from ml4t_nb.providers.yahoo.errors import NoBars
from ml4t_nb.settings import Settings

__all__ = ["limits"]

# Yahoo's days of a currency end at midnight in London, at most three hours after 17:00 in New York;
# and half an hour later they are settled.
_LONDON_MIDNIGHT = timedelta(hours=3, minutes=30)


def limits(settings: Settings) -> Limits:
    """Everything daily; minutes of a month, quarters of an hour of two, hours of two years."""
    # Yahoo counts the days back from its own now. A request starts at a local midnight, up to
    # a day before what was wanted, so one day less is declared.
    back: Mapping[Frequency, int] = {"1m": 29, "5m": 59, "15m": 59, "30m": 59, "hourly": 729}
    return Limits(
        asset_classes=get_args(AssetClass),
        frequencies=get_args(Frequency),
        max_span={"1m": timedelta(days=7)},
        max_age={frequency: timedelta(days=days) for frequency, days in back.items()},
        delays={("fx", "daily"): _LONDON_MIDNIGHT, ("fx", "weekly"): _LONDON_MIDNIGHT},
        requests_per_minute=settings.yahoo_per_minute,
        retry=Policy({**DEFAULT.backoff, NoBars: Backoff((1.0,))}),
    )
