"""What can be done about a gap: dates to act on, buttons, and the line of the job that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, DatasetId, FillMethod, Gap, bar_length
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask, failure, of_dataset
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, Widget, button, field, html
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.format import OUTCOME_MARKS, many, plain
from ml4t_nb.render.html import INK, error_html
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.reports import GapsReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["GapButtons", "GapTarget", "disabled_reasons", "is_same_gap", "list_gaps", "target_of"]


@dataclass(frozen=True, slots=True)
class _Action:
    """Label and tooltip of a button, and what was done."""

    label: str
    does: str
    done: str = ""


_ACTIONS = {
    "refetch": _Action("Request again", "Request the missing bars from the provider again"),
    "refill": _Action("Fill by", "Fill it with flagged bars, by the selected method", "filled"),
    "unfill": _Action(
        "Unfill",
        "Remove the filled bars; updates leave the gap open from then on",
        "the filled bars were removed",
    ),
    "close": _Action(
        "Mark closed",
        "Declare that there was no session, for the reason given",
        "declared closed",
    ),
    "reopen": _Action("Reopen", "Reopen what was closed, confirmed or left open", "open again"),
}
"""By the option of the verb."""


@dataclass(frozen=True, slots=True)
class GapTarget:
    """A gap, and the dates of its calendar, both inclusive, by which a verb acts on it.

    ``gaps`` are all that these dates meet, the chosen one among them. ``zone`` is the calendar's,
    for bars within a session.
    """

    dataset: DatasetId
    gap: Gap
    first: date
    last: date
    gaps: tuple[Gap, ...]
    zone: str = "UTC"

    @property
    def arguments(self) -> dict[str, Any]:
        """The dates and the dataset as arguments."""
        return {"start": self.first, "end": self.last, **of_dataset(self.dataset)}

    @property
    def description(self) -> str:
        """Which dates are affected, and what else."""
        dates = str(self.first) if self.first == self.last else f"{self.first} … {self.last}"
        others = len(self.gaps) - 1
        if not others:
            return f"The buttons act on {dates}: on this gap alone."
        return (
            f"⚠️ The verb takes whole dates: the buttons act on {dates}, so on this gap and on "
            f"{many(others, 'other')} there."
        )


def list_gaps(dataset: DatasetId, *, shared: Arguments, **dates: date) -> GapsReport:
    """All gaps of a dataset, filled, confirmed and closed ones too; ``dates`` are a range."""
    return ask(GapsReport, "gaps", all=True, **of_dataset(dataset), **dates, **shared)


def target_of(
    gap: Gap, dataset: DatasetId, *, zone: str = "UTC", shared: Arguments = NO_ARGUMENTS
) -> GapTarget:
    """The fewest dates that the verb itself says meet the gap; OptionError if it is gone."""
    day = timedelta(days=1)
    where = UTC if bar_length(dataset.frequency) is None else ZoneInfo(zone)
    first, last = gap.start.astimezone(where).date(), gap.end.astimezone(where).date()
    # A currency's session begins on the evening before its date.
    for start, end in ((first, last), (first + day, last + day), (first, last + day)):
        (listed,) = list_gaps(dataset, shared=shared, start=start, end=end).datasets
        if any(is_same_gap(each, gap) for each in listed.gaps):
            return GapTarget(dataset, gap, start, end, listed.gaps, zone)
    raise OptionError("the gap no longer exists", hint="refresh, and choose again")


def is_same_gap(one: Gap, other: Gap) -> bool:
    """Whether both lack the same bars."""
    return (one.start, one.end) == (other.start, other.end)


def disabled_reasons(target: GapTarget | None) -> dict[str, str]:
    """Why each action is invalid, by its option; empty if it does."""
    if target is None:
        return dict.fromkeys(_ACTIONS, "choose a gap")
    gap = target.gap
    is_closed = gap.state == "closed"
    is_declared = gap.state in ("closed", "confirmed") or gap.is_left_open
    shut = "it is declared closed: reopen it first" if is_closed else ""
    rejected = "its bars were rejected: undo the rejection" if gap.state == "rejected" else ""
    long = "" if gap.is_refillable else f"{many(gap.missing, 'bar')} exceed the limit of five"
    return {
        "refetch": shut,
        "refill": shut or long,
        "unfill": "" if gap.filled_by is not None else "it has no filled bars",
        "close": "it is declared closed already" if is_closed else "",
        "reopen": "" if is_declared else rejected or "it was not closed, confirmed or left open",
    }


class GapButtons:
    """Buttons for one gap; each acts as the line of ``%ml4t`` that its tooltip shows.

    ``ended`` is called after each job's end, in a thread beside the job's, and where the gap
    turns out to have changed. The last ``job`` started here ``is_busy`` until what it changed is
    shown.
    """

    def __init__(self, *, shared: Arguments, ended: Callable[[], object]) -> None:
        from ipywidgets import Dropdown, HBox, Text, VBox

        self.job: Job | None = None
        self._shared, self._ended = shared, ended
        self._lock = RLock()
        self._target: GapTarget | None = None
        self._is_followed, self.is_busy = True, False
        self._buttons: dict[str, Widget] = {
            name: button(
                action.label, name, partial(self._press, name), is_once=True, disabled=True
            )
            for name, action in _ACTIONS.items()
        }
        method = Dropdown(
            options=get_args(FillMethod), tooltip="Method of filling", layout={"width": "8em"}
        )
        reason = Text(
            placeholder="reason, such as: typhoon",
            tooltip="Why there was no session",
            layout={"width": "14em"},
        )
        self.method = field(method, "method", self._show)
        self.reason = field(reason, "reason", self._show)
        self.cancel = button(
            "Cancel",
            "gap-cancel",
            self._cancel,
            "Stop at the next request; commits made so far are kept",
        )
        self.cancel.layout.display = "none"
        self.line = html("gap-line")
        ask, fill, unfill, close, reopen = self._buttons.values()
        rows = ([ask, fill, self.method, unfill], [self.reason, close, reopen], [self.cancel])
        self.widget = VBox([*(HBox(row, layout=WRAPPED | CENTRED) for row in rows), self.line])

    def set_target(self, target: GapTarget | None) -> None:
        """Act on that gap from now on; on none if there is none."""
        with self._lock:
            known = self._target
            is_known = target and known and is_same_gap(target.gap, known.gap)
            if target is not None and not self.is_busy and not is_known:
                self.line.value = ""  # it is about another gap
            self._target = target
            self._show()

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def _command(self, name: str) -> Command:
        assert self._target is not None
        values = {"refill": str(self.method.value), "close": str(self.reason.value).strip()}
        what = {name: values.get(name, True)}
        return Command("gaps", {**what, **self._target.arguments, **self._shared})

    def _show(self) -> None:
        against = disabled_reasons(self._target)
        if not against["close"] and not str(self.reason.value).strip():
            against["close"] = "enter the reason first"
        for name, each in self._buttons.items():
            reason = "a job is running" if self.is_busy else against[name]
            line = f"({reason})" if reason else spell(self._command(name), "%ml4t")
            each.disabled, each.tooltip = bool(reason), f"{_ACTIONS[name].does}. {plain(line)}"
        self.cancel.layout.display = "" if self.is_busy else "none"

    def _press(self, name: str) -> None:
        with self._lock:
            target = self._target
            if self._buttons[name].disabled or target is None:
                return
            job = None
            try:
                command = self._command(name)
                now = target_of(target.gap, target.dataset, zone=target.zone, shared=self._shared)
                if now != target:
                    raise OptionError(
                        "the gaps there have changed since they were listed, so nothing was done",
                        hint="check the list, and press again",
                    )
            except Ml4tError as error:
                self.line.value = _status(error_html(error))
            else:
                job = self.job = JOBS.start(command)
                self._is_followed, self.is_busy = False, True
                self._show()
        if job is None:
            self._ended()
        else:
            job.observe(lambda job: self._follow(job, name))

    def _follow(self, job: Job, name: str) -> None:
        code = element("code", job.line)
        with self._lock:
            if job is not self.job or self._is_followed:
                return
            if not job.is_over:
                doing = job.track.phrase or "at work"
                self.line.value = _status(code, element("div", f"⏳ {doing}"))
                return
            self._is_followed = True
        try:
            self.line.value = _status(code, _outcome(job, name))
            if job.state == "done" and name == "close":
                self.reason.value = ""
            self._ended()
        finally:
            # Not earlier: a press would be about the gap as it was before the job.
            with self._lock:
                self.is_busy = False
                self._show()


def _status(*parts: Markup) -> Markup:
    return element("div", parts, role="status", aria_live="polite", style=INK)


def _outcome(job: Job, name: str) -> Markup:
    """What came of it, and what to do next if it went wrong."""
    if job.state == "cancelled":
        return element("div", "⏹ cancelled; commits made so far are kept")
    if (error := failure(job)) is not None:
        return error_html(error)
    if job.run is None or not job.run.results:
        stopped = "" if job.run is None else job.run.stopped
        return error_html(Ml4tError(stopped or "nothing was done", hint="try again later"))
    return fragment(_done(each.record, name) for each in job.run.results)


def _done(record: UpdateRecord, name: str) -> Markup:
    words = _ACTIONS[name].done
    if name == "refetch":
        bars = many(record.added, "bar")
        came = f"{bars} came" if record.added else "the provider returned no bars"
        revised = f", {many(record.revised, 'bar')} revised" if record.revised else ""
        words = f"requested again: {came}{revised}"
    elif record.outcome == "unchanged":
        words = "nothing changed"
    elif record.filled:
        words = f"{words}: {many(record.filled, 'bar')}"
    return element("div", f"{OUTCOME_MARKS[record.outcome]} {words}")
