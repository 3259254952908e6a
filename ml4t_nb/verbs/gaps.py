"""The verb for gaps: listed, requested again, filled otherwise, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, StoreError
from ml4t_nb.executors.choice import require_executor
from ml4t_nb.model import DatasetId, FillMethod, NextStep, Span
from ml4t_nb.options import Writes
from ml4t_nb.records import Summary, UpdateResult
from ml4t_nb.reports import DatasetGaps, GapsReport
from ml4t_nb.verbs.absent import absent, declaration
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import (
    AsOf,
    ClassFilter,
    End,
    ExecutorName,
    FreqFilter,
    Home,
    Plan,
    Selection,
    Start,
)
from ml4t_nb.verbs.plans import PlanWork, plan_all
from ml4t_nb.verbs.runs import Work, run_batch, unread_datasets
from ml4t_nb.verbs.select import days, latest, summaries

if TYPE_CHECKING:
    from ml4t_nb.pipeline import GapAction, RunContext
    from ml4t_nb.workspace import Workspace

__all__ = ["gaps"]


@served("read")
@verb
def gaps(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    start: Start = None,
    end: End = None,
    all: bool = False,  # noqa: A002  # the option's word
    refetch: Annotated[bool, Writes()] = False,
    refill: Annotated[FillMethod | None, Writes()] = None,
    unfill: Annotated[bool, Writes()] = False,
    close: Annotated[str | None, Writes()] = None,
    reopen: Annotated[bool, Writes()] = False,
    executor: ExecutorName = "threads",
    plan: Plan = False,
    as_of: AsOf = None,
    home: Home = None,
) -> GapsReport:
    """List the bars that the calendar expects and that are missing, or act on them.

    Parameters
    ----------
    all
        Confirmed, closed and filled gaps too, not only those with something to do.
    refetch
        Request the bars again, for confirmed gaps too.
    refill
        Refill filled gaps with this method, and fill gaps of at most five bars.
    unfill
        Remove filled bars; updates leave those gaps open from then on.
    close
        Declare that there were no sessions, for the reason given; with --start or --end.
    reopen
        Reopen gaps that were closed, confirmed or left open.
    executor
        Where bars are requested again: in threads of this process, in processes of this machine,
        or on a Dask cluster, whose scheduler is at dask://HOST:PORT.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close. What
        is listed does not depend on it.
    """
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    range_ = days(start, end)
    moment = ws.resolve_as_of(as_of)
    action = _action(refetch=refetch, refill=refill, unfill=unfill, close=close, reopen=reopen)
    require_executor(executor)
    _require_refetch(refetch, plan=plan, executor=executor != "threads")
    if close is not None and range_ == (None, None):
        raise OptionError(
            "--close alone would close every gap", hint="choose them with --start and --end"
        )
    chosen = summaries(ws, symbol, asset_class, frequency)
    datasets = {each.dataset for each in chosen}
    listed, unread = _listed(ws, chosen, range_, every=all or action is not None)
    if unread and not listed and symbol:
        raise next(iter(unread.values()))
    if action is None:
        missed = absent(ws, datasets)
        return GapsReport(
            latest(moment, ()),
            listed,
            every=all,
            failed=unread_datasets(unread, ws.settings.home),
            absent=missed,
            declaration=declaration(ws, missed) if missed else "",
            home=ws.settings.home,
        )
    if not unread:
        _require_gaps(listed)

    if plan:
        return replace(_planned(ws, chosen, unread, moment, range_), datasets=listed)

    works: dict[DatasetId, Work] = {
        each.dataset: unread.get(each.dataset)
        or partial(_acted, action=action, dataset=each.dataset, span=_span(ws, each, range_))
        for each in chosen
    }
    run = run_batch(ws, "gaps", works, moment, executor=executor)
    after = ws.store.summaries(datasets)
    listed, unread = _listed(ws, after, range_, every=True)
    for result in run.results:
        if result.record.outcome == "failed":
            unread.pop(result.dataset, None)
    return GapsReport(
        run.as_of,
        listed,
        run,
        every=True,
        failed=unread_datasets(unread, ws.settings.home),
        home=ws.settings.home,
    )


def _acted(
    context: RunContext, *, action: GapAction, dataset: DatasetId, span: Span
) -> UpdateResult:
    return action(context, dataset, span)


def _planned(
    ws: Workspace,
    chosen: Sequence[Summary],
    unread: Mapping[DatasetId, Ml4tError],
    moment: datetime | date,
    range_: tuple[date | None, date | None],
) -> GapsReport:
    """What would be requested again; the gaps are listed by the caller."""
    from ml4t_nb.pipeline import plan_refetch

    def work(each: Summary) -> PlanWork:
        return unread.get(each.dataset) or (
            lambda context: plan_refetch(context, each.dataset, _span(ws, each, range_))
        )

    plan = plan_all(ws, "gaps", {each.dataset: work(each) for each in chosen}, moment)
    return GapsReport(plan.as_of, (), every=True, plan=plan, home=plan.home)


def _require_refetch(refetch: bool, **given: bool) -> None:  # noqa: FBT001  # beside what needs it
    for option in (name for name, is_given in given.items() if is_given and not refetch):
        raise OptionError(
            f"--{option} needs --refetch: only that requests bars", hint="add --refetch"
        )


def _require_gaps(listed: Sequence[DatasetGaps]) -> None:
    """Raise OptionError unless there is a gap: silence would pass for something recorded."""
    if not any(each.gaps for each in listed):
        lists = [NextStep("all_gaps", each.dataset) for each in listed[:1]]
        raise OptionError(
            "there is no gap in that range, so nothing was done",
            hint=(
                *lists,
                " lists the gaps there are; " if lists else "",
                "declare a day on which a calendar is wrong in ML4T_DATA_CLOSURES",
            ),
        )


def _action(
    *, refetch: bool, refill: FillMethod | None, unfill: bool, close: str | None, reopen: bool
) -> GapAction | None:
    """The one thing to do; None to list."""
    from ml4t_nb.pipeline import gap_actions

    asked: list[GapAction] = [gap_actions.refetch] if refetch else []
    asked += [gap_actions.refill(refill)] if refill is not None else []
    asked += [gap_actions.unfill()] if unfill else []
    asked += [gap_actions.close(close.strip())] if close is not None else []
    asked += [gap_actions.reopen()] if reopen else []
    if len(asked) > 1:
        raise OptionError("gaps takes one action at a time", hint="run it once for each")
    return asked[0] if asked else None


def _listed(
    ws: Workspace,
    chosen: Sequence[Summary],
    range_: tuple[date | None, date | None],
    *,
    every: bool,
) -> tuple[tuple[DatasetGaps, ...], dict[DatasetId, Ml4tError]]:
    """Gaps of the datasets that can be read, and why the others cannot."""
    listed: list[DatasetGaps] = []
    unread: dict[DatasetId, Ml4tError] = {}
    for each in chosen:
        try:
            listed.append(_gaps(ws, each, range_, every=every))
        except (StoreError, DatasetNotFound) as error:
            unread[each.dataset] = error
    return tuple(listed), unread


def _gaps(
    ws: Workspace, summary: Summary, range_: tuple[date | None, date | None], *, every: bool
) -> DatasetGaps:
    nothing = DatasetGaps(summary.dataset, summary.provider, (), suspect=summary.suspect)
    is_of_interest = summary.gaps_open or summary.rejected or summary.unanswered
    if not (every or is_of_interest or summary.damage):
        return nothing
    snapshot = ws.store.snapshot(summary.dataset)
    if summary.damage:
        # The manifest still knows the gaps, but the user should learn that bars are
        # gone. Reading them raises the error that says so.
        snapshot.bars()
    manifest = snapshot.manifest
    span = _span(ws, summary, range_)
    gaps = tuple(
        gap
        for gap in manifest.gaps
        if (every or gap.is_pending or gap.state == "rejected") and span.meets(gap.span)
    )
    unanswered = tuple(
        each for each in manifest.fetch_log if each.outcome == "failed" and span.meets(each.span)
    )
    return replace(nothing, gaps=gaps, unanswered=unanswered)


def _span(ws: Workspace, summary: Summary, range_: tuple[date | None, date | None]) -> Span:
    from ml4t_nb.calendars import calendar

    dates = calendar(summary.calendar, ws.closures)
    return dates.span(*range_, summary.dataset.frequency)
