"""A background job to look at: how far it is, a button that cancels it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import Job, JobState
from ml4t_nb.execution.progress import Line, Stage
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.panel_command import ask, of_dataset
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.render.format import many
from ml4t_nb.render.html import FAINT, LINE, error_html, line_html, report_html
from ml4t_nb.render.markup import element, fragment, trusted
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["STATES", "JobView"]

STATES: dict[JobState, str] = {
    "running": "⏳ running",
    "done": "✅ done",
    "failed": "❌ failed",
    "cancelled": "⏹ cancelled",
}
_STAGES: dict[Stage, str] = {
    "waiting": "·",
    "running": "⏳",
    "changed": "✅",
    "unchanged": "✅",
    "partial": "⚠️",
    "failed": "❌",
}
_SHOWN = 40
_MINUTE_S = 60


class JobView:
    """One job, from its first request to its result.

    Parameters
    ----------
    changed
        Called when there is something new to keep; in any thread.
    """

    def __init__(self, job: Job, *, changed: Callable[[], None]) -> None:
        import ipywidgets

        self.job = job
        self._changed = changed
        self._records: dict[DatasetId, UpdateRecord] = {}
        self.head = ipywidgets.HTML()
        self.bar = ipywidgets.IntProgress(min=0, max=1, layout={"width": "20em"})
        self.numbers = ipywidgets.HTML()
        self.cancel = ipywidgets.Button(
            description="Cancel", tooltip="Stop at the next request; commits made so far are kept."
        )
        self.lines = ipywidgets.HTML()
        self.result = ipywidgets.HTML()
        self.drawn = ipywidgets.Dropdown(
            description="plot", style={"description_width": "initial"}, layout={"display": "none"}
        )
        self.picture = ipywidgets.Output()
        for widget, name in (
            (self.bar, "ml4t-progress"),
            (self.numbers, "ml4t-numbers"),
            (self.cancel, "ml4t-cancel"),
            (self.lines, "ml4t-lines"),
            (self.result, "ml4t-result"),
            (self.drawn, "ml4t-drawn"),
            (self.picture, "ml4t-picture"),
        ):
            widget.add_class(name)
        going = ipywidgets.HBox(
            [self.bar, self.cancel, self.numbers], layout={"align_items": "center"}
        )
        self.widget = ipywidgets.VBox(
            [self.head, going, self.lines, self.result, self.drawn, self.picture]
        )
        self.widget.add_class("ml4t-job").add_class("ml4t-card")
        self.cancel.on_click(lambda _: job.cancel())
        self.drawn.observe(lambda change: self._draw(change["new"]), "value")
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
        state, line = element("b", STATES[job.state]), element("code", job.line)
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
        if not results or job.command.verb == "gaps":
            return
        self._records = {each.dataset: each.record for each in results}
        results.sort(key=lambda each: not (each.record.added or each.record.revised))
        self.drawn.layout.display = "" if len(results) > 1 else "none"
        self.drawn.options = [(str(each.dataset), each.dataset) for each in results]
        self.drawn.value = results[0].dataset

    def _draw(self, dataset: DatasetId | None) -> None:
        from ml4t_nb.render.plots import bundle_of

        if dataset is None:
            return
        where = {k: v for k, v in self.job.command.arguments.items() if k == "home"}
        try:
            report = ask("plot", last_run=True, **of_dataset(dataset), **where)
        except Ml4tError as error:
            data: dict[str, Any] = {"text/html": error_html(error)}
        else:
            assert isinstance(report, PlotReport)
            if _is_same(report.record, self._records[dataset]):
                data = {**bundle_of(report), "text/plain": str(dataset)}
            else:
                told = f"a later run has requested {dataset} since, so this run's plot is not drawn"
                data = {"text/html": line_html(told), "text/plain": told}
        shown = {"output_type": "display_data", "data": data, "metadata": {}}
        self.picture.outputs = (shown,)


def _is_drawn(result: UpdateResult) -> bool:
    """Whether the run asked for bars of it, and got through: else a plot would be of another."""
    record = result.record
    return bool(result.rows and record.spans) and record.outcome != "failed"


def _is_same(one: UpdateRecord | None, other: UpdateRecord) -> bool:
    return one is not None and (one.at, one.verb, one.seconds) == (
        other.at,
        other.verb,
        other.seconds,
    )


def _numbers(job: Job) -> str:
    track = job.track
    if job.is_over:
        return f"{track.outcome}, {_duration(job.elapsed_s)}" if track.verb else ""
    if not track.verb:
        return "starting"
    parts = [f"{track.done} of {track.total}"]
    parts += [f"{track.failed} failed"] if track.failed else []
    parts += [many(track.bars, "bar")] if track.bars else []
    if track.done and job.elapsed_s:
        parts.append(f"{track.done / job.elapsed_s:.2g} datasets/s")
    left_s = job.left_s
    parts += [f"about {_duration(left_s)} left"] if left_s is not None else []
    parts += ["stopping after the current request"] if track.is_stopping else []
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, _MINUTE_S)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.1f} s"


def _table(lines: tuple[Line, ...]) -> Markup:
    """A row a dataset; of many those that say something, running ones first."""
    order: tuple[Stage, ...] = ("running", "failed", "partial", "changed", "unchanged", "waiting")
    shown = lines
    if len(lines) > _SHOWN:
        shown = tuple(sorted(lines, key=lambda line: order.index(line.stage))[:_SHOWN])
    rows = element("table", map(_row, shown), style="border-collapse:collapse")
    more = len(lines) - len(shown)
    return fragment(rows, element("div", f"and {more:,} more", style=FAINT) if more else "")


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
    report = "" if job.report is None else report_html(job.report)
    log = "".join(job.log)
    logged = element("details", element("summary", "log"), element("pre", log)) if log else ""
    return fragment(error, report, logged)
