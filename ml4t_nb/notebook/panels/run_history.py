"""The runs that changed values: a picture of what each one changed, and a button to undo it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import (
    CENTRED,
    WRAPPED,
    OwnChange,
    button,
    field,
    html,
)
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.change.change_html import change_html
from ml4t_nb.render.format import instant, past_words
from ml4t_nb.render.html import INK, as_html, error_html
from ml4t_nb.render.layout import nothing_stored
from ml4t_nb.render.markup import element
from ml4t_nb.reports import DatasetHistory, HistoryReport, PlotReport

__all__ = ["RunHistory"]

_RUNS = 100  # as many as are kept
_ROWS, _FEWEST = 7, 2
_DECIDING = ("review", "reconcile", "undo")


class RunHistory:
    """See what each run changed of the stored values, before and after, and undo it."""

    def __init__(
        self,
        symbols: tuple[str, ...] = (),
        *,
        shared: Arguments = NO_ARGUMENTS,
        changed: Changed = lambda: None,
    ) -> None:
        self._symbols, self._shared, self._changed = symbols, shared, changed
        self._lock = RLock()
        self._own_change = OwnChange()
        self._stored: dict[DatasetId, DatasetHistory] = {}
        self._runs: list[UpdateRecord] = []
        self._drawn: PlotReport | None = None
        self.job: Job | None = None
        self._view: JobView | None = None
        self._build()
        self.refresh()

    def _build(self) -> None:
        from ipywidgets import Dropdown, HBox, Select, VBox

        dataset = Dropdown(description="Dataset", style={"description_width": "initial"})
        runs = Select(
            rows=_ROWS,
            tooltip="Runs: what the chosen one changed is drawn below",
            layout={"width": "auto"},
        )
        self.dataset = field(dataset, "run-dataset", partial(self._show, self._list))
        self.list = field(runs, "run-list", partial(self._show, self._draw), "index")
        self.refresh_button = button("Refresh", "run-refresh", self.refresh, "Read the store again")
        self.message = html("run-message")
        self.picture = html("run-picture")
        self.undo = button("Undo…", "run-undo", self._question)
        self.question = html("run-question")
        self.confirm = button("Undo", "run-confirm", self._confirmed, is_once=True)
        self.keep = button("Keep", "run-keep", self._settled, "Leave it as it is")
        self.asking = HBox([self.question, self.confirm, self.keep], layout=WRAPPED | CENTRED)
        self.outcome = VBox()
        head = HBox([self.dataset, self.refresh_button], layout=WRAPPED)
        acts = HBox([self.undo]).add_class("ml4t-run-acts")
        self.body = VBox([self.list, self.picture, acts, self.asking])
        self.widget = VBox([head, self.message, self.body, self.outcome])
        self.widget.add_class("ml4t-runs")
        self._settled()

    @property
    def run(self) -> UpdateRecord | None:
        """The run that is chosen."""
        at: int | None = self.list.index
        return None if at is None or at >= len(self._runs) else self._runs[at]

    def refresh(self) -> None:
        """Read the store again; dataset and run stay chosen where they are still there."""
        self._show(self._read, is_choice=False)

    def static_html(self) -> str:
        """What was said, the picture of the chosen run, and how its undo went."""
        parts = [str(self.message.value)]
        parts += [change_html(self._drawn, is_still=True)] if self._drawn is not None else []
        parts += [self._view.static_html()] if self._view is not None else []
        return "".join(parts)

    def _show(self, act: Callable[[], None], *, is_choice: bool = True) -> None:
        """Show something new, or its error; nothing if it is no choice of a person's."""
        with self._lock:
            if is_choice and self._own_change:
                return
            self.message.value = ""
            try:
                act()
            except Ml4tError as error:
                self.message.value = error_html(error)
        self._changed()

    def _read(self) -> None:
        chosen = {"symbol": self._symbols} if self._symbols else {}
        report = ask(HistoryReport, "history", limit=_RUNS, **chosen, **self._shared)
        self._stored = {each.dataset: each for each in report.datasets}
        before = self.dataset.value
        with self._own_change:
            self.dataset.options = [(str(each), each) for each in self._stored]
            known = before if before in self._stored else self._first()
            self.dataset.value = known
        self.body.layout.display = "none" if known is None else ""
        if known is None:
            self._drawn, self.picture.value = None, ""
            self.message.value = as_html([nothing_stored(report.home)])
        else:
            self._list()

    def _first(self) -> DatasetId | None:
        """One of which a run changed a value, or else the first."""
        changed = (each for each, of in self._stored.items() if any(map(_is_listed, of.records)))
        return next(changed, next(iter(self._stored), None))

    def _list(self) -> None:
        """The runs of the dataset that changed values, the newest first."""
        before = self.run
        of = self._stored[self.dataset.value]
        undone = {each.undid: each.version for each in of.records if each.undid}
        self._runs = [each for each in reversed(of.records) if _is_listed(each)]
        with self._own_change:
            self.list.options = [_row(each, undone.get(each.version)) for each in self._runs]
            self.list.rows = min(max(len(self._runs), _FEWEST), _ROWS)
            versions = [each.version for each in self._runs]
            kept = before is not None and before.version in versions
            self.list.index = versions.index(before.version) if before and kept else None
            if not kept and self._runs:
                self.list.index = 0
        self._draw()

    def _draw(self) -> None:
        """The picture of the chosen run; where its values are not kept, why there is none."""
        self._settled()
        run, self._drawn, self.picture.value = self.run, None, ""
        self.undo.disabled = run is None
        if run is None:
            none = "no run of this dataset changed a stored value"
            self.message.value = element("div", none, style=INK)
            return
        self.undo.tooltip = f"Asks once. {spell(self._command(run), '%ml4t')}"
        asked = {**of_dataset(self.dataset.value), **self._shared}
        self._drawn = ask(PlotReport, "plot", run=run.version, **asked)
        self.picture.value = change_html(self._drawn)

    def _command(self, run: UpdateRecord) -> Command:
        what = {**of_dataset(self.dataset.value), "run": run.version}
        return Command("undo", {**what, **self._shared})

    def _question(self) -> None:
        with self._lock:
            run = self.run
            if run is None:
                return
            words = (
                f"Undo run {run.version}, {run.verb} of {instant(run.at)}? "
                "Every value it changed is then what it was."
            )
            self.question.value = element("div", words, style=INK)
            self.asking.layout.display, self.undo.layout.display = "", "none"

    def _settled(self) -> None:
        self.asking.layout.display, self.undo.layout.display = "none", ""

    def _confirmed(self) -> None:
        with self._lock:
            run = self.run
            if run is None or self.asking.layout.display == "none":
                return
            self._settled()
            job = self.job = JOBS.start(self._command(run))
            self._view = JobView(job, changed=self._changed, opens=True)
            self.outcome.children = [self._view.widget]
        job.observe(self._follow)

    def _follow(self, job: Job) -> None:
        if job.is_over and job is self.job:
            self.refresh()


def _is_listed(record: UpdateRecord) -> bool:
    has_changed = record.revised or record.restatement is not None or record.verb in _DECIDING
    return bool(record.version and has_changed)


def _row(record: UpdateRecord, undone_by: int | None) -> str:
    words = f"run {record.version}: {record.verb} of {instant(record.at)}, {past_words(record)}"
    return f"{words} (undone by run {undone_by})" if undone_by else words
