"""The provider of real bars that the package ships, and what it serves."""

from __future__ import annotations

from ml4t_nb.providers.base import Limits
from ml4t_nb.settings import Settings

__all__ = ["limits"]


def limits(settings: Settings) -> Limits:
    """Days of shares, and the weeks made of them."""
    del settings
    return Limits(asset_classes=("equities",), frequencies=("daily", "weekly"))
