"""One background job as a card: how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import Job, JobState
from ml4t_nb.execution.progress_html import (
    bar_html,
    current_html,
    head_html,
    progress_bar_html,
)
from ml4t_nb.execution.track import Line, Stage, time_words
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.job_words import ended_words, job_icon, job_title
from ml4t_nb.notebook.panels.panel_command import ask, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.plot_panel import PlotPanel
from ml4t_nb.notebook.panels.widgets import button, field, html
from ml4t_nb.notebook.run_changes import changes_of
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render.html import error_html, line_html, report_html
from ml4t_nb.render.markup import element, fragment, trusted
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["JobView"]

_ORDER: tuple[Stage, ...] = ("running", "failed", "partial", "changed", "unchanged", "waiting")
"""In the order in which one wants to see them."""

_SHOWN = 40
_HEARD_S = 5.0
_STATES: tuple[JobState, ...] = ("done", "failed", "cancelled")


class JobView:
    """One job, from its first request to its result; a card that folds to one line at the end.

    It ``opens`` its result by itself, or when it is asked to. Once it is over, the card calls
    ``dismissed`` when it is not wanted any more; without it, it stays.
    """

    def __init__(
        self,
        job: Job,
        *,
        changed: Changed,
        opens: bool = False,
        dismissed: Callable[[JobView], object] | None = None,
    ) -> None:
        from ipywidgets import Dropdown, HBox, VBox

        self.job = job
        self._changed, self._opens, self._dismissed = changed, opens, dismissed
        self._records: dict[DatasetId, UpdateRecord] = {}
        self._heard_at = float("-inf")
        self.mark, self.head, self.numbers = html("mark"), html("job-head"), html("numbers")
        self.bar, self.heard, self.current = html("progress"), html("heard"), html("current")
        self.lines, self.line, self.result = html("lines"), html("job-line"), html("result")
        self.cancel = button(
            "Cancel",
            "cancel",
            job.cancel,
            "Stop at once; commits made so far are kept.",
            width=None,
        )
        self.open = button("Show log", "job-open", self._turn, width=None)
        self.dismiss = button(
            "✕", "job-plain", self._dismiss, "Dismiss this line.", width=None
        ).add_class("ml4t-job-dismiss")
        drawn = Dropdown(
            description="plot", style={"description_width": "initial"}, layout={"display": "none"}
        )
        self.drawn = field(drawn, "drawn", self._draw)
        self.plot: PlotPanel | None = None
        self._no_plot = html("no-plot")
        self._picture = VBox().add_class("ml4t-picture")
        buttons = (self.open, self.cancel, self.dismiss)
        top = HBox((self.mark, self.head, self.numbers, *buttons)).add_class("ml4t-job-top")
        self._going = VBox((self.bar, self.heard, self.current))
        self._more = VBox((self.line, self.lines, self.result, self.drawn, self._picture))
        self._more.layout.display = "none"
        self.widget = VBox((top, self._going, self._more)).add_class("ml4t-job")
        self.dismiss.layout.display = "none"
        job.observe(self._show)
        self._show(job)

    @property
    def is_open(self) -> bool:
        """Whether its log, or its result, is in sight."""
        return bool(self._more.layout.display != "none")

    def refresh(self) -> None:
        """Show how far the job is now."""
        self._show(self.job)

    def static_html(self) -> Markup:
        """The job as a saved notebook keeps it."""
        parts = self.head, self.numbers, self.current
        top = element("div", (fragment(trusted(each.value), " ") for each in parts))
        line = element("div", element("code", self.job.line))
        result = self.result.value if self.is_open else ""
        plot = "" if self.plot is None or not self.is_open else self.plot.static_html()
        return element("div", top, line, trusted(result), trusted(plot))

    def _turn(self) -> None:
        self._more.layout.display = "none" if self.is_open else ""
        self._show(self.job)

    def _dismiss(self) -> None:
        self.job.forget(self._show)
        if self._dismissed is not None:
            self._dismissed(self)

    def _show(self, job: Job) -> None:
        title = job_title(job)
        self.mark.value = job_icon(job.state)
        copy = element("button", "Copy", class_="ml4t-copy", data_ml4t_copy=job.line)
        self.line.value = fragment(element("code", job.line), copy)
        what = "result" if job.is_over else "log"
        self.open.description = f"Hide {what}" if self.is_open else f"Show {what}"
        self.open.tooltip = job.line
        if not job.is_over:
            self._show_progress(title)
            return
        for state in _STATES:
            self.widget.remove_class(f"ml4t-is-{state}")
        self.widget.add_class(f"ml4t-is-{job.state}")
        self.head.value = head_html(title, ended_words(job))
        self.numbers.value = self.current.value = self.lines.value = self.bar.value = ""
        self.heard.value = element(
            "div", f"{title}: {job.state}", class_="ml4t-unseen", role="status"
        )
        self.cancel.layout.display = "none"
        self.current.layout.display = self.bar.layout.display = "none"
        self.dismiss.layout.display = "none" if self._dismissed is None else ""
        if not self.result.value:
            self.result.value = _result(job)
            self._more.layout.display = "" if self._opens else self._more.layout.display
            self.open.description = "Hide result" if self.is_open else "Show result"
        if self.is_open and not self._records:
            self._offer(job)
        self._changed()

    def _show_progress(self, title: str) -> None:
        job, track = self.job, self.job.track
        self.head.value = head_html(title, track.counts if track.verb else "starting")
        words = element("span", time_words(job.elapsed_s, job.left_s), class_="ml4t-job-faint")
        self.numbers.value = words
        self.bar.value, self.current.value = bar_html(track.share), current_html(track)
        self.cancel.disabled = track.is_stopping
        # A screen reader would read out each change.
        if monotonic() - self._heard_at >= _HEARD_S:
            self._heard_at = monotonic()
            self.heard.value = progress_bar_html(title, track)
        self.lines.value = _log(job) if self.is_open else ""

    def _offer(self, job: Job) -> None:
        """Plots to choose from, first those of datasets that have new bars."""
        results = [] if job.run is None else [each for each in job.run.results if _is_drawn(each)]
        if not results or job.command.verb in ("gaps", "undo"):
            return
        self._records = {each.dataset: each.record for each in results}
        results.sort(key=lambda each: not (each.record.added or each.record.revised))
        self.drawn.layout.display = "" if len(results) > 1 else "none"
        self.drawn.options = [(str(each.dataset), each.dataset) for each in results]
        self.drawn.value = results[0].dataset

    def _draw(self) -> None:
        dataset = self.drawn.value
        if dataset is None:
            return
        where = {k: v for k, v in self.job.command.arguments.items() if k == "home"}
        self.plot = None
        try:
            report = ask(PlotReport, "plot", last_run=True, **of_dataset(dataset), **where)
        except Ml4tError as error:
            self._no_plot.value = error_html(error)
        else:
            if _is_same(report.record, self._records[dataset]):
                self.plot = PlotPanel(report, changed=self._changed)
            else:
                self._no_plot.value = line_html(
                    f"a later run has requested {dataset} since, so this run's plot is not drawn"
                )
        shown = self._no_plot if self.plot is None else self.plot.widget
        self._picture.children = (shown,)


def _is_drawn(result: UpdateResult) -> bool:
    """Whether the run asked for bars of it, and got through: else a plot would be of another."""
    record = result.record
    return bool(result.rows and record.spans) and record.outcome != "failed"


def _is_same(one: UpdateRecord | None, other: UpdateRecord) -> bool:
    """Whether both are of one run."""
    known = (other.at, other.verb, other.seconds)
    return one is not None and (one.at, one.verb, one.seconds) == known


def _log(job: Job) -> Markup:
    """A row a dataset, of many those that say something, running ones first; and the log."""
    lines = job.track.lines
    more = len(lines) - _SHOWN
    if more > 0:
        lines = tuple(sorted(lines, key=lambda line: _ORDER.index(line.stage))[:_SHOWN])
    rows = element("table", map(_row, lines), class_="ml4t-job-lines")
    rest = element("div", f"and {more:,} more", class_="ml4t-job-faint") if more > 0 else ""
    return fragment(rows, rest, _logged(job))


def _row(line: Line) -> Markup:
    notes = [element("div", note) for note in line.notes]
    step = element("div", spell(line.step, "%ml4t"), class_="ml4t-job-faint") if line.step else ""
    cells = line.stage, element("b", line.dataset.symbol), (line.words, notes, step)
    return element("tr", (element("td", cell) for cell in cells))


def _logged(job: Job) -> Markup:
    log = "".join(job.log)
    return element("pre", log, tabindex=0) if log else trusted("")


def _result(job: Job) -> Markup:
    error = "" if job.error is None else error_html(job.error)
    report = "" if job.report is None else report_html(job.report, changes_of(job.report))
    log = _logged(job)
    logged = element("details", element("summary", "log"), log) if log else ""
    return fragment(error, report, logged)
