"""The health board: datasets by what is wrong with them, and one remedy for many."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from threading import RLock
from typing import TYPE_CHECKING, Any

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.board_groups import Cause, causes
from ml4t_nb.notebook.panels.board_rows import board_json, scale
from ml4t_nb.notebook.panels.board_script import board_script
from ml4t_nb.notebook.panels.board_static import board_html
from ml4t_nb.notebook.panels.board_strip import strips_of
from ml4t_nb.notebook.panels.job_cards import JobCards
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.repair import Remedy, RepairRun, remedies_of, repair_of
from ml4t_nb.notebook.panels.store_watch import StoreWatch
from ml4t_nb.notebook.panels.widgets import Widget, html
from ml4t_nb.records import Health
from ml4t_nb.render.html import as_html, error_html
from ml4t_nb.render.layout import Note, nothing_stored
from ml4t_nb.reports import HealthReport
from ml4t_nb.verbs.session_days import session_days
from ml4t_nb.workspace import Workspace

if TYPE_CHECKING:
    from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
    from ml4t_nb.notebook.panels.review_inbox import ReviewInbox

__all__ = ["HealthBoard"]


class HealthBoard:
    """Totals, groups of datasets by cause, jobs that mend them, and what is open below.

    The page draws it, sorts, filters and selects; what it asks for comes as a message, and names
    datasets by their keys.
    """

    def __init__(
        self, *, shared: Arguments = NO_ARGUMENTS, changed: Changed = lambda: None
    ) -> None:
        from ipywidgets import VBox

        self.report: HealthReport | None = None
        self.groups: tuple[Cause, ...] = ()
        self.repair_runs: list[RepairRun] = []
        self.inbox: ReviewInbox | None = None
        self.explorer: GapExplorer | None = None
        self._shared, self._changed = shared, changed
        # Jobs end in threads of their own. It is never held while `changed` is called, which may
        # wait for another thread that asks for the still.
        self._lock = RLock()
        self._stale_days = 7.0
        self._version = 0
        self._by_key: dict[str, Health] = {}
        self._static_html = ""
        self._shown: tuple[Health, ...] | str = ""
        self._watch = StoreWatch(self.look)
        self.board = board_script()
        self.board.on_msg(self._hear)
        self.message, self.details = html("health-message"), html("health-details")
        self.cards = JobCards(changed)
        self._below = VBox().add_class("ml4t-board-below")
        content = (self.message, self.board, self.cards.widget, self._below)
        self.widget = VBox(content).add_class("ml4t-health").add_class("ml4t-boarded")
        self.refresh()

    def refresh(self) -> None:
        """Read the store again."""
        self._read()

    def look(self) -> None:
        """Show the store if it is not as it is shown, whoever changed it."""
        self._read(is_look=True)

    def _read(self, *, is_look: bool = False) -> None:
        with self._lock:
            try:
                asked = {"stale_days": self._stale_days, **self._shared}
                report, words = ask(HealthReport, "health", **asked), ""
            except Ml4tError as error:
                report, words = None, error_html(error)
            shown = words if report is None else report.datasets
            if is_look and shown == self._shown:
                return
            self._shown = shown
            self._version += 1
            if report is None:
                self._show_only(words)
            else:
                self._show(report)
        self._changed()

    def static_html(self) -> str:
        """The groups, folded."""
        return self._static_html

    def mend(self, remedy: Remedy, keys: Sequence[str], *, is_sure: bool = False) -> None:
        """Do this about all of these datasets that it fits.

        Where something can be lost it is asked first, and done if the same comes with ``is_sure``.
        """
        with self._lock:
            busy = self._busy()
            chosen = [
                health
                for key in dict.fromkeys(keys)
                if (health := self._by_key.get(key)) is not None
                and remedy in remedies_of(health)
                and health.dataset not in busy
            ]
            names = [str(each.dataset) for each in chosen]
            asked, self.board.question = self.board.question, {}
            if not chosen:
                return
            if remedy == "review":
                self._review(names)
                return
            stored = [each.dataset for each in self._by_key.values()]
            repair = repair_of(remedy, chosen, stored=stored, shared=self._shared)
            if repair.warning and not (is_sure and asked.get("keys") == names):
                question = {"remedy": remedy, "keys": names, "words": repair.warning}
                self.board.question = question
                return
            run = RepairRun(repair, [each.dataset for each in chosen], self._ended)
            self.repair_runs.append(run)
        run.start()
        self._show_jobs()

    def open(self, key: str) -> None:
        """Show below what is known of a dataset: its findings, its gaps, or why it is as it is."""
        with self._lock:
            health = self._by_key.get(key)
        if health is None:
            return
        if health.suspect:
            self._review([key])
        elif health.gaps_open and health.state != "error":
            self._explore(health)
        else:
            words = f"{health.dataset}: {health.reason}"
            self.details.value = as_html([[Note(words, health.step)]])
            self._put_below(self.details, key)

    def _hear(self, _: Widget, message: dict[str, Any], __: object) -> None:
        match message:
            case {"what": "strips", "keys": [*keys]}:
                self._send_strips(keys)
            case {"what": "do", "remedy": remedy, "keys": [*keys]}:
                self.mend(remedy, keys, is_sure=message.get("is_sure") is True)
            case {"what": "keep"}:
                self.board.question = {}
            case {"what": "seen", "page": str(page), "is_seen": bool(is_seen)}:
                self._watch.see(page, is_seen=is_seen)
            case {"what": "open", "key": str(key)}:
                self.open(key)
            case {"what": "close"}:
                self._put_below(None, "")
            case {"what": "refresh"}:
                self._forget()
                self.refresh()
            case {"what": "stale", "days": int() | float() as days} if isfinite(days):
                self._stale_days = max(days, 0)
                self.board.stale_days = f"{self._stale_days:g}"
                self.refresh()

    def _send_strips(self, keys: Sequence[str]) -> None:
        with self._lock:
            chosen = [self._by_key[key] for key in keys if key in self._by_key]
            version, report = self._version, self.report
        if report is None:
            return
        first, end = scale(report)
        strips = {
            str(dataset): [[list(each) for each in strip.spans], strip.words]
            for dataset, strip in strips_of(chosen, days=end - first, shared=self._shared).items()
        }
        self.board.send({"version": version, "strips": strips})

    def _show(self, report: HealthReport) -> None:
        if not report.datasets:
            self._show_only(as_html([nothing_stored(report.home)]))
            return
        self.report, self.message.value = report, ""
        self.groups = causes(report)
        self._by_key = {str(each.dataset): each for each in report.datasets}
        self.board.busy = [str(each) for each in self._busy()]
        self.board.board = board_json(report, self.groups, self._version, self._sessions(report))
        self._static_html = board_html(report, self.groups)

    def _sessions(self, report: HealthReport) -> dict[str, tuple[tuple[int, int], ...]]:
        """Days of the scale with a session, of each calendar in use."""
        names = (each.calendar for each in report.datasets)
        return session_days(Workspace.open(), names, *scale(report))

    def _show_only(self, words: str) -> None:
        self.report, self.groups, self._by_key = None, (), {}
        self.message.value = self._static_html = words
        self.board.board = {}

    def _busy(self) -> frozenset[DatasetId]:
        return frozenset(
            each for run in self.repair_runs if not run.is_over for each in run.datasets
        )

    def _show_jobs(self) -> None:
        """Cards of the jobs, the latest first, and the datasets that they are at work on."""
        with self._lock:
            self.board.busy = sorted(str(each) for each in self._busy())
            self.cards.show(job for run in self.repair_runs for job in run.jobs)

    def _forget(self) -> None:
        """Leave out how earlier repairs went."""
        with self._lock:
            self.repair_runs = [each for each in self.repair_runs if not each.is_over]
            self.cards.forget_ended()
        self._show_jobs()

    def _ended(self, run: RepairRun) -> None:
        """Read the store again once a repair is over; in its job's thread."""
        del run  # what came of it is in the store, and on its card
        self._show_jobs()
        self.refresh()

    def _review(self, keys: Sequence[str]) -> None:
        """Open the findings of datasets; the board is read again after each decision."""
        from ml4t_nb.notebook.panels.review_inbox import ReviewInbox

        decided = 0

        def changed() -> None:
            nonlocal decided
            if self.inbox is not None and len(self.inbox.decided) != decided:
                decided = len(self.inbox.decided)
                self.refresh()
            self._changed()

        symbols = tuple(self._by_key[key].dataset.symbol for key in keys)
        self.inbox = None
        self.inbox = ReviewInbox(symbols=symbols, shared=self._shared, changed=changed)
        decided = len(self.inbox.decided)
        self._put_below(self.inbox.widget, keys[0] if len(keys) == 1 else "")

    def _explore(self, health: Health) -> None:
        """Open the gaps of a dataset."""
        from ml4t_nb.notebook.panels.gap_explorer import GapExplorer

        self.explorer = GapExplorer(shared=self._shared, changed=self._changed)
        if self.explorer.dataset.value != health.dataset:
            self.explorer.dataset.value = health.dataset
        self._put_below(self.explorer.widget, str(health.dataset))

    def _put_below(self, widget: Widget | None, key: str) -> None:
        self._below.children = () if widget is None else (widget,)
        self.board.opened = key
