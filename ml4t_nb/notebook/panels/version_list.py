"""The versions of one dataset: each one's bars over today's, what its run changed, and an undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import RLock
from typing import Any, Literal, TypeAlias, get_args

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.known_then import plot_then
from ml4t_nb.notebook.panels.latest import Latest
from ml4t_nb.notebook.panels.panel_command import Arguments, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.run_undo import RunUndo
from ml4t_nb.notebook.panels.version_rows import kept_versions, version_rows, versions_shown
from ml4t_nb.notebook.panels.widgets import WRAPPED, OwnChange, field, html
from ml4t_nb.render.change.change_html import change_html
from ml4t_nb.render.change.run_change import run_change
from ml4t_nb.render.change.wording import change_sentence
from ml4t_nb.render.format import many
from ml4t_nb.render.html import as_html, error_html, line_html
from ml4t_nb.render.markup import element
from ml4t_nb.reports import PlotReport
from ml4t_nb.verbs.stored_versions import StoredVersion, StoredVersions, stored_versions
from ml4t_nb.workspace import Workspace

__all__ = ["VersionList"]

Picture: TypeAlias = Literal["now", "run"]
"""The version under today's bars, or the bars before and after its run."""

_ROWS, _FEWEST = 7, 2
_AT_ONCE = 100_000
"""Bars of which a picture is there before anybody would see that it is not."""


