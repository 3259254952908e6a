"""A report as text for a terminal, or as bare rows for a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.commands.spelling import Speller
from ml4t_nb.render.folding import FEW
from ml4t_nb.render.format import first_of, plain
from ml4t_nb.render.layout import Block, Folded, Group, Headline, NextCommands, SessionMap, Table
from ml4t_nb.render.plots.theme import style_of
from ml4t_nb.render.report_blocks import SHOWN, blocks
from ml4t_nb.render.run_blocks import news
from ml4t_nb.reports import ExportReport, Report, RunReport, SqlReport

__all__ = ["as_text", "report_news", "report_rows", "report_text"]

_UNBOUNDED = 100_000
_NAMED = 8
_FEW_NAMES = 3


def report_text(
    report: Report,
    *,
    width: int | None = None,
    colour: bool = False,
    program: ProgramName = "ml4t-data",
) -> str:
    """Tables and sentences, ended by a newline, drawn as `as_text` does."""
    words = as_text(blocks(report), width=width, colour=colour, program=program)
    if isinstance(report, ExportReport) and report.printed is not None:
        return f"{words}{report.printed.to_string(max_rows=SHOWN, line_width=width)}\n"
    return words


def report_rows(report: Report) -> str:
    """Rows of the tables, tab-separated, without headings or totals; for scripts."""
    if isinstance(report, SqlReport):
        report = replace(report, limit=0)  # a script would not see that some are missing
    tables = (_bare(each) for each in blocks(report))
    rows = (row for table in tables if table for row in table.rows)
    return "".join("\t".join(plain(cell).replace("\n", " ") for cell in row) + "\n" for row in rows)


def _bare(block: Block) -> Table | None:
    if isinstance(block, Folded):
        return block.table
    return block if isinstance(block, Table) else None


def report_news(report: RunReport) -> str:
    """What a run found that the next one will not repeat, one line each; empty if nothing."""
    notes = list(news(report))
    return as_text([notes]) if notes else ""


def as_text(
    blocks: Iterable[Block],
    *,
    width: int | None = None,
    colour: bool = False,
    program: ProgramName = "ml4t-data",
) -> str:
    """Blocks as aligned text within ``width``, a blank line between them.

    With ``colour``, headings are set off by terminal codes.
    """
    room = _UNBOUNDED if width is None else width
    spell = Speller(program)
    drawn = (_lines(block, room, spell, colour=colour) for block in blocks)
    return "\n".join("\n".join(lines) + "\n" for lines in drawn)


def _lines(block: Block, width: int, spell: Speller, *, colour: bool) -> Iterator[str]:
    match block:
        case list():
            # A command is copied from its line, so lines are left to the terminal to wrap.
            for note in block:
                yield plain(note.text)
                if note.step:
                    yield f"   → {plain(spell(note.step))}"
        case Headline():
            yield plain(block.text)
            yield from [plain(block.about)] * bool(block.about)
        case NextCommands():
            lines = (f"→ {plain(spell(each))}" for each in block.commands)
            yield from (f"   {each}" for each in first_of(lines, FEW))
        case SessionMap():
            yield from _map(block)
        case Folded():
            rows = [row for group in block.groups for row in _rows_of(group)]
            yield from _drawn(Table(block.headings, rows), width, colour=colour)
        case Table():
            if block.title:
                yield plain(block.title)
            yield from _drawn(block, width, colour=colour)


def _rows_of(group: Group) -> Iterator[tuple[str, ...]]:
    """A row for the group, and one for each of its causes if it is open."""
    if not group.is_open:
        every = (name for cause in group.causes for name in cause.names)
        says = ", ".join(first_of(every, _NAMED))
        yield group.title, says, group.bars, group.last
        return
    yield group.title, group.says, group.bars, group.last
    for cause in group.causes:
        names = ", ".join(first_of(cause.names, _NAMED))
        if len(cause.names) <= _FEW_NAMES:
            yield f"  {names}", cause.says, cause.bars, cause.last
        else:
            what = f"  {len(cause.names):,} datasets"
            yield what, f"{cause.says}: {names}", cause.bars, cause.last


def _map(block: SessionMap) -> Iterator[str]:
    """Its rows of signs under the days of the month, and what the signs mean."""
    from rich.cells import cell_len, set_cell_size

    names = [plain(name) for name in block.names]
    width = max(map(cell_len, names))
    yield block.title
    for digit in (0, 1):
        yield f"{'':{width}}  {''.join(f'{day:%d}'[digit] for day in block.days)}"
    for name, row in zip(names, block.rows, strict=True):
        styles = (had and style_of(had.state, had.gap)[1] for had in row)
        signs = "".join(style.sign if style else " " for style in styles)
        yield f"{set_cell_size(name, width)}  {signs}".rstrip()
    kinds = [f"{style.sign} {name} ({style.meaning})" for name, style in block.legend]
    yield from ("   ".join(kinds[at : at + 3]) for at in range(0, len(kinds), 3))


def _drawn(block: Table, width: int, *, colour: bool) -> Iterator[str]:
    """Lines of a table. For thousands of rows a table of rich takes seconds."""
    from rich.cells import cell_len
    from rich.style import Style

    bold = Style(bold=True)
    headings = [plain(heading.removesuffix(">")) for heading in block.headings]
    rights = [heading.endswith(">") for heading in block.headings]
    rows = [tuple(plain(cell) for cell in row) for row in block.rows]
    widths, gap = _widths(headings, rights, rows, width)
    for row in (headings, *rows):
        cells = [_folded(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        if row is headings:  # they stand on their columns
            tallest = max(map(len, cells))
            cells = [[""] * (tallest - len(cell)) + cell for cell in cells]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = (
                " " * (columns - cell_len(part)) + part
                if is_right
                else part + " " * (columns - cell_len(part))
                for part, columns, is_right in zip(parts, widths, rights, strict=True)
            )
            line = (" " * gap).join(padded).rstrip()
            yield bold.render(line) if colour and row is headings else line


def _folded(cell: str, columns: int) -> list[str]:
    """A cell's lines, broken at blanks where it is too wide for its column."""
    from rich.cells import cell_len

    if "\n" not in cell and cell_len(cell) <= columns:
        return [cell]
    from rich.console import Console
    from rich.text import Text

    lines = Text(cell).wrap(Console(), columns, overflow="fold")
    return [line.plain.rstrip() for line in lines]


def _widths(
    headings: Sequence[str], rights: Sequence[bool], rows: Sequence[Sequence[str]], width: int
) -> tuple[list[int], int]:
    """Widths of the columns, and the blanks between them, to stay within ``width``.

    Sentences are wrapped at their blanks, the widest first. Names and numbers are not: cut short
    they would be others, so a table may have to be wider than it should.
    """
    from rich.cells import cell_len

    columns = [[heading, *cells] for heading, *cells in zip(headings, *rows, strict=True)]
    widths = [max(map(cell_len, cells)) for cells in columns]
    least = [
        longest
        if is_right
        else max(cell_len(word) for cell in cells for word in [*cell.split(), ""])
        for cells, is_right, longest in zip(columns, rights, widths, strict=True)
    ]
    gap = 2 if sum(widths) + 2 * len(widths) - 2 <= width else 1
    while sum(widths) + gap * (len(widths) - 1) > width:
        slack = [
            (now, at) for at, (now, end) in enumerate(zip(widths, least, strict=True)) if now > end
        ]
        if not slack:
            break
        widths[max(slack)[1]] -= 1
    return widths, gap
