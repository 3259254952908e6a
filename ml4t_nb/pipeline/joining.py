"""What bars of another provider need to be taken: one basis, one currency, and bars around."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from ml4t_nb.core.adjust import inexact_weeks
from ml4t_nb.core.bars import Bars
from ml4t_nb.core.currencies import factor_between
from ml4t_nb.errors import OptionError, Suspicious
from ml4t_nb.model import Frequency, NextStep, bar_length
from ml4t_nb.pipeline.compare import OtherBars
from ml4t_nb.storage.manifest import Manifest

__all__ = ["bar_name", "reach_around", "require_one_basis", "require_one_currency"]

# Bars around those that are wanted show the scale between the two providers, over weekends.
_BARS_AROUND = 40
_WEEKEND = timedelta(days=4)


def reach_around(frequency: Frequency) -> timedelta:
    """How far from a bar others are fetched, to show the scale between two providers."""
    length = bar_length(frequency) or timedelta(days=1.5)
    if frequency == "weekly":
        length = timedelta(weeks=1)
    return _WEEKEND + _BARS_AROUND * length


def require_one_basis(state: Manifest, bars: Bars) -> None:
    """Raise OptionError if it is not known on which basis the days of some weeks are."""
    weeks = inexact_weeks(bars, "splits", basis=state.config.basis)
    if state.dataset.frequency == "weekly" and weeks:
        raise OptionError(
            f"{state.dataset} has weeks as traded, and that of {weeks[-1]:%Y-%m-%d} cannot be put "
            "on one basis: its split fell between days",
            hint=f"load daily bars of {state.dataset.symbol}, and reconcile those",
        )


def require_one_currency(state: Manifest, other: OtherBars, name: str) -> None:
    """Raise Suspicious if prices are in two currencies that are no units of one."""
    was, now = state.config.currency, other.currency
    if was and now and factor_between(was, now) is None:
        raise Suspicious(
            f"{name} quotes {now}, and {state.dataset} is in {was}: a price in another currency "
            "is not taken",
            hint=(
                "nothing was changed; choose another provider, or compare the two: ",
                NextStep("compare", state.dataset, provider=name),
            ),
        )


def bar_name(stamp: pd.Timestamp, state: Manifest) -> str:
    """A bar in words: its day, or its stamp."""
    is_daily = bar_length(state.dataset.frequency) is None
    return f"{stamp:%Y-%m-%d}" if is_daily else f"{stamp:%Y-%m-%d %H:%M} UTC"
