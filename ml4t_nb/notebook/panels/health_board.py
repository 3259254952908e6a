"""The health board: each dataset's state, reason, last sessions, and repair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.notebook.panels.board_table import ROWS, BoardTable, Row, table_of, totals_html
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.repair import RepairRun, repair_of
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, Widget, button, field, html
from ml4t_nb.records import Health
from ml4t_nb.render.format import MARKS, many, plain
from ml4t_nb.render.health_blocks import session_maps
from ml4t_nb.render.html import as_html, error_html, line_html
from ml4t_nb.render.layout import Block, Note, nothing_stored
from ml4t_nb.reports import HealthReport, RecentSession

if TYPE_CHECKING:
    from markupsafe import Markup

    from ml4t_nb.notebook.panels.review_inbox import ReviewInbox

__all__ = ["HealthBoard"]


class HealthBoard:
    """Totals, a table to sort and to filter, a map of the last sessions, and an inbox of findings.

    Pages are counted from 0. The latest repair of each dataset is kept until a refresh by hand.
    """

    def __init__(
        self, *, shared: Arguments = NO_ARGUMENTS, changed: Changed = lambda: None
    ) -> None:
        from ipywidgets import HBox, VBox

        self.report: HealthReport | None = None
        self.page = 0
        self.repair_runs: dict[DatasetId, RepairRun] = {}
        self.inbox: ReviewInbox | None = None
        self._shared, self._changed = shared, changed
        # Jobs end in threads of their own. It is never held while `changed` is called, which may
        # wait for another thread that asks for the still.
        self._lock = RLock()
        self._recent: dict[DatasetId, tuple[RecentSession, ...]] = {}
        self._found: tuple[Health, ...] = ()
        self._armed: tuple[DatasetId, str] | None = None
        self._static_html = ""
        self.table = BoardTable(sorted_anew=self._turn_back, press=self._press)
        self.totals, self.message = html("health-totals"), html("health-message")
        self.map, self.place = html("health-map"), html("page")
        self.before = button(
            "◀ Previous", "page-before", partial(self._turn, -1), "The page before.", width="110px"
        )
        self.after = button(
            "Next ▶", "page-after", partial(self._turn, 1), "The next page.", width="110px"
        )
        pager = HBox((self.before, self.place, self.after), layout=CENTRED)
        controls = HBox(self._controls(), layout=WRAPPED | CENTRED)
        self._whole = (controls, self.table.widget, pager, self.map)
        self._findings = VBox()
        content = (self.totals, self.message, *self._whole, self._findings)
        self.widget = VBox(content).add_class("ml4t-health")
        self.refresh()

    def _controls(self) -> tuple[Widget, ...]:
        from ipywidgets import BoundedFloatText, BoundedIntText, Dropdown, Text

        text = Text(
            placeholder="filter by name or reason",
            tooltip="Only datasets whose name or reason has these words.",
            layout={"width": "200px"},
        )
        state = Dropdown(
            # Not None, which a dropdown takes for "nothing chosen" and shows as an empty field.
            options=[("all states", ""), *((f"{MARKS[each]} {each}", each) for each in MARKS)],
            value="",
            tooltip="Only datasets in this state.",
            layout={"width": "120px"},
        )
        stale_days = BoundedFloatText(
            7,
            min=0,
            max=100_000,
            step=1,
            description="stale after days",
            tooltip="Calendar days since the close of the oldest session missed.",
            style={"description_width": "initial"},
            layout={"width": "180px"},
        )
        sessions = BoundedIntText(
            20,
            min=1,
            max=250,
            description="sessions",
            tooltip="How many of the last sessions the map shows.",
            style={"description_width": "initial"},
            layout={"width": "130px"},
        )
        self.text = field(text, "filter", self._turn_back)
        self.state = field(state, "filter-state", self._turn_back)
        self.stale_days = field(stale_days, "stale-days", self._judge)
        self.sessions = field(sessions, "sessions-number", self.refresh)
        self.refresh_button = button(
            "Refresh", "health-refresh", self._forget, "Read the store again.", width="90px"
        )
        return self.text, self.state, self.stale_days, self.sessions, self.refresh_button

    def refresh(self) -> None:
        """Read the store again."""
        self._read(with_sessions=True)

    def static_html(self) -> str:
        """The totals and the page in sight."""
        return self._static_html

    def _judge(self) -> None:
        """Judge again; the sessions are read again only if the store or the day is another."""
        before = _facts(self.report)
        self._read(with_sessions=False)
        if _facts(self.report) != before:
            self.refresh()

    def _read(self, *, with_sessions: bool) -> None:
        more = {"sessions": self.sessions.value} if with_sessions else {}
        asked = {"stale_days": self.stale_days.value, **more, **self._shared}
        with self._lock:
            try:
                self.report = ask(HealthReport, "health", **asked)
            except Ml4tError as error:
                self.report = None
                self._show_only(error_html(error))
            else:
                if with_sessions:
                    names = (each.dataset for each in self.report.datasets)
                    self._recent = dict(zip(names, self.report.recent, strict=True))
                self._show(self.report)
        self._changed()

    def _forget(self) -> None:
        """Read the store again, and leave out how earlier repairs went."""
        with self._lock:
            self.repair_runs = {
                name: each for name, each in self.repair_runs.items() if not each.is_over
            }
            self._armed = None
        self.refresh()

    def _turn_back(self) -> None:
        self._turn(-self.page)

    def _turn(self, pages: int) -> None:
        with self._lock:
            self.page += pages
            self._armed = None
            if self.report is not None:
                self._show(self.report)
        self._changed()

    def _show(self, report: HealthReport) -> None:
        """Put into the widgets what is known."""
        if not report.datasets:
            self._show_only(as_html([nothing_stored(report.home)]))
            self._say()
            return
        self._hide(but_totals=False)
        self._found = self.table.in_order(filter(self._is_wanted, report.datasets))
        last = max(len(self._found) - 1, 0) // ROWS
        self.page = min(max(self.page, 0), last)
        shown = self._on_page()
        totals = self.totals.value = totals_html(report)
        self._show_rows()
        place = self._place(shown, len(report.datasets))
        self.place.value = line_html(place)
        self.before.disabled, self.after.disabled = self.page == 0, self.page == last
        maps = tuple(session_maps(shown, [self._recent.get(each.dataset, ()) for each in shown]))
        self.map.value = as_html(maps)
        kept: list[Block] = [table_of(shown), [Note(place)], *maps]
        self._static_html = totals + (as_html(kept) if shown else line_html(place))

    def _show_only(self, words: Markup) -> None:
        self._found = ()
        self.totals.value = self._static_html = words
        self._hide(but_totals=True)

    def _hide(self, *, but_totals: bool) -> None:
        for widget in self._whole:
            widget.layout.display = "none" if but_totals else ""

    def _show_rows(self) -> None:
        self.table.show([self._row(each) for each in self._on_page()])
        self._say()

    def _say(self) -> None:
        """What has no row: a warning, and how the repair of a removed dataset went."""
        report = self.report
        held = {each.dataset for each in report.datasets} if report is not None else set()
        messages = [
            f"{plain(str(name))}: {each.note}"
            for name, each in self.repair_runs.items()
            if each.is_over and each.note and name not in held
        ]
        messages += [f"⚠️ {self._armed[1]}"] if self._armed else []
        notes = [Note(words) for words in messages]
        self.message.value = as_html([notes]) if notes else ""

    def _is_wanted(self, health: Health) -> bool:
        """Whether it is in the state chosen, and its name or reason has every word typed."""
        words = f"{health.dataset} {health.reason}".lower()
        typed = self.text.value.lower().split()
        return self.state.value in ("", *health.states) and all(word in words for word in typed)

    def _on_page(self) -> tuple[Health, ...]:
        return self._found[self.page * ROWS : (self.page + 1) * ROWS]

    def _place(self, shown: Sequence[Health], whole: int) -> str:
        if not shown:
            return f"none of {many(whole, 'dataset')} is like that: change the filter"
        first = self.page * ROWS + 1
        of = f"{len(self._found):,}" if len(self._found) == whole else f"{len(self._found):,} found"
        return f"{first:,} to {first + len(shown) - 1:,} of {of}"

    def _row(self, health: Health) -> Row:
        repair_run = self.repair_runs.get(health.dataset)
        note = repair_run.note if repair_run else ""
        repair = repair_of(health, shared=self._shared)
        if repair_run is not None and not repair_run.is_over:
            return Row(health, note, "⏳ running", "A job is already running on it.", is_busy=True)
        if _is_to_review(health):
            return Row(health, note, "review", "Show below what is doubtful, to decide about it.")
        if repair is None:
            return Row(health, note)
        if self._armed and self._armed[0] == health.dataset:
            return Row(health, note, "⚠️ do it", repair.warning)
        return Row(health, note, repair.label, repair.tooltip)

    def _press(self, at: int) -> None:
        """Do in that row what its button says."""
        with self._lock:
            shown = self._on_page()
        if at < len(shown):
            act = self._review if _is_to_review(shown[at]) else self._mend
            act(shown[at])

    def _mend(self, health: Health) -> None:
        """Repair a dataset; where something can be lost, at the second press."""
        with self._lock:
            name = health.dataset
            repair = repair_of(health, shared=self._shared)
            before = self.repair_runs.get(name)
            if repair is None or (before is not None and not before.is_over):
                return
            is_warned = self._armed is not None and self._armed[0] == name
            if repair.warning and not is_warned:
                self._armed = (name, repair.warning)
                self._show_rows()
                return
            self._armed = None
            repair_run = self.repair_runs[name] = RepairRun(repair, self._show_repair)
        repair_run.start()
        self._show_repair(repair_run)

    def _review(self, health: Health) -> None:
        """Open a dataset's findings below the board, which is read again after each decision."""
        from ml4t_nb.notebook.panels.review_inbox import ReviewInbox

        decided = 0

        def changed() -> None:
            nonlocal decided
            if self.inbox is not None and len(self.inbox.decided) != decided:
                decided = len(self.inbox.decided)
                self.refresh()
            self._changed()

        symbols = (health.dataset.symbol,)
        self.inbox = None
        self.inbox = ReviewInbox(symbols=symbols, shared=self._shared, changed=changed)
        decided = len(self.inbox.decided)
        self._findings.children = (self.inbox.widget,)

    def _show_repair(self, repair_run: RepairRun) -> None:
        """Show how a repair is; in its job's thread."""
        if repair_run.is_over:
            self.refresh()
        else:
            with self._lock:
                self._show_rows()


def _is_to_review(health: Health) -> bool:
    return isinstance(health.step, NextStep) and health.step.action == "review"


def _facts(report: HealthReport | None) -> list[tuple[object, ...]]:
    """What a report says whatever the threshold is."""
    return [
        (each.dataset, each.rows, each.last, each.updated, each.sessions_behind, each.gaps_open)
        for each in (report.datasets if report is not None else ())
    ]
