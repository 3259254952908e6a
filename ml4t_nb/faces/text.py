"""Tables and lines as text for a terminal, or as bare rows for a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO
from typing import TYPE_CHECKING

from ml4t_nb.faces.layout import Block, Lines, Table
from ml4t_nb.faces.words import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

__all__ = ["as_rows", "as_text"]

_UNBOUNDED = 100_000


def as_text(blocks: Iterable[Block], *, width: int | None = None, colour: bool = False) -> str:
    """Blocks as aligned text, a blank line between them.

    Parameters
    ----------
    width
        Columns to stay within; None for as many as it takes.
    colour
        Whether headings may be set off by terminal codes.
    """
    return "\n".join("\n".join(_lines(block, width, colour=colour)) + "\n" for block in blocks)


def as_rows(blocks: Iterable[Block]) -> str:
    """Rows of the tables, tab-separated, without headings; for scripts."""
    rows = (row for block in blocks if isinstance(block, Table) for row in block.rows)
    return "".join("\t".join(plain(cell).replace("\n", " ") for cell in row) + "\n" for row in rows)


def _lines(block: Block, width: int | None, *, colour: bool) -> Iterator[str]:
    console, written = _console(width, colour=colour)
    if isinstance(block, Lines):
        for note in block.notes:
            _write(console, plain(note.text))
            if note.step:
                _write(console, f"   → {plain(note.step)}")
    else:
        if block.title:
            _write(console, plain(block.title))
        console.print(_table(block, console))
    return (line.rstrip() for line in written.getvalue().splitlines())


def _console(width: int | None, *, colour: bool) -> tuple[Console, StringIO]:
    from rich.console import Console

    written = StringIO()
    console = Console(
        file=written,
        width=width or _UNBOUNDED,
        force_terminal=colour,
        color_system="standard" if colour else None,
        force_jupyter=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    return console, written


def _write(console: Console, line: str) -> None:
    # A command is copied from its line, so lines are left to the terminal to wrap.
    console.print(line, soft_wrap=True)


def _table(block: Table, console: Console) -> RichTable:
    for gap in (2, 1):
        table = _filled(block, gap)
        if console.measure(table).maximum <= console.width:
            break
    return table


def _filled(block: Table, gap: int) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(
        box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold", expand=False
    )
    for heading in block.headings:
        name = heading.removesuffix(">")
        right = heading.endswith(">")
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    for row in block.rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    return table
