"""The package as a person calls it: verbs as functions, on the store in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ml4t_nb

__all__ = ["build", "opened"]

_CLOSED = "2024-06-14T21:00Z"


class _Opened:
    def __init__(self, home: Path) -> None:
        self._home = home

    def one(self, name: str) -> Any:  # noqa: ANN401  # a frame; pandas is imported by the first
        return ml4t_nb.bars(name, home=self._home)

    def month(self, name: str, first: datetime, last: datetime) -> Any:  # noqa: ANN401
        return ml4t_nb.bars(name, start=first.date(), end=last.date(), home=self._home)

    def many(self, names: Sequence[str]) -> Any:  # noqa: ANN401
        return ml4t_nb.bars(list(names), home=self._home)

    def column(self, names: Sequence[str]) -> Any:  # noqa: ANN401
        return ml4t_nb.bars(list(names), columns=["close"], home=self._home)

    def wide(self, names: Sequence[str]) -> Any:  # noqa: ANN401
        return ml4t_nb.bars(list(names), columns=["close"], wide=True, home=self._home)

    def seen(self, answer: Any) -> tuple[int, float]:  # noqa: ANN401
        from benchmarks.door.readers.frames import seen

        return seen(answer)

    def list(self) -> int:
        """Datasets that ``list`` lists."""
        return len(ml4t_nb.list_(home=self._home).datasets)

    def health(self) -> int:
        """Datasets that ``health`` judges."""
        return len(ml4t_nb.health(home=self._home, as_of=_CLOSED).datasets)

    def update(self, names: Sequence[str], as_of: str) -> int:
        """Datasets that got one bar."""
        report = ml4t_nb.update(list(names), home=self._home, as_of=date.fromisoformat(as_of))
        return sum(each.record.added == 1 for each in report.results)


def opened(home: Path) -> _Opened:
    """The contender, on the store in ``home``."""
    return _Opened(home)


def build(home: Path, count: int, share: float) -> None:
    """A store of ``count`` datasets of days, and one of minutes."""
    from benchmarks.door.our_store import build as build_store

    build_store(home, count, share)
