"""What the buttons of the health board do about datasets: the next steps that health names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.hints import commands_of
from ml4t_nb.model import Command, DatasetId, LoadArguments, NextStep, StepAction
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, of_dataset
from ml4t_nb.records import Health
from ml4t_nb.render.format import first_of, labelled, many, plain

__all__ = ["Remedy", "Repair", "RepairRun", "remedies_of", "remedy_of", "repair_of"]

Remedy: TypeAlias = Literal["update", "gaps", "load", "reload", "accept", "review", "end"]
"""What is done about a dataset; ``review`` opens its findings, the others are commands."""

_REMEDIES: Mapping[StepAction, Remedy] = {
    "update": "update",
    "accept": "accept",
    "gaps": "gaps",
    "load": "load",
    "reload": "reload",
    "review": "review",
}
_NAMED = 5

Chain: TypeAlias = tuple[Command, ...]
"""Commands that follow one another, each once the one before it went well."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What is carried out, one chain after the other, whatever came of the one before.

    The warning is to be said before the first of them; it is empty if nothing can be lost.
    """

    chains: tuple[Chain, ...]
    warning: str = ""


def remedy_of(health: Health) -> Remedy | None:
    """What its state asks for; None if nothing, or nothing but what only a person can do."""
    if health.is_vanished and health.state == "suspect":
        return "end"
    step = health.step
    return _REMEDIES.get(step.action) if isinstance(step, NextStep) else None


def remedies_of(health: Health) -> frozenset[Remedy]:
    """All that can be done about it."""
    own = remedy_of(health)
    found: set[Remedy] = set() if own is None else {own}
    if health.state == "error" and own != "update":
        return frozenset(found)  # of what cannot be read nothing else can be done
    if health.due is not None:
        found.add("update")
    if health.gaps_open:
        found.add("gaps")
    if health.suspect:
        found.add("review")
    if health.is_vanished:
        found.add("end")
    return frozenset(found)


def repair_of(
    remedy: Remedy,
    datasets: Sequence[Health],
    *,
    stored: Collection[DatasetId] = (),
    shared: Arguments = NO_ARGUMENTS,
) -> Repair:
    """The remedy for these datasets: one command for all of them where one can name just them.

    ``stored`` are all there are: a symbol that is stored once needs neither class nor frequency.
    """
    if remedy == "reload":
        # One after the other: where one cannot be loaded again, the next is not removed for it.
        chains = tuple(tuple(_commands(remedy, each, shared)) for each in datasets)
        return Repair(chains, _loss(datasets))
    alike: dict[tuple[str, tuple[tuple[str, object], ...]], list[DatasetId]] = {}
    for health in datasets:
        for command in _commands(remedy, health, shared):
            rest = {k: v for k, v in command.arguments.items() if k not in _SELECTORS}
            alike.setdefault((command.verb, tuple(rest.items())), []).append(health.dataset)
    chains = tuple(
        (Command(verb, {**selector, **dict(rest)}),)
        for (verb, rest), names in alike.items()
        for selector in _selectors(verb, names, stored)
    )
    return Repair(chains, _end(datasets) if remedy == "end" else "")


_SELECTORS = frozenset(("symbol", "asset_class", "frequency"))


def _commands(remedy: Remedy, health: Health, shared: Arguments) -> Iterator[Command]:
    step = health.step
    if not isinstance(step, NextStep) or _REMEDIES.get(step.action) != remedy:
        action: StepAction = remedy if remedy in ("gaps", "end") else "update"
        step = NextStep(action, health.dataset)
    step = replace(step, home=None, source=step.source or LoadArguments())
    own: dict[str, object] = {"refetch": True} if remedy == "gaps" else {}
    more = {**own, **of_dataset(health.dataset), **shared}
    for command in commands_of(step):
        yield replace(command, arguments={**command.arguments, **more})


def _selectors(
    verb: str, datasets: Sequence[DatasetId], stored: Collection[DatasetId]
) -> Iterator[dict[str, object]]:
    """Arguments that select just these datasets: of one command if that is possible."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in datasets:
        kinds.setdefault((each.asset_class, each.frequency), []).append(each.symbol)
    held = Counter(each.symbol for each in stored or datasets)
    is_plain = all(held[each.symbol] == 1 for each in datasets)
    if len(kinds) > 1 and is_plain and verb != "load":
        yield {"symbol": tuple(each.symbol for each in datasets)}
        return
    for (asset_class, frequency), symbols in kinds.items():
        yield {"symbol": tuple(symbols), "asset_class": asset_class, "frequency": frequency}


def _end(datasets: Sequence[Health]) -> str:
    """What is to be confirmed before symbols end; each ends with its last bar."""
    names = first_of([_with_last(each) for each in datasets], _NAMED)
    is_one = len(datasets) == 1
    who, one, that = ("It is", "it", "it") if is_one else ("They are", "one", "that one")
    return (
        f"This declares that trading ended with the last stored bar: {', '.join(names)}. {who} not "
        f"requested any more, and the bars stay. If {one} was renamed, review {that} instead."
    )


def _with_last(health: Health) -> str:
    name = plain(labelled(health.dataset, health.provider))
    return name if health.last is None else f"{name} on {health.last:%Y-%m-%d}"


def _loss(datasets: Sequence[Health]) -> str:
    names = [plain(labelled(each.dataset, each.provider)) for each in datasets]
    providers = {each.provider or "the default provider" for each in datasets}
    which = names[0] if len(names) == 1 else many(len(names), "dataset")
    listed = "" if len(names) == 1 else f" ({', '.join(first_of(names, _NAMED))})"
    source = providers.pop() if len(providers) == 1 else "their providers"
    return f"This removes all that is stored of {which}{listed}, then loads it again from {source}."


class RepairRun:
    """A repair that is carried out in the background, and its jobs so far, one for each command.

    ``ended`` is called once all of it is over, in a job's thread.
    """

    def __init__(
        self, repair: Repair, datasets: Sequence[DatasetId], ended: Callable[[RepairRun], object]
    ) -> None:
        self.is_over = not repair.chains
        self.datasets = frozenset(datasets)
        self.jobs: list[Job] = []
        self._chains = [list(each) for each in repair.chains]
        self._ended = ended

    def start(self) -> None:
        """Begin the next command."""
        while self._chains and not self._chains[0]:
            self._chains.pop(0)
        if not self._chains:
            self.is_over = True
            self._ended(self)
            return
        job = JOBS.start(self._chains[0].pop(0))
        self.jobs.append(job)
        job.observe(self._watch)

    def _watch(self, job: Job) -> None:
        if job is not self.jobs[-1] or not job.is_over:
            return  # one that ends just as its watchers are called calls them once more
        if job.state == "cancelled":
            self._chains.clear()
        elif job.state == "failed" and self._chains:
            self._chains.pop(0)
        self.start()
