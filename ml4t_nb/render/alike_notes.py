"""Notes on datasets: one each, or of many datasets one for all of which the same is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml4t_nb.hints import at_home
from ml4t_nb.model import Command, DatasetId, Hint
from ml4t_nb.render.folding import FEW, next_commands
from ml4t_nb.render.format import first_of
from ml4t_nb.render.layout import Note
from ml4t_nb.report_parts import UnreadDataset

__all__ = ["Told", "alike_notes", "unread_notes"]

_NAMED = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a dataset, without its name.

    Parameters
    ----------
    mark
        The sign before it, with a blank; or nothing.
    name
        What the dataset is called, if it stands alone.
    """

    dataset: DatasetId
    mark: str
    words: str
    step: Hint = ""
    name: str = ""


def alike_notes(told: Sequence[Told], home: Path | None) -> Iterator[Note]:
    """The notes in the order of what is told; their steps name the store at ``home``."""
    if len({each.dataset for each in told}) <= FEW:
        for each in told:
            step = each.step if home is None else at_home(each.step, home)
            yield Note(f"{each.mark}{each.name or each.dataset.symbol}: {each.words}", step)
        return
    alike: dict[tuple[str, str], list[Told]] = {}
    for each in told:
        alike.setdefault((each.mark, each.words), []).append(each)
    for (mark, words), members in alike.items():
        names = ", ".join(first_of((each.dataset.symbol for each in members), _NAMED))
        yield Note(f"{mark}{names}: {words}", _step(members, home))


def unread_notes(unread: Sequence[UnreadDataset], home: Path | None) -> Iterator[Note]:
    """Datasets that cannot be read, and why."""
    told = [
        Told(each.dataset, "❌ ", each.error.message, each.error.hint, str(each.dataset))
        for each in unread
    ]
    return alike_notes(told, home)


def _step(members: Sequence[Told], home: Path | None) -> Hint | Command:
    """What does for all of them what their steps do for each, if there is one such thing."""
    hints = {each.step if isinstance(each.step, str) else "" for each in members}
    commands = next_commands(((each.dataset, each.step) for each in members), home)
    if len(commands) == 1:
        return commands[0]
    return hints.pop() if len(hints) == 1 else ""
