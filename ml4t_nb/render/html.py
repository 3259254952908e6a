"""Reports, errors and progress as HTML that is readable in any theme, without a stylesheet too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import Speller, spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.render.change.change_html import changes_html
from ml4t_nb.render.format import plain
from ml4t_nb.render.layout import Block, Note, SessionMap, Table
from ml4t_nb.render.markup import element, fragment, trusted
from ml4t_nb.render.plots.theme import SESSIONS, style_of
from ml4t_nb.render.report_blocks import SHOWN, blocks
from ml4t_nb.render.tokens import STYLED, custom_properties
from ml4t_nb.reports import ExportReport, PlotReport, RecentSession, Report

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "FAINT", "INK", "LINE", "as_html", "error_html", "error_text", "line_html",
    "report_html",
]  # fmt: skip

# Lab and VS Code each set their own variable; elsewhere the page's text colour holds. A table
# with a colour of its own would be black on black somewhere.
INK = "color:var(--jp-ui-font-color1, var(--vscode-foreground, currentColor))"
LINE = "var(--jp-border-color2, var(--vscode-panel-border, currentColor))"
FAINT = "color:var(--jp-ui-font-color2, var(--vscode-descriptionForeground, currentColor))"
_CELL = "padding:2px 10px 2px 0;vertical-align:top;border:0"
_MONO = "font-family:var(--jp-code-font-family, monospace);font-size:11px;line-height:15px"
_SHORT = len("2005-03-04 14:30 UTC")
_NO_CHANGES: Mapping[DatasetId, PlotReport] = MappingProxyType({})


def report_html(report: Report, changes: Mapping[DatasetId, PlotReport] = _NO_CHANGES) -> Markup:
    """Tables and sentences for a notebook; below them pictures of what a run changed."""
    words = as_html(blocks(report))
    if changes:
        style = element("style", trusted(custom_properties()))
        words += element("div", style, changes_html(changes), class_=STYLED)
    if isinstance(report, ExportReport) and report.printed is not None:
        words += trusted(report.printed.to_html(max_rows=SHOWN, border=0))  # of numbers
    return words


def as_html(blocks: Iterable[Block]) -> Markup:
    """Blocks one under the other."""
    speller = Speller("%ml4t")
    parts = (_block(each, speller) for each in blocks)
    return element("div", parts, class_="ml4t-report", style=INK)


def line_html(text: str) -> Markup:
    """One sentence."""
    return element("div", text, class_="ml4t-progress", style=FAINT)


def _block(block: Block, speller: Speller) -> Markup:
    match block:
        case Table():
            return _table(block)
        case list():
            notes = (_note(note, speller) for note in block)
            return element("div", notes, style="margin:6px 0")
        case SessionMap():
            return _map(block)


def _note(note: Note, speller: Speller) -> Iterator[Markup]:
    yield element("div", note.text, style="white-space:pre-wrap")
    if note.step:
        step = element("code", speller(note.step))
        yield element("div", step, style="padding-left:2em")


def _table(block: Table) -> Markup:
    aligns = ["right" if heading.endswith(">") else "left" for heading in block.headings]
    line = f"border-bottom:1px solid {LINE}"
    head = (
        element(
            "th", heading.removesuffix(">"), scope="col", style=f"{_CELL};text-align:{align};{line}"
        )
        for heading, align in zip(block.headings, aligns, strict=True)
    )
    body = (element("tr", map(_cell, row, aligns)) for row in block.rows)
    title = element("caption", block.title, style=f"text-align:left;{FAINT}")
    return element(
        "table",
        title if block.title else "",
        element("thead", element("tr", head)),
        element("tbody", body),
        style=f"border-collapse:collapse;margin:6px 0;{INK}",
    )


def _cell(cell: str, align: str) -> Markup:
    # A browser breaks a line at the hyphens of a date.
    wrap = ";white-space:nowrap" if len(cell) <= _SHORT else ""
    return element("td", cell, style=f"{_CELL};text-align:{align}{wrap}")


def _map(block: SessionMap) -> Markup:
    """Its rows as cells, each with its sign, its colour and its story, and a legend."""
    columns = f"display:grid;grid-template-columns:repeat({len(block.days)},16px);gap:1px"
    cells = f"{columns};text-align:center;color:#000"
    cell = f"padding:0 8px 1px 0;border:0;text-align:left;font-weight:normal;{_MONO}"
    days = (element("span", f"{day:%d}", title=f"{day:%a %Y-%m-%d}") for day in block.days)
    heading = element("th", block.title, style=cell)
    head = element("tr", heading, element("th", element("div", days, style=columns), style=cell))
    body = []
    for name, row in zip(block.names, block.rows, strict=True):
        signs = element("div", map(_session, row), role="img", aria_label=_sum(row), style=cells)
        first = element("th", name, scope="row", style=cell)
        body.append(element("tr", first, element("td", signs, style=cell)))
    look = "border-collapse:collapse;margin:6px 0"
    parts = element("thead", head), element("tbody", body)
    table = element("table", parts, class_="ml4t-sessions", style=look)
    whole = element("div", table, style="overflow-x:auto")
    patch = "display:inline-block;width:16px;text-align:center;color:#000;margin-right:4px"
    kinds = []
    for name, style in block.legend:
        sign = element("b", style.sign, style=f"{patch};background:{style.colour}")
        words = f"{name} ({style.meaning})"
        kinds.append(element("span", sign, words, style="margin-right:14px;white-space:nowrap"))
    return fragment(whole, element("div", kinds, style=f"{_MONO};margin:2px 0 6px"))


def _session(had: RecentSession | None) -> Markup:
    if had is None:
        return element("b")
    style = style_of(had.state, had.gap)[1]
    gap = f", {had.gap}" if had.gap not in (None, had.state) else ""
    story = f"{had.session:%a %Y-%m-%d}: {had.state}{gap}"
    return element("b", style.sign, title=story, style=f"background:{style.colour}")


def _sum(row: Sequence[RecentSession | None]) -> str:
    counts = Counter(each.state for each in row if each is not None)
    counted = ", ".join(f"{counts[state]} {state}" for state in SESSIONS if counts[state])
    return counted or "nothing known"


def error_text(error: Ml4tError) -> str:
    """The same where no HTML is shown."""
    step = f"\n{spell(error.advice, '%ml4t')}" if error.hint else ""
    return f"❌ {plain(error.message)}{plain(step)}"


def error_html(error: Ml4tError) -> Markup:
    """What happened, and what to do next."""
    step = element("div", spell(error.advice, "%ml4t"), style=FAINT) if error.hint else ""
    return element("div", f"❌ {error.message}", step, role="alert", style=INK)
