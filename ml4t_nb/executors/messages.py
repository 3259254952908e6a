"""What the coordinator of a run and its workers tell each other; all of it can be pickled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from ml4t_nb.core.rules.configuration import RuleSettings
from ml4t_nb.model import DatasetId, SessionOverride
from ml4t_nb.pipeline import RunContext
from ml4t_nb.records import ErrorNote, UpdateResult
from ml4t_nb.settings import Settings

__all__ = [
    "PACKAGE_VERSION",
    "Assignment",
    "Look",
    "Over",
    "Question",
    "Reply",
    "Stop",
    "WorkerHello",
]

PACKAGE_VERSION: str = import_module("ml4t_nb").__version__
"""Of this package; by name, since what names all verbs is above."""


@dataclass(frozen=True, slots=True)
class WorkerHello:
    """The first words of a worker; sent as a tuple, which each version of the package reads.

    Parameters
    ----------
    ticket
        What it was started with.
    version
        Of the package there: another one may mean something else by the same words.
    place
        Its machine and process.
    """

    ticket: str
    version: str
    place: str


@dataclass(frozen=True, slots=True)
class Look:
    """Asks whether a file is there; the worker answers with a bool."""

    path: Path


@dataclass(frozen=True, slots=True)
class Assignment:
    """The work on one dataset, with all that it needs where nothing of the run is.

    Parameters
    ----------
    run
        The run it is of, so that what one run has opened serves no other.
    work
        A function of a module, or a partial of one.
    log_level
        What of the package's log the run wants to have.
    """

    run: str
    dataset: DatasetId
    work: Callable[[RunContext], UpdateResult]
    settings: Settings
    as_of: datetime | date
    closures: tuple[SessionOverride, ...]
    rules: RuleSettings
    log_level: int


@dataclass(frozen=True, slots=True)
class Question:
    """A function of the coordinator that the work calls; answered by a `Reply` if it waits."""

    name: str
    arguments: tuple[Any, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What the function returned, or raised."""

    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The run is to end: what waits for others is given up, a commit ends first."""


@dataclass(frozen=True, slots=True)
class Over:
    """The work has ended: with a result or an error; with neither if it was given up."""

    result: UpdateResult | None = None
    error: ErrorNote | None = None
