"""What a store tells of its datasets, once for each change: notices, and whom they reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from ml4t_nb.model import DatasetId, Hint
from ml4t_nb.records import Restatement

__all__ = [
    "Condition",
    "Delivery",
    "Notice",
    "NoticeState",
    "Observed",
    "TargetStatus",
    "ToldCondition",
    "ToldState",
]

Condition: TypeAlias = Literal["failed", "vanishing", "late", "suspect"]
"""What may be the matter with a dataset until it recovers."""

NoticeState: TypeAlias = Literal["failed", "vanishing", "late", "suspect", "restated", "recovered"]
"""What a notice says of a dataset, the worst first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A change of the state of one dataset, with its reason and the next step.

    Parameters
    ----------
    restatement
        Of one that was restated, how.
    """

    dataset: DatasetId
    state: NoticeState
    reason: str
    step: Hint = ""
    restatement: Restatement | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run found out about one dataset.

    Parameters
    ----------
    reason
        Its health in words.
    conditions
        What is the matter with it, by state.
    unknown
        Conditions that the run could not judge: they stay what they were.
    restated
        That this run restated it.
    """

    dataset: DatasetId
    reason: str
    conditions: Mapping[Condition, Notice] = field(default_factory=dict)
    unknown: frozenset[Condition] = frozenset()
    restated: Notice | None = None


@dataclass(frozen=True, slots=True)
class ToldCondition:
    """A condition that a target was told of, and has not been told the end of.

    Parameters
    ----------
    since
        As-of of the run that told it.
    """

    dataset: DatasetId
    state: Condition
    since: datetime


@dataclass(frozen=True, slots=True)
class ToldState:
    """What a target knows.

    Parameters
    ----------
    unsent
        Restatements that it is still to be told of; no later run finds them again.
    tries
        Messages in a row that did not arrive.
    tried
        As-of of the run that tried last.
    """

    conditions: tuple[ToldCondition, ...] = ()
    unsent: tuple[Notice, ...] = ()
    tries: int = 0
    tried: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message about a run.

    Parameters
    ----------
    target
        Whom it is for; empty if that cannot be known.
    notices
        How many notices it has.
    error
        Why it did not arrive, in words that show no secret; empty if it did.
    """

    target: str
    notices: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target as it is set up, and what it knows.

    Parameters
    ----------
    url
        Its kind alone, such as ``mailtos://…``: the rest may be secret.
    error
        Why it cannot be told; empty if it can, or was not tested.
    arrived
        Whether a test message arrived; None if none was sent.
    """

    name: str
    url: str
    on: tuple[NoticeState, ...]
    error: str = ""
    arrived: bool | None = None
    conditions: tuple[ToldCondition, ...] = ()
