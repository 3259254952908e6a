"""The verb for findings: listed, and decided by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, StoreError
from ml4t_nb.events import Changing
from ml4t_nb.finding import Rule, Ruling
from ml4t_nb.model import DatasetId, NextStep, Span
from ml4t_nb.options import Symbols, Writes, as_symbols
from ml4t_nb.records import Summary
from ml4t_nb.reports import DatasetFindings, ReviewReport, RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, ClassFilter, End, FreqFilter, Home, Selection, Start
from ml4t_nb.verbs.runs import finding_at_store, run_one, unread_datasets
from ml4t_nb.verbs.select import EXAMPLE, days, latest, summaries

if TYPE_CHECKING:
    from ml4t_nb.pipeline import DecisionRequest
    from ml4t_nb.workspace import Workspace

__all__ = ["review"]


@served("read")
@verb
def review(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    start: Start = None,
    end: End = None,
    rule: Rule | None = None,
    all: bool = False,  # noqa: A002  # the option's word
    accept: Annotated[str | None, Writes()] = None,
    reject: Annotated[str | None, Writes()] = None,
    as_of: AsOf = None,
    home: Home = None,
) -> ReviewReport:
    """List what is doubtful in the stored numbers, or decide about it.

    Parameters
    ----------
    rule
        Only findings of this rule.
    all
        Notes too, and findings that were decided or corrected.
    accept
        Accept the open findings that are selected, for the reason given: their bars stay. The
        symbols must be named.
    reject
        Take the bars of the open findings that are selected out, for the reason given: they are
        kept beside the dataset and not taken again. The symbols must be named.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close. What
        is listed and decided does not depend on it.
    """
    ruling = _ruling(symbol, accept, reject)
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    range_ = days(start, end)
    moment = ws.resolve_as_of(as_of)
    chosen = summaries(ws, symbol, asset_class, frequency)
    run = None
    if ruling is not None:
        run = _decided(ws, moment, _requests(ws, chosen, ruling, range_, rule, notes=all))
        chosen = ws.store.summaries([each.dataset for each in chosen])
    every = all or run is not None
    listed, unread = _listed(ws, chosen, range_, rule, every=every)
    if unread and not listed and symbol:
        raise next(iter(unread.values()))
    home_ = ws.settings.home
    as_of_ = latest(moment, ()) if run is None else run.as_of
    return ReviewReport(
        as_of_, listed, every=every, run=run, failed=unread_datasets(unread, home_), home=home_
    )


def _ruling(symbol: Symbols, accept: str | None, reject: str | None) -> tuple[Ruling, str] | None:
    """What is decided, and why in one line; None to list."""
    reason = reject if accept is None else accept
    if reason is None:
        return None
    if None not in (accept, reject):
        raise OptionError(
            "a finding is accepted or rejected, not both", hint="give --accept or --reject"
        )
    if not as_symbols(symbol):
        raise OptionError(
            "a decision requires a symbol: decide on each dataset separately",
            hint=NextStep("review", EXAMPLE),
        )
    return "rejected" if accept is None else "accepted", " ".join(reason.split())


def _requests(
    ws: Workspace,
    chosen: Sequence[Summary],
    ruling: tuple[Ruling, str],
    range_: tuple[date | None, date | None],
    rule: Rule | None,
    *,
    notes: bool,
) -> list[DecisionRequest]:
    """What is to be decided of each dataset; an error of any of them before one is changed."""
    from ml4t_nb.pipeline import DecisionRequest, to_decide

    at = ws.clock()
    requests = [
        DecisionRequest(each.dataset, *ruling, at, _span(ws, each, range_), rule, notes=notes)
        for each in chosen
    ]
    for each in requests:
        to_decide(ws.store.snapshot(each.dataset).manifest.findings, each)
    return requests


def _decided(
    ws: Workspace, moment: datetime | date, requests: Sequence[DecisionRequest]
) -> RunReport:
    from ml4t_nb.pipeline import run_decision

    ws.observer(Changing(tuple(each.dataset for each in requests)))
    reports: list[RunReport] = []
    for each in requests:
        try:
            work = partial(run_decision, request=each)
            reports.append(run_one(ws, "review", work, moment))
        except Ml4tError as error:
            if reports:
                done = ", ".join(str(r.dataset) for report in reports for r in report.results)
                error.message += f" (decided before: {done})"
            raise
    results = tuple(result for report in reports for result in report.results)
    return replace(reports[-1], results=results)


def _listed(
    ws: Workspace,
    chosen: Sequence[Summary],
    range_: tuple[date | None, date | None],
    rule: Rule | None,
    *,
    every: bool,
) -> tuple[tuple[DatasetFindings, ...], dict[DatasetId, Ml4tError]]:
    """Findings of the datasets that can be read, and why the others cannot."""
    listed: list[DatasetFindings] = []
    unread: dict[DatasetId, Ml4tError] = {}
    for each in chosen:
        try:
            findings = ws.store.snapshot(each.dataset).manifest.findings
        except (StoreError, DatasetNotFound) as error:
            unread[each.dataset] = error
            continue
        span = _span(ws, each, range_)
        fitting = tuple(
            finding_at_store(finding, ws.settings.home)
            for finding in findings
            if (every or finding.is_to_decide or (finding.is_open and rule is not None))
            and rule in (None, finding.rule)
            and (span is None or finding.meets(span))
        )
        listed.append(DatasetFindings(each.dataset, each.provider, fitting))
    return tuple(listed), unread


def _span(ws: Workspace, summary: Summary, range_: tuple[date | None, date | None]) -> Span | None:
    """The range as a span; None if there is none."""
    from ml4t_nb.calendars import calendar

    if range_ == (None, None):
        return None
    dates = calendar(summary.calendar, ws.closures)
    return dates.span(*range_, summary.dataset.frequency)
