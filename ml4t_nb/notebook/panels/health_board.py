"""The health board: each dataset's state, reason, last sessions, and repair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import RLock

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.board_rows import Order, chosen, row_html, table_of, totals_html
from ml4t_nb.notebook.panels.board_view import ROWS, BoardView, Row
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, ask
from ml4t_nb.notebook.panels.repair import RepairRun, repair_of
from ml4t_nb.records import Health
from ml4t_nb.render.format import many, plain
from ml4t_nb.render.html import as_html, error_html, line_html
from ml4t_nb.render.layout import Block, Note, nothing_stored
from ml4t_nb.render.report_blocks import session_maps
from ml4t_nb.reports import HealthReport, RecentSession

__all__ = ["HealthBoard"]


class HealthBoard:
    """Totals, a table to sort and to filter, and a map of the last sessions.

    Parameters
    ----------
    shared
        Arguments of each command.
    changed
        Called when there is something new to keep; in any thread.

    Attributes
    ----------
    report
        What the store was last found to be like; None if it could not be read.
    page
        Number of the page shown, from 0.
    repair_runs
        What was pressed for: the latest of each dataset, until a refresh by hand.
    """

    def __init__(
        self,
        *,
        shared: Mapping[str, object] = NO_ARGUMENTS,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.report: HealthReport | None = None
        self.page = 0
        self.repair_runs: dict[DatasetId, RepairRun] = {}
        self._shared, self._changed = shared, changed
        # Jobs end in threads of their own. It is never held while `changed` is called, which may
        # wait for another thread that asks for the still.
        self._lock = RLock()
        self._recent: dict[DatasetId, tuple[RecentSession, ...]] = {}
        self._order = Order()
        self._found: tuple[Health, ...] = ()
        self._armed: tuple[DatasetId, str] | None = None
        self._static_html = ""
        self.view = BoardView()
        self.widget = self.view.widget
        self._listen()
        self.refresh()

    def refresh(self) -> None:
        """Read the store again."""
        self._read(with_sessions=True)

    def static_html(self) -> str:
        """The totals and the page in sight, as HTML without a widget or a script."""
        return self._static_html

    def _listen(self) -> None:
        view = self.view
        view.refresh_button.on_click(lambda _: self._forget())
        view.stale_days.observe(lambda _: self._judge(), "value")
        view.sessions.observe(lambda _: self.refresh(), "value")
        view.text.observe(lambda _: self._turn(-self.page), "value")
        view.state.observe(lambda _: self._turn(-self.page), "value")
        view.before.on_click(lambda _: self._turn(-1))
        view.after.on_click(lambda _: self._turn(1))
        for name, button in view.sorts.items():
            button.on_click(lambda _, name=name: self._sort(name))
        for at, button in enumerate(view.repairs):
            button.on_click(lambda _, at=at: self._press(at))

    def _judge(self) -> None:
        """Judge again; the sessions are read again only if the store or the day is another."""
        before = _facts(self.report)
        self._read(with_sessions=False)
        if _facts(self.report) != before:
            self.refresh()

    def _read(self, *, with_sessions: bool) -> None:
        more = {"sessions": self.view.sessions.value} if with_sessions else {}
        with self._lock:
            try:
                report = ask(
                    "health", stale_days=self.view.stale_days.value, **more, **self._shared
                )
            except Ml4tError as error:
                self.report = None
                self._fail(error)
            else:
                assert isinstance(report, HealthReport)
                self.report = report
                if with_sessions:
                    names = (each.dataset for each in report.datasets)
                    self._recent = dict(zip(names, report.recent, strict=True))
                self._show()
        self._changed()

    def _forget(self) -> None:
        """Read the store again, and leave out how earlier repairs went."""
        with self._lock:
            self.repair_runs = {
                name: each for name, each in self.repair_runs.items() if not each.is_over
            }
            self._armed = None
        self.refresh()

    def _sort(self, column: str) -> None:
        self._order = self._order.pressed(column)
        self._turn(-self.page)

    def _turn(self, pages: int) -> None:
        with self._lock:
            self.page += pages
            self._armed = None
            self._show()
        self._changed()

    def _fail(self, error: Ml4tError) -> None:
        self._found = ()
        self.view.totals.value = self._static_html = error_html(error)
        self.view.hide(but_totals=True)

    def _show(self) -> None:
        """Put into the widgets what is known."""
        report = self.report
        if report is None:
            return
        view = self.view
        view.hide(but_totals=not report.datasets)
        if not report.datasets:
            self._found = ()
            view.totals.value = self._static_html = as_html([nothing_stored(report.home)])
            self._say()
            return
        self._found = chosen(
            report.datasets, text=view.text.value, state=view.state.value, order=self._order
        )
        last = max(len(self._found) - 1, 0) // ROWS
        self.page = min(max(self.page, 0), last)
        shown = self._on_page()
        totals = view.totals.value = totals_html(report)
        view.sorted_by(self._order)
        self._show_rows()
        place = self._place(shown)
        view.placed(line_html(place), is_first=self.page == 0, is_last=self.page == last)
        maps = tuple(session_maps(shown, [self._recent.get(each.dataset, ()) for each in shown]))
        view.map.value = as_html(maps)
        kept: list[Block] = [table_of(shown), [Note(place)], *maps]
        self._static_html = totals + (as_html(kept) if shown else line_html(place))

    def _show_rows(self) -> None:
        self.view.show([self._row(each) for each in self._on_page()])
        self._say()

    def _say(self) -> None:
        """What has no row: a warning, and how the repair of a removed dataset went."""
        report = self.report
        held = {each.dataset for each in report.datasets} if report is not None else set()
        told = [
            f"{plain(str(name))}: {each.note}"
            for name, each in self.repair_runs.items()
            if each.is_over and each.note and name not in held
        ]
        told += [f"⚠️ {self._armed[1]}"] if self._armed else []
        notes = [Note(words) for words in told]
        self.view.message.value = as_html([notes]) if notes else ""

    def _on_page(self) -> tuple[Health, ...]:
        return self._found[self.page * ROWS : (self.page + 1) * ROWS]

    def _place(self, shown: Sequence[Health]) -> str:
        assert self.report is not None
        whole = len(self.report.datasets)
        if not shown:
            return f"none of {many(whole, 'dataset')} is like that: change the filter"
        first = self.page * ROWS + 1
        of = f"{len(self._found):,}" if len(self._found) == whole else f"{len(self._found):,} found"
        return f"{first:,} to {first + len(shown) - 1:,} of {of}"

    def _row(self, health: Health) -> Row:
        repair_run = self.repair_runs.get(health.dataset)
        repair = repair_of(health, shared=self._shared)
        html = row_html(health, repair_run.note if repair_run else "")
        if repair_run is not None and not repair_run.is_over:
            return Row(html, "⏳ running", "A job is already running on it.", is_busy=True)
        if repair is None:
            return Row(html)
        if self._armed and self._armed[0] == health.dataset:
            return Row(html, "⚠️ do it", repair.warning)
        return Row(html, repair.label, repair.tooltip)

    def _press(self, at: int) -> None:
        """Mend the dataset in that row; where something can be lost, at the second press."""
        with self._lock:
            shown = self._on_page()
            if at >= len(shown):
                return
            name = shown[at].dataset
            repair = repair_of(shown[at], shared=self._shared)
            before = self.repair_runs.get(name)
            if repair is None or (before is not None and not before.is_over):
                return
            is_warned = self._armed is not None and self._armed[0] == name
            if repair.warning and not is_warned:
                self._armed = (name, repair.warning)
                self._show_rows()
                return
            self._armed = None
            repair_run = self.repair_runs[name] = RepairRun(repair, self._told)
        repair_run.start()
        self._told(repair_run)

    def _told(self, repair_run: RepairRun) -> None:
        """Show how a repair is; in its job's thread."""
        if repair_run.is_over:
            self.refresh()
        else:
            with self._lock:
                self._show_rows()


def _facts(report: HealthReport | None) -> list[tuple[object, ...]]:
    """What a report says whatever the threshold is."""
    return [
        (each.dataset, each.rows, each.last, each.updated, each.sessions_behind, each.gaps_open)
        for each in (report.datasets if report is not None else ())
    ]
