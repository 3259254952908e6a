"""The jobs that a panel shows, a card each."""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

from ml4t_nb.execution.jobs import Job
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.notebook.panels.panel_output import Changed

__all__ = ["JobCards"]


class JobCards:
    """Cards of jobs, the latest first; one that has ended can be dismissed."""

    def __init__(self, changed: Changed) -> None:
        from ipywidgets import VBox

        self._changed = changed
        self.views: dict[int, JobView] = {}
        self._dismissed: set[int] = set()
        self._lock = RLock()  # jobs end in threads of their own
        self.widget = VBox().add_class("ml4t-board-jobs")

    def show(self, jobs: Iterable[Job] = ()) -> None:
        """Show these jobs too, each once."""
        with self._lock:
            for job in jobs:
                if job.number not in self.views:
                    self.views[job.number] = JobView(
                        job, changed=self._changed, dismissed=self._dismiss
                    )
            latest = sorted(set(self.views) - self._dismissed, reverse=True)
            self.widget.children = [self.views[number].widget for number in latest]

    def forget_ended(self) -> None:
        """Show only those that run."""
        with self._lock:
            self.views = {n: view for n, view in self.views.items() if not view.job.is_over}
            self.show()

    def _dismiss(self, view: JobView) -> None:
        with self._lock:
            self._dismissed.add(view.job.number)
            self.show()
