"""What a work has committed, so that it is told although a worker of it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml4t_nb.executors.messages import Over
from ml4t_nb.pipeline.record import summed
from ml4t_nb.records import UpdateResult

__all__ = ["Commits"]


@dataclass(slots=True)
class Commits:
    """By the workers that were lost, and by the one at hand, whose answer will say it."""

    before: list[UpdateResult] = field(default_factory=list)
    now: list[UpdateResult] = field(default_factory=list)
    is_all: bool = False

    def add(self, result: UpdateResult, is_last: bool) -> None:  # noqa: FBT001  # a message's
        """One more, by the worker at hand."""
        self.now.append(result)
        self.is_all = is_last

    def begin_again(self) -> None:
        """Keep what the worker at hand has committed: the next one finds it stored."""
        self.before += self.now
        self.now.clear()

    @property
    def over(self) -> Over:
        """How the work ended, if what it has committed is all."""
        return Over(summed(self.before))

    def with_those_before(self, over: Over) -> Over:
        """How the work ended, with what lost workers had committed of it."""
        if over.result is None or not self.before:
            return over
        return Over(summed([*self.before, over.result]))
