"""What each contender does, as its worker calls it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from benchmarks.bars import Made

__all__ = ["Contender"]


class Contender(Protocol):
    """A store that holds series of bars by name.

    Frames are whatever its user would have in hand; they are made and judged outside the clock.
    """

    def frame(self, bars: Made, size: int) -> Any:  # noqa: ANN401  # each library has its own
        """The bars as its user holds them.

        Parameters
        ----------
        size
            Bytes our store writes for them; the physical limit writes as many.
        """

    def load(self, name: str, frame: Any) -> None:  # noqa: ANN401
        """Store a new series."""

    def append(self, name: str, frame: Any) -> None:  # noqa: ANN401
        """Add bars after the last one."""

    def update(self, name: str, frame: Any) -> None:  # noqa: ANN401
        """Let these bars replace those from their first stamp on."""

    def read(self, name: str) -> Any:  # noqa: ANN401
        """The whole series as a frame."""

    def cut(self, name: str, first: datetime, last: datetime) -> Any:  # noqa: ANN401
        """Bars from ``first`` to ``last``, both inclusive, as a frame."""

    def seen(self, frame: Any) -> tuple[int, float]:  # noqa: ANN401
        """Number of bars in a frame it read, and the sum of their closes."""

    def drop(self, name: str) -> None:
        """Forget the series."""

    def close(self) -> None:
        """Bring all to the disk and end."""
