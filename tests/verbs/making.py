"""Spans and instants, written as a person writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from ml4t_nb.model import Span


def instant(word: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def hole(first: str, after: str) -> Span:
    """Days without bars, the last one exclusive."""
    return Span(instant(first), instant(after))
