"""What yfinance raises, in our words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ml4t_nb.errors import (
    ProviderError,
    ProviderUnavailable,
    RangeRefused,
    RateLimited,
    SymbolUnknown,
)

__all__ = ["NoBars", "NotFound", "raised_by", "translate", "unknown"]

_NAME = "yahoo"
_PAUSE_MINUTES = 15
_NOT_FOUND = 404
# What yfinance raises when JSON is not shaped as it expects.
_MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


class NotFound(Exception):
    """Yahoo has no such symbol.

    Said at the first 404: yfinance would ask some ten times more, to no avail.
    """


class NoBars(ProviderUnavailable):
    """An answer without bars: as Yahoo explains, or they may just be missing.

    ``meta`` is what came beside them.
    """

    def __init__(
        self, message: str, *, is_explained: bool = False, meta: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, provider=_NAME, hint="try again later")
        self.is_explained = is_explained
        self.meta = meta or {}


def raised_by(yfinance: ModuleType) -> tuple[type[Exception], ...]:
    """All that a question can end in, other than bars."""
    from peewee import PeeweeException

    return (NotFound, yfinance.exceptions.YFException, PeeweeException, OSError, *_MISSHAPEN)


def unknown(symbol: str, reason: str) -> SymbolUnknown:
    """The error for a symbol that is none."""
    return SymbolUnknown(
        f"yahoo has no symbol {symbol!r}: {reason}",
        provider=_NAME,
        hint="look it up at finance.yahoo.com; AAPL, VOD.L, BTC-USD, EURUSD=X, ^GSPC are examples",
    )


def translate(
    error: Exception, symbol: str, yfinance: ModuleType, meta: Mapping[str, Any]
) -> ProviderError:
    """Our error for one of those that `raised_by` lists, after a reply with ``meta``."""
    theirs = yfinance.exceptions
    if isinstance(error, theirs.YFRateLimitError):
        return RateLimited(
            f"yahoo responded to {symbol} with 429, too many requests",
            provider=_NAME,
            hint=f"try again in {_PAUSE_MINUTES} minutes",
        )
    if isinstance(error, theirs.YFPricesMissingError):
        return _prices_missing(error.yahoo_reason, symbol, meta)
    # An HTTPError is an OSError too, so its status must be read first.
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == _NOT_FOUND or isinstance(error, NotFound | theirs.YFTzMissingError):
        return unknown(symbol, "no data found, it may be delisted")
    if isinstance(error, json.JSONDecodeError | theirs.YFDataException):
        return _unavailable(symbol, "it responds, but not with bars: an outage or a block page")
    if isinstance(error, OSError):
        return _unavailable(symbol, str(error))
    return _unavailable(symbol, f"its reply cannot be read ({type(error).__name__}: {error})")


def _prices_missing(reason: str | None, symbol: str, meta: Mapping[str, Any]) -> ProviderError:
    if reason is None:
        words = f"yahoo has no bars of {symbol} for this span, and gives no reason"
        return NoBars(words, meta=meta)
    if reason.startswith("No data found"):
        return unknown(symbol, "no data found, it may be delisted")
    if reason.startswith("Data doesn't exist for startDate"):
        return NoBars(
            f"yahoo has no bars of {symbol} before its first trading day", is_explained=True
        )
    if "data not available for startTime" in reason:
        return RangeRefused(
            f"yahoo rejected the request for {symbol}: {reason}",
            provider=_NAME,
            hint="choose a shorter or a later span; 1m reaches back 30 days, hourly 730",
        )
    return _unavailable(symbol, reason)


def _unavailable(symbol: str, reason: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"yahoo did not respond for {symbol}: {reason}",
        provider=_NAME,
        hint="check your connection, or try again later",
    )
