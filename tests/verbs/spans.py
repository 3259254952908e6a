"""Spans and instants from ISO dates."""

from __future__ import annotations

from datetime import UTC, datetime

from ml4t_nb.model import Span


def instant(word: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def span_between(first: str, after: str) -> Span:
    """The span from one day to another, the last one exclusive."""
    return Span(instant(first), instant(after))
