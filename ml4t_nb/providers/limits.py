"""What the providers of this package serve, told without importing what asks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import get_args

from ml4t_nb.model import AssetClass, Frequency
from ml4t_nb.providers import Limits
from ml4t_nb.providers.retry import DEFAULT, Policy, Waits
from ml4t_nb.providers.yahoo_errors import NoBars
from ml4t_nb.settings import Settings

__all__ = ["BUILT_IN", "files_limits", "sample_limits", "synthetic_limits", "yahoo_limits"]

# Yahoo's days of a currency end at midnight in London, at most three hours after 17:00 in New York;
# and half an hour later they are settled.
_LONDON_MIDNIGHT = timedelta(hours=3, minutes=30)


def files_limits(settings: Settings) -> Limits:
    """Whatever somebody has in his files, final as soon as its period is over."""
    del settings
    everything = get_args(AssetClass), get_args(Frequency)
    return Limits(*everything, delay=timedelta(0), takes_zone=True)


def sample_limits(settings: Settings) -> Limits:
    """Days of shares, and the weeks made of them."""
    del settings
    return Limits(asset_classes=("equities",), frequencies=("daily", "weekly"))


def synthetic_limits(settings: Settings) -> Limits:
    """Everything, at once, final as soon as its period is over."""
    del settings
    return Limits(get_args(AssetClass), get_args(Frequency), delay=timedelta(0))


def yahoo_limits(settings: Settings) -> Limits:
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
        retry=Policy({**DEFAULT.waits, NoBars: Waits((1.0,))}),
    )


BUILT_IN: Mapping[str, Callable[[Settings], Limits]] = {
    "files": files_limits,
    "sample": sample_limits,
    "synthetic": synthetic_limits,
    "yahoo": yahoo_limits,
}
