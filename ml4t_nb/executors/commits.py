"""What a work has committed, so that it is told although a worker of it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ml4t_nb.errors import Ml4tError
from ml4t_nb.executors.messages import Over
from ml4t_nb.model import DatasetId
from ml4t_nb.pipeline.record import result_of, summed
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.store import Store

__all__ = ["Commits"]


@dataclass(frozen=True, slots=True)
class _Announced:
    """A commit that was about to be made."""

    number: int
    record: UpdateRecord
    is_last: bool

    def done(self, store: Store, dataset: DatasetId) -> UpdateResult | None:
        """What it did; None if it was not made. Another one may have its number."""
        try:
            manifest = store.snapshot(dataset).manifest
        except Ml4tError:
            return None
        mine = self.record.at, self.record.verb, self.record.seconds
        for each in manifest.recent:
            if each.version == self.number and (each.at, each.verb, each.seconds) == mine:
                opened = (one for one in manifest.findings if one.opened == self.number)
                return replace(result_of(manifest, opened), record=each, version=self.number)
        return None


@dataclass(slots=True)
class Commits:
    """By the workers that were lost, and by the one at hand, whose answer will say it.

    A worker that is lost just when it has committed cannot say so any more: it has said before
    which commit it was about to make, and the store shows whether it did.
    """

    store: Store
    before: list[UpdateResult] = field(default_factory=list)
    now: list[UpdateResult] = field(default_factory=list)
    is_all: bool = False
    _announced: _Announced | None = None

    def announce(self, number: int, record: UpdateRecord, is_last: bool) -> None:  # noqa: FBT001  # a message's
        """The worker at hand is about to make that commit."""
        self._announced = _Announced(number, record, is_last)

    def add(self, result: UpdateResult, is_last: bool) -> None:  # noqa: FBT001  # a message's
        """One more, by the worker at hand."""
        self.now.append(result)
        self.is_all, self._announced = is_last, None

    def begin_again(self, dataset: DatasetId) -> None:
        """Keep what the worker at hand has committed: the next one finds it stored."""
        announced = self._announced
        if announced is not None and (done := announced.done(self.store, dataset)):
            self.add(done, announced.is_last)
        self.before += self.now
        self.now.clear()
        self._announced = None

    @property
    def over(self) -> Over:
        """How the work ended, if what it has committed is all."""
        return Over(summed(self.before))

    def with_those_before(self, over: Over) -> Over:
        """How the work ended, with what lost workers had committed of it."""
        if over.result is None or not self.before:
            return over
        return Over(summed([*self.before, over.result]))
