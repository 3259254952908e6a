"""The provider of a folder of files, data that people already have; and what it serves."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

from ml4t_nb.model import AssetClass, Frequency
from ml4t_nb.providers.base import Limits
from ml4t_nb.settings import Settings

__all__ = ["limits"]


def limits(settings: Settings) -> Limits:
    """Whatever the user's files contain, final as soon as its period is over."""
    del settings
    everything = get_args(AssetClass), get_args(Frequency)
    return Limits(*everything, delay=timedelta(0), takes_zone=True)
