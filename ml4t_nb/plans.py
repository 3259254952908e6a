"""What a run would ask for and change, if it were carried out: nothing is asked to know that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from ml4t_nb.model import DatasetId, Frequency, Span
from ml4t_nb.records import ErrorNote

__all__ = [
    "DatasetPlan",
    "PlannedRequest",
    "PossibleReason",
    "PossibleRequests",
    "ProviderBudget",
]

PossibleReason: TypeAlias = Literal["identify", "restated", "jump", "splits", "whole", "retry"]


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One request that is sent for certain: bars of a ``frequency`` in a ``span``."""

    span: Span
    frequency: Frequency


@dataclass(frozen=True, slots=True)
class PossibleRequests:
    """Requests that are sent only if an answer, or the lack of one, makes them necessary.

    Parameters
    ----------
    reason
        ``identify`` the symbol is of another class or exchange than was guessed, ``restated`` what
        a run that broke off was answered is not so any more, ``jump`` prices jump from one answer
        to the next, ``splits`` the bars turn out to be on a basis that splits restate, so that
        later ones must be known, ``whole`` the answer contradicts what is stored, or has too few
        bars in common with it, so that the whole history is needed, ``retry`` the provider erred.
    at_most
        How many that can be.
    """

    reason: PossibleReason
    at_most: int


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """What a run would do to one dataset.

    Parameters
    ----------
    requests
        In the order they are sent, if the provider answers with all bars that are expected.
    possible
        Others, each kind once.
    bars
        Bars that are expected in answer and are not stored.
    bytes
        What those will take on the disk, as bars of the dataset take now; an estimate.
    at_stake
        Stored bars that are replaced if the provider has restated its history.
    compared
        Stored bars that are asked for again and compared.
    vanishing, lost_from
        The missing bar that the provider serves no longer first, and from when on; None if it
        serves all of them for ever.
    notes
        Sentences for the reader.
    error
        Why it cannot be planned, and could not be run; None if it can.
    """

    dataset: DatasetId
    provider: str
    requests: tuple[PlannedRequest, ...] = ()
    possible: tuple[PossibleRequests, ...] = ()
    bars: int = 0
    bytes: int = 0
    at_stake: int = 0
    compared: int = 0
    vanishing: datetime | None = None
    lost_from: datetime | None = None
    notes: tuple[str, ...] = ()
    error: ErrorNote | None = None

    @property
    def at_most(self) -> int:
        """Requests that are not certain, if all of them were sent."""
        return sum(each.at_most for each in self.possible)


@dataclass(frozen=True, slots=True)
class ProviderBudget:
    """What a run takes of one provider's budget of requests.

    Parameters
    ----------
    per_minute
        Requests that may be sent in a minute; None if there is no limit.
    requests
        Those that are certain.
    minutes
        How long they take at least by that limit, the first ten at once.
    """

    provider: str
    per_minute: float | None
    requests: int
    minutes: float
