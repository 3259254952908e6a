"""What the verbs that take ``--plan`` share: each dataset's plan, and what all of them take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import Ml4tError
from ml4t_nb.hints import at_home
from ml4t_nb.model import DatasetId
from ml4t_nb.plans import DatasetPlan, ProviderBudget
from ml4t_nb.reports import GapsReport, PlanReport, Report, RunReport
from ml4t_nb.verbs.runs import context_of
from ml4t_nb.verbs.select import latest

if TYPE_CHECKING:
    from ml4t_nb.pipeline import RunContext
    from ml4t_nb.verbs.due import DueDatasets
    from ml4t_nb.workspace import Workspace

__all__ = ["PlanWork", "part_of_plan", "plan_all", "plan_run", "shown"]

PlanWork: TypeAlias = "Callable[[RunContext], DatasetPlan] | Ml4tError"
"""What plans a dataset; where nothing can be done about it, the error that says so."""


def plan_run(
    ws: Workspace,
    verb: str,
    works: Mapping[DatasetId, PlanWork],
    moment: datetime | date,
    *,
    provider: str = "",
    due: DueDatasets | None = None,
) -> RunReport:
    """The report of a run that was only planned, perhaps of no others than what is ``due``."""
    plan = plan_all(ws, verb, works, moment, provider=provider)
    if due is not None:
        plan = replace(plan, waiting=due.waiting, next_due=due.next_at)
    return RunReport(verb, plan.as_of, (), plan=plan, home=plan.home)


def plan_all(
    ws: Workspace,
    verb: str,
    works: Mapping[DatasetId, PlanWork],
    moment: datetime | date,
    *,
    provider: str = "",
) -> PlanReport:
    """What ``verb`` would ask for and change; one dataset that cannot be planned is named.

    ``provider`` is named by the plan of such a one. No lock is taken, and no cache is written.
    """
    context = context_of(ws, moment)
    plans = tuple(_plan(ws, each, work, context, provider) for each, work in works.items())
    budgets = tuple(_budgets(ws, plans))
    return PlanReport(verb, latest(moment, ()), plans, budgets, ws.settings.home)


def part_of_plan(ws: Workspace, plan: PlanReport, datasets: Sequence[DatasetPlan]) -> PlanReport:
    """The plan of some of its datasets alone, which takes less of the budgets."""
    return replace(plan, datasets=tuple(datasets), budgets=tuple(_budgets(ws, datasets)))


def shown(report: Report) -> Report:
    """What is to be displayed of it: of a run that was only planned, the plan."""
    plan = report.plan if isinstance(report, RunReport | GapsReport) else None
    return report if plan is None else plan


def _plan(
    ws: Workspace, dataset: DatasetId, work: PlanWork, context: RunContext, provider: str
) -> DatasetPlan:
    try:
        if isinstance(work, Ml4tError):
            raise work
        return work(context)
    except Ml4tError as error:
        note = replace(error.note, hint=at_home(error.advice, ws.settings.home))
        return DatasetPlan(dataset, provider, error=note)


def _budgets(ws: Workspace, plans: Sequence[DatasetPlan]) -> Iterator[ProviderBudget]:
    from ml4t_nb.providers.budget import least_minutes

    asked = Counter[str]()
    for each in plans:
        asked[each.provider] += len(each.requests)
    for name, requests in asked.items():
        if requests:
            per_minute = ws.limits(name).requests_per_minute
            minutes = least_minutes(requests, per_minute)
            yield ProviderBudget(name, per_minute, requests, minutes)
