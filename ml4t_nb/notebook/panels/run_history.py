"""The versions of stored datasets: one dataset's at a time, each over what is read today."""

from __future__ import annotations

from threading import RLock
from typing import Any

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.store_watch import StoreWatch
from ml4t_nb.notebook.panels.version_list import VersionList
from ml4t_nb.notebook.panels.widgets import WRAPPED, OwnChange, Widget, button, field, html, script
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.html import as_html, error_html
from ml4t_nb.render.layout import nothing_stored
from ml4t_nb.reports import DatasetHistory, HistoryReport

__all__ = ["RunHistory"]

_RUNS = 100  # as many as are kept


class RunHistory:
    """Choose a dataset, and one of its versions: what differs now, and which run to undo.

    While a page shows it, it follows the store, whoever commits.
    """

    def __init__(
        self,
        symbols: tuple[str, ...] = (),
        *,
        shared: Arguments = NO_ARGUMENTS,
        changed: Changed = lambda: None,
    ) -> None:
        from ipywidgets import Dropdown, HBox, VBox

        self._symbols, self._shared, self._changed = symbols, shared, changed
        self._lock = RLock()
        self._own_change = OwnChange()
        self._stored: dict[DatasetId, DatasetHistory] = {}
        dataset = Dropdown(description="Dataset", style={"description_width": "initial"})
        self.dataset = field(dataset, "run-dataset", self._chosen)
        self.refresh_button = button("Refresh", "run-refresh", self.refresh, "Read the store again")
        self.message = html("run-message")
        self.versions = VersionList(shared=shared, changed=changed)
        self._watch = StoreWatch(self.versions.look)
        self._seen = script("page_seen.js", "page_watch.js")
        self._seen.on_msg(self._hear)
        head = HBox([self.dataset, self.refresh_button], layout=WRAPPED)
        self.widget = VBox([head, self.message, self.versions.widget, self._seen])
        self.widget.add_class("ml4t-runs")
        self.refresh()

    def refresh(self) -> None:
        """Read the store again; dataset and version stay chosen where they are still there."""
        with self._lock:
            self.message.value = ""
            try:
                self._read()
            except Ml4tError as error:
                self.message.value = error_html(error)
        self._changed()

    def static_html(self) -> str:
        """What was said, the versions, and the picture of the chosen one."""
        return str(self.message.value) + self.versions.static_html()

    def _read(self) -> None:
        chosen = {"symbol": self._symbols} if self._symbols else {}
        report = ask(HistoryReport, "history", limit=_RUNS, **chosen, **self._shared)
        self._stored = {each.dataset: each for each in report.datasets}
        before = self.dataset.value
        with self._own_change:
            self.dataset.options = [(str(each), each) for each in self._stored]
            known = before if before in self._stored else self._first()
            self.dataset.value = known
        if known is None:
            self.message.value = as_html([nothing_stored(report.home)])
        self.versions.show(known)

    def _first(self) -> DatasetId | None:
        """One of which a run changed a value, or else the first."""
        changed = (each for each, of in self._stored.items() if any(map(_has_changed, of.records)))
        return next(changed, next(iter(self._stored), None))

    def _chosen(self) -> None:
        if not self._own_change:
            self.versions.show(self.dataset.value)

    def _hear(self, _: Widget, message: dict[str, Any], __: object) -> None:
        match message:
            case {"what": "seen", "page": str(page), "is_seen": bool(is_seen)}:
                self._watch.see(page, is_seen=is_seen)


def _has_changed(record: UpdateRecord) -> bool:
    return bool(record.version and (record.revised or record.restatement is not None))
