"""The jobs of this kernel: those that run, and what came of those that ran."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import button, html
from ml4t_nb.render.format import duration, many
from ml4t_nb.render.markup import element, trusted

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["JobList"]


class JobList:
    """A card for each job that runs, and a line for each that has ended, the latest first."""

    def __init__(self, changed: Changed) -> None:
        from ipywidgets import HBox, VBox

        self._changed = changed
        self.views: dict[int, JobView] = {}
        self.count = html("jobs-count")
        self.clear = button(
            "Dismiss all that ended", "jobs-clear", self._clear, "Leave only those that run.",
            width=None,
        )  # fmt: skip
        top = HBox((self.count, self.clear)).add_class("ml4t-jobs-top")
        self._cards = VBox()
        self.widget = VBox((top, self._cards)).add_class("ml4t-jobs")
        JOBS.observe(self)
        self.refresh()

    def started(self, job: Job) -> None:
        """Show a job that begins later."""
        del job  # whatever is known by then
        self.refresh()

    def refresh(self) -> None:
        """Show the jobs that there are now."""
        known = {job.number: job for job in JOBS}
        for number, job in known.items():
            if number not in self.views:
                self.views[number] = JobView(
                    job, changed=self._changed, dismissed=partial(self._dismiss, job)
                )
                job.observe(self._report)
        self.views = {n: view for n, view in self.views.items() if n in known}
        latest = sorted(self.views, key=lambda n: (known[n].is_over, -n))
        self._cards.children = [self.views[number].widget for number in latest]
        self._count()
        self._changed()

    def static_html(self) -> Markup:
        """The lines of all jobs."""
        views = (self.views[number].static_html() for number in sorted(self.views, reverse=True))
        return element("div", trusted(self.count.value), views)

    def _report(self, job: Job) -> None:
        if job.is_over:
            self.refresh()
        else:
            self._count()

    def _dismiss(self, job: Job, view: JobView) -> None:
        del view
        JOBS.forget(job)
        self.refresh()

    def _clear(self) -> None:
        for job in JOBS:
            JOBS.forget(job)
        self.refresh()

    def _count(self) -> None:
        running = [view.job for view in self.views.values() if not view.job.is_over]
        ended = len(self.views) - len(running)
        words = f"{many(len(running), 'job')} running{_left_words(running)}, {ended:,} ended"
        nothing = "No jobs: what a panel runs is shown here (%ml4t panel)."
        self.count.value = element("b", words if self.views else nothing)
        self.clear.layout.display = "" if ended else "none"


def _left_words(running: Sequence[Job]) -> str:
    """``, about 1:05 left``, until the last of them ends; nothing unless that is known of each."""
    left = [each.left_s for each in running]
    known = [each for each in left if each]
    return f", about {duration(max(known))} left" if known and len(known) == len(left) else ""
