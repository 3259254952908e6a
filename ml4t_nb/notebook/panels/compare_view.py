"""Two providers side by side: where they differ, and a button that takes a bar of the other one."""

from __future__ import annotations

from datetime import datetime
from threading import RLock

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.notebook.panels.compare_chart import CompareChart
from ml4t_nb.notebook.panels.compare_rows import (
    TakeableBar,
    bars_to_take,
    beside,
    reconcile_command,
    remarks_html,
    undo_run_command,
)
from ml4t_nb.notebook.panels.inbox_commands import other_providers
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import (
    CENTRED,
    WRAPPED,
    Fold,
    OwnChange,
    button,
    field,
    html,
    script,
)
from ml4t_nb.render.format import plain
from ml4t_nb.render.html import as_html, error_html, line_html, report_html
from ml4t_nb.render.layout import nothing_stored
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.comparison import compared
from ml4t_nb.reports import CompareReport, ListReport, PlotReport

__all__ = ["CompareView"]

_ROWS = 8
_MOST = 2000  # as many rows as a browser lists without delay


class CompareView:
    """Hold a dataset against another provider, and take bars from it one by one."""

    def __init__(
        self,
        symbols: tuple[str, ...] = (),
        *,
        other: str = "",
        shared: Arguments = NO_ARGUMENTS,
        changed: Changed = lambda: None,
    ) -> None:
        self._symbols, self._shared, self._changed = symbols, shared, changed
        # Jobs end in threads of their own.
        self._lock = RLock()
        self._own_change = OwnChange()
        self._own: dict[DatasetId, str] = {}
        self.report: CompareReport | None = None
        self.bars: tuple[TakeableBar, ...] = ()
        self._undoable: list[tuple[DatasetId, int]] = []
        self.job: Job | None = None
        self._going: Job | None = None
        self._view: JobView | None = None
        self._build(other)
        self.refresh()
        if other and self._own:
            self._compare()

    def _build(self, other: str) -> None:
        from ipywidgets import Combobox, Dropdown, HBox, Select, VBox

        narrow = {"description_width": "initial"}
        dataset = Dropdown(description="Dataset", style=narrow)
        provider = Combobox(
            value=other,
            description="with",
            placeholder="provider, or files:FOLDER",
            tooltip="The other provider: its name, or files:FOLDER",
            continuous_update=False,
            style=narrow,
        )
        bars = Select(
            rows=_ROWS,
            tooltip="Bars that differ or are missing here; Enter takes the chosen one",
            layout={"width": "auto"},
        )
        self.dataset = field(dataset, "compare-dataset", self._clear)
        self.provider = field(provider, "compare-with", self._clear)
        self.start = button("Compare", "compare-start", self._compare, is_once=True)
        self.status, self.message = html("compare-status"), html("compare-message")
        self.chart = CompareChart(picked=self._pick)
        self.list = field(bars, "compare-list", self._chosen, "index")
        self.line = html("compare-line")
        self.take = button("Take this bar", "compare-take", self._take, is_once=True)
        self.undo = button("Undo", "compare-undo", self._undo, is_once=True)
        self.details = html("compare-details")
        fold = Fold(self.details, "compare-fold", title="Agreement by price, scales and volumes")
        self.outcome = VBox()
        acts = HBox([self.take, self.undo], layout=WRAPPED)
        self.choices = VBox([self.list, self.line])
        self.body = VBox([self.chart.widget, self.choices, acts, self.outcome, fold.widget])
        head = HBox([self.dataset, self.provider, self.start], layout=WRAPPED | CENTRED)
        keys = script("compare.js")
        self.widget = VBox([head, self.status, self.message, self.body, keys])
        self.widget.add_class("ml4t-compare")

    @property
    def bar(self) -> TakeableBar | None:
        """The bar that is chosen."""
        at: int | None = self.list.index
        return None if at is None or at >= len(self.bars) else self.bars[at]

    def refresh(self) -> None:
        """Read again what is stored; what was compared stays in sight."""
        with self._lock:
            self.message.value = ""
            try:
                self._read()
            except Ml4tError as error:
                self._own = {}
                self.message.value = error_html(error)
            self._offer()
        self._changed()

    def static_html(self) -> str:
        """What was said, the picture, the command of the chosen bar, and how the last one went."""
        parts = [str(self.message.value), self.chart.static_html(), str(self.line.value)]
        parts += [self._view.static_html()] if self._view is not None else []
        return "".join(parts)

    def _read(self) -> None:
        chosen = {"symbol": self._symbols} if self._symbols else {}
        listed = ask(ListReport, "list", **chosen, **self._shared)
        self._own = {each.dataset: each.provider for each in listed.datasets}
        before = self.dataset.value
        with self._own_change:
            self.dataset.options = [(str(each), each) for each in self._own]
            self.dataset.value = before if before in self._own else next(iter(self._own), None)
        if not self._own:
            self.message.value = as_html([nothing_stored(listed.home)])
        if before != self.dataset.value:
            self._clear()

    def _clear(self) -> None:
        """Show nothing of a comparison that is not the one chosen any more."""
        with self._lock:
            if self._own_change:
                return
            self.report, self.bars, self._view = None, (), None
            self.chart.clear()
            self.message.value = self.status.value = self.details.value = ""
            self.outcome.children = ()
            self._fill(None)
            self._offer()
        self._changed()

    def _offer(self) -> None:
        """The providers to choose from, and what can be pressed."""
        dataset: DatasetId | None = self.dataset.value
        if dataset is not None and dataset in self._own:
            own = self._own[dataset]
            self.provider.options = other_providers(dataset, own, shared=self._shared)
        self.start.disabled = dataset is None or not str(self.provider.value).strip()
        self.body.layout.display = "none" if self.report is None else ""
        self.choices.layout.display = "" if self.bars else "none"
        command = None if self.bar is None else self._taking(self.bar)
        self.take.layout.display = "none" if command is None else ""
        self.take.tooltip = "" if command is None else plain(spell(command, "%ml4t"))
        self.line.value = "" if command is None or self.bar is None else fragment(
            element("code", spell(command, "%ml4t")), line_html(beside(self.bar, self.bars))
        )  # fmt: skip
        last = self._last()
        self.undo.layout.display = "none" if last is None else ""
        if last is not None:
            self.undo.description = f"Undo run {last[1]}"
            self.undo.tooltip = plain(spell(undo_run_command(*last, shared=self._shared), "%ml4t"))

    def _taking(self, bar: TakeableBar) -> Command:
        assert self.report is not None
        return reconcile_command(bar, self.report, shared=self._shared)

    def _last(self) -> tuple[DatasetId, int] | None:
        of_this = [each for each in self._undoable if each[0] == self.dataset.value]
        return of_this[-1] if of_this else None

    def _fill(self, row: int | None) -> None:
        """List the bars, and choose one."""
        with self._own_change:
            self.list.options = [each.words for each in self.bars[:_MOST]]
            self.list.index = row if self.bars else None

    def _pick(self, stamp: datetime) -> None:
        """Choose the bar that was clicked, if it is listed."""
        stamps = [each.stamp for each in self.bars[:_MOST]]
        if stamp not in stamps:
            return
        row = stamps.index(stamp)
        if self.list.index == row:
            self._chosen()
        else:
            self.list.index = row

    def _chosen(self) -> None:
        with self._lock:
            if self._own_change:
                return
            self._offer()
            self.chart.mark(None if self.bar is None else self.bar.stamp)
        self._changed()

    def _compare(self) -> None:
        dataset, other = self.dataset.value, str(self.provider.value).strip()
        if dataset is not None and other:
            command = Command("compare", {**of_dataset(dataset), "with_": other, **self._shared})
            self._begin(command)

    def _take(self) -> None:
        with self._lock:
            if self.bar is not None and self.report is not None:
                self._begin(self._taking(self.bar))

    def _undo(self) -> None:
        with self._lock:
            if (last := self._last()) is not None:
                self._begin(undo_run_command(*last, shared=self._shared))

    def _begin(self, command: Command) -> None:
        """Carry it out in the background, one at a time."""
        with self._lock:
            if self._going is not None:
                return
            self.message.value = ""
            job = self.job = self._going = JOBS.start(command)
            self.status.value = _status(job)
            if command.verb != "compare":
                self._view = JobView(job, changed=self._changed, opens=True)
                self.outcome.children = [self._view.widget]
        job.observe(self._follow)

    def _follow(self, job: Job) -> None:
        with self._lock:
            if job is not self._going:
                return
            self.status.value = "" if job.is_over else _status(job)
            if not job.is_over:
                return
            self._going = None
            if job.command.verb == "compare":
                self._show(job)
            elif self._note(job):
                self._compare()
            self._offer()
        self._changed()

    def _note(self, job: Job) -> bool:
        """Remember what can be undone; whether anything was changed."""
        results = () if job.run is None else job.run.results
        if job.state != "done" or not results or results[0].record.outcome != "changed":
            return False
        if job.command.verb == "undo":
            gone = (results[0].dataset, job.command.arguments["run"])
            self._undoable = [each for each in self._undoable if each != gone]
        else:
            self._undoable.append((results[0].dataset, results[0].record.version))
        return True

    def _show(self, job: Job) -> None:
        """Show what was compared, or why it could not be; the next bar is chosen after a taking."""
        report, row = job.report, self.list.index
        if not isinstance(report, CompareReport) or not report.common:
            other = job.command.arguments["with_"]
            error = job.error or Ml4tError(
                f"{other} has no bar in common with {self.dataset.value}",
                hint="choose another provider",
            )
            self.report, self.bars = None, ()
            self.chart.clear()
            self.message.value = error_html(error)
            return
        if report.dataset != self.dataset.value or report.other != str(self.provider.value).strip():
            return  # another was chosen meanwhile
        try:
            plot = ask(PlotReport, "plot", **of_dataset(report.dataset), **self._shared)
        except Ml4tError as error:
            self.message.value = error_html(error)
            return
        both = compared(report)
        self.report = report
        self.bars = bars_to_take(report, both, plot.gaps, plot.zone)
        self.details.value = report_html(report)
        self._fill(None if row is None else min(row, len(self.bars[:_MOST]) - 1))
        self.chart.show(report, both, plot.zone)
        if self.bar is not None:
            self.chart.mark(self.bar.stamp)
        self.message.value = remarks_html(report, len(self.bars) - _MOST)


def _status(job: Job) -> str:
    words = fragment(element("code", job.line), f" {job.track.phrase}")
    return element("div", words, role="status", aria_live="polite")
