"""What a button of the health board does about a dataset: the next step that health names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ml4t_nb.commands.spelling import spell
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.hints import commands_of
from ml4t_nb.model import Command, LoadArguments, NextStep, StepAction
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, failure, of_dataset
from ml4t_nb.records import Health
from ml4t_nb.render.format import labelled, plain

__all__ = ["Repair", "RepairRun", "repair_of"]

_LABELS: Mapping[StepAction, tuple[str, str]] = {
    "update": ("update", "Fetch what is new, and fill short gaps."),
    "accept": ("take new history", "Accept the provider's history."),
    "gaps": ("refetch gaps", "Ask the provider for its gaps again."),
    "load": ("load again", "Load all bars again."),
    "reload": (
        "load again",
        "Remove the damaged dataset, then load it again; asks for confirmation first.",
    ),
}
"""Of the steps that health names: label and tooltip of the button."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A button's words, and commands to carry out, each once the one before it went well.

    The warning is to be said before the first of them; it is empty if nothing can be lost.
    """

    label: str
    tooltip: str
    commands: tuple[Command, ...]
    warning: str = ""


def repair_of(health: Health, *, shared: Arguments = NO_ARGUMENTS) -> Repair | None:
    """The repair of a dataset; None if it needs none, or none that is a command."""
    step = health.step
    if not isinstance(step, NextStep) or step.action not in _LABELS:
        return None  # nothing is to be done, or only a person can do it
    step = replace(step, home=None, source=step.source or LoadArguments())
    own: dict[str, object] = {"refetch": True} if step.action == "gaps" else {}
    more = {**own, **of_dataset(health.dataset), **shared}
    commands = (replace(c, arguments={**c.arguments, **more}) for c in commands_of(step))
    warning = ""
    if step.action == "reload":
        warning = (
            f"this removes all that is stored of {plain(labelled(health.dataset, health.provider))}"
            f", then loads it again from {health.provider or 'the default provider'}: "
            "press again to do it"
        )
    return Repair(*_LABELS[step.action], tuple(commands), warning)


class RepairRun:
    """A repair that is carried out in the background, and its jobs so far, one for each command.

    ``notify`` is called with it whenever there is something new, in a job's thread too.
    """

    def __init__(self, repair: Repair, notify: Callable[[RepairRun], None]) -> None:
        self.is_over = False
        self.jobs: list[Job] = []
        self._left = list(repair.commands)
        self._notify = notify

    @property
    def note(self) -> str:
        """What it is at, or why it ended short; empty if all went well."""
        if not self.jobs:
            return "⏳ starting"
        job = self.jobs[-1]
        named = f"job {job.number}, {job.command.verb}"
        if not self.is_over:
            doing = next((each.doing for each in job.track.lines), "starting")
            return f"⏳ {named}: {doing}"
        return "" if job.state == "done" else f"❌ {named}, {job.state}{_reason(job)}"

    def start(self) -> None:
        """Begin the next command."""
        job = JOBS.start(self._left.pop(0))
        self.jobs.append(job)
        job.observe(self._watch)

    def _watch(self, job: Job) -> None:
        if job is not self.jobs[-1]:
            return  # one that ends just as its watchers are called calls them once more
        if job.state == "done" and self._left:
            self.start()
            return
        self.is_over = job.is_over
        self._notify(self)


def _reason(job: Job) -> str:
    """Why a job fell short, and the next step."""
    error = failure(job)
    if error is None:
        return ""
    hint = f" ({spell(error.advice, '%ml4t')})" if error.advice else ""
    return f": {error.message}{hint}"
