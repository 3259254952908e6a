"""The jobs of this process: those that run, and those that ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ml4t_nb.errors import OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.notebook.panels.job_view import STATES, JobView
from ml4t_nb.notebook.panels.panel_output import PanelOutput
from ml4t_nb.render.html import FAINT
from ml4t_nb.render.markup import element, fragment

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["jobs_of"]


def jobs_of(number: int | None) -> PanelOutput:
    """A table of the jobs, or one of them.

    Raises
    ------
    OptionError
        If there is no such job.
    """
    if number is None:
        return PanelOutput(_JobList, name="ml4t_nb: jobs")
    job = JOBS.get(number)
    if job is None:
        known = ", ".join(str(each.number) for each in JOBS)
        raise OptionError(
            f"there is no job {number}",
            hint=f"known are {known}" if known else "a panel starts jobs: %ml4t panel",
        )
    return PanelOutput(lambda changed: JobView(job, changed=changed), name=f"ml4t_nb: job {number}")


class _JobList:
    """A row for each job, the latest first, and the one that was chosen in full."""

    def __init__(self, changed: Callable[[], None]) -> None:
        import ipywidgets

        self._changed = changed
        self._rows: dict[int, tuple[Any, Any]] = {}
        self._view: JobView | None = None
        self._list = ipywidgets.VBox()
        self._chosen = ipywidgets.VBox()
        refresh_button = ipywidgets.Button(
            description="Refresh", tooltip="Refresh the list of jobs."
        ).add_class("ml4t-jobs-refresh")
        refresh_button.on_click(lambda _: self.refresh())
        JOBS.observe(self)
        self.widget = ipywidgets.VBox([refresh_button, self._list, self._chosen]).add_class(
            "ml4t-jobs"
        )
        self.refresh()

    def started(self, job: Job) -> None:
        """Give a row to a job that begins later."""
        del job  # whatever is known by then
        self.refresh()

    def refresh(self) -> None:
        """Refresh the list of jobs."""
        import ipywidgets

        for job in JOBS:
            if job.number in self._rows:
                continue
            button = ipywidgets.Button(
                description=f"Show {job.number}", tooltip=job.line, layout={"width": "7em"}
            ).add_class("ml4t-job-show")
            button.on_click(lambda _, job=job: self._choose(job))
            self._rows[job.number] = (button, ipywidgets.HTML())
            job.observe(self._tell)
        known = {job.number for job in JOBS}
        self._rows = {number: row for number, row in self._rows.items() if number in known}
        words = element("div", "no jobs yet: %ml4t panel starts some", style=FAINT)
        nothing = ipywidgets.HTML(words)
        latest = sorted(self._rows, reverse=True)
        self._list.children = [
            ipywidgets.HBox(self._rows[number], layout={"align_items": "center"})
            for number in latest
        ] or [nothing]
        for job in JOBS:
            self._tell(job)
        self._changed()

    def static_html(self) -> Markup:
        """The table, and the chosen job."""
        rows = fragment(element("div", _row(job)) for job in reversed(list(JOBS)))
        view = self._view.static_html() if self._view else ""
        return element("div", rows or "no jobs yet", view)

    def _choose(self, job: Job) -> None:
        self._view = JobView(job, changed=self._changed)
        self._chosen.children = [self._view.widget]

    def _tell(self, job: Job) -> None:
        if job.number in self._rows:
            self._rows[job.number][1].value = _row(job)
        if job.is_over:
            self._changed()


def _row(job: Job) -> Markup:
    track = job.track
    far = f"{track.done} of {track.total} done" if track.total else ""
    wrong = job.error.message if job.error is not None else ""
    words = " · ".join(each for each in (STATES[job.state], far, wrong) if each)
    return fragment(element("b", str(job.number)), " ", element("code", job.line), f" {words}")
