"""What verbs give back that run over datasets: what was done with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb import report_frames
from ml4t_nb.model import DatasetId
from ml4t_nb.notice import Delivery
from ml4t_nb.plans import DatasetPlan, ProviderBudget
from ml4t_nb.records import AbsentSession, UpdateResult
from ml4t_nb.report_parts import LoadAttempt

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlanReport", "RunReport", "SyncReport"]


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a run would ask for, dataset by dataset; nothing was asked, and nothing written.

    Parameters
    ----------
    verb
        The verb that would run.
    home
        Folder of the store.
    waiting, next_due
        As of the run: with ``--due``, datasets that are not due, and when the next one is or was.
    """

    verb: str
    as_of: datetime
    datasets: tuple[DatasetPlan, ...]
    budgets: tuple[ProviderBudget, ...] = ()
    home: Path | None = None
    waiting: int | None = None
    next_due: datetime | None = None

    @property
    def requests(self) -> int:
        """Requests that are certain, of all datasets."""
        return sum(len(each.requests) for each in self.datasets)

    @property
    def minutes(self) -> float:
        """How long they take at least: providers are asked side by side."""
        return max((each.minutes for each in self.budgets), default=0.0)

    @property
    def bytes(self) -> int:
        """What the store grows by; an estimate."""
        return sum(each.bytes for each in self.datasets)

    @property
    def failed(self) -> tuple[DatasetPlan, ...]:
        """Datasets that cannot be planned."""
        return tuple(each for each in self.datasets if each.error is not None)

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset; ``first`` and ``last`` are the ends of what is asked for."""
        return report_frames.plan_frame(self.datasets)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What ``load`` or ``update`` did, dataset by dataset, in the order asked for.

    It may be iterated over: its ``results`` come one by one.

    Parameters
    ----------
    as_of
        The run's as-of; of several exchanges', the latest.
    left
        Datasets not reached because the run was interrupted or the provider wants a pause.
    stopped
        Why the run ended early, each reason once; empty if it did not.
    reasons
        Why each of ``left`` was not reached, in the same order: each provider has its own.
    detailed
        Whether ``--show-status`` was given.
    absent
        Sessions found in this run that no dataset of their calendar has.
    declaration
        The setting that declares them closures; empty if there are none.
    allow_empty
        Whether ``--allow-empty`` was given.
    home
        Folder of the store.
    waiting
        With ``--due``, datasets that were not due; else None.
    next_due
        With ``--due``, when the next update is due after this one: in the past if one is still.
        None if none will be.
    requests
        Requests for bars that were sent, repeated ones too; None where they were not counted.
    seconds
        Wall time of the whole run; None where it was not taken.
    plan
        What it would do, if only that was wanted: nothing was done then, and there are no results.
    notify
        Whether to tell the targets of the store what is new; None for who carries out the run to
        decide.
    deliveries
        The messages about it.
    """

    verb: str
    as_of: datetime
    results: tuple[UpdateResult, ...]
    left: tuple[DatasetId, ...] = ()
    stopped: str = ""
    detailed: bool = False
    absent: tuple[AbsentSession, ...] = ()
    declaration: str = ""
    allow_empty: bool = False
    home: Path | None = None
    waiting: int | None = None
    next_due: datetime | None = None
    requests: int | None = None
    seconds: float | None = field(default=None, compare=False)
    plan: PlanReport | None = None
    notify: bool | None = False
    deliveries: tuple[Delivery, ...] = ()
    reasons: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[UpdateResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def failed(self) -> tuple[UpdateResult, ...]:
        """Results of datasets whose run failed, wholly or in part."""
        return tuple(each for each in self if each.record.outcome in ("failed", "partial"))

    @property
    def left_by_reason(self) -> dict[str, tuple[DatasetId, ...]]:
        """Datasets that were not reached, by why not."""
        found: dict[str, list[DatasetId]] = {}
        reasons = self.reasons or (self.stopped,) * len(self.left)
        for dataset, reason in zip(self.left, reasons, strict=True):
            found.setdefault(reason, []).append(dataset)
        return {reason: tuple(datasets) for reason, datasets in found.items()}

    @property
    def changed(self) -> tuple[UpdateResult, ...]:
        """Results of datasets in which something differs from before: bars, gaps or decisions."""
        return tuple(each for each in self if each.record.has_changed)

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset: first the results, then those ``left``, of outcome ``left``.

        Of a plan, its own rows.
        """
        if self.plan is not None:
            return self.plan.to_frame()
        return report_frames.run_frame(self.verb, self.as_of, self.results, self.left)


@dataclass(frozen=True, slots=True)
class SyncReport(RunReport):
    """What ``sync`` did: the verb of each result's record says whether it was loaded or updated.

    Parameters
    ----------
    universes
        Names of those that were to be stored, each with the number of its symbols.
    declared_in
        The file that declares them.
    undeclared
        Datasets that are stored and in no universe of that file.
    verbose
        Whether ``--verbose`` was given.
    unloaded
        With ``--due``, what is declared and could not be loaded, as an earlier run said: not tried
        again yet, or tried again now and failed alike.
    guessed
        The dataset that a symbol was taken for, of each that was loaded as one of another class.
    """

    universes: tuple[tuple[str, int], ...] = ()
    declared_in: Path | None = None
    undeclared: tuple[DatasetId, ...] = ()
    verbose: bool = False
    unloaded: tuple[LoadAttempt, ...] = ()
    guessed: Mapping[DatasetId, DatasetId] = field(default_factory=dict)
