"""A provider that is down: distinguished from a bad symbol, and not waited for at every symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import RLock

from ml4t_nb.errors import OUTAGES, RateLimited
from ml4t_nb.model import DatasetId
from ml4t_nb.records import ErrorNote, UpdateResult

__all__ = ["Outage", "Outages"]

_PATIENCE_S = 30.0
_IN_A_ROW = 3


@dataclass(slots=True)
class Outage:
    """What a batch has heard of one provider since its last answer.

    One symbol that fails is asked again as the policy has it. Once a second one fails too, or
    where nothing was answered yet, all waits together are thirty seconds at the most; from then on
    each further symbol is asked once, and the third in a row that fails ends the asking. A rate
    limit that outlasts its waits ends it at once.

    Parameters
    ----------
    datasets
        How many the batch has; of a single one nothing else can be learned.
    """

    datasets: int
    is_down: bool = False
    _has_answered: bool = False
    _waited_s: float = 0.0
    _failing: set[DatasetId] = field(default_factory=set)
    _failed: set[DatasetId] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock, repr=False)

    def answered(self) -> None:
        """The provider has answered."""
        with self._lock:
            self._has_answered = True
            self._waited_s = 0.0
            self._failing.clear()
            self._failed.clear()

    def ended_with(self, dataset: DatasetId, error: ErrorNote | None) -> None:
        """The work on ``dataset`` is over, well or not."""
        if error is None or error.type not in OUTAGES:
            return
        with self._lock:
            self._failing.add(dataset)
            self._failed.add(dataset)
            is_limited = error.type == RateLimited.__name__
            self.is_down |= is_limited or len(self._failed) >= min(_IN_A_ROW, self.datasets)

    def grant(self, dataset: DatasetId, wait_s: float) -> float | None:
        """Seconds to wait before ``dataset`` is asked for again; None if it should not be."""
        with self._lock:
            self._failing.add(dataset)
            left_s = _PATIENCE_S - self._waited_s
            is_bounded = len(self._failing) > 1 or not self._has_answered
            if self.datasets > 1 and is_bounded and left_s <= 0:
                return None
            # Whether others fail too cannot be known before the first wait is over.
            if self.datasets > 1 and (is_bounded or self._waited_s == 0):
                wait_s = min(wait_s, left_s)
            self._waited_s += wait_s
            return wait_s

    def charge(self, seconds: float) -> None:
        """A wait for the turn of a request, which counts while the provider fails."""
        with self._lock:
            self._waited_s += seconds if self._failing else 0.0


class Outages:
    """The providers of one batch."""

    def __init__(self, datasets: int) -> None:
        self._datasets = datasets
        self._by_provider: dict[str, Outage] = {}
        self._lock = RLock()

    def of(self, provider: str) -> Outage:
        """What is heard of ``provider``."""
        with self._lock:
            return self._by_provider.setdefault(provider, Outage(self._datasets))

    def reason(self, done: Sequence[UpdateResult]) -> str:
        """Why datasets are left: what one of those says that failed for their provider's sake."""
        errors = [result.record.error for result in done]
        messages = [each.message for each in errors if each and each.type in OUTAGES]
        return messages[0] if messages else "interrupted"
