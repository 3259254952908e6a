"""Rows of the health board: which, in which order, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ml4t_nb.records import Health, HealthState
from ml4t_nb.render.format import MARKS, count, instant, labelled, many, stamp
from ml4t_nb.render.html import FAINT, LINE
from ml4t_nb.render.layout import Table
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.report_blocks import class_totals
from ml4t_nb.reports import HealthReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "BOARD_COLUMNS", "GAP", "TEMPLATE", "Column", "Order", "chosen", "row_html", "table_of",
    "totals_html",
]  # fmt: skip

_WORST_FIRST: tuple[HealthState, ...] = ("error", "stale", "healthy")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    width
        As CSS gives a column of a grid its width.
    key
        What rows are sorted by.
    """

    name: str
    heading: str
    width: str
    key: Callable[[Health], Any]
    is_number: bool = False


BOARD_COLUMNS = (
    Column("state", "State", "82px", lambda each: _WORST_FIRST.index(each.state)),
    Column("dataset", "Dataset", "minmax(128px,1.3fr)", lambda each: str(each.dataset)),
    Column("reason", "Reason", "minmax(120px,2fr)", lambda each: each.reason),
    Column("bars", "Bars", "64px", lambda each: each.rows, is_number=True),
    Column("last", "Last", "88px", lambda each: (each.last is not None, each.last)),
    Column("behind", "Behind", "70px", lambda each: each.sessions_behind, is_number=True),
    Column("gaps", "Gaps", "56px", lambda each: each.gaps_open, is_number=True),
)
TEMPLATE, GAP = " ".join(each.width for each in BOARD_COLUMNS), "0 8px"
"""The columns as CSS has them, the same for the headings and for each row."""

_ROW = f"display:grid;grid-template-columns:{TEMPLATE};gap:{GAP};border-bottom:1px solid {LINE}"


@dataclass(frozen=True, slots=True)
class Order:
    """The column that the rows are sorted by, and which way."""

    column: str = "state"
    is_reversed: bool = False

    def pressed(self, column: str) -> Order:
        """After a click on a heading: by that column, or the other way round."""
        if column == self.column:
            return replace(self, is_reversed=not self.is_reversed)
        return Order(column)

    def heading(self, column: Column) -> str:
        """A heading with an arrow if the rows are sorted by it."""
        arrow = "↓" if self.is_reversed else "↑"
        return f"{column.heading} {arrow}" if column.name == self.column else column.heading

    def description(self, column: Column) -> str:
        """What a click on the heading does."""
        if column.name != self.column:
            return f"Sort by {column.heading.lower()}."
        way = "downwards" if self.is_reversed else "upwards"
        return f"Sorted by {column.heading.lower()}, {way}; sort the other way round."


def chosen(
    datasets: Iterable[Health], *, text: str, state: HealthState | Literal[""], order: Order
) -> tuple[Health, ...]:
    """The datasets in that state whose name or reason has every word of ``text``, in order.

    No state means any. Rows that are equal in the sorted column are in the order of their names.
    """
    words = text.lower().split()
    found = [
        each
        for each in datasets
        if state in ("", each.state)
        and all(word in f"{each.dataset} {each.reason}".lower() for word in words)
    ]
    column = next(each for each in BOARD_COLUMNS if each.name == order.column)
    found.sort(key=lambda each: str(each.dataset))
    found.sort(key=column.key, reverse=order.is_reversed)
    return tuple(found)


def _cells_of(health: Health) -> tuple[str, ...]:
    """A row's words, one for each column."""
    return (
        f"{MARKS[health.state]} {health.state}",
        labelled(health.dataset, health.provider),
        health.reason,
        count(health.rows),
        stamp(health.last, health.dataset.frequency),
        count(health.sessions_behind),
        count(health.gaps_open),
    )


def row_html(health: Health, note: str) -> Markup:
    """A row.

    Parameters
    ----------
    note
        What is being done about it, under the reason.
    """
    cells = []
    for column, words in zip(BOARD_COLUMNS, _cells_of(health), strict=True):
        align = ";text-align:right" if column.is_number else ""
        more = element("div", note, class_="ml4t-note") if note and column.name == "reason" else ""
        cells.append(element("span", words, more, style=f"overflow-wrap:anywhere{align}"))
    return element("div", cells, style=f"{_ROW};padding:4px 0")


def table_of(datasets: Sequence[Health]) -> Table:
    """The rows as a table that remains after the board is closed."""
    headings = tuple(f"{each.heading}{'>' * each.is_number}" for each in BOARD_COLUMNS)
    return Table(headings, tuple(_cells_of(each) for each in datasets))


def totals_html(report: HealthReport) -> Markup:
    """How many datasets are in which state, in all and by asset class."""
    states = ", ".join(f"{MARKS[each]} {report.count(each):,} {each}" for each in _WORST_FIRST)
    whole = element("b", many(len(report.datasets), "dataset"))
    what = f": {states}; {many(report.rows, 'bar')}; "
    classes = []
    for name, (number, rows) in class_totals(report.datasets).items():
        words = f" {many(number, 'dataset')}, {many(rows, 'bar')}"
        classes.append(element("span", element("b", name), words, style="margin-right:18px"))
    as_of = element("span", f"as of {instant(report.as_of)}", style=FAINT)
    return fragment(element("div", whole, what, as_of), element("div", classes))
