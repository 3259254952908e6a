"""The buttons that do something about a gap, and the line of the job that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, get_args

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, DatasetId, FillMethod
from ml4t_nb.notebook.panels.gap_target import GapTarget, disabled_reasons, is_same_gap, target_of
from ml4t_nb.notebook.panels.input_guard import once
from ml4t_nb.notebook.panels.panel_command import of_dataset
from ml4t_nb.records import UpdateResult
from ml4t_nb.render.format import OUTCOME_MARKS, many, plain
from ml4t_nb.render.html import INK, error_html
from ml4t_nb.render.markup import element, fragment

if TYPE_CHECKING:
    from ipywidgets import Button
    from markupsafe import Markup

__all__ = ["GapButtons"]

_BUTTONS = {
    "refetch": ("Request again", "Request the missing bars from the provider again"),
    "refill": ("Fill by", "Fill it with flagged bars, by the selected method"),
    "unfill": ("Unfill", "Remove the filled bars; updates leave the gap open from then on"),
    "close": ("Mark closed", "Declare that there was no session, for the reason given"),
    "reopen": ("Reopen", "Reopen what was closed, confirmed or left open"),
}
_DONE = {
    "refill": "filled",
    "unfill": "the filled bars were removed",
    "close": "declared closed",
    "reopen": "open again",
}
_WRAP = {"flex_flow": "row wrap", "align_items": "center"}


class GapButtons:
    """Buttons for one gap; each acts as the line of ``%ml4t`` that its tooltip shows.

    Parameters
    ----------
    shared
        Arguments of each command.
    ended
        Called after each job's end, in a thread beside the job's, and where the gap turns out to
        have changed.

    Attributes
    ----------
    job
        The last one started here.
    """

    def __init__(self, *, shared: Mapping[str, object], ended: Callable[[], object]) -> None:
        from ipywidgets import HTML, Button, Dropdown, HBox, Text, VBox

        self.job: Job | None = None
        self._shared, self._ended = shared, ended
        self._lock = RLock()
        self._dataset: DatasetId | None = None
        self._target: GapTarget | None = None
        self._zone = "UTC"
        self._is_followed = self._is_over = True
        self._buttons: dict[str, Button] = {}
        for name, (word, _) in _BUTTONS.items():
            button = once(Button(description=word, disabled=True, layout={"width": "auto"}))
            button.add_class(f"ml4t-{name}")
            button.on_click(lambda _, name=name: self._press(name))
            self._buttons[name] = button
        self.method = Dropdown(options=get_args(FillMethod), layout={"width": "8em"})
        self.method.tooltip = "Method of filling"
        self.reason = Text(placeholder="reason, such as: typhoon", layout={"width": "14em"})
        self.reason.tooltip = "Why there was no session"
        self.cancel = Button(
            description="Cancel",
            tooltip="Stop at the next request; commits made so far are kept",
            layout={"display": "none", "width": "auto"},
        )
        self.line = HTML()
        for widget, name in (
            (self.method, "ml4t-method"),
            (self.reason, "ml4t-reason"),
            (self.cancel, "ml4t-gap-cancel"),
            (self.line, "ml4t-gap-line"),
        ):
            widget.add_class(name)
        self.cancel.on_click(lambda _: self._cancel())
        self.method.observe(lambda _: self._show(), "value")
        self.reason.observe(lambda _: self._show(), "value")
        ask, fill, unfill, close, reopen = self._buttons.values()
        rows = ([ask, fill, self.method, unfill], [self.reason, close, reopen], [self.cancel])
        self.widget = VBox([*(HBox(row, layout=_WRAP) for row in rows), self.line])

    @property
    def is_busy(self) -> bool:
        """Whether a job that was started here runs, or what it changed is not shown yet."""
        return not self._is_over

    def set_target(self, dataset: DatasetId | None, target: GapTarget | None, *, zone: str) -> None:
        """Act on that gap from now on; on none if there is none."""
        with self._lock:
            if target is not None and not self.is_busy and not _is_same(target, self._target):
                self.line.value = ""  # it is about another gap
            self._dataset, self._target, self._zone = dataset, target, zone
            self._show()

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def _command(self, name: str) -> Command:
        assert self._dataset is not None
        assert self._target is not None
        values = {"refill": str(self.method.value), "close": str(self.reason.value).strip()}
        what = {name: values.get(name, True)}
        where = of_dataset(self._dataset)
        return Command("gaps", {**what, **self._target.dates, **where, **self._shared})

    def _show(self) -> None:
        against = disabled_reasons(self._target)
        if not against["close"] and not str(self.reason.value).strip():
            against["close"] = "enter the reason first"
        for name, button in self._buttons.items():
            reason = "a job is running" if self.is_busy else against[name]
            button.disabled = bool(reason)
            does = f"{_BUTTONS[name][1]}."
            button.tooltip = f"{does} ({reason})" if reason else f"{does} {self._spelled(name)}"
        self.cancel.layout.display = "" if self.is_busy else "none"

    def _spelled(self, name: str) -> str:
        return plain(spell(self._command(name), "%ml4t"))

    def _press(self, name: str) -> None:
        with self._lock:
            if self._buttons[name].disabled or self._target is None or self._dataset is None:
                return
            target, command = self._target, self._command(name)
            try:
                now = target_of(target.gap, self._dataset, zone=self._zone, shared=self._shared)
                if now != target:
                    raise OptionError(
                        "the gaps there have changed since they were listed, so nothing was done",
                        hint="check the list, and press again",
                    )
            except Ml4tError as error:
                self.line.value = _status(error_html(error))
                changed = True
            else:
                changed = False
                self.job = JOBS.start(command)
                self._is_followed = self._is_over = False
                self._show()
        if changed:
            self._ended()
        elif self.job is not None:
            self.job.observe(lambda job: self._follow(job, name))

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
                self._is_over = True
                self._show()


def _is_same(target: GapTarget, other: GapTarget | None) -> bool:
    return other is not None and is_same_gap(target.gap, other.gap)


def _status(*parts: Markup) -> Markup:
    return element("div", parts, role="status", aria_live="polite", style=INK)


def _outcome(job: Job, name: str) -> Markup:
    """What came of it, and what to do next if it went wrong."""
    if job.error is not None:
        return error_html(job.error)
    if job.state == "cancelled":
        return element("div", "⏹ cancelled; commits made so far are kept")
    if job.run is None or not job.run.results:
        stopped = "" if job.run is None else job.run.stopped
        return error_html(Ml4tError(stopped or "nothing was done", hint="try again later"))
    return fragment(_told(each, name) for each in job.run.results)


def _told(result: UpdateResult, name: str) -> Markup:
    record = result.record
    if record.error is not None:
        error = Ml4tError(record.error.message, hint=record.error.hint)
        return error_html(error)
    words = _DONE.get(name, "")
    if name == "refetch":
        came = (
            (f"{many(record.added, 'bar')} came")
            if record.added
            else "the provider returned no bars"
        )
        revised = f", {many(record.revised, 'bar')} revised" if record.revised else ""
        words = f"asked again: {came}{revised}"
    elif record.outcome == "unchanged":
        words = "nothing changed"
    elif record.filled:
        words = f"{words}: {many(record.filled, 'bar')}"
    return element("div", f"{OUTCOME_MARKS[record.outcome]} {words}")
