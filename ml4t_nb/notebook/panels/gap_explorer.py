"""The gap explorer: a dataset's plot and its gaps, and what can be done about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.notebook.panels.fold import Fold
from ml4t_nb.notebook.panels.gap_buttons import GapButtons
from ml4t_nb.notebook.panels.gap_rows import (
    besides_blocks,
    by_need,
    dataset_row,
    gap_rows,
    kept_blocks,
    local_words,
)
from ml4t_nb.notebook.panels.gap_target import GapTarget, is_same_gap, list_gaps, target_of
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, ask, of_dataset
from ml4t_nb.notebook.panels.plot_view import PlotView
from ml4t_nb.notebook.panels.revisions import revision_blocks, revision_title
from ml4t_nb.records import Summary, UpdateRecord
from ml4t_nb.render.html import INK, as_html, error_html
from ml4t_nb.render.layout import nothing_stored
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.theme import gap_story
from ml4t_nb.reports import DatasetGaps, GapsReport, ListReport, PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["GapExplorer"]

_MANY = 15
_ROWS = 9
_STYLE = """<style>
.ml4t-gap-list select, .ml4t-gap-heading { font-family: var(--jp-code-font-family, monospace);
  font-size: 12px; }
.ml4t-gap-list select { margin: 0; }
.ml4t-gap-heading .widget-html-content { font-size: 12px; padding-left: 3px; overflow: hidden;
  white-space: pre; }
