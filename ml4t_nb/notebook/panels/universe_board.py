"""The universes of ``ml4t.toml``: what is stored of each, what a sync would take, and the sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.execution.track import time_words
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.board_script import universe_script
from ml4t_nb.notebook.panels.job_cards import JobCards
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.store_watch import StoreWatch
from ml4t_nb.notebook.panels.universe_rows import UniverseGroup, groups_of, universe_json
from ml4t_nb.notebook.panels.universe_static import how_to_declare, plan_html, universes_html
from ml4t_nb.notebook.panels.widgets import Widget, html
from ml4t_nb.plans import DatasetPlan
from ml4t_nb.render.html import error_html
from ml4t_nb.render.plan_blocks import plan_words
from ml4t_nb.reports import PlanReport
from ml4t_nb.verbs.plans import part_of_plan
from ml4t_nb.verbs.universe_states import UniverseStates, universe_states
from ml4t_nb.workspace import Workspace

__all__ = ["UniverseBoard"]


class UniverseBoard:
    """A table of universes, which the page draws, sorts and filters, and the jobs that sync them.

    A plan is shown until anything changes that it was made from.
    """

    def __init__(
        self, *, shared: Arguments = NO_ARGUMENTS, changed: Changed = lambda: None
    ) -> None:
        from ipywidgets import VBox

        self.states: UniverseStates | None = None
        self.groups: tuple[UniverseGroup, ...] = ()
        self.plans: dict[str, PlanReport] = {}
        self._shared, self._changed = shared, changed
        # Jobs end in threads of their own. It is never held while `changed` is called, which may
        # wait for another thread that asks for the still.
        self._lock = RLock()
        self._version = 0
        self._shown: object = None
        self._static_html = ""
        self._running: dict[int, Job] = {}
        self._home = _home_of(shared)
        self._watch = StoreWatch(self.look)
        self.board = universe_script()
        self.board.on_msg(self._hear)
        self.message, self.planned = html("universe-message"), html("universe-plan")
        self.cards = JobCards(changed)
        between = VBox((self.planned, self.cards.widget)).add_class("ml4t-board-jobs")
        content = (self.message, self.board, between)
        self.widget = VBox(content).add_class("ml4t-universe").add_class("ml4t-boarded")
        self._read()
        JOBS.observe(self)
        for job in JOBS:
            if not job.is_over:
                self.started(job)

    def refresh(self) -> None:
        """Read file and store again."""
        self._read()

    def look(self) -> None:
        """Show file and store if they are not as they are shown, whoever changed them."""
        self._read(is_look=True)

    def static_html(self) -> str:
        """The universes, folded, and the plan."""
        return self._static_html

    def plan(self, names: Sequence[str] = ()) -> None:
        """Show what a sync of these universes, or of all, would take."""
        command = self._command(names, plan=True)
        try:
            report = ask(PlanReport, command.verb, **command.arguments)
        except Ml4tError as error:
            self._say(error)
            return
        with self._lock:
            if self.states is None:
                return
            self._take_plan(report, names)
            line = spell(command, "%ml4t")
            title = f"Plan of {', '.join(names) or 'all universes'}"
            self.message.value = ""
            self.planned.value = plan_html(report, title, plan_words(report), line)
            self._show(self.states)
        self._changed()

    def sync(self, names: Sequence[str] = ()) -> None:
        """Begin to load and update what these universes, or all, declare."""
        command = self._command(names)
        if (same := JOBS.same(command)) is not None:
            words = f"job {same.number} is already doing this"
            self._say(OptionError(words, hint="wait for it to finish, or cancel it"))
            return
        self.message.value = ""
        JOBS.start(command)

    def started(self, job: Job) -> None:
        """Show a job that syncs this store, whoever began it."""
        given = job.command.arguments
        if job.command.verb != "sync" or given.get("plan") or _home_of(given) != self._home:
            return
        with self._lock:
            self._running[job.number] = job
        self.cards.show([job])
        job.observe(self._follow)
        self._show_running()

    def _command(self, names: Sequence[str], **more: object) -> Command:
        named = {"universe": tuple(names)} if names else {}
        return Command("sync", {**named, **more, **self._shared})

    def _read(self, *, is_look: bool = False) -> None:
        with self._lock:
            try:
                given: dict[str, Any] = dict(self._shared)
                states = universe_states(Workspace.open(), **given)
                shown: object = (states.path, states.universes, states.undeclared)
            except Ml4tError as error:
                states, shown = None, error_html(error)
            if is_look and shown == self._shown:
                return
            if shown != self._shown:
                self.plans, self.planned.value = {}, ""
            self._shown = shown
            if states is None:
                self._show_only(str(shown))
            elif not states.universes:
                self._show_only(how_to_declare(states))
            else:
                self.message.value = ""
                self._show(states)
        self._changed()

    def _show(self, states: UniverseStates) -> None:
        costs = {name: plan_words(plan) for name, plan in self.plans.items()}
        plans: Mapping[str, Sequence[DatasetPlan]] = {
            name: plan.datasets for name, plan in self.plans.items()
        }
        self.states, self.groups = states, groups_of(states, plans, costs)
        names = [each.name for each in self.groups if each.name]
        lines = {name: spell(self._command([name]), "%ml4t") for name in names}
        self._version += 1
        self.board.board = universe_json(states, self.groups, self._version, lines)
        self._static_html = universes_html(states, self.groups) + self.planned.value

    def _show_only(self, words: str) -> None:
        self.states, self.groups = None, ()
        self.message.value = self._static_html = words
        self.board.board = {}

    def _say(self, error: Ml4tError) -> None:
        with self._lock:
            self.message.value = error_html(error)
            if self.states is not None:
                self._show(self.states)
        self._changed()

    def _take_plan(self, report: PlanReport, names: Sequence[str]) -> None:
        """The plan of each universe, which is a part of that of all."""
        assert self.states is not None
        ws = Workspace.open().at(self._home)
        self.plans = {}
        for each in groups_of(
            self.states, dict.fromkeys(names or self._names, report.datasets), {}
        ):
            if each.name and (not names or each.name in names):
                own = dict.fromkeys(row.plan for row in each.rows if row.plan is not None)
                self.plans[each.name] = part_of_plan(ws, report, tuple(own))

    @property
    def _names(self) -> list[str]:
        return [each.name for each in self.groups if each.name]

    def _follow(self, job: Job) -> None:
        """Show how long a job takes yet; once it is over, read the store again."""
        if job.is_over:
            with self._lock:
                self._running.pop(job.number, None)
        self._show_running()
        if job.is_over:
            self._read()

    def _show_running(self) -> None:
        with self._lock:
            running: dict[str, str] = {}
            for job in self._running.values():
                words = f"syncing: {time_words(job.elapsed_s, job.left_s)}"
                names = job.command.arguments.get("universe") or self._names
                running.update(dict.fromkeys(names, words))
            self.board.running = running

    def _hear(self, _: Widget, message: dict[str, Any], __: object) -> None:
        match message:
            case {"what": "plan", "universes": [*names]}:
                self.plan(names)
            case {"what": "sync", "universes": [*names]}:
                self.sync(names)
            case {"what": "refresh"}:
                self.cards.forget_ended()
                self._read()
            case {"what": "seen", "page": str(page), "is_seen": bool(is_seen)}:
                self._watch.see(page, is_seen=is_seen)


def _home_of(arguments: Mapping[str, object]) -> Path | None:
    """The store that they name."""
    home = arguments.get("home")
    return None if home is None else Path(str(home)).absolute()
