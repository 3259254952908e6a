"""The button that takes a run back, after one question, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

from ml4t_nb.commands.spelling import spell
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_command import Arguments, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, button, html
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.format import instant
from ml4t_nb.render.html import INK
from ml4t_nb.render.markup import element

__all__ = ["RunUndo"]


class RunUndo:
    """Undoes the run that it is aimed at; ``ended`` is called once that is over."""

    def __init__(self, *, shared: Arguments, changed: Changed, ended: Callable[[], object]) -> None:
        from ipywidgets import HBox, VBox

        self._shared, self._changed, self._ended = shared, changed, ended
        self._lock = RLock()
        self._dataset: DatasetId | None = None
        self._run: UpdateRecord | None = None
        self.job: Job | None = None
        self._view: JobView | None = None
        self.button = button("Undo…", "run-undo", self._question)
        self.question = html("run-question")
        self.confirm = button("Undo", "run-confirm", self._confirmed, is_once=True)
        self.keep = button("Keep", "run-keep", self._settled, "Leave it as it is")
        self.asking = HBox([self.question, self.confirm, self.keep], layout=WRAPPED | CENTRED)
        self.outcome = VBox()
        acts = HBox([self.button]).add_class("ml4t-run-acts")
        self.widget = VBox([acts, self.asking, self.outcome])
        self.aim(None, None)

    def aim(self, dataset: DatasetId | None, run: UpdateRecord | None) -> None:
        """Offer to undo that run, or none; a question that is asked is taken back."""
        with self._lock:
            self._dataset, self._run = dataset, run
            self._settled()
            self.button.disabled = run is None
            if run is None:
                self.button.description = "Undo…"
                self.button.tooltip = "No run since this version can be undone"
                return
            self.button.description = f"Undo run {run.version}…"
            self.button.tooltip = f"Asks once. {spell(self._command(run), '%ml4t')}"

    def static_html(self) -> str:
        """How the last undo went."""
        return "" if self._view is None else str(self._view.static_html())

    def _command(self, run: UpdateRecord) -> Command:
        assert self._dataset is not None
        what = {**of_dataset(self._dataset), "run": run.version}
        return Command("undo", {**what, **self._shared})

    def _question(self) -> None:
        with self._lock:
            run = self._run
            if run is None:
                return
            words = (
                f"Undo run {run.version}, {run.verb} of {instant(run.at)}? "
                "Every value it changed is then what it was."
            )
            self.question.value = element("div", words, style=INK)
            self.asking.layout.display, self.button.layout.display = "", "none"

    def _settled(self) -> None:
        self.asking.layout.display, self.button.layout.display = "none", ""

    def _confirmed(self) -> None:
        with self._lock:
            run = self._run
            if run is None or self.asking.layout.display == "none":
                return
            self._settled()
            job = self.job = JOBS.start(self._command(run))
            self._view = JobView(job, changed=self._changed, opens=True)
            self.outcome.children = [self._view.widget]
        job.observe(self._follow)

    def _follow(self, job: Job) -> None:
        if job.is_over and job is self.job:
            self._ended()
