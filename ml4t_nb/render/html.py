"""Tables and lines as HTML that is readable in any theme, with or without a stylesheet."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ml4t_nb.commands.spelling import Speller, spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.render.format import plain
from ml4t_nb.render.layout import Block, Lines, Note, SessionMap, Table
from ml4t_nb.render.session_map import map_html

__all__ = [
    "FAINT", "INK", "LINE", "as_html", "error_html", "error_text", "line_html", "progress_html",
]  # fmt: skip

# Lab and VS Code each set their own variable; elsewhere the page's text colour holds. A table
# with a colour of its own would be black on black somewhere.
INK = "color:var(--jp-ui-font-color1, var(--vscode-foreground, currentColor))"
LINE = "var(--jp-border-color2, var(--vscode-panel-border, currentColor))"
FAINT = "color:var(--jp-ui-font-color2, var(--vscode-descriptionForeground, currentColor))"
_CELL = "padding:2px 10px 2px 0;vertical-align:top;border:0"
_SHORT = len("2005-03-04 14:30 UTC")


def as_html(blocks: Iterable[Block]) -> str:
    """Blocks one under the other; every word of theirs is escaped."""
    speller = Speller("%ml4t")
    parts = (_block(each, speller) for each in blocks)
    return f'<div class="ml4t-report" style="{INK}">{"".join(parts)}</div>'


def progress_html(label: str, done: int, total: int, doing: str) -> str:
    """A bar with its numbers in words."""
    bar = (
        f'<progress max="{max(total, 1)}" value="{done}" style="width:16em" '
        f'aria-label="{_safe(label)}"></progress>'
    )
    words = f"{_safe(label)} {done} of {total} {_safe(doing)}"
    return f'<div class="ml4t-progress" style="{INK}">{bar} {words}</div>'


def line_html(text: str) -> str:
    """One sentence."""
    return f'<div class="ml4t-progress" style="{FAINT}">{_safe(text)}</div>'


def _safe(text: str) -> str:
    return escape(plain(text))


def _block(block: Block, speller: Speller) -> str:
    match block:
        case Table():
            return _table(block)
        case Lines():
            return _lines(block, speller)
        case SessionMap():
            return map_html(block)


def _lines(block: Lines, speller: Speller) -> str:
    notes = "".join(_note(note, speller) for note in block.notes)
    return f'<div style="margin:6px 0">{notes}</div>'


def _note(note: Note, speller: Speller) -> str:
    step = f'<div style="padding-left:2em"><code>{_safe(speller(note.step))}</code></div>'
    text = f'<div style="white-space:pre-wrap">{_safe(note.text)}</div>'
    return f"{text}{step if note.step else ''}"


def _table(block: Table) -> str:
    aligns = ["right" if heading.endswith(">") else "left" for heading in block.headings]
    head = "".join(
        f'<th scope="col" style="{_CELL};text-align:{align};'
        f'border-bottom:1px solid {LINE}">{_safe(heading.removesuffix(">"))}</th>'
        for heading, align in zip(block.headings, aligns, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_cell(cell, align) for cell, align in zip(row, aligns, strict=True))}</tr>"
        for row in block.rows
    )
    title = f'<caption style="text-align:left;{FAINT}">{_safe(block.title)}</caption>'
    return (
        f'<table style="border-collapse:collapse;margin:6px 0;{INK}">'
        f"{title if block.title else ''}"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(cell: str, align: str) -> str:
    # A browser breaks a line at the hyphens of a date.
    wrap = ";white-space:nowrap" if len(cell) <= _SHORT else ""
    return f'<td style="{_CELL};text-align:{align}{wrap}">{_safe(cell)}</td>'


def error_text(error: Ml4tError) -> str:
    """The same where no HTML is shown."""
    step = f"\n{spell(error.advice, '%ml4t')}" if error.hint else ""
    return f"❌ {plain(error.message)}{plain(step)}"


def error_html(error: Ml4tError) -> str:
    """What happened, and what to do next."""
    step = f'<div style="{FAINT}">{_safe(spell(error.advice, "%ml4t"))}</div>' if error.hint else ""
    return f'<div role="alert" style="{INK}">❌ {_safe(error.message)}{step}</div>'
