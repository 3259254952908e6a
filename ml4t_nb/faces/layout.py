"""Tables and lines: what a report is made of before it is text or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["NOTHING_STORED", "Block", "Lines", "Note", "Table"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words under headings.

    Parameters
    ----------
    headings
        One for each column; one that ends in ``>`` stands over right-aligned numbers.
    title
        What the rows are; may be empty.
    is_total
        Whether it sums up another table; a script that reads bare rows is spared it.
    """

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    title: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence, with the next step if there is one."""

    text: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences one under the other."""

    notes: tuple[Note, ...]


Block: TypeAlias = Table | Lines

NOTHING_STORED = Lines((Note("nothing is stored yet", "ml4t-data load -s SYMBOL -p PROVIDER"),))
