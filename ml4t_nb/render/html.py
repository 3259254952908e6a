"""Reports, errors and progress as HTML that is readable in any theme, without a stylesheet too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import Speller, spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.render.change.change_html import changes_html, one_change_html
from ml4t_nb.render.command_html import command_html, next_html, next_step_html
from ml4t_nb.render.folded_html import find_html, folded_html
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
from ml4t_nb.render.report_blocks import SHOWN, blocks
from ml4t_nb.render.report_sheet import report_script, report_style
from ml4t_nb.render.rows_html import (
    bare_note,
    fold_rows,
    folded_lines_html,
    marked,
    rows_title,
    table_html,
)
from ml4t_nb.render.session_map_html import session_map_html
from ml4t_nb.render.tokens import STYLED, token
from ml4t_nb.reports import ExportReport, PlotReport, Report, SqlReport

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
# Characters of a page without its style sheet and script: of more it would be large.
_ROOM = 46_000
_STEP = 60
_SLACK = 4
_NO_CHANGES: Mapping[DatasetId, PlotReport] = MappingProxyType({})


def report_html(report: Report, changes: Mapping[DatasetId, PlotReport] = _NO_CHANGES) -> Markup:
    """Tables and sentences for a notebook, with their style sheet and the script of their buttons.

    What is long is folded, but for an answer to a query, whose reader says how much to show. A
    picture of what a run changed stands where the change is told.
    """
    words = as_html(blocks(report), folds=not isinstance(report, SqlReport), changes=changes)
    if isinstance(report, ExportReport) and report.printed is not None:
        words += trusted(report.printed.to_html(max_rows=SHOWN, border=0))  # of numbers
    has_buttons = "data-scripted" in words
    return element(
        "div",
        element("style", trusted(report_style())),
        words,
        element("script", trusted(report_script())) if has_buttons else "",
        class_=f"{STYLED} ml4t-report",
    )


def as_html(
    blocks: Iterable[Block],
    *,
    folds: bool = True,
    changes: Mapping[DatasetId, PlotReport] = _NO_CHANGES,
) -> Markup:
    """Blocks one under the other; with ``folds``, some rows of a long one are shown at first."""
    page = _Page(folds=folds, changes=changes)
    parts = [page.block(each) for each in blocks]
    return element("div", parts, page.rest, class_="ml4t-blocks")


def line_html(text: str) -> Markup:
    """One sentence."""
    return element("div", text, class_="ml4t-progress", style=FAINT)


class _Page:
    """Writes blocks, and knows how much room is left for what is shown, and for what is folded.

    ``changes`` are shown where a block tells of them.
    """

    def __init__(self, *, folds: bool, changes: Mapping[DatasetId, PlotReport]) -> None:
        self._speller = Speller("%ml4t")
        self._folds = folds
        self._open = {"row": FEW, "note": FEW}
        self._left_room = _ROOM
        self._left = {"row": 0, "note": 0}
        self._searched = 0
        self._has_field = False
        self._changes = dict(changes)
        # The only one is in sight, below all that is told.
        self._is_alone = len(changes) == 1
        self._others = 0 if changes else None

    def block(self, block: Block) -> Markup:
        """One block."""
        match block:
            case Headline():
                about = element("div", block.about, class_="ml4t-about")
                head = element("div", element("strong", block.text), class_="ml4t-headline")
                return fragment(head, about if block.about else "")
            case Table():
                return self._rows(block)
            case list():
                return self._notes(block)
            case SessionMap():
                return session_map_html(block)
            case Folded():
                self._has_field = True
                return self._written(folded_html(block, self._shown))
            case NextCommands():
                return next_html(block.commands, self._speller)

    @property
    def rest(self) -> Markup:
        """A field to find folded rows by, what there was no room for, and changes not shown yet."""
        left = [many(number, f"more {what}") for what, number in self._left.items() if number]
        words = f"and {', '.join(left)}: to_frame() of the result has all of them"
        number, hidden = self._searched, self._left["row"]
        which = f"{number:,} of {number + hidden:,}" if hidden else f"all {number:,}"
        field = find_html(which, "rows")
        is_searched = self._searched and not self._has_field
        return fragment(
            element("div", field, class_="ml4t-tools") if is_searched else "",
            element("div", words, class_="ml4t-says") if left else "",
            changes_html(self._changes),
            self._elsewhere,
        )

    @property
    def _elsewhere(self) -> Markup:
        """Where the changes are that are told of and not shown."""
        if not self._others:
            return fragment()
        words = f"{many(self._others, 'more dataset has', 'more datasets have')} changed: "
        where = command_html("%ml4t panel history")
        return element("div", words, where, class_="ml4t-says")

    def _rows(self, block: Table) -> Markup:
        room = self._room(len(block.rows), "row")
        table = self._written(table_html(block, block.rows[:room]) if room else fragment())
        number = len(block.rows) - room
        if not number:
            return table
        folded = fold_rows(block, room, self._left_room)
        fitting = len(folded.table.rows)
        self._left["row"] += number - fitting
        self._searched += room + fitting
        if not fitting:
            return table
        title = block.title if block.title and not room else rows_title(folded, is_first=not room)
        return fragment(table, self._written(folded_lines_html(folded.table, title)))

    def _notes(self, block: Sequence[Note]) -> Markup:
        room = self._room(len(block), "note")
        notes = element("div", map(self._note, block[:room]), class_="ml4t-notes")
        shown = self._written(notes if room else fragment())
        folded = list(_within(block[room:], self._left_room))
        self._left["note"] += len(block) - room - len(folded)
        if not folded:
            return shown
        title = many(len(folded), "more note" if room else "note")
        lines = folded_lines_html(list(map(bare_note, folded)), title)
        return fragment(shown, self._written(lines))

    def _written(self, part: Markup) -> Markup:
        """What is written, which takes its room."""
        self._left_room -= len(part)
        return part

    def _room(self, number: int, what: str) -> int:
        """How many of the lines are shown."""
        room = self._open[what]
        if not self._folds or number <= room + _SLACK * bool(room):
            self._open[what] = max(room - number, 0)
            return number
        self._open[what] = 0
        return room

    def _note(self, note: Note) -> Iterator[Markup]:
        yield element("div", marked(note.text), style="white-space:pre-wrap")
        if note.step:
            yield next_step_html(note.step, self._speller)
        if note.changed is not None and not self._is_alone:
            yield fragment(self._shown([note.changed]))

    def _shown(self, datasets: Iterable[DatasetId]) -> Iterator[Markup]:
        """Pictures of what was changed of the datasets, to be opened."""
        for each in datasets:
            if each in self._changes:
                shown = one_change_html(each, self._changes.pop(each))
                self._left_room += len(shown)  # pictures take no room of words
                yield shown
            elif self._others is not None:
                self._others += 1


def _within(notes: Iterable[Note], room: int) -> Iterator[Note]:
    """As many of the notes as there is room for."""
    for each in notes:
        room -= _size(each)
        if room < 0:
            return
        yield each


def _size(note: Note) -> int:
    """About how many characters a note takes."""
    return len(note.text) + (_STEP if note.step else 1)


def error_text(error: Ml4tError) -> str:
    """The same where no HTML is shown."""
    step = f"\n{spell(error.advice, '%ml4t')}" if error.hint else ""
    return f"❌ {plain(error.message)}{plain(step)}"


def error_html(error: Ml4tError) -> Markup:
    """What happened, and what to do next."""
    step = element("div", spell(error.advice, "%ml4t"), style=FAINT) if error.hint else ""
    sign = icon("error", f"{token('error')}")
    return element("div", sign, f" {error.message}", step, role="alert", style=INK)
