"""Many datasets in few rows: equal causes in one, and what to type about all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ml4t_nb.hints import at_home, commands_of
from ml4t_nb.model import Command, DatasetId, Hint, NextStep
from ml4t_nb.render.format import many
from ml4t_nb.render.layout import AlikeDatasets, Group

__all__ = [
    "FEW",
    "Counted",
    "GroupKind",
    "folded_groups",
    "names_of",
    "next_commands",
    "one_command",
]

FEW = 20
"""Rows that are read one by one; of more datasets those of a kind share a row."""

# Of all that is stored, these do nothing to a dataset that needs nothing.
_OF_ALL = ("review", "gaps", "update", "history")


@dataclass(frozen=True, slots=True)
class Counted:
    """One dataset, as it is counted.

    Parameters
    ----------
    group
        Key of its group.
    says
        What is to be said of it; empty if it is like all others of the group.
    bars
        None where no number is to be summed.
    last
        Its last stamp, in words.
    changed
        The dataset, if ``says`` tells of a change of its values.
    """

    group: str
    name: str
    says: str
    bars: int | None
    last: str
    changed: DatasetId | None = None


@dataclass(frozen=True, slots=True)
class GroupKind:
    """How a group is shown: its icon, its title after the number, and whether it is open."""

    state: str
    title: str
    is_open: bool = True


def names_of(datasets: Iterable[DatasetId]) -> dict[DatasetId, str]:
    """Names to tell the datasets apart by: symbols, if they are of one class and frequency."""
    each_of = list(datasets)
    is_one = len({(each.asset_class, each.frequency) for each in each_of}) <= 1
    return {each: each.symbol if is_one else str(each) for each in each_of}


def folded_groups(
    items: Sequence[Counted], kinds: Mapping[str, GroupKind], *, signed: bool
) -> tuple[Group, ...]:
    """The groups in the order of ``kinds``, with at most `FEW` causes in all that are open.

    With ``signed``, numbers of bars are those added.
    """
    by_group: dict[str, list[Counted]] = {key: [] for key in kinds}
    for each in items:
        by_group[each.group].append(each)
    causes = {key: _causes(members, signed=signed) for key, members in by_group.items()}
    opened = [key for key in kinds if kinds[key].is_open and by_group[key]]
    rooms = _rooms([len(causes[key]) for key in opened])
    shown = dict(zip(opened, rooms, strict=True))
    return tuple(
        _group(kinds[key], by_group[key], causes[key], shown.get(key, FEW), signed=signed)
        for key in kinds
        if by_group[key]
    )


def next_commands(
    steps: Iterable[tuple[DatasetId, Hint]], home: Path | None
) -> tuple[Command, ...]:
    """What to type about the datasets: steps that are alike as one command of many of them."""
    alike: dict[tuple[str, str], list[Command]] = {}
    for _, hint in steps:
        step = _only_step(hint)
        if step is None:
            continue
        commands = commands_of(step if home is None else _at(step, home))
        if len(commands) == 1:
            others = {k: v for k, v in commands[0].arguments.items() if k != "symbol"}
            alike.setdefault((commands[0].verb, repr(others)), []).append(commands[0])
    return tuple(each for commands in alike.values() for each in _joined(commands))


def one_command(steps: Iterable[tuple[DatasetId, Hint]], home: Path | None) -> Command:
    """One command that does for all of them what their steps, of one verb, do for each."""
    first, *others = next_commands(steps, home)
    where = {name: value for name, value in first.arguments.items() if name == "home"}
    return replace(first, arguments=where) if others else first


def _only_step(hint: Hint) -> NextStep | None:
    parts = hint if isinstance(hint, tuple) else (hint,)
    steps = [each for each in parts if isinstance(each, NextStep)]
    return steps[0] if len(steps) == 1 else None


def _at(step: NextStep, home: Path) -> NextStep:
    placed = at_home(step, home)
    assert isinstance(placed, NextStep)
    return placed


def _joined(commands: Sequence[Command]) -> Iterator[Command]:
    """One command of all their symbols; if these are too many to read, of all that is stored.

    Where that would do something to others, too, several commands.
    """
    symbols = tuple(dict.fromkeys(word for each in commands for word in each.arguments["symbol"]))
    first = commands[0]
    others = {name: value for name, value in first.arguments.items() if name != "symbol"}
    if len(symbols) > FEW and first.verb in _OF_ALL:
        yield replace(first, arguments=others)
        return
    for at in range(0, len(symbols), FEW):
        yield replace(first, arguments={"symbol": symbols[at : at + FEW], **others})


def _causes(members: Sequence[Counted], *, signed: bool) -> list[AlikeDatasets]:
    """Those of most datasets first, each with its numbers."""
    alike: dict[str, list[Counted]] = {}
    for each in members:
        alike.setdefault(each.says, []).append(each)
    ordered = sorted(alike.items(), key=lambda pair: -len(pair[1]))
    return [
        AlikeDatasets(
            says,
            tuple(each.name for each in having),
            _bars(having, signed=signed),
            _last(having),
            tuple(each.changed for each in having if each.changed is not None),
        )
        for says, having in ordered
    ]


def _rooms(numbers: Sequence[int]) -> list[int]:
    """How many causes each group may show: all of a small one, the rest shared by the others."""
    rooms = [0] * len(numbers)
    left = FEW
    while left and any(room < number for room, number in zip(rooms, numbers, strict=True)):
        for at, number in enumerate(numbers):
            if left and rooms[at] < number:
                rooms[at] += 1
                left -= 1
    return rooms


def _group(
    kind: GroupKind,
    members: Sequence[Counted],
    causes: list[AlikeDatasets],
    room: int,
    *,
    signed: bool,
) -> Group:
    rest = causes[room:]
    if rest:
        names = tuple(name for each in rest for name in each.names)
        causes = [*causes[:room], AlikeDatasets(f"{many(len(rest), 'other cause')}", names)]
    return Group(
        kind.state,
        f"{len(members):,} {kind.title}",
        "" if len(causes) == 1 else many(len(causes) - bool(rest) + len(rest), "cause"),
        _bars(members, signed=signed),
        _last(members),
        tuple(causes),
        kind.is_open,
    )


def _bars(members: Sequence[Counted], *, signed: bool) -> str:
    total = sum(each.bars for each in members if each.bars is not None)
    if all(each.bars is None for each in members):
        return ""
    return f"{total:+,}" if signed and total else f"{total:,}"


def _last(members: Sequence[Counted]) -> str:
    """The last stamp, where it is that of all."""
    stamps = {each.last for each in members}
    return stamps.pop() if len(stamps) == 1 else ""
