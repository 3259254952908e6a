"""Requests by words, for tests of providers."""

from __future__ import annotations

from datetime import UTC, datetime

from ml4t_nb.core.calendars.calendar import calendar
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Span
from ml4t_nb.providers import Request


def utc(word: str) -> datetime:
    """The instant a word says; a bare date is at 00:00, one without a zone is UTC."""
    instant = datetime.fromisoformat(word)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def request_for(
    symbol: str,
    frequency: Frequency,
    start: str,
    end: str,
    *,
    as_of: str = "2013-03-02",
    at: str = "XNYS",
    asset_class: AssetClass = "equities",
) -> Request:
    """A request for the stamps from ``start`` on and before ``end``, on the calendar ``at``."""
    dataset = DatasetId(asset_class, frequency, symbol)
    return Request(dataset, Span(utc(start), utc(end)), utc(as_of), calendar(at))
