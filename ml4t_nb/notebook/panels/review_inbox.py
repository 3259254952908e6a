"""The findings inbox: what is doubtful, what shows it, and a decision by one key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from threading import RLock
from typing import Any

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.inbox_actions import InboxActions
from ml4t_nb.notebook.panels.inbox_commands import (
    FindingKey,
    currencies,
    key_of,
    list_findings,
    listed_again,
    read_evidence,
)
from ml4t_nb.notebook.panels.inbox_list import InboxList
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import html, script
from ml4t_nb.render.format import count
from ml4t_nb.render.html import as_html, error_html
from ml4t_nb.render.layout import nothing_stored
from ml4t_nb.render.markup import Content, element, fragment, trusted
from ml4t_nb.render.review.evidence import Evidence, opinion_of
from ml4t_nb.render.review.inbox_html import (
    InboxItem,
    evidence_html,
    list_html,
    sentence_html,
    step_html,
    still_html,
)
from ml4t_nb.reports import ReviewReport

__all__ = ["ReviewInbox"]

_WORDS = (
    "After a decision the next finding opens. ", "Take", " writes the bar with its source; ",
    "accept", " keeps it and says so; ", "reject", " leaves an open gap; all can be undone.",
)  # fmt: skip


class ReviewInbox:
    """Findings of some symbols or of all, opened and decided one by one."""

    def __init__(
        self,
        *,
        symbols: tuple[str, ...] = (),
        shared: Arguments = NO_ARGUMENTS,
        changed: Changed = lambda: None,
    ) -> None:
        self.items: tuple[InboxItem, ...] = ()
        self.decided: tuple[InboxItem, ...] = ()
        self.row: int | None = None
        self._symbols, self._shared, self._changed = symbols, shared, changed
        # Jobs end in threads of their own.
        self._lock = RLock()
        self._report: ReviewReport | None = None
        self._currencies: dict[DatasetId, str] = {}
        self._evidence: Evidence | None = None
        self._done: dict[FindingKey, str] = {}
        self._seen: set[FindingKey] = set()
        self.list = InboxList(move=self._move)
        self.actions = InboxActions(
            shared=shared,
            decided=self._decide,
            undone=self._go_back,
            opinion=self._hear_opinion,
            stale=self.refresh,
        )
        self._build()
        self.refresh()

    def _build(self) -> None:
        from ipywidgets import HBox, VBox

        self.message = html("inbox-message")
        self.head, self.evidence = html("inbox-title"), html("inbox-evidence")
        words = html("inbox-words")
        words.value = fragment(
            element("b", each) if row % 2 else each for row, each in enumerate(_WORDS)
        )
        self._listener = script("keyed_panel.js", "inbox.js")
        self._listener.on_msg(lambda _widget, message, _buffers: self._hear(message))
        self._deciding = VBox([self.actions.warning, self.actions.widget, words, self.actions.line])
        self._detail = VBox([self.head, self.evidence, self._deciding])
        self._detail.add_class("ml4t-inbox-detail")
        self._inbox = HBox([self.list.widget, self._detail]).add_class("ml4t-inbox")
        self.widget = VBox([self.message, self._inbox, self._listener])
        self.widget.add_class("ml4t-review")

    @property
    def current(self) -> InboxItem | None:
        """The finding that is open."""
        every = (*self.items, *self.decided)
        return every[self.row] if self.row is not None and self.row < len(every) else None

    def refresh(self) -> None:
        """Read the store again; the finding that is open stays open."""
        with self._lock:
            before = self.current
            self._read(None if before is None else key_of(before), self.row or 0)
        self._changed()

    def static_html(self) -> str:
        """The finding that was open, with its picture, and all that are to be decided."""
        with self._lock:
            parts: list[Content] = [trusted(str(self.message.value))]
            if self.current is not None:
                parts += [still_html(str(each.value)) for each in (self.head, self.evidence)]
            return fragment(parts, list_html(self.items, self.decided))

    def open(self, row: int) -> None:
        """Open the finding in a row of the list."""
        with self._lock:
            self.row = min(max(row, 0), max(len(self.items) + len(self.decided) - 1, 0))
            self.actions.line.value = ""
            self._show()
        self._changed()

    def _move(self, rows: int) -> None:
        self.open((-rows if self.row is None else self.row) + rows)

    def _hear(self, message: Mapping[str, Any]) -> None:
        row = message.get("row")
        if message.get("what") == "open" and isinstance(row, int):
            self.open(row)

    def _read(self, wanted: FindingKey | None, row: int, dataset: DatasetId | None = None) -> None:
        """Read the findings, of one dataset or of all, and open the wanted one, or that row."""
        self.message.value = ""
        try:
            if dataset is not None and self._report is not None:
                report = listed_again(self._report, dataset, shared=self._shared)
            else:
                report = list_findings(self._symbols, shared=self._shared)
                self._currencies = currencies(shared=self._shared)
        except Ml4tError as error:
            self._report, self.items, self.decided, self.row = None, (), (), None
            self.message.value = error_html(error)
            self._show()
            return
        self._report = report
        self._sort(report)
        keys = [key_of(each) for each in (*self.items, *self.decided)]
        last = max(len(self.items) - 1, 0)
        self.row = keys.index(wanted) if wanted in keys else min(row, last) if keys else None
        if not report.datasets and not report.failed:
            self.message.value = as_html([nothing_stored(report.home)])
        elif report.failed:
            failed = (f"{each.dataset}: {each.error.message}" for each in report.failed)
            self.message.value = element("div", (element("div", each) for each in failed))
        self._show()

    def _sort(self, report: ReviewReport) -> None:
        """Part findings to be decided from those that were."""
        every = [
            InboxItem(each.dataset, each.provider, finding)
            for each in report.datasets
            for finding in each.findings
            if finding.severity != "note"
        ]
        self.items = tuple(each for each in every if each.finding.is_open)
        self._seen.update(map(key_of, self.items))
        self.decided = tuple(self._decided_of(every, report.as_of))

    def _decided_of(self, every: list[InboxItem], now: datetime) -> list[InboxItem]:
        """Those decided today, and all that were open here and are not any more, latest first."""
        today = now.astimezone().date()
        found: list[tuple[datetime, InboxItem]] = []
        for each in every:
            decision, key = each.finding.decision, key_of(each)
            at = now if decision is None else decision.at
            is_of_today = decision is not None and at.astimezone().date() == today
            if not each.finding.is_open and (is_of_today or key in self._seen):
                found.append((at, replace(each, done=self._done.get(key, ""))))
        return [item for _, item in sorted(found, key=lambda each: each[0], reverse=True)]

    def _show(self) -> None:
        """Show the list and the finding that is open."""
        now = None if self._report is None else self._report.as_of
        self._inbox.layout.display = "none" if now is None else ""
        if now is None:
            return
        self.list.show(self.items, self.decided, self.row, now)
        item, self._evidence = self.current, None
        if item is None:
            self.head.value = element("div", "Nothing to decide.", class_="ml4t-inbox-sentence")
            self.evidence.value = ""
            self.actions.set_item(None, None)
        else:
            others = tuple(
                each.finding
                for each in (*self.items, *self.decided)
                if each.dataset == item.dataset
            )
            try:
                self._evidence = read_evidence(item, others, shared=self._shared)
            except Ml4tError as error:
                self.evidence.value = error_html(error)
            self.actions.set_item(item, self._evidence, others)
            self._draw()

    def _draw(self) -> None:
        """Show what is known of the finding by now."""
        with self._lock:
            item, seen = self.current, self._evidence
            if item is None or self.row is None:
                return
            zone = "UTC" if seen is None else seen.zone
            number = self.row + 1 if item.finding.is_open else self.row + 1 - len(self.items)
            many = len(self.items if item.finding.is_open else self.decided)
            self.head.value = sentence_html(item, f"{count(number)} of {count(many)}", zone)
            if seen is not None:
                answer = self.actions.answer
                opinion = None if answer is None else opinion_of(seen, answer)
                self.evidence.value = evidence_html(
                    seen, opinion, self._currencies.get(item.dataset, "")
                )
            elif item.finding.stamp is None or not self.evidence.value:
                self.evidence.value = step_html(item)

    def _hear_opinion(self) -> None:
        """Show what a second provider says."""
        self._draw()
        # Without the lock, which the still takes too, in another thread.
        self._changed()

    def _decide(self, item: InboxItem, done: str) -> None:
        """Open the next finding, after one was decided."""
        with self._lock:
            self._done[key_of(item)] = done
            before = self.current
            is_same = before is not None and key_of(before) == key_of(item)
            wanted = None if before is None or is_same else key_of(before)
            self._read(wanted, self.row or 0, item.dataset)
        self._changed()

    def _go_back(self, item: InboxItem) -> None:
        """Open the finding again whose decision was undone."""
        with self._lock:
            self._done.pop(key_of(item), None)
            self._read(key_of(item), self.row or 0, item.dataset)
        self._changed()
