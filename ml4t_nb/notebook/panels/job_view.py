"""Background jobs to look at: how far each is, a button that cancels it, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import JOBS, Job, JobState
from ml4t_nb.execution.progress import Line, Stage
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.panel_command import ask, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import CENTRED, Widget, button, field, html, outputs_of
from ml4t_nb.notebook.run_changes import changes_of
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render.format import many
from ml4t_nb.render.html import FAINT, LINE, error_html, line_html, report_html
from ml4t_nb.render.markup import element, fragment, trusted
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["JobList", "JobView"]

_STATES: dict[JobState, str] = {
    "running": "⏳ running",
    "done": "✅ done",
    "failed": "❌ failed",
    "cancelled": "⏹ cancelled",
}
_STAGES: dict[Stage, str] = {
    "running": "⏳",
    "failed": "❌",
    "partial": "⚠️",
    "changed": "✅",
    "unchanged": "✅",
    "waiting": "·",
}
"""In the order in which one wants to see them."""

_SHOWN = 40
_MINUTE_S = 60


class JobView:
    """One job, from its first request to its result."""

    def __init__(self, job: Job, *, changed: Changed) -> None:
        from ipywidgets import HTML, Dropdown, HBox, IntProgress, Output, VBox

        self.job = job
        self._changed = changed
        self._records: dict[DatasetId, UpdateRecord] = {}
        self.head = HTML()
        self.bar = IntProgress(min=0, max=1, layout={"width": "20em"}).add_class("ml4t-progress")
        self.numbers, self.lines, self.result = html("numbers"), html("lines"), html("result")
        self.cancel = button(
            "Cancel",
            "cancel",
            job.cancel,
            "Stop at the next request; commits made so far are kept.",
            width=None,
        )
        drawn = Dropdown(
            description="plot", style={"description_width": "initial"}, layout={"display": "none"}
        )
        self.drawn = field(drawn, "drawn", self._draw)
        self.picture = Output().add_class("ml4t-picture")
        going = HBox([self.bar, self.cancel, self.numbers], layout=CENTRED)
        parts = [self.head, going, self.lines, self.result, self.drawn, self.picture]
        self.widget = VBox(parts).add_class("ml4t-job").add_class("ml4t-card")
        job.observe(self._show)

    def refresh(self) -> None:
        """Show how far the job is now."""
        self._show(self.job)

    def static_html(self) -> Markup:
        """The job as a saved notebook keeps it."""
        parts = self.head, self.numbers, self.result if self.job.is_over else self.lines
        return element("div", (trusted(each.value) for each in parts))

    def _show(self, job: Job) -> None:
        track = job.track
        with self.bar.hold_sync():
            self.bar.max, self.bar.value = max(track.total, 1), track.done
            self.bar.bar_style = "danger" if job.state == "failed" else ""
        state, line = element("b", _STATES[job.state]), element("code", job.line)
        self.head.value = fragment(state, f" job {job.number} ", line)
        self.numbers.value = fragment(_numbers(job))
        self.cancel.disabled = job.is_over or track.is_stopping
        if not job.is_over:
            self.lines.value = _table(track.lines)
            return
        self.lines.value = ""
        self.cancel.layout.display = "none"
        self.result.value = _result(job)
        self._offer(job)
        self._changed()

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
        from ml4t_nb.render.plots.figures import bundle_of

        dataset = self.drawn.value
        if dataset is None:
            return
        where = {k: v for k, v in self.job.command.arguments.items() if k == "home"}
        try:
            report = ask(PlotReport, "plot", last_run=True, **of_dataset(dataset), **where)
        except Ml4tError as error:
            data: dict[str, Any] = {"text/html": error_html(error)}
        else:
            if _is_same(report.record, self._records[dataset]):
                data = {**bundle_of(report), "text/plain": str(dataset)}
            else:
                message = (
                    f"a later run has requested {dataset} since, so this run's plot is not drawn"
                )
                data = {"text/html": line_html(message), "text/plain": message}
        self.picture.outputs = outputs_of(data)


class JobList:
    """A row for each job, the latest first, and the one that was chosen in full."""

    def __init__(self, changed: Changed) -> None:
        from ipywidgets import VBox

        self._changed = changed
        self._rows: dict[int, tuple[Widget, Widget]] = {}
        self._view: JobView | None = None
        refresh = button(
            "Refresh", "jobs-refresh", self.refresh, "Refresh the list of jobs.", width=None
        )
        self._list, self._chosen = VBox(), VBox()
        self.widget = VBox([refresh, self._list, self._chosen]).add_class("ml4t-jobs")
        JOBS.observe(self)
        self.refresh()

    def started(self, job: Job) -> None:
        """Give a row to a job that begins later."""
        del job  # whatever is known by then
        self.refresh()

    def refresh(self) -> None:
        """Refresh the list of jobs."""
        from ipywidgets import HTML, HBox

        for job in JOBS:
            if job.number not in self._rows:
                label, choose = f"Show {job.number}", partial(self._choose, job)
                show = button(label, "job-show", choose, job.line, width="7em")
                self._rows[job.number] = (show, HTML())
                job.observe(self._report)
        known = {job.number for job in JOBS}
        self._rows = {number: row for number, row in self._rows.items() if number in known}
        nothing = HTML(
            element("div", "no jobs yet; start a job in a panel: %ml4t panel", style=FAINT)
        )
        rows = (self._rows[number] for number in sorted(self._rows, reverse=True))
        self._list.children = [HBox(row, layout=CENTRED) for row in rows] or [nothing]
        for job in JOBS:
            self._report(job)
        self._changed()

    def static_html(self) -> Markup:
        """The table, and the chosen job."""
        rows = fragment(element("div", _job_row(job)) for job in reversed(list(JOBS)))
        view = self._view.static_html() if self._view else ""
        return element("div", rows or "no jobs yet", view)

    def _choose(self, job: Job) -> None:
        self._view = JobView(job, changed=self._changed)
        self._chosen.children = [self._view.widget]

    def _report(self, job: Job) -> None:
        if job.number in self._rows:
            self._rows[job.number][1].value = _job_row(job)
        if job.is_over:
            self._changed()


def _job_row(job: Job) -> Markup:
    track = job.track
    far = f"{track.done} of {track.total} done" if track.total else ""
    wrong = job.error.message if job.error is not None else ""
    words = " · ".join(filter(None, (_STATES[job.state], far, wrong)))
    return fragment(element("b", str(job.number)), " ", element("code", job.line), f" {words}")


def _is_drawn(result: UpdateResult) -> bool:
    """Whether the run asked for bars of it, and got through: else a plot would be of another."""
    record = result.record
    return bool(result.rows and record.spans) and record.outcome != "failed"


def _is_same(one: UpdateRecord | None, other: UpdateRecord) -> bool:
    """Whether both are of one run."""
    known = (other.at, other.verb, other.seconds)
    return one is not None and (one.at, one.verb, one.seconds) == known


def _numbers(job: Job) -> str:
    track = job.track
    if job.is_over:
        return f"{track.outcome}, {_duration(job.elapsed_s)}" if track.verb else ""
    if not track.verb:
        return "starting"
    left_s, took_s = job.left_s, job.elapsed_s
    parts = (
        f"{track.done} of {track.total}",
        f"{track.failed} failed" if track.failed else "",
        many(track.bars, "bar") if track.bars else "",
        f"{track.done / took_s:.2g} datasets/s" if track.done and took_s else "",
        f"about {_duration(left_s)} left" if left_s is not None else "",
        "stopping after the current request" if track.is_stopping else "",
    )
    return " · ".join(filter(None, parts))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, _MINUTE_S)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.1f} s"


def _table(lines: tuple[Line, ...]) -> Markup:
    """A row a dataset; of many those that say something, running ones first."""
    more = len(lines) - _SHOWN
    if more > 0:
        order = list(_STAGES)
        lines = tuple(sorted(lines, key=lambda line: order.index(line.stage))[:_SHOWN])
    rows = element("table", map(_row, lines), style="border-collapse:collapse")
    return fragment(rows, element("div", f"and {more:,} more", style=FAINT) if more > 0 else "")


def _row(line: Line) -> Markup:
    notes = [element("div", note) for note in line.notes]
    step = element("div", spell(line.step, "%ml4t"), style=FAINT) if line.step else ""
    cells = (
        element("span", _STAGES[line.stage], role="img", aria_label=line.stage),
        element("b", line.dataset.symbol),
        (line.doing, notes, step),
    )
    style = f"padding:1px 10px 1px 0;vertical-align:top;border-bottom:1px solid {LINE}"
    return element("tr", (element("td", cell, style=style) for cell in cells))


def _result(job: Job) -> Markup:
    error = "" if job.error is None else error_html(job.error)
    report = "" if job.report is None else report_html(job.report, changes_of(job.report))
    log = "".join(job.log)
    logged = element("details", element("summary", "log"), element("pre", log)) if log else ""
    return fragment(error, report, logged)
