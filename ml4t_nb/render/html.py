"""Reports, errors and progress as HTML that is readable in any theme, without a stylesheet too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

from ml4t_nb.commands.spelling import Speller, spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.render.change.change_html import changes_html
from ml4t_nb.render.folded_html import STATE_COLOURS, folded_html, next_html
from ml4t_nb.render.folding import FEW
from ml4t_nb.render.format import many, plain
from ml4t_nb.render.icons import icon
from ml4t_nb.render.layout import (
    Block,
    Folded,
    Headline,
    NextCommands,
    Note,
    SessionMap,
    Table,
)
from ml4t_nb.render.markup import element, fragment, trusted
from ml4t_nb.render.plots.theme import SESSIONS, style_of
from ml4t_nb.render.report_blocks import SHOWN, blocks
from ml4t_nb.render.report_sheet import report_script, report_style
from ml4t_nb.render.text import as_text
from ml4t_nb.render.tokens import STYLED, token
from ml4t_nb.reports import ExportReport, PlotReport, RecentSession, Report, SqlReport

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
_RIGHT = {"class_": "n s", "align": "right"}
_MARKS = {"✅": "healthy", "⚠️": "suspect", "❌": "error"}
# Characters that are there but folded; of more a page would be large.
_FOLDED = 30_000
_STEP, _BETWEEN = 60, 6
_SLACK = 4
_Line = TypeVar("_Line")
_NO_CHANGES: Mapping[DatasetId, PlotReport] = MappingProxyType({})
_MONO = "font-family:var(--jp-code-font-family, monospace);font-size:11px;line-height:15px"
_SHORT = len("2005-03-04 14:30 UTC")


def report_html(report: Report, changes: Mapping[DatasetId, PlotReport] = _NO_CHANGES) -> Markup:
    """Tables and sentences for a notebook, with their style sheet and the script of their buttons.

    What is long is folded, but for an answer to a query, whose reader says how much to show. Below
    stand pictures of what a run changed.
    """
    words = as_html(blocks(report), folds=not isinstance(report, SqlReport))
    if isinstance(report, ExportReport) and report.printed is not None:
        words += trusted(report.printed.to_html(max_rows=SHOWN, border=0))  # of numbers
    has_buttons = "data-scripted" in words
    whole = element(
        "div",
        element("style", trusted(report_style())),
        words,
        element("script", trusted(report_script())) if has_buttons else "",
        class_=f"{STYLED} ml4t-report",
    )
    return whole + element("div", changes_html(changes), class_=STYLED) if changes else whole


def as_html(blocks: Iterable[Block], *, folds: bool = True) -> Markup:
    """Blocks one under the other; with ``folds``, some rows of a long one are shown at first."""
    page = _Page(folds=folds)
    parts = [page.block(each) for each in blocks]
    return element("div", parts, page.rest, class_="ml4t-blocks")


def line_html(text: str) -> Markup:
    """One sentence."""
    return element("div", text, class_="ml4t-progress", style=FAINT)


class _Page:
    """Writes blocks, and knows how much room is left for what is shown, and for what is folded."""

    def __init__(self, *, folds: bool) -> None:
        self._speller = Speller("%ml4t")
        self._folds = folds
        self._open = {"row": FEW, "note": FEW}
        self._folded = _FOLDED
        self._left = {"row": 0, "note": 0}

    def block(self, block: Block) -> Markup:
        """One block."""
        match block:
            case Headline():
                about = element("div", block.about, class_="ml4t-about")
                head = element("div", element("strong", block.text), class_="ml4t-headline")
                return fragment(head, about if block.about else "")
            case Table():
                shown, rest = self._parted(block.rows, "row")
                table = _table(block, shown) if shown else ""
                return fragment(table, self._more(replace(block, rows=rest), len(rest), shown))
            case list():
                notes, more = self._parted(block, "note")
                written = element("div", map(self._note, notes), class_="ml4t-notes")
                return fragment(written if notes else "", self._more(more, len(more), notes))
            case SessionMap():
                return _map(block)
            case Folded():
                return folded_html(block)
            case NextCommands():
                return next_html(block, self._speller)

    @property
    def rest(self) -> Markup:
        """How much there was no room for, and where it is."""
        left = [many(number, f"more {what}") for what, number in self._left.items() if number]
        words = f"and {', '.join(left)}: to_frame() of the result has all of them"
        return element("div", words, class_="ml4t-says") if left else fragment()

    def _parted(self, lines: Sequence[_Line], what: str) -> tuple[list[_Line], list[_Line]]:
        """The lines to show, and those to fold."""
        room = self._open[what]
        if not self._folds or len(lines) <= room + _SLACK * bool(room):
            self._open[what] = max(room - len(lines), 0)
            return [*lines], []
        folded = list(_within(lines[room:], self._folded))
        self._open[what] = 0
        self._folded -= sum(map(_size, folded))
        self._left[what] += len(lines) - room - len(folded)
        return [*lines[:room]], folded

    def _more(self, block: Table | list[Note], number: int, shown: Sequence[object]) -> Markup:
        """Lines that are folded, as plain text, of which many take little room."""
        if not number:
            return fragment()
        what = "row" if isinstance(block, Table) else "note"
        title = block.title if isinstance(block, Table) and not shown else ""
        words = title or many(number, f"more {what}" if shown else what)
        text = as_text([_unmarked(block)], program="%ml4t")
        return element("details", element("summary", words), element("pre", text.rstrip("\n")))

    def _note(self, note: Note) -> Iterator[Markup]:
        yield element("div", _marked(note.text), style="white-space:pre-wrap")
        if note.step:
            yield element("div", element("code", self._speller(note.step)))


def _within(lines: Iterable[_Line], room: int) -> Iterator[_Line]:
    """As many of the lines as there is room for."""
    for line in lines:
        room -= _size(line)
        if room < 0:
            return
        yield line


def _size(line: object) -> int:
    """About how many characters a line takes, between columns too."""
    if isinstance(line, Note):
        return len(line.text) + (_STEP if line.step else 1)
    return sum(len(cell) + _BETWEEN for cell in cast("tuple[str, ...]", line))


def _unmarked(block: Table | list[Note]) -> Table | list[Note]:
    """The block without the marks that stand for a drawing."""
    if isinstance(block, list):
        return [replace(note, text=_bare(note.text)) for note in block]
    rows = [tuple(map(_bare, row)) for row in block.rows]
    # A title says what is folded already.
    return replace(block, rows=rows, title="")


def _bare(words: str) -> str:
    mark, _, rest = words.partition(" ")
    return rest if mark in _MARKS else words


def _table(block: Table, rows: Sequence[tuple[str, ...]]) -> Markup:
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
    return element("td", _marked(cell, after), **{**width, **how})


def _marked(words: str, after: str = "") -> Sequence[str]:
    """Words whose mark is drawn: the sign of the state that they, or those ``after``, name."""
    mark, _, rest = words.partition(" ")
    if mark not in _MARKS:
        return (words,)
    named = (rest or after).partition(" ")[0].rstrip(":")
    state = named if named in STATE_COLOURS else _MARKS[mark]
    return (icon(state, STATE_COLOURS[state]), f" {rest}" if rest else "")


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
    sign = icon("error", f"{token('error')}")
    return element("div", sign, f" {error.message}", step, role="alert", style=INK)
