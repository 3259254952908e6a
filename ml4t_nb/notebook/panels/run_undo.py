"""The button that takes a run back, after one question, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import spell
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.notebook.panels.panel_command import Arguments, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, button, html
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.format import instant
from ml4t_nb.render.html import INK, error_html, line_html, report_html
from ml4t_nb.render.markup import element, fragment

if TYPE_CHECKING:
    from markupsafe import Markup

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
        self.button = button("Undo…", "run-undo", self._question)
        self.question = html("run-question")
        self.confirm = button("Undo", "run-confirm", self._confirmed, is_once=True)
        self.keep = button("Keep", "run-keep", self._settled, "Leave it as it is")
        self.asking = HBox([self.question, self.confirm, self.keep], layout=WRAPPED | CENTRED)
        self.outcome = html("run-outcome")
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
        return str(self.outcome.value)

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
            self.outcome.value = line_html(f"{job.line} is at work")
        job.observe(self._follow)
        self._changed()

    def _follow(self, job: Job) -> None:
        if job.is_over and job is self.job:
            self.outcome.value = _result(job)
            self._ended()


def _result(job: Job) -> Markup:
    """What came of it, read out as it appears."""
    error = "" if job.error is None else error_html(job.error)
    report = "" if job.report is None else report_html(job.report)
    return element("div", fragment(error, report), role="status")