.ml4t-gap-story .widget-html-content { white-space: pre-wrap; line-height: 1.4; }
.ml4t-gaps .ml4t-chart { overflow: hidden; }
</style>"""


class GapExplorer:
    """See the gaps of a dataset in its plot and in a list, and repair the one that is chosen.

    Parameters
    ----------
    shared
        Arguments of each command.
    changed
        Called when `static_html` has something new; in any thread.
    """

    def __init__(
        self,
        *,
        shared: Mapping[str, object] = NO_ARGUMENTS,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._shared, self._changed = shared, changed
        self._lock = RLock()
        self._is_setting = False
        self._stored: tuple[Summary, ...] = ()
        self._listed: DatasetGaps | None = None
        self._report: GapsReport | None = None
        self._record: UpdateRecord | None = None
        self.plot_view = PlotView(shared=self._shared, picked=self._pick, changed=changed)
        self.repairs = GapButtons(shared=self._shared, ended=self.refresh)
        self._build()
        self.refresh()

    def _build(self) -> None:
        from ipywidgets import HTML, Button, Dropdown, HBox, Select, Text, VBox

        self.filter = Text(placeholder="filter", layout={"width": "10em", "display": "none"})
        self.filter.tooltip = "Only datasets whose name has this in it"
        self.dataset = Dropdown(
            description="Dataset",
            style={"description_width": "initial"},
            layout={"width": "auto", "max_width": "100%"},
        )
        self.refresh_button = Button(description="Refresh", tooltip="Read the store again")
        self.refresh_button.layout.width = "auto"
        self.message, self.description, self.unanswered, self.revisions = (HTML() for _ in range(4))
        self.heading = HTML()
        self.list = Select(rows=_ROWS, layout={"width": "auto"})
        self.list.tooltip = "Gaps: one that is chosen is drawn above"
        wrap = {"flex_flow": "row wrap"}
        left = VBox([self.heading, self.list], layout={"flex": "3 1 340px", "margin": "0 12px 0 0"})
        right = VBox([self.description, self.repairs.widget], layout={"flex": "2 1 300px"})
        self.fold = Fold(self.revisions)
        rows = (self.plot_view.widget, HBox([left, right], layout=wrap), self.unanswered)
        self.body = VBox([*rows, self.fold.widget], layout={"display": "none"})
        head = HBox([self.filter, self.dataset, self.refresh_button], layout=wrap)
        self.widget = VBox(
            [HTML(_STYLE, layout={"display": "contents"}), head, self.message, self.body]
        )
        names = {
            "gaps": self.widget, "gap-filter": self.filter, "gap-dataset": self.dataset,
            "gap-refresh": self.refresh_button, "gap-message": self.message, "gap-list": self.list,
            "gap-heading": self.heading, "gap-story": self.description,
            "revisions": self.fold.widget,
            "unanswered": self.unanswered,
        }  # fmt: skip
        for name, widget in names.items():
            widget.add_class(f"ml4t-{name}")
        self.refresh_button.on_click(lambda _: self.refresh())
        self.filter.observe(lambda _: self._offer(), "value")
        self.dataset.observe(lambda _: self._chosen_dataset(), "value")
        self.list.observe(lambda _: self._chosen_gap(), "index")

    @property
    def gap(self) -> Gap | None:
        """The gap that is chosen."""
        if self._listed is None or self.list.index is None:
            return None
        at: int = self.list.index
        return self._listed.gaps[at]

    def refresh(self) -> None:
        """Read the store again; dataset, gap and range stay chosen where they are still there."""
        with self._lock, self._told():
            report = ask("list", **self._shared)
            assert isinstance(report, ListReport)
            self._stored = tuple(by_need(report.datasets))
            before = self.dataset.value
            self.filter.layout.display = "" if len(self._stored) > _MANY else "none"
            self._offer()
            if self.dataset.value is not None:
                self._look(is_new=self.dataset.value != before)
            else:
                self._forget()
                self.message.value = as_html([nothing_stored(report.home)])
        self._changed()

    def static_html(self) -> str:
        """The gaps in a table and the plot as a picture."""
        from ml4t_nb.render.plots import svg_of

        report, drawn, record = self._report, self.plot_view.report, self._record
        parts = [str(self.message.value)]
        parts += [as_html(kept_blocks(report))] if report is not None else []
        parts += [svg_of(drawn)] if drawn is not None else []
        if record is not None and record.revisions and drawn is not None:
            parts.append(as_html(revision_blocks(record, drawn.dataset.frequency)))
        return "".join(parts)

    def _offer(self) -> None:
        """Datasets to choose from; the one that is chosen stays, if it is still stored."""
        with self._lock, self._setting():
            before, wanted = self.dataset.value, str(self.filter.value).strip().lower()
            rows = [
                (dataset_row(each), each.dataset)
                for each in self._stored
                if each.dataset == before or wanted in str(each.dataset).lower()
            ]
            known = [dataset for _, dataset in rows]
            self.dataset.options = rows
            self.dataset.value = before if before in known else next(iter(known), None)

    def _chosen_dataset(self) -> None:
        with self._lock:
            if self._is_setting or self.dataset.value is None:
                return
            with self._told():
                self._look(is_new=True)
        self._changed()

    def _chosen_gap(self) -> None:
        with self._lock:
            if self._is_setting:
                return
            with self._told():
                self._aim()
                if self.gap is not None:
                    self.plot_view.around(self.gap)
        self._changed()

    def _pick(self, gap: Gap) -> None:
        """The gap whose band was clicked."""
        with self._lock:
            gaps = () if self._listed is None else self._listed.gaps
            at = next((row for row, each in enumerate(gaps) if is_same_gap(each, gap)), None)
            if at is None or at != self.list.index:
                self.list.index = at
            else:
                self.plot_view.around(gaps[at])

    def _look(self, *, is_new: bool) -> None:
        """Show what is known of the dataset by now."""
        dataset = self.dataset.value
        before = None if is_new else self.gap
        if is_new:
            self._forget()
        try:
            self._report, self._listed = list_gaps(dataset, shared=self._shared)
        except Ml4tError:
            # What was shown before is no longer what is stored.
            self._forget()
            raise
        gaps = self._listed.gaps
        heading, rows = gap_rows(gaps, dataset.frequency)
        with self._setting():
            self.heading.value = fragment(heading if gaps else "")
            self.list.options = rows
            self.list.index = next(
                (
                    at
                    for at, gap in enumerate(gaps)
                    if before is not None and is_same_gap(gap, before)
                ),
                None,
            )
        self.list.layout.display = "" if gaps else "none"
        self.unanswered.value = as_html(besides_blocks(self._report))
        self.body.layout.display = ""
        self.plot_view.mark(self.gap)
        if is_new:
            self.plot_view.show(dataset)
        else:
            self.plot_view.redraw()
        self._aim()
        self._revise(dataset)

    def _aim(self) -> None:
        """Let the buttons act on the gap that is chosen, and tell its story."""
        dataset, gap = self.dataset.value, self.gap
        zone = "UTC" if self.plot_view.report is None else self.plot_view.report.zone
        target: GapTarget | None = None
        if gap is None:
            some = self._listed is not None and self._listed.gaps
            self.description.value = _story("Choose a gap in the list, or its band in the plot.")
            self.description.layout.display = "" if some else "none"
        else:
            self.description.layout.display = ""
            target = target_of(gap, dataset, zone=zone, shared=self._shared)
            local = local_words(gap, dataset.frequency, zone)
            parts = (gap_story(gap, dataset.frequency), local, target.description)
            self.description.value = _story("\n".join(part for part in parts if part))
        self.repairs.set_target(dataset, target, zone=zone)

    def _revise(self, dataset: DatasetId) -> None:
        """Show what the provider changed when it was last asked."""
        self._record = None
        try:
            report = ask("plot", last_run=True, **of_dataset(dataset), **self._shared)
        except Ml4tError as error:
            self.revisions.value = error_html(error)
        else:
            assert isinstance(report, PlotReport)
            self._record = report.record
            self.revisions.value = as_html(revision_blocks(report.record, dataset.frequency))
        self.fold.title = revision_title(self._record)

    def _forget(self) -> None:
        """Show nothing."""
        with self._setting():
            self._report = self._listed = self._record = None
            self.list.options = ()
            self.body.layout.display = "none"
            self.plot_view.show(None)
            self.repairs.set_target(None, None, zone="UTC")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """An error is reported in the panel; without one nothing is."""
        self.message.value = ""
        try:
            yield
        except Ml4tError as error:
            self.message.value = error_html(error)

    @contextmanager
    def _setting(self) -> Iterator[None]:
        """What is set meanwhile was not chosen by a person."""
        before, self._is_setting = self._is_setting, True
        try:
            yield
        finally:
            self._is_setting = before


def _story(text: str) -> Markup:
    return element("div", text, style=INK)
