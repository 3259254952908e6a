"""What can happen while a verb runs, and who may watch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ml4t_nb.model import DatasetId, Gap, Hint, Span
from ml4t_nb.records import ErrorNote, Outcome, Restatement

__all__ = [
    "Changing",
    "Committed",
    "Event",
    "FellBack",
    "FetchPlanned",
    "FetchStarted",
    "Fetched",
    "Finished",
    "GapsFound",
    "Observer",
    "RequestDelayed",
    "RetryScheduled",
    "Started",
    "Step",
    "Stopping",
    "Waiting",
    "silent",
]


@dataclass(frozen=True, slots=True)
class Started:
    """A run over ``datasets`` begins."""

    verb: str
    datasets: tuple[DatasetId, ...]


@dataclass(frozen=True, slots=True)
class Changing:
    """``datasets`` are about to be changed at once, by a verb that asks nobody for bars."""

    datasets: tuple[DatasetId, ...]


@dataclass(frozen=True, slots=True)
class FetchPlanned:
    """What a provider will be asked for from now on, a request a piece.

    A later one takes the place of the pieces that are not begun yet: a contradiction may need the
    whole history.
    """

    dataset: DatasetId
    pieces: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FetchStarted:
    """A provider is asked for one span: the next piece."""

    dataset: DatasetId
    provider: str
    span: Span


@dataclass(frozen=True, slots=True)
class Fetched:
    """It answered with so many bars."""

    dataset: DatasetId
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """It failed, and is asked again in ``wait_s`` seconds."""

    dataset: DatasetId
    attempt: int
    wait_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class RequestDelayed:
    """The budget of requests is used up: it is asked in ``wait_s`` seconds."""

    dataset: DatasetId
    wait_s: float
    per_minute: float


@dataclass(frozen=True, slots=True)
class FellBack:
    """``failed`` gave no bars, and ``provider`` is asked instead; empty if nobody is left to be.

    ``error`` is what ``failed`` ended in itself, not those asked before it.
    """

    dataset: DatasetId
    failed: str
    error: ErrorNote
    provider: str = ""


@dataclass(frozen=True, slots=True)
class GapsFound:
    """Gaps that are pending after the run."""

    dataset: DatasetId
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """The store holds the run's bars."""

    dataset: DatasetId
    added: int
    revised: int
    filled: int
    restatement: Restatement | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """One dataset is done, well or not."""

    dataset: DatasetId
    outcome: Outcome
    message: str = ""
    hint: Hint = ""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The run was interrupted; what waits for an answer is given up, a commit ends first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing has happened for a second, for who shows how long it takes."""


Step: TypeAlias = (
    FetchPlanned
    | FetchStarted
    | RequestDelayed
    | Fetched
    | RetryScheduled
    | FellBack
    | GapsFound
    | Committed
)
"""What happens to a dataset before it is done."""
Event: TypeAlias = Started | Changing | Step | Finished | Stopping | Waiting
Observer: TypeAlias = Callable[[Event], None]


def silent(event: Event) -> None:
    """Watch nothing."""
    del event
