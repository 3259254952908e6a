"""What a provider changed, below the gaps of a dataset: in its last answer, and in each version."""

from __future__ import annotations

from collections.abc import Callable

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.gap_rows import revision_blocks, revision_title
from ml4t_nb.notebook.panels.known_then import plot_then
from ml4t_nb.notebook.panels.panel_command import Arguments, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.version_list import VersionList
from ml4t_nb.notebook.panels.widgets import Fold, html
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.html import as_html, error_html

__all__ = ["RevisionFold"]


class RevisionFold:
    """A heading with the last verdict; below it the values that changed, and the versions.

    Versions are read when it is unfolded: ``ended`` is called once a run was undone there.
    """

    def __init__(self, *, shared: Arguments, changed: Changed, ended: Callable[[], object]) -> None:
        from ipywidgets import VBox

        self._shared, self._changed, self._ended = shared, changed, ended
        self._dataset: DatasetId | None = None
        self._record: UpdateRecord | None = None
        self.versions: VersionList | None = None
        self.revisions, self._place = html("revised"), VBox()
        content = VBox([self.revisions, self._place])
        self.fold = Fold(content, "revisions", opened=self._opened)
        self.widget = self.fold.widget

    def show(self, dataset: DatasetId | None) -> None:
        """Show what is known of that dataset by now, or nothing."""
        self._dataset, self._record = dataset, None
        if dataset is not None:
            try:
                asked = {**of_dataset(dataset), **self._shared}
                found = plot_then({**asked, "last_run": True})
                self._record = None if found.report is None else found.report.record
                self.revisions.value = as_html(revision_blocks(self._record, dataset.frequency))
            except Ml4tError as error:
                self.revisions.value = error_html(error)
            self.fold.show(revision_title(self._record))
        if self.versions is not None:
            self.versions.show(dataset if self.fold.is_open else None)

    def static_html(self) -> str:
        """The values that changed, and the versions if they are in sight."""
        record, dataset, parts = self._record, self._dataset, list[str]()
        if record is not None and record.revisions and dataset is not None:
            parts.append(as_html(revision_blocks(record, dataset.frequency)))
        if self.versions is not None and self.fold.is_open:
            parts.append(self.versions.static_html())
        return "".join(parts)

    def _opened(self) -> None:
        if self.versions is None:
            self.versions = VersionList(
                shared=self._shared, changed=self._changed, ended=self._ended
            )
            self.versions.widget.add_class("ml4t-runs")
            self._place.children = (self.versions.widget,)
        self.versions.show(self._dataset)
