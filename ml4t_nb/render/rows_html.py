"""Tables as HTML: some rows as a table, and many more as lines of text, which take little room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from ml4t_nb.render.folded_html import STATE_COLOURS
from ml4t_nb.render.format import many
from ml4t_nb.render.icons import icon
from ml4t_nb.render.layout import Note, Table
from ml4t_nb.render.markup import element
from ml4t_nb.render.text import as_text

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "FoldedRows",
    "bare_note",
    "fold_rows",
    "folded_lines_html",
    "marked",
    "rows_title",
    "table_html",
]

_RIGHT = {"class_": "n s", "align": "right"}
_MARKS = {"✅": "healthy", "⚠️": "suspect", "❌": "error"}
_SHORT = len("2005-03-04 14:30 UTC")
_BETWEEN = 2
_NAME = "Dataset"


def table_html(block: Table, rows: Sequence[tuple[str, ...]]) -> Markup:
    """The rows under the headings and the title of ``block``."""
    is_number = [heading.endswith(">") for heading in block.headings]
    aligned = [_RIGHT if right else {} for right in is_number]
    head = (
        element("th", heading.removesuffix(">"), scope="col", **how)
        for heading, how in zip(block.headings, aligned, strict=True)
    )
    title = element("caption", block.title)
    return element(
        "table",
        title if block.title else "",
        element("thead", element("tr", head)),
        element("tbody", (_row(row, aligned) for row in rows)),
    )


def _row(row: Sequence[str], aligned: Sequence[Mapping[str, str]]) -> Markup:
    following = (*row[1:], "")
    return element(
        "tr",
        (_cell(*each) for each in zip(row, following, aligned, strict=True)),
    )


def _cell(cell: str, after: str, how: Mapping[str, str]) -> Markup:
    # A browser breaks a line at the hyphens of a date.
    width = {"class_": "s" if len(cell) <= _SHORT else "w"}
    return element("td", marked(cell, after), **{**width, **how})


def marked(words: str, after: str = "") -> Sequence[str]:
    """Words whose mark is drawn: the sign of the state that they, or those ``after``, name."""
    mark, _, rest = words.partition(" ")
    if mark not in _MARKS:
        return (words,)
    named = (rest or after).partition(" ")[0].rstrip(":")
    state = named if named in STATE_COLOURS else _MARKS[mark]
    return (icon(state, STATE_COLOURS[state]), f" {rest}" if rest else "")


def bare_note(note: Note) -> Note:
    """The note without the mark that stands for a drawing."""
    return replace(note, text=_bare(note.text))


def _bare(words: str) -> str:
    mark, _, rest = words.partition(" ")
    return rest if mark in _MARKS else words


@dataclass(frozen=True, slots=True)
class FoldedRows:
    """Rows of a table as lines of text.

    Parameters
    ----------
    table
        Of them, with the columns that there was room for.
    of
        What begins all names, which is left out of them.
    without
        Headings of the others that are not alike in all rows.
    """

    table: Table
    of: str
    without: tuple[str, ...]


def fold_rows(block: Table, after: int, room: int) -> FoldedRows:
    """The rows ``after`` so many as lines that take at most ``room`` characters.

    What all rows have in common is said by those before. Where there is little room, columns are
    left out from the right, but for the names; then rows.
    """
    kept = _telling(block) if after else [*range(len(block.headings))]
    of = _beginning(block)
    table = _columns(block, after, kept, of)
    names = [at for at in kept if block.headings[at] == _NAME] or kept[:1]
    without: list[str] = []
    while len(kept) > 1 and sum(_line_sizes(table)) > room:
        last = max(at for at in kept if at not in names)
        kept = [at for at in kept if at != last]
        without.insert(0, block.headings[last].removesuffix(">"))
        table = _columns(block, after, kept, of)
    fitting = sum(total <= room for total in accumulate(_line_sizes(table)))
    shown = replace(table, rows=table.rows[:fitting])
    return FoldedRows(shown, of, tuple(filter(None, without)))


def _telling(block: Table) -> list[int]:
    """The columns whose cells are not all alike."""
    columns = zip(*block.rows, strict=True)
    return [at for at, cells in enumerate(columns) if len(set(cells)) > 1] or [0]


def _columns(block: Table, after: int, kept: Sequence[int], of: str) -> Table:
    rows = tuple(
        tuple(_bare(row[at]).removeprefix(of) for at in kept) for row in block.rows[after:]
    )
    return Table(tuple(block.headings[at] for at in kept), rows)


def _beginning(block: Table) -> str:
    """``equities/daily/`` if all names begin so; else nothing."""
    if _NAME not in block.headings:
        return ""
    at = block.headings.index(_NAME)
    each_of = {"/".join(row[at].split("/", 2)[:2]) for row in block.rows}
    return f"{each_of.pop()}/" if len(each_of) == 1 else ""


def _line_sizes(table: Table) -> list[int]:
    """Of each row; the last cell is not padded."""
    columns = [*zip(table.headings, *table.rows, strict=True)][:-1]
    before = sum(max(map(len, cells)) + _BETWEEN for cells in columns)
    return [before + len(row[-1]) + 1 for row in table.rows]


def folded_lines_html(block: Table | list[Note], title: str) -> Markup:
    """Lines of text that are shown on demand."""
    text = as_text([block], program="%ml4t").rstrip("\n")
    kind = "ml4t-rows" if isinstance(block, Table) else "ml4t-lines"
    return element("details", element("summary", title), element("pre", text), class_=kind)


def rows_title(folded: FoldedRows, *, is_first: bool) -> str:
    """How many rows are folded, of what, and what is left out of them."""
    words = many(len(folded.table.rows), "row" if is_first else "more row")
    words += f" of {folded.of.rstrip('/')}" if folded.of else ""
    *others, last = folded.without or ("",)
    left = " and ".join(filter(None, (", ".join(others), last)))
    return f"{words}, without {left}" if left else words
