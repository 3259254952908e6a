"""The table of the health board: rows with a button each, under headings that sort them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ml4t_nb.notebook.panels.widgets import Widget, button
from ml4t_nb.records import Health, HealthState
from ml4t_nb.render.format import MARKS, count, instant, labelled, many, stamp
from ml4t_nb.render.health_blocks import class_totals
from ml4t_nb.render.html import FAINT, LINE
from ml4t_nb.render.layout import Table
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.reports import HealthReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["ROWS", "WORST_FIRST", "BoardTable", "Row", "table_of", "totals_html"]

ROWS = 20
"""Datasets on a page."""

WORST_FIRST: tuple[HealthState, ...] = ("error", "suspect", "stale", "incomplete", "healthy")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, its width as CSS gives one of a grid, and what rows are sorted by."""

    name: str
    heading: str
    width: str
    key: Callable[[Health], Any]
    is_number: bool = False


def _days_since_run(health: Health) -> tuple[bool, int]:
    days = health.days_since_run
    return days is not None, days or 0


_COLUMNS = (
    _Column("state", "State", "82px", lambda each: WORST_FIRST.index(each.state)),
    _Column("dataset", "Dataset", "minmax(128px,1.3fr)", lambda each: str(each.dataset)),
    _Column("reason", "Reason", "minmax(120px,2fr)", lambda each: each.reason),
    _Column("bars", "Bars", "64px", lambda each: each.rows, is_number=True),
    _Column("last", "Last", "88px", lambda each: (each.last is not None, each.last)),
    _Column("run", "Days ago", "68px", _days_since_run, is_number=True),
    _Column("behind", "Behind", "70px", lambda each: each.sessions_behind, is_number=True),
    _Column("gaps", "Gaps", "56px", lambda each: each.gaps_open, is_number=True),
)
_TEMPLATE, _GAP = " ".join(each.width for each in _COLUMNS), "0 8px"
_ROW = f"display:grid;grid-template-columns:{_TEMPLATE};gap:{_GAP};border-bottom:1px solid {LINE}"


@dataclass(frozen=True, slots=True)
class Row:
    """A dataset, what is being done about it, and the button that repairs it, if it has a label."""

    health: Health
    note: str
    label: str = ""
    tooltip: str = ""
    is_busy: bool = False

    @property
    def html(self) -> str:
        """The words of the row, with the note under the reason."""
        cells = []
        for column, words in zip(_COLUMNS, _cells_of(self.health), strict=True):
            align = ";text-align:right" if column.is_number else ""
            is_noted = self.note and column.name == "reason"
            more = element("div", self.note, class_="ml4t-note") if is_noted else ""
            cells.append(element("span", words, more, style=f"overflow-wrap:anywhere{align}"))
        return element("div", cells, style=f"{_ROW};padding:4px 0")


class BoardTable:
    """Headings, rows and their buttons, of which only those of the page are in sight.

    Rows are made once and take other values as one pages: making widgets is slow. ``press`` is
    called with the number of the row whose button is pressed.
    """

    def __init__(
        self, *, sorted_anew: Callable[[], object], press: Callable[[int], object]
    ) -> None:
        from ipywidgets import HTML, GridBox

        self._by, self._is_reversed, self._sorted_anew = _COLUMNS[0], False, sorted_anew
        self.sorts: dict[str, Widget] = {}
        for each in _COLUMNS:
            self.sorts[each.name] = button("", f"sort-{each.name}", partial(self._sort, each))
            if each.is_number:
                self.sorts[each.name].add_class("ml4t-number")
        layout = {"grid_template_columns": _TEMPLATE, "grid_gap": _GAP}
        self._head = GridBox(tuple(self.sorts.values()), layout=layout).add_class("ml4t-sorts")
        self._corner = HTML()
        self.rows = [HTML() for _ in range(ROWS)]
        self.repairs = [
            button("", "repair", partial(press, at), width="112px", is_once=True)
            for at in range(ROWS)
        ]
        self.widget = GridBox(
            layout={
                # No narrower than the least widths of the columns, which would run over the button.
                "grid_template_columns": "minmax(736px, 1fr) 124px",
                "overflow": "auto hidden",
                "margin": "6px 0",
            }
        ).add_class("ml4t-rows")

    def in_order(self, datasets: Iterable[Health]) -> tuple[Health, ...]:
        """Sorted by the column of the heading that was pressed; by name where that is equal."""
        by_name = sorted(datasets, key=lambda each: str(each.dataset))
        return tuple(sorted(by_name, key=self._by.key, reverse=self._is_reversed))

    def show(self, rows: Sequence[Row]) -> None:
        """Put the rows of a page in."""
        for column in _COLUMNS:
            words, does = column.heading, f"Sort by {column.heading.lower()}."
            if column is self._by:
                arrow, way = ("↓", "downwards") if self._is_reversed else ("↑", "upwards")
                does = f"Sorted by {words.lower()}, {way}; sort the other way round."
                words = f"{words} {arrow}"
            self.sorts[column.name].description, self.sorts[column.name].tooltip = words, does
        children: list[Widget] = [self._head, self._corner]
        for row, html, repair in zip(rows, self.rows, self.repairs, strict=False):
            html.value = row.html
            with repair.hold_sync():
                repair.description, repair.tooltip = row.label, row.tooltip
                repair.disabled = row.is_busy
            repair.layout.visibility = "visible" if row.label else "hidden"
            children += [html, repair]
        if tuple(children) != self.widget.children:
            self.widget.children = children

    def _sort(self, column: _Column) -> None:
        self._is_reversed = column is self._by and not self._is_reversed
        self._by = column
        self._sorted_anew()


def totals_html(report: HealthReport) -> Markup:
    """How many datasets are in which state, in all and by asset class."""
    states = ", ".join(f"{MARKS[each]} {report.count(each):,} {each}" for each in WORST_FIRST)
    whole = element("b", many(len(report.datasets), "dataset"))
    what = f": {states}; {many(report.rows, 'bar')}; "
    classes = []
    for name, (number, rows) in class_totals(report.datasets).items():
        words = f" {many(number, 'dataset')}, {many(rows, 'bar')}"
        classes.append(element("span", element("b", name), words, style="margin-right:18px"))
    as_of = element("span", f"as of {instant(report.as_of)}", style=FAINT)
    return fragment(element("div", whole, what, as_of), element("div", classes))


def table_of(datasets: Sequence[Health]) -> Table:
    """The rows as a table that remains after the board is closed."""
    headings = tuple(f"{each.heading}{'>' * each.is_number}" for each in _COLUMNS)
    return Table(headings, tuple(_cells_of(each) for each in datasets))


def _cells_of(health: Health) -> tuple[str, ...]:
    """A row's words, one for each column."""
    return (
        f"{MARKS[health.state]} {health.state}",
        labelled(health.dataset, health.provider),
        health.reason,
        count(health.rows),
        stamp(health.last, health.dataset.frequency),
        "-" if health.days_since_run is None else count(health.days_since_run),
        count(health.sessions_behind),
        count(health.gaps_open),
    )
