"""The gap explorer: a dataset's plot and its gaps, and what can be done about each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import Gap
from ml4t_nb.notebook.panels.gap_buttons import GapButtons
from ml4t_nb.notebook.panels.gap_rows import (
    besides_blocks,
    dataset_row,
    gap_rows,
    kept_blocks,
)
from ml4t_nb.notebook.panels.gap_target import is_same_gap, list_gaps, target_of
from ml4t_nb.notebook.panels.live_chart import LiveChart
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.revision_fold import RevisionFold
from ml4t_nb.notebook.panels.widgets import (
    WRAPPED,
    OwnChange,
    button,
    field,
    html,
    script,
)
from ml4t_nb.records import Summary
from ml4t_nb.render.format import many
from ml4t_nb.render.html import INK, as_html, error_html
from ml4t_nb.render.layout import nothing_stored
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.theme import gap_story
from ml4t_nb.reports import GapsReport, ListReport

__all__ = ["GapExplorer"]

_ACTS = {"a": "refetch", "f": "refill", "c": "close"}
_KEYS = (
    "After A, F and C the next open gap is chosen. C asks for the reason first, Enter then closes. "
    "U takes the last one back. Keys are heard while the focus is in this panel."
)
_MANY = 15
_ROWS = 9


class GapExplorer:
    """See the gaps of a dataset in its plot and in a list, and repair the one that is chosen."""

    def __init__(
        self, *, shared: Arguments = NO_ARGUMENTS, changed: Changed = lambda: None
    ) -> None:
        self._shared, self._changed = shared, changed
        self._lock = RLock()
        self._own_change = OwnChange()
        self._stored: list[Summary] = []
        self._report: GapsReport | None = None
        self.chart = LiveChart(
            shared=self._shared, picked=self._pick, changed=changed, newer=self.refresh
        )
        self.repairs = GapButtons(shared=self._shared, ended=self._ended)
        self._build()
        self.refresh()

    def _build(self) -> None:
        from ipywidgets import Dropdown, HBox, Select, Text, VBox

        text = Text(
            placeholder="filter",
            tooltip="Only datasets whose name contains this",
            layout={"width": "10em", "display": "none"},
        )
        dataset = Dropdown(
            description="Dataset",
            style={"description_width": "initial"},
            layout={"width": "auto", "max_width": "calc(100% - 4px)"},  # and its margins
        )
        gaps = Select(
            rows=_ROWS, tooltip="Gaps: one that is chosen is drawn above", layout={"width": "auto"}
        )
        self.filter = field(text, "gap-filter", self._offer)
        self.dataset = field(dataset, "gap-dataset", partial(self._show, self._chosen_dataset))
        self.list = field(gaps, "gap-list", partial(self._show, self._chosen_gap), "index")
        self.refresh_button = button("Refresh", "gap-refresh", self.refresh, "Read the store again")
        self.message, self.heading = html("gap-message"), html("gap-heading")
        self.description, self.unanswered = html("gap-story"), html("unanswered")
        self.revisions = RevisionFold(
            shared=self._shared, changed=self._changed, ended=self.refresh
        )
        self.back = button("Back", "gap-back", partial(self._step, -1), "The gap before")
        self.next = button("Next", "gap-next", partial(self._step, 1), "The gap after")
        self.place = html("gap-place")
        self._keys = script("keyed_panel.js", "gap_keys.js")
        self._keys.on_msg(self._hear)
        steps = HBox([self.place, self.next, self.back]).add_class("ml4t-gap-steps")
        words = html("gap-words")
        words.value = element("div", _KEYS)
        left = VBox(
            [steps, self.heading, self.list], layout={"flex": "3 1 340px", "margin": "0 12px 0 0"}
        )
        right = VBox([self.description, self.repairs.widget, words], layout={"flex": "2 1 300px"})
        rows = (self.chart.widget, HBox([left, right], layout=WRAPPED), self.unanswered)
        self.body = VBox([*rows, self.revisions.widget], layout={"display": "none"})
        head = HBox([self.filter, self.dataset, self.refresh_button], layout=WRAPPED)
        self.widget = VBox([head, self.message, self.body, self._keys]).add_class("ml4t-gaps")

    @property
    def gap(self) -> Gap | None:
        """The gap that is chosen."""
        at: int | None = self.list.index
        return None if at is None else self._gaps[at]

    @property
    def _gaps(self) -> tuple[Gap, ...]:
        return () if self._report is None else self._report.datasets[0].gaps

    def refresh(self) -> None:
        """Read the store again; dataset, gap and range stay chosen where they are still there."""
        self._show(self._read, is_choice=False)

    def _ended(self, shown: Gap | None, is_next: bool) -> None:  # noqa: FBT001  # as it is called
        """Read the store again, and choose that gap or the next open one after it."""
        self.refresh()
        if shown is None:
            return
        with self._lock:
            at = self._row_of(shown) if not is_next else self._next_open(shown)
            if at is not None:
                self.list.index = at

    def _next_open(self, gap: Gap) -> int | None:
        """The row of the next gap that waits, from the first on again after the last."""
        waiting = [at for at, each in enumerate(self._gaps) if each.is_pending]
        waiting = [at for at in waiting if not is_same_gap(self._gaps[at], gap)]
        return next(
            (at for at in waiting if self._gaps[at].start > gap.start), next(iter(waiting), None)
        )

    def _step(self, by: int) -> None:
        """The next gap of the list, or the one before."""
        with self._lock:
            at, last = self.list.index, len(self._gaps) - 1
            if last >= 0:
                self.list.index = (
                    (0 if by > 0 else last) if at is None else min(max(at + by, 0), last)
                )

    def _hear(self, _: object, content: object, __: object) -> None:
        """What the key's button does; the next open gap is then chosen."""
        match content:
            case {"what": "key", "key": "j" | "k" as key}:
                self._step(1 if key == "j" else -1)
            case {"what": "key", "key": "u"}:
                self.repairs.take_back()
            case {"what": "key", "key": str(key), "reason": str(reason)} if key in _ACTS:
                if key == "c":
                    self.repairs.reason.value = reason
                self.repairs.press(_ACTS[key], is_key=True)

    def static_html(self) -> str:
        """The gaps in a table and the plot as a picture."""
        report, drawn = self._report, self.chart.report
        parts = [str(self.message.value)]
        parts += [as_html(kept_blocks(report))] if report is not None else []
        parts += [self.chart.static_html()] if drawn is not None else []
        return "".join([*parts, self.revisions.static_html()])

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
        report = ask(ListReport, "list", **self._shared)
        # Those with pending gaps first, then by name.
        self._stored = sorted(report.datasets, key=lambda each: (not each.gaps_open, each.dataset))
        before = self.dataset.value
        self.filter.layout.display = "" if len(self._stored) > _MANY else "none"
        self._offer()
        if self.dataset.value is not None:
            self._look(is_new=self.dataset.value != before)
        else:
            self._forget()
            self.message.value = as_html([nothing_stored(report.home)])

    def _offer(self) -> None:
        """Datasets to choose from; the one that is chosen stays, if it is still stored."""
        with self._lock, self._own_change:
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
        if self.dataset.value is not None:
            self._look(is_new=True)

    def _chosen_gap(self) -> None:
        self._aim()
        if self.gap is not None:
            self.chart.around(self.gap)

    def _pick(self, gap: Gap) -> None:
        """The gap whose band was clicked."""
        with self._lock:
            at = self._row_of(gap)
            if at is None or at != self.list.index:
                self.list.index = at
            else:
                self.chart.around(self._gaps[at])

    def _row_of(self, gap: Gap) -> int | None:
        return next((at for at, each in enumerate(self._gaps) if is_same_gap(each, gap)), None)

    def _look(self, *, is_new: bool) -> None:
        """Show what is known of the dataset by now."""
        dataset = self.dataset.value
        before = None if is_new else self.gap
        if is_new:
            self._forget()
        try:
            self._report = list_gaps(dataset, shared=self._shared)
        except Ml4tError:
            # What was shown before is no longer what is stored.
            self._forget()
            raise
        at = None if before is None else self._row_of(before)
        if is_new:
            self.chart.show(dataset)
        else:
            self.chart.marked = None if at is None else self._gaps[at]
            self.chart.redraw()
        heading, rows = gap_rows(self._gaps, dataset.frequency, self.chart.zone)
        with self._own_change:
            self.heading.value = fragment(heading if rows else "")
            self.list.options = rows
            self.list.index = at
        self.list.layout.display = "" if rows else "none"
        self.unanswered.value = as_html(besides_blocks(self._report))
        self.body.layout.display = ""
        self._aim()
        self.revisions.show(dataset)

    def _aim(self) -> None:
        """Let the buttons act on the gap that is chosen, and describe it."""
        dataset, gap = self.dataset.value, self.gap
        target, story = None, "Choose a gap in the list, or its band in the plot."
        if gap is not None:
            target = target_of(gap, dataset, zone=self.chart.zone, shared=self._shared)
            told = gap_story(gap, dataset.frequency, self.chart.zone)
            story = f"{told}\n{target.description}"
        self.description.value = element("div", story, style=INK)
        self.description.layout.display = "" if self._gaps else "none"
        self.repairs.set_target(target)
        at = self.list.index
        here = (
            f"{at + 1:,} of {len(self._gaps):,}" if at is not None else many(len(self._gaps), "gap")
        )
        self.place.value = element("div", here)

    def _forget(self) -> None:
        """Show nothing."""
        with self._own_change:
            self._report = None
            self.revisions.show(None)
            self.list.options = ()
            self.body.layout.display = "none"
            self.chart.show(None)
            self.repairs.set_target(None)
