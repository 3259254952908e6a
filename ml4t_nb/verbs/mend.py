"""The verb for gaps: listed, asked for again, filled otherwise, closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import OptionError
from ml4t_nb.model import FillMethod
from ml4t_nb.options import Day, Moment, Short, Symbols, one_of
from ml4t_nb.records import Summary, UpdateRecord, UpdateResult
from ml4t_nb.reports import DatasetGaps, GapsReport
from ml4t_nb.verbs.look import summaries
from ml4t_nb.verbs.runs import failed, report_of, run_of
from ml4t_nb.verbs.select import Class, Freq, days, latest

if TYPE_CHECKING:
    from ml4t_nb.batch import Job, Observe, Pause
    from ml4t_nb.core.calendars import Calendar
    from ml4t_nb.pipeline import Mend, Mending
    from ml4t_nb.workspace import Workspace

__all__ = ["gaps"]


def gaps(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Day | None = None,
    end: Day | None = None,
    all: bool = False,  # noqa: A002  # the option's word
    refetch: bool = False,
    refill: FillMethod | None = None,
    unfill: bool = False,
    close: str | None = None,
    reopen: bool = False,
    as_of: Moment | None = None,
    home: Path | None = None,
) -> GapsReport:
    """List the bars that the calendar expects and the store lacks, or do something about them.

    Parameters
    ----------
    symbol
        Symbols to look at; everything that is stored if none is named.
    asset_class
        Only datasets of this class.
    frequency
        Only datasets of this frequency.
    start
        First date, inclusive.
    end
        Last date, inclusive.
    all
        Confirmed, closed and filled gaps too, not only those with something to do.
    refetch
        Ask the provider again, for confirmed gaps too.
    refill
        Fill by this method what is filled, and what is at most five bars long.
    unfill
        Take fills back; updates leave those gaps open from then on.
    close
        Declare that there were no sessions, for the reason given; with --start or --end.
    reopen
        Take back what was declared, confirmed or left open.
    as_of
        Pretend that now is then: an instant, or a date, meaning after that session's close. What
        is listed does not depend on it.
    home
        Folder of the store.
    """
    ws = ws.at(home)
    first, last = days(start, end)
    moment = ws.moment(as_of)
    mending = _mending(refetch=refetch, refill=refill, unfill=unfill, close=close, reopen=reopen)
    chosen = summaries(ws, symbol, asset_class, frequency)
    if mending is None:
        listed = _listed(ws, chosen, first, last, every=all)
        return GapsReport(latest(moment, ()), listed, every=all)
    if close is not None and first is None and last is None:
        raise OptionError("--close closes every gap there is", hint="say which: --start and --end")
    _require_gaps(_listed(ws, chosen, first, last, every=True))
    from ml4t_nb.pipeline import Mend

    orders = [
        Mend(each.dataset, _calendar(ws, each).span(first, last, each.dataset.frequency), mending)
        for each in chosen
    ]
    run = report_of(ws, "gaps", [_job(ws, moment, order) for order in orders], moment, workers=4)
    after = summaries(ws, [], None, None)
    same = tuple(each for each in after if each.dataset in {order.dataset for order in orders})
    return GapsReport(run.as_of, _listed(ws, same, first, last, every=True), run, every=True)


def _require_gaps(listed: Sequence[DatasetGaps]) -> None:
    """Nothing, if there is a gap to do something about.

    Raises
    ------
    OptionError
        If there is none: silence would pass for a closure or a fill that was recorded.
    """
    if not any(each.gaps for each in listed):
        raise OptionError(
            "there is no gap in that range, so nothing was done",
            hint="`gaps --all` lists the gaps there are; a day that a calendar has wrong goes "
            "into ML4T_DATA_CLOSURES",
        )


def _mending(
    *,
    refetch: bool,
    refill: FillMethod | None,
    unfill: bool,
    close: str | None,
    reopen: bool,
) -> Mending | None:
    """The one thing to do; None to list.

    Raises
    ------
    OptionError
        If several are asked for, or a closure without a reason.
    """
    from ml4t_nb.pipeline import Close, Refetch, Refill, Reopen, Unfill

    one_of(refill, FillMethod, what="fill method")
    if close is not None and not close.strip():
        raise OptionError("--close needs a reason", hint='such as --close "typhoon"')
    asked: list[Mending] = [Refetch()] if refetch else []
    asked += [Refill(refill)] if refill is not None else []
    asked += [Unfill()] if unfill else []
    asked += [Close(close.strip())] if close is not None else []
    asked += [Reopen()] if reopen else []
    if len(asked) > 1:
        raise OptionError("gaps does one thing at a time", hint="run it once for each")
    return asked[0] if asked else None


def _job(ws: Workspace, moment: datetime | date, order: Mend) -> Job:
    from ml4t_nb.batch import Job
    from ml4t_nb.pipeline import run_mend

    def work(observe: Observe, pause: Pause) -> UpdateResult:
        return run_mend(run_of(ws, moment, observe, pause), order)

    blank = UpdateRecord(latest(moment, ()), "gaps", "", "failed")
    return Job(order.dataset, work, partial(failed, ws, blank, order.dataset))


def _listed(
    ws: Workspace,
    chosen: Sequence[Summary],
    first: date | None,
    last: date | None,
    *,
    every: bool,
) -> tuple[DatasetGaps, ...]:
    return tuple(_gaps(ws, each, first, last, every=every) for each in chosen)


def _gaps(
    ws: Workspace, summary: Summary, first: date | None, last: date | None, *, every: bool
) -> DatasetGaps:
    nothing = DatasetGaps(summary.dataset, summary.provider, ())
    if not (every or summary.gaps_open or summary.recent_errors or summary.damage):
        return nothing
    manifest = ws.store.snapshot(summary.dataset).manifest
    span = _calendar(ws, summary).span(first, last, summary.dataset.frequency)
    gaps = tuple(
        gap
        for gap in manifest.gaps
        if (every or gap.is_pending) and gap.start < span.end and gap.end >= span.start
    )
    unanswered = tuple(
        each
        for each in manifest.ledger
        if each.outcome == "failed" and each.span.start < span.end and each.span.end > span.start
    )
    return replace(nothing, gaps=gaps, unanswered=unanswered)


def _calendar(ws: Workspace, summary: Summary) -> Calendar:
    from ml4t_nb.core.calendars import calendar

    return calendar(summary.calendar, ws.settings.closures)
