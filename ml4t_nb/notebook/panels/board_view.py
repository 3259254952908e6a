"""The widgets of the health board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml4t_nb.notebook.panels.board_rows import BOARD_COLUMNS, GAP, TEMPLATE, Order
from ml4t_nb.notebook.panels.input_guard import once
from ml4t_nb.render.format import MARKS
from ml4t_nb.render.html import FAINT
from ml4t_nb.render.markup import element, trusted

__all__ = ["ROWS", "BoardView", "Row"]

ROWS = 20
"""Datasets on a page."""

_STYLE = f"""
.ml4t-health .ml4t-sorts {{ border-bottom: 2px solid currentColor; }}
.ml4t-health .ml4t-sorts button {{
  background: transparent; box-shadow: none; padding: 0; margin: 0; width: auto; color: inherit;
  font-weight: bold; text-align: left; }}
.ml4t-health .ml4t-sorts button.ml4t-number {{ text-align: right; }}
.ml4t-health .ml4t-rows {{ align-items: start; }}
.ml4t-health .ml4t-rows .widget-html {{ margin: 0; }}
.ml4t-health .ml4t-rows .widget-html-content {{ line-height: 18px; }}
.ml4t-health .ml4t-rows button.ml4t-repair {{
  height: 24px; line-height: 24px; margin: 1px 0 0 10px; }}
.ml4t-health .ml4t-note {{ {FAINT}; }}
"""
_TEXT = {"description_width": "initial"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is shown.

    Parameters
    ----------
    label
        Of its button; empty for none.
    """

    html: str
    label: str = ""
    tooltip: str = ""
    is_busy: bool = False


class BoardView:
    """Controls, totals, a table with a button in each row, a pager, a map.

    Rows are made once and take other values as one pages: making widgets is slow.

    Attributes
    ----------
    widget
        The root.
    sorts
        The headings, by column.
    rows, repairs
        What stands in each row, and its button; only those on the page are children.
    """

    def __init__(self) -> None:
        from ipywidgets import HTML, VBox

        self.totals = _named(HTML(), "health-totals")
        self.message = _named(HTML(), "health-message")
        self.map = _named(HTML(), "health-map")
        self._make_controls()
        self._make_table()
        self._make_pager()
        style = HTML(element("style", trusted(_STYLE)), layout={"display": "contents"})
        self._whole = (self.controls, self.table, self.pager, self.map)
        self.widget = _named(VBox([style, self.totals, self.message, *self._whole]), "health")

    def hide(self, *, but_totals: bool) -> None:
        """Show only the totals, or everything again."""
        for widget in self._whole:
            widget.layout.display = "none" if but_totals else ""

    def show(self, rows: Sequence[Row]) -> None:
        """Put the rows of a page in."""
        children: list[Any] = [self._head, self._corner]
        for row, html, button in zip(rows, self.rows, self.repairs, strict=False):
            html.value = row.html
            with button.hold_sync():
                button.description, button.tooltip = row.label, row.tooltip
                button.disabled = row.is_busy
            button.layout.visibility = "visible" if row.label else "hidden"
            children += [html, button]
        if tuple(children) != self.table.children:
            self.table.children = children

    def sorted_by(self, order: Order) -> None:
        """Show in the headings what the rows are sorted by."""
        for column in BOARD_COLUMNS:
            self.sorts[column.name].description = order.heading(column)
            self.sorts[column.name].tooltip = order.description(column)

    def placed(self, words: str, *, is_first: bool, is_last: bool) -> None:
        """Say which page this is."""
        self.place.value = words
        self.before.disabled, self.after.disabled = is_first, is_last

    def _make_controls(self) -> None:
        from ipywidgets import BoundedFloatText, BoundedIntText, Dropdown, HBox, Text

        self.text = Text(
            placeholder="filter by name or reason",
            tooltip="Only datasets whose name or reason has these words.",
            layout={"width": "200px"},
        )
        self.state = Dropdown(
            # Not None, which a dropdown takes for "nothing chosen" and shows as an empty field.
            options=[("all states", ""), *((f"{MARKS[each]} {each}", each) for each in MARKS)],
            value="",
            tooltip="Only datasets in this state.",
            layout={"width": "120px"},
        )
        self.stale_days = BoundedFloatText(
            7,
            min=0,
            max=100_000,
            step=1,
            description="stale after days",
            tooltip="Calendar days since the close of the oldest session missed.",
            style=_TEXT,
            layout={"width": "180px"},
        )
        self.sessions = BoundedIntText(
            20,
            min=1,
            max=250,
            description="sessions",
            tooltip="How many of the last sessions the map shows.",
            style=_TEXT,
            layout={"width": "130px"},
        )
        _named(self.text, "filter")
        _named(self.state, "filter-state")
        _named(self.stale_days, "stale-days")
        _named(self.sessions, "sessions-number")
        self.refresh_button = _button("Refresh", "Read the store again.", "health-refresh", "90px")
        both = (self.text, self.state, self.stale_days, self.sessions, self.refresh_button)
        self.controls = HBox(both, layout={"flex_flow": "row wrap", "align_items": "center"})

    def _make_table(self) -> None:
        from ipywidgets import HTML, GridBox

        self.sorts = {each.name: _button("", "", f"sort-{each.name}") for each in BOARD_COLUMNS}
        for column in BOARD_COLUMNS:
            if column.is_number:
                self.sorts[column.name].add_class("ml4t-number")
        layout = {"grid_template_columns": TEMPLATE, "grid_gap": GAP}
        self._head = GridBox(tuple(self.sorts.values()), layout=layout).add_class("ml4t-sorts")
        self._corner = HTML()
        self.rows = [HTML() for _ in range(ROWS)]
        self.repairs = [once(_button("", "", "repair", "112px")) for _ in range(ROWS)]
        self.table = GridBox(
            layout={
                # No narrower than the least widths of the columns, which would run over the button.
                "grid_template_columns": "minmax(660px, 1fr) 124px",
                "overflow": "auto hidden",
                "margin": "6px 0",
            }
        ).add_class("ml4t-rows")

    def _make_pager(self) -> None:
        from ipywidgets import HTML, HBox

        self.before = _button("◀ Previous", "The page before.", "page-before", "110px")
        self.after = _button("Next ▶", "The next page.", "page-after", "110px")
        self.place = _named(HTML(), "page")
        both = (self.before, self.place, self.after)
        self.pager = HBox(both, layout={"align_items": "center"})


def _button(label: str, tooltip: str, name: str, width: str = "auto") -> Any:  # noqa: ANN401  # ipywidgets has no types
    from ipywidgets import Button

    return _named(Button(description=label, tooltip=tooltip, layout={"width": width}), name)


def _named(widget: Any, name: str) -> Any:  # noqa: ANN401  # likewise
    """The widget with its class name, by which a style or a test finds it."""
    return widget.add_class(f"ml4t-{name}")
