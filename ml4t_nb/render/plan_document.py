"""The document of a plan, as a type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml4t_nb.codec import OMITTED
from ml4t_nb.plans import DatasetPlan, ProviderBudget

__all__ = ["PlanDocument"]


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """Of ``load``, ``update``, ``sync`` and ``gaps --refetch`` with ``--plan``."""

    verb: str
    as_of: datetime
    datasets: tuple[DatasetPlan, ...]
    budgets: tuple[ProviderBudget, ...]
    requests: int
    minutes: float
    bytes: int
    waiting: int = OMITTED
    next_due: datetime | None = OMITTED