class VersionList:
    """Choose a version of a dataset, see what differs now, and read it or undo a run since.

    ``changed`` is called when there is something new to see, ``ended`` once an undo is over.
    """

    def __init__(
        self, *, shared: Arguments, changed: Changed, ended: Callable[[], object] = lambda: None
    ) -> None:
        self._shared, self._changed, self._ended = shared, changed, ended
        self._lock = RLock()
        self._own_change = OwnChange()
        self._dataset: DatasetId | None = None
        self._found: StoredVersions | None = None
        self._listed: list[StoredVersion] = []
        self._drawn: PlotReport | None = None
        self._drawing = 0
        self.latest = Latest()
        self._build()

    def _build(self) -> None:
        from ipywidgets import Dropdown, HBox, Select, VBox

        plain = {"style": {"description_width": "initial"}, "layout": {"width": "auto"}}
        only = Dropdown(
            description="Show",
            tooltip="Which versions are listed",
            options=[("all", False)],
            **plain,
        )
        versions = Select(
            rows=_ROWS,
            tooltip="Versions, the newest first: the chosen one is drawn below under today's bars",
            layout={"width": "auto"},
        )
        of = Dropdown(description="Picture", tooltip="What is drawn of the chosen one", **plain)
        self.only = field(only, "version-only", partial(self._show, self._list))
        self.list = field(versions, "run-list", partial(self._show, self._aim), "index")
        self.of = field(of, "version-picture", partial(self._show, self._draw))
        self.message, self.heard = html("version-message"), html("version-heard")
        self.picture = html("run-picture")
        self.undo = RunUndo(shared=self._shared, changed=self._changed, ended=self._undone)
        head = HBox([self.only, self.of], layout=WRAPPED)
        seen = (self.message, self.heard, self.picture)
        self.body = VBox([head, self.list, *seen, self.undo.widget])
        self.widget = self.body

    @property
    def version(self) -> StoredVersion | None:
        """The one that is chosen."""
        at: int | None = self.list.index
        return None if at is None or at >= len(self._listed) else self._listed[at]

    @property
    def target(self) -> StoredVersion | None:
        """Whose run would be undone: the newest since the chosen version, or the version's own."""
        chosen = self.version
        if chosen is None or self._found is None:
            return None
        since = (each for each in self._found.versions if each.number > chosen.number)
        newest = next((each for each in since if each.is_undoable), None)
        own = chosen if chosen.is_undoable else None
        return own if self.of.value == "run" else newest or own

    def show(self, dataset: DatasetId | None) -> None:
        """List the versions of that dataset, or nothing."""
        with self._lock:
            if dataset != self._dataset:
                self._clear()
            self._dataset = dataset
            self.body.layout.display = "none" if dataset is None else ""
            self._forget()
        if dataset is not None:
            self.refresh()

    def refresh(self) -> None:
        """Read the store again; the version stays chosen where it is still listed."""
        self._show(self._read, is_choice=False)

    def look(self) -> None:
        """Read the store again if it has a newer version, whoever made it."""
        with self._lock:
            dataset, found = self._dataset, self._found
        if dataset is None:
            return
        try:
            newest = self._workspace.store.sequence(dataset)
            if found is None:
                stored_versions(self._workspace, dataset)
        except Ml4tError:
            return  # said already; of settings, whoever asks for something is told
        if found is None or newest != found.newest:
            self.refresh()

    def static_html(self) -> str:
        """The versions, the picture of the chosen one, and how an undo went."""
        parts = [str(self.message.value)]
        parts += [as_html(kept_versions(self._found))] if self._found is not None else []
        parts += [change_html(self._drawn, is_still=True)] if self._drawn is not None else []
        return "".join([*parts, self.undo.static_html()])

    @property
    def _workspace(self) -> Workspace:
        home: Any = self._shared.get("home")
        return Workspace.open().at(home)

    def _show(self, act: Callable[[], None], *, is_choice: bool = True) -> None:
        """Show something new, or its error; nothing if it is no choice of a person's."""
        with self._lock:
            if is_choice and self._own_change:
                return
            self.message.value = ""
            try:
                # What could not be read may be there by now, or is said again.
                (self._read if self._found is None else act)()
            except Ml4tError as error:
                self._clear()
                self.message.value = error_html(error)
        self._changed()

    def _clear(self) -> None:
        """List no version, and offer no undo: what there was may be another dataset's."""
        self._found, self._listed = None, []
        with self._own_change:
            self.list.options = ()
        self._forget()
        self.undo.aim(None, None)

    def _forget(self) -> None:
        self._drawing += 1
        self._drawn, self.picture.value, self.heard.value = None, "", ""

    def _read(self) -> None:
        dataset = self._dataset
        if dataset is None:
            return
        found = self._found = stored_versions(self._workspace, dataset)
        shown = versions_shown(found.versions, only_changed=True)
        choices = [(f"all {many(len(found.versions), 'version')}", False)]
        if len(shown) < len(found.versions):
            choices.append((f"the {len(shown):,} that changed values, or are the newest", True))
        with self._own_change:
            before = self.only.value
            self.only.options = choices
            self.only.value = bool(before) and len(choices) > 1
        self._list()

    def _list(self) -> None:
        """The versions, the newest first."""
        found, before = self._found, self.version
        assert found is not None
        self._listed = versions_shown(found.versions, only_changed=self.only.value)
        numbers = [each.number for each in self._listed]
        kept = before is not None and before.number in numbers
        first = before.number if before is not None and kept else _first(found, numbers)
        with self._own_change:
            self.list.options = version_rows(self._listed, found.newest)
            self.list.rows = min(max(len(numbers), _FEWEST), _ROWS)
            self.list.index = numbers.index(first)
        self._aim()

    def _aim(self) -> None:
        """Offer both pictures of the chosen version, and draw one."""
        chosen = self.version
        if chosen is None:
            return
        words = {
            "now": f"version {chosen.number} and now",
            "run": f"what run {chosen.number} changed",
        }
        before = self.of.value
        with self._own_change:
            self.of.options = [(words[each], each) for each in get_args(Picture)]
            self.of.value = before or "now"
        self._draw()

    def _draw(self) -> None:
        """Show the picture of the chosen version; one of very many bars when it is ready."""
        self._forget()
        dataset, found, chosen, target = self._dataset, self._found, self.version, self.target
        self.undo.aim(dataset, None if target is None else target.run)
        if dataset is None or found is None or chosen is None:
            return
        self.message.value = "".join(map(error_html, found.damage))
        act = partial(self._take, self._drawing, dataset, chosen.number, self.of.value)
        if found.rows <= _AT_ONCE:
            act()
            return
        self.picture.value = line_html(f"Reading version {chosen.number}…")
        self.latest.do(lambda: (act(), self._changed()))

    def _take(self, drawing: int, dataset: DatasetId, number: int, of: Picture) -> None:
        """Read and show a picture, unless another is wanted by now; in any thread."""
        what = {"run" if of == "run" else "diff": number}
        drawn, words, shown = None, "", ""
        try:
            drawn, said = plot_then({**what, **of_dataset(dataset), **self._shared}, number)
            if drawn is not None:
                words = change_sentence(run_change(drawn))
                shown = change_html(drawn)
            shown = f"{line_html(said)}{shown}" if said else shown
        except Ml4tError as error:
            shown = error_html(error)
        with self._lock:
            if drawing != self._drawing:
                return
            self._drawn, self.picture.value = drawn, shown
            self.heard.value = element("div", words, class_="ml4t-unseen", role="status")

    def _undone(self) -> None:
        self.refresh()
        self._ended()


def _first(found: StoredVersions, numbers: Sequence[int]) -> int:
    """The newest version that differs from what is read now; the newest where none does."""
    changed = next((each.number for each in found.versions if each.has_changed_values), 0)
    before = (each for each in found.versions if each.number < changed and each.is_kept)
    return next((each.number for each in before if each.number in numbers), numbers[0])
