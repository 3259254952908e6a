"""Tables and lines: what a report is made of before it is text or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias

from ml4t_nb.hints import at_home
from ml4t_nb.model import Command, DatasetId, Hint, LoadArguments, NextStep
from ml4t_nb.render.format import instant, many
from ml4t_nb.render.plots.theme import StateStyle, legend_place, style_of
from ml4t_nb.reports import RecentSession

__all__ = [
    "AlikeDatasets",
    "Block",
    "Folded",
    "Group",
    "Headline",
    "NextCommands",
    "Note",
    "SessionMap",
    "Table",
    "none_is_due",
    "nothing_stored",
]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words under headings; one that ends in ``>`` is over right-aligned numbers."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence, with the next step if there is one.

    Parameters
    ----------
    changed
        The dataset whose change it tells, which may be shown.
    """

    text: str
    step: Hint | Command = ""
    changed: DatasetId | None = None


@dataclass(frozen=True, slots=True)
class SessionMap:
    """What the last sessions of several datasets have: a row a dataset, a column a day.

    None stands where there is no session, and before the first bar.
    """

    title: str
    days: tuple[date, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[RecentSession | None, ...], ...]

    @property
    def legend(self) -> list[tuple[str, StateStyle]]:
        """Name and style of each state that it has, in order."""
        sessions = {each for row in self.rows for each in row if each is not None}
        styles = {style_of(each.state, each.gap) for each in sessions}
        return sorted(styles, key=lambda each: legend_place(each[0]))


@dataclass(frozen=True, slots=True)
class Headline:
    """What came of it in one sentence, and below it the facts about all of it."""

    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class AlikeDatasets:
    """Datasets of which the same is to be said.

    Parameters
    ----------
    changed
        Those of them whose change it tells.
    """

    says: str
    names: tuple[str, ...]
    bars: str = ""
    last: str = ""
    changed: tuple[DatasetId, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Causes of one state.

    Parameters
    ----------
    state
        Name of its icon.
    causes
        Without their own words and of all names, where there is nothing to say but the names.
    is_open
        Whether its causes are shown before somebody asks for them.
    """

    state: str
    title: str
    says: str
    bars: str
    last: str
    causes: tuple[AlikeDatasets, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """Many datasets in few rows, the worst first.

    Parameters
    ----------
    number
        Of datasets.
    table
        A row for each dataset, for scripts.
    members
        What the result is asked for its values by: ``to_frame()``.
    """

    headings: tuple[str, str, str, str]
    groups: tuple[Group, ...]
    number: int
    table: Table
    members: tuple[str, ...] = ("to_frame()",)


@dataclass(frozen=True, slots=True)
class NextCommands:
    """What to type next, the most useful first."""

    commands: tuple[Command, ...]


Block: TypeAlias = Headline | Table | SessionMap | Folded | NextCommands | list[Note]
"""Notes stand one under the other."""

_LOAD = NextStep("load", DatasetId("equities", "daily", "SYMBOL"), source=LoadArguments("PROVIDER"))


def nothing_stored(home: Path | None) -> list[Note]:
    """What to say of an empty store, and how to fill it; without ``home``, the reader's own."""
    step = _LOAD if home is None else at_home(_LOAD, home)
    return [Note("nothing is stored yet", step)]


def none_is_due(waiting: int | None, next_due: datetime | None) -> list[Note]:
    """What to say where an update was to be of what is due, and nothing is."""
    following = f", the next is on {instant(next_due)}" if next_due else ""
    return [Note(f"none of {many(waiting or 0, 'dataset')} is due{following}")]
