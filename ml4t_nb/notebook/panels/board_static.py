"""The health board as a saved notebook keeps it: its groups, folded, in plain HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml4t_nb.notebook.panels.board_groups import WORST_FIRST, Cause, due_words
from ml4t_nb.notebook.panels.board_rows import as_of_words
from ml4t_nb.records import Health
from ml4t_nb.render.format import count, labelled, many
from ml4t_nb.render.icons import icon
from ml4t_nb.render.markup import element
from ml4t_nb.render.tokens import token
from ml4t_nb.reports import HealthReport

if TYPE_CHECKING:
    from datetime import datetime

    from markupsafe import Markup

__all__ = ["board_html", "icon_of"]

# Of each group as many rows as tell what it is like, then names, and then their number: a store
# of thousands stays a few pages.
_ROWS = 10
_NAMES = 400
_GROUPS_OPEN = ("error", "suspect", "stale", "incomplete")
_NUMBER = "padding:1px 10px 1px 0;text-align:right;border:0"
_CELL = "padding:1px 10px 1px 0;text-align:left;border:0"
_HEADINGS = (
    ("Dataset", _CELL),
    ("Bars", _NUMBER),
    ("Last", _CELL),
    ("Behind", _NUMBER),
    ("Next due", _CELL),
    ("Reason", _CELL),
)


def icon_of(state: str) -> Markup:
    """The sign of a state in its colour."""
    return icon(state, token("ok" if state == "healthy" else state))


def board_html(report: HealthReport, groups: Sequence[Cause]) -> Markup:
    """Totals, and a group for each cause that unfolds without a script."""
    muted = f"color:{token('muted')}"
    counts = [
        (icon_of(state), f" {report.count(state):,} {state} ")
        for state in WORST_FIRST
        if report.count(state)
    ]
    head = element(
        "div",
        element("b", many(len(report.datasets), "dataset")),
        element("span", f" {many(report.rows, 'bar')}, {as_of_words(report)}", style=muted),
    )
    held = (_group(each, report.as_of) for each in groups)
    return element("div", head, element("div", counts), held)


def _group(cause: Cause, as_of: datetime) -> Markup:
    number = len(cause.datasets)
    summary = element(
        "summary",
        icon_of(cause.state),
        element("b", f" {number:,} {cause.state} "),
        element("span", cause.words, style=f"color:{token('muted')}"),
    )
    shown, rest = cause.datasets[:_ROWS], cause.datasets[_ROWS:]
    head = element("tr", (element("th", words, style=style) for words, style in _HEADINGS))
    rows = (_row(each, as_of) for each in shown)
    table = element("table", element("tbody", head, rows), style="border-collapse:collapse")
    names = ", ".join(each.dataset.symbol for each in rest[:_NAMES])
    more = f", and {count(len(rest) - _NAMES)} more" if len(rest) > _NAMES else ""
    others = element("div", f"and {names}{more}") if rest else ""
    is_open = {"open": "open"} if cause.state != "healthy" and number <= _ROWS else {}
    return element("details", summary, table, others, **is_open)


def _row(health: Health, as_of: datetime) -> Markup:
    last = "-" if health.last is None else f"{health.last:%Y-%m-%d}"
    cells = (
        labelled(health.dataset, health.provider),
        count(health.rows),
        last,
        count(health.sessions_behind),
        due_words(health, as_of),
        health.reason,
    )
    styles = (style for _, style in _HEADINGS)
    return element("tr", (element("td", c, style=s) for c, s in zip(cells, styles, strict=True)))
