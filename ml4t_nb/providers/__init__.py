"""Providers: where bars come from, what each serves, and how often it may be asked."""

from ml4t_nb.providers.base import Answer, IdentifiesByBars, Instrument, Limits, Provider, Request
from ml4t_nb.providers.registry import known, limits_of, open_provider

__all__ = [
    "Answer",
    "IdentifiesByBars",
    "Instrument",
    "Limits",
    "Provider",
    "Request",
    "known",
    "limits_of",
    "open_provider",
]
