"""What can be done about a gap: dates to act on, buttons, and the line of the job that does it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, get_args

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command, FillMethod, Gap
from ml4t_nb.notebook.panels.gap_target import (
    GapDeed,
    GapStep,
    GapTarget,
    disabled_reasons,
    is_same_gap,
    target_of,
    undo_steps,
)
from ml4t_nb.notebook.panels.panel_command import Arguments, failure
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, Widget, button, field, html
from ml4t_nb.records import Outcome, UpdateRecord
from ml4t_nb.render.format import many, plain
from ml4t_nb.render.html import INK, error_html
from ml4t_nb.render.icons import icon
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.tokens import token

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["GapButtons"]


@dataclass(frozen=True, slots=True)
class _Action:
    """Label and tooltip of a button, and what was done."""

    label: str
    does: str
    done: str = ""


_ICONS: dict[Outcome, tuple[str, str]] = {
    "changed": ("healthy", token("ok")),
    "unchanged": ("unchanged", token("muted")),
    "partial": ("incomplete", token("incomplete")),
    "failed": ("error", token("error")),
}
_NOTHING = "nothing done here can be taken back"
_ACTIONS = {
    "refetch": _Action("Ask again", "Request the missing bars from the provider again"),
    "refill": _Action("Fill by", "Fill it with flagged bars, by the selected method", "filled"),
    "unfill": _Action(
        "Unfill",
        "Remove the filled bars; updates leave the gap open from then on",
        "the filled bars were removed",
    ),
    "close": _Action(
        "Mark closed",
        "Declare that there was no session, for the reason given",
        "declared closed",
    ),
    "reopen": _Action("Reopen", "Reopen what was closed, confirmed or left open", "open again"),
}
"""By the option of the verb."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """Steps on a gap that is as ``expected``; the ``name`` of what they do, if a person chose it.

    ``is_key`` if by a key: the next gap is then chosen.
    """

    name: str
    target: GapTarget
    expected: GapTarget
    steps: list[GapStep]
    is_key: bool = False


class GapButtons:
    """Buttons for one gap; each acts as the line of ``%ml4t`` that its tooltip shows.

    ``ended`` is called after each job's end, in a thread beside the job's, and where the gap
    turns out to have changed: with the gap that the list is to show, if any, and whether rather
    the next open one after it. The last ``job`` started here ``is_busy`` until what it changed is
    shown.
    """

    def __init__(self, *, shared: Arguments, ended: Callable[[Gap | None, bool], object]) -> None:
        from ipywidgets import Dropdown, HBox, Text, VBox

        self.job: Job | None = None
        self._shared, self._ended = shared, ended
        self._lock = RLock()
        self._target: GapTarget | None = None
        self._is_followed, self.is_busy = True, False
        self._deeds: list[GapDeed] = []
        self._buttons: dict[str, Widget] = {
            name: button(action.label, name, partial(self.press, name), is_once=True, disabled=True)
            for name, action in _ACTIONS.items()
        }
        method = Dropdown(
            options=get_args(FillMethod), tooltip="Method of filling", layout={"width": "8em"}
        )
        reason = Text(
            placeholder="reason, such as: typhoon",
            tooltip="Why there was no session",
            layout={"width": "14em"},
        )
        self.method = field(method, "method", self._show)
        self.reason = field(reason, "reason", self._show)
        self.cancel = button(
            "Cancel",
            "gap-cancel",
            self._cancel,
            "Stop at the next request; commits made so far are kept",
        )
        self.cancel.layout.display = "none"
        self.undo = button("Undo", "gap-undo", self.take_back, is_once=True, disabled=True)
        self.line = html("gap-line")
        ask, fill, unfill, close, reopen = self._buttons.values()
        rows = (
            [ask, fill, self.method, unfill],
            [self.reason, close, reopen],
            [self.undo, self.cancel],
        )
        self.widget = VBox([*(HBox(row, layout=WRAPPED | CENTRED) for row in rows), self.line])

    def set_target(self, target: GapTarget | None) -> None:
        """Act on that gap from now on; on none if there is none."""
        with self._lock:
            known = self._target
            is_known = target and known and is_same_gap(target.gap, known.gap)
            if target is not None and not self.is_busy and not is_known:
                self.line.value = ""  # it is about another gap
            self._target = target
            self._show()

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def _value(self, name: str) -> object:
        values = {"refill": str(self.method.value), "close": str(self.reason.value).strip()}
        return values.get(name, True)

    def _command(self, name: str, target: GapTarget, value: object) -> Command:
        return Command("gaps", {name: value, **target.arguments, **self._shared})

    def _against(self) -> dict[str, str]:
        against = disabled_reasons(self._target)
        if not against["close"] and not str(self.reason.value).strip():
            against["close"] = "enter the reason first"
        return against

    def _show(self) -> None:
        against = self._against()
        for name, each in self._buttons.items():
            reason = "a job is running" if self.is_busy else against[name]
            target = self._target
            line = f"({reason})" if reason or target is None else ""
            if target is not None and not reason:
                line = spell(self._command(name, target, self._value(name)), "%ml4t")
            each.disabled, each.tooltip = bool(reason), f"{_ACTIONS[name].does}. {plain(line)}"
        self.cancel.layout.display = "" if self.is_busy else "none"
        self._show_undo()

    def _show_undo(self) -> None:
        self.undo.disabled = self.is_busy or not self._deeds
        self.undo.tooltip = f"({_NOTHING})"
        if self._deeds:
            deed = self._deeds[-1]
            steps = undo_steps(deed.name, deed.target.gap)
            commands = (self._command(name, deed.target, value) for name, value in steps)
            lines = (spell(each, "%ml4t") for each in commands)
            self.undo.tooltip = plain(f"Take the last back. {'; '.join(lines)}")

    def press(self, name: str, *, is_key: bool = False) -> None:
        """Do it to the gap that is chosen, or say why that cannot be done."""
        with self._lock:
            target = self._target
            against = "a job is running" if self.is_busy else self._against()[name]
            if target is None or against:
                if is_key:
                    self._say(element("div", f"{_ACTIONS[name].label}: {against}"))
                return
            begun = _Begun(name, target, target, [(name, self._value(name))], is_key=is_key)
            follow = self._start(begun)
        follow()

    def take_back(self) -> None:
        """Give the gap that was acted on last its fill and its state of before."""
        with self._lock:
            if self.is_busy or not self._deeds:
                self._say(element("div", "a job is running" if self.is_busy else _NOTHING))
                return
            deed = self._deeds.pop()
            steps = [*undo_steps(deed.name, deed.target.gap)]
            follow = self._start(_Begun("", deed.target, deed.since, steps))
        follow()

    def _start(self, begun: _Begun) -> Callable[[], object]:
        """Start the first step, if the gap is as expected still; what is to be called unlocked."""
        try:
            if self._now(begun.target) != begun.expected:
                raise OptionError(
                    "the gaps there have changed since they were listed, so nothing was done",
                    hint="check the list, and press again",
                )
        except Ml4tError as error:
            self._say(error_html(error))
            return partial(self._ended, None, False)
        name, value = begun.steps[0]
        job = self.job = JOBS.start(self._command(name, begun.target, value))
        self._is_followed, self.is_busy = False, True
        self._show()
        return partial(job.observe, partial(self._follow, begun))

    def _now(self, target: GapTarget) -> GapTarget:
        return target_of(target.gap, target.dataset, zone=target.zone, shared=self._shared)

    def _follow(self, begun: _Begun, job: Job) -> None:
        name, code = begun.steps[0][0], element("code", job.line)
        with self._lock:
            if job is not self.job or self._is_followed:
                return
            if not job.is_over:
                self._say(code, element("div", job.track.phrase or "at work"))
                return
            self._is_followed = True
        then: Callable[[], object] = partial(self._ended, None, False)
        try:
            self._say(code, _outcome(job, name))
            if job.state == "done" and failure(job) is None:
                if name == "close":
                    self.reason.value = ""
                then = self._go_on(begun)
            then()
        finally:
            # Not earlier: a press would be about the gap as it was before the job.
            with self._lock:
                self.is_busy = self.is_busy and job is not self.job
                self._show()

    def _go_on(self, begun: _Begun) -> Callable[[], object]:
        """After a step: the next one, or what can be taken back, and where the list goes on."""
        with self._lock:
            now: GapTarget | None = None
            with suppress(Ml4tError):
                now = self._now(begun.target)
            if len(begun.steps) > 1 and now is not None:
                return self._start(replace(begun, expected=now, steps=begun.steps[1:]))
            target, name = begun.target, begun.name
            is_alone = now is not None and len(target.gaps) == 1
            if now is not None and is_alone and name and undo_steps(name, target.gap):
                self._deeds.append(GapDeed(name, target, now))
            is_shown = begun.is_key or not name
            return partial(self._ended, target.gap if is_shown else None, begun.is_key)

    def _say(self, *parts: Markup) -> None:
        self.line.value = element("div", parts, role="status", aria_live="polite", style=INK)


def _outcome(job: Job, name: str) -> Markup:
    """What came of it, and what to do next if it went wrong."""
    if job.state == "cancelled":
        return element("div", "cancelled; commits made so far are kept")
    if (error := failure(job)) is not None:
        return error_html(error)
    if job.run is None or not job.run.results:
        stopped = "" if job.run is None else job.run.stopped
        return error_html(Ml4tError(stopped or "nothing was done", hint="try again later"))
    return fragment(_done(each.record, name) for each in job.run.results)


def _done(record: UpdateRecord, name: str) -> Markup:
    words = _ACTIONS[name].done
    if name == "refetch":
        bars = many(record.added, "bar")
        came = f"{bars} came" if record.added else "the provider returned no bars"
        revised = f", {many(record.revised, 'bar')} revised" if record.revised else ""
        words = f"requested again: {came}{revised}"
    elif record.outcome == "unchanged":
        words = "nothing changed"
    elif record.filled:
        words = f"{words}: {many(record.filled, 'bar')}"
    sign = icon(*_ICONS[record.outcome])
    return element("div", sign, f" {words}")
