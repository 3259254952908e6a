"""The verb for findings: listed, and decided by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from ml4t_nb.errors import DatasetNotFound, Ml4tError, StoreError
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.records import Summary
from ml4t_nb.reports import DatasetFindings, ReviewReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOf, ClassFilter, End, FreqFilter, Home, Selection, Start
from ml4t_nb.verbs.runs import finding_at_store, unread_datasets
from ml4t_nb.verbs.select import days, latest, summaries

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["review"]


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
    as_of: AsOf = None,
    home: Home = None,
) -> ReviewReport:
    """List what is doubtful in the stored numbers.

    Parameters
    ----------
    rule
        Only findings of this rule.
    all
        Notes too, and findings that were decided or corrected.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close. What
        is listed does not depend on it.
    """
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    range_ = days(start, end)
    moment = ws.resolve_as_of(as_of)
    chosen = summaries(ws, symbol, asset_class, frequency)
    listed, unread = _listed(ws, chosen, range_, rule, every=all)
    if unread and not listed and symbol:
        raise next(iter(unread.values()))
    home_ = ws.settings.home
    failed = unread_datasets(unread, home_)
    return ReviewReport(latest(moment, ()), listed, every=all, failed=failed, home=home_)


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
        span = None if range_ == (None, None) else _span(ws, each, range_)
        fitting = tuple(
            finding_at_store(finding, ws.settings.home)
            for finding in findings
            if (every or (finding.is_open and finding.severity != "note"))
            and rule in (None, finding.rule)
            and (span is None or _is_within(finding, span))
        )
        listed.append(DatasetFindings(each.dataset, each.provider, fitting))
    return tuple(listed), unread


def _is_within(finding: Finding, span: Span) -> bool:
    """Whether one of its bars is in ``span``."""
    first = finding.stamp
    return first is not None and first < span.end and (finding.end or first) >= span.start


def _span(ws: Workspace, summary: Summary, range_: tuple[date | None, date | None]) -> Span:
    from ml4t_nb.calendars import calendar

    dates = calendar(summary.calendar, ws.settings.closures)
    return dates.span(*range_, summary.dataset.frequency)
