"""What each contender does at the door, as its worker calls it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

__all__ = ["Reader"]


class Reader(Protocol):
    """An open store, read in the ways that its documentation advises.

    What comes back is whatever its user would go on with, and is judged outside the clock.
    """

    def one(self, name: str) -> Any:  # noqa: ANN401  # each library has its own
        """All bars of one dataset."""

    def month(self, name: str, first: datetime, last: datetime) -> Any:  # noqa: ANN401
        """Bars of one dataset from ``first`` to ``last``, both inclusive."""

    def many(self, names: Sequence[str]) -> Any:  # noqa: ANN401
        """All bars of these datasets."""

    def column(self, names: Sequence[str]) -> Any:  # noqa: ANN401
        """Stamps and closes of these datasets, below one another."""

    def wide(self, names: Sequence[str]) -> Any:  # noqa: ANN401
        """Closes of these datasets, beside one another."""

    def seen(self, answer: Any) -> tuple[int, float]:  # noqa: ANN401
        """Number of closes in what was read, and their sum; of several frames, of each."""
