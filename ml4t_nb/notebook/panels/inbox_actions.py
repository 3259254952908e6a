"""What can be done about a finding: ask, take, accept, reject, undo, and the line that did it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import RLock
from typing import Literal, TypeAlias

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.finding import Finding
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.inbox_commands import (
    DecisionTarget,
    FindingKey,
    compare_command,
    decide_command,
    decision_target,
    key_of,
    likely_target,
    other_providers,
    take_command,
    undo_command,
)
from ml4t_nb.notebook.panels.panel_command import Arguments, failure
from ml4t_nb.notebook.panels.widgets import Widget, button, field, html
from ml4t_nb.render.format import plain
from ml4t_nb.render.html import error_html
from ml4t_nb.render.markup import Content, element, fragment
from ml4t_nb.render.review.evidence import Evidence, SecondOpinion, opinion_of
from ml4t_nb.render.review.inbox_html import InboxItem
from ml4t_nb.reports import CompareReport

__all__ = ["InboxActions"]

_Act: TypeAlias = Literal["take", "ask", "accept", "reject", "undo"]

_LABELS: dict[_Act, str] = {
    "take": "Take",
    "ask": "Ask another provider",
    "accept": "Accept as is",
    "reject": "Reject bar",
    "undo": "Undo",
}
_REASONS = {"accept": "looks right", "reject": "looks wrong"}
_CHANGED = "the findings there have changed since they were listed, so nothing was done"
_AGAIN = "look at the list, and press again"
_DONE = {"accept": "accepted", "reject": "rejected"}


@dataclass(frozen=True, slots=True)
class _Undoable:
    item: InboxItem
    version: int


class InboxActions:
    """Buttons for the finding that is open; each acts as the line that its tooltip shows.

    ``decided`` is called with the finding and what was done, ``undone`` with the one that is open
    again, ``opinion`` when a second provider has answered: each in a thread beside the job's.
    ``stale`` is called where the finding turns out to have changed.
    """

    def __init__(
        self,
        *,
        shared: Arguments,
        decided: Callable[[InboxItem, str], object],
        undone: Callable[[InboxItem], object],
        opinion: Callable[[], object],
        stale: Callable[[], object],
    ) -> None:
        from ipywidgets import Dropdown, HBox, Text, VBox

        self.job: Job | None = None
        self.is_busy = self._is_reported = False
        self._shared = shared
        self._decided, self._undone = decided, undone
        self._opinion, self._stale = opinion, stale
        self._lock = RLock()
        self._item: InboxItem | None = None
        self._evidence: Evidence | None = None
        self._target: DecisionTarget | None = None
        self._answers: dict[tuple[FindingKey, str], CompareReport] = {}
        self._undoable: list[_Undoable] = []
        self.buttons: dict[_Act, Widget] = {
            act: button(label, act, partial(self._press, act), is_once=True).add_class("ml4t-key")
            for act, label in _LABELS.items()
        }
        self.buttons["undo"].add_class("ml4t-bare")
        choice = Dropdown(description="second opinion", tooltip="The provider to ask")
        self.provider = field(choice, "provider", self._choose)
        self.reason = Text(
            description="reason",
            placeholder=_REASONS["accept"],
            tooltip="Why, in your words; kept with it",
        )
        field(self.reason, "inbox-reason", self._show)
        self.line, self.warning = html("inbox-status"), html("inbox-warning")
        ask, take, accept, reject, undo = (
            self.buttons[each] for each in ("ask", "take", "accept", "reject", "undo")
        )
        acts = HBox([take, ask, accept, reject, undo]).add_class("ml4t-inbox-actions")
        words = HBox([self.reason, self.provider]).add_class("ml4t-inbox-choices")
        self.widget = VBox([self.warning, acts, words])

    @property
    def answer(self) -> CompareReport | None:
        """What the chosen provider answered about the finding that is open."""
        if self._item is None:
            return None
        return self._answers.get((key_of(self._item), str(self.provider.value)))

    @property
    def _second(self) -> SecondOpinion | None:
        if self._evidence is None or self.answer is None:
            return None
        return opinion_of(self._evidence, self.answer)

    def set_item(
        self, item: InboxItem | None, evidence: Evidence | None, others: tuple[Finding, ...] = ()
    ) -> None:
        """Act on that finding, one of its dataset's, from now on; on none if there is none."""
        with self._lock:
            before, self._item, self._evidence = self._item, item, evidence
            if item is not None and (before is None or before.dataset != item.dataset):
                names = other_providers(item.dataset, item.provider, shared=self._shared)
                chosen = self.provider.value
                self.provider.options = names
                self.provider.value = chosen if chosen in names else next(iter(names), None)
            if before is not None and (item is None or key_of(before) != key_of(item)):
                self.reason.value = ""
            self._target = None
            if item is not None and item.finding.is_open:
                self._target = likely_target(item, self._zone, others)
            self._show()

    @property
    def _zone(self) -> str:
        return "UTC" if self._evidence is None else self._evidence.zone

    def _is_as_seen(self) -> bool:
        """Whether a decision would be about what was listed; if not, its target is looked up."""
        if self._item is None or self._target is None:
            return False
        seen = self._target
        try:
            self._target = decision_target(self._item, self._zone, shared=self._shared)
        except Ml4tError:
            self._target = None
        return self._target is not None and self._target.findings == seen.findings

    def _choose(self) -> None:
        with self._lock:
            self._show()
        self._opinion()

    def _show(self) -> None:
        item, second = self._item, self._second
        is_open = item is not None and item.finding.is_open
        can_take = self._target is not None and second is not None and second.bar is not None
        can_take = can_take and bool(second and (second.differs or second.fits))
        # Nobody's dividends but the own provider's are taken.
        is_dividend = self._evidence is not None and self._evidence.columns[:1] == ("dividend",)
        can_take = can_take and not is_dividend
        can_ask = is_open and not can_take and self._evidence is not None
        can_ask = can_ask and self.provider.value is not None and self.answer is None
        shown: dict[_Act, bool] = {
            "take": can_take,
            "ask": can_ask,
            "accept": self._target is not None,
            "reject": self._target is not None and self._target.dates is not None,
            "undo": bool(self._last_done()),
        }
        for act, each in self.buttons.items():
            each.layout.display = "" if shown[act] else "none"
            command = self._command(act) if shown[act] else None
            each.tooltip = "" if command is None else plain(spell(command, "%ml4t"))
        self.warning.value = "" if self._target is None else self._target.warning
        has_others = is_open and self._evidence is not None and len(self.provider.options) > 0
        self.provider.layout.display = "" if has_others else "none"
        self.reason.layout.display = "" if is_open else "none"
        take = self.buttons["take"]
        take.description = f"Take from {plain(str(self.provider.value))}"
        if second is not None and second.fits:
            take.add_class("ml4t-primary")
        else:
            take.remove_class("ml4t-primary")

    def _last_done(self) -> _Undoable | None:
        """What Undo takes back: the last decision made here, or that of the finding in sight."""
        item = self._item
        decision = None if item is None else item.finding.decision
        if item is not None and not item.finding.is_open and decision is not None:
            return _Undoable(item, decision.version)
        return self._undoable[-1] if self._undoable else None

    def _command(self, act: _Act) -> Command | None:
        """What a press does; None where there is nothing to do it to."""
        done, seen = self._last_done(), self._evidence
        if act == "undo":
            shared = self._shared
            return None if done is None else undo_command(done.item, done.version, shared=shared)
        if act == "ask":
            provider = str(self.provider.value)
            return None if seen is None else compare_command(seen, provider, shared=self._shared)
        return None if self._target is None else self._decision(act, self._target)

    def _decision(self, act: _Act, target: DecisionTarget) -> Command:
        if act == "take":
            what = "suspect" if self._evidence and self._evidence.is_stored else "missing"
            return take_command(target, str(self.provider.value), what, shared=self._shared)
        reason = " ".join(str(self.reason.value).split()) or _REASONS[act]
        return decide_command(target, act, reason, shared=self._shared)

    def _press(self, act: _Act) -> None:
        with self._lock:
            item = self._item
            if self.is_busy or self.buttons[act].layout.display == "none":
                return
            if act == "undo" and (done := self._last_done()) is not None:
                item = done.item
            # Who presses has seen the finding as it was listed.
            is_as_seen = act in ("ask", "undo") or self._is_as_seen()
            command = self._command(act)
            if is_as_seen and command is not None and item is not None:
                self.is_busy = True
                provider = str(self.provider.value)
                job = self.job = JOBS.start(command)
                self.line.value = _status(element("code", job.line))
            else:
                job = None
                self._show()
                self.line.value = _status(error_html(Ml4tError(_CHANGED, hint=_AGAIN)))
                is_gone = self._target is None
        if job is not None and item is not None:
            job.observe(partial(self._follow, act=act, item=item, provider=provider))
        elif is_gone:
            self._stale()

    def _follow(self, job: Job, act: _Act, item: InboxItem, provider: str) -> None:
        with self._lock:
            if job is not self.job or not self.is_busy or self._is_reported:
                return
            line = element("code", job.line)
            if not job.is_over:
                if phrase := job.track.phrase:
                    self.line.value = _status(line, f" {phrase}")
                return
            self._is_reported = True
            error = failure(job)
            if error is None and job.state != "done":
                error = Ml4tError("nothing was done", hint="try again later")
            self.line.value = _status(line, "" if error is None else error_html(error))
            if error is None:
                self._note(job, act, item, provider)
        try:
            if error is None:
                self._tell(job, act, item, provider)
        finally:
            # Not earlier: a press would be about the finding as it was before the job.
            with self._lock:
                self.is_busy = self._is_reported = False

    def _tell(self, job: Job, act: _Act, item: InboxItem, provider: str) -> None:
        match act:
            case "ask":
                self._opinion()
            case "undo":
                self._undone(item)
            case "take":
                self._decided(item, f"taken from {provider}")
            case _:
                self._decided(item, f"{_DONE[act]}: {job.command.arguments[act]}")

    def _note(self, job: Job, act: _Act, item: InboxItem, provider: str) -> None:
        """Remember what came of a job."""
        if act == "ask":
            assert isinstance(job.report, CompareReport)
            self._answers[key_of(item), provider] = job.report
            self._show()
        elif act == "undo":
            gone = (item.dataset, job.command.arguments["run"])
            self._undoable = [
                each for each in self._undoable if (each.item.dataset, each.version) != gone
            ]
        elif job.run is not None and job.run.results:
            self._undoable.append(_Undoable(item, job.run.results[0].record.version))


def _status(*parts: Content) -> Content:
    return element("div", fragment(parts), role="status", aria_live="polite")
