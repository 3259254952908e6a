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

__all__ = ["board_html"]

# Of each group as many rows as tell what it is like, then names, and then their number: a store
# of thousands stays a few pages.
_ROWS = 10
_NAMES = 400
_WORDS = "padding:1px 12px 1px 0;text-align:left;border:0"
_SHORT = f"{_WORDS};white-space:nowrap"
_NUMBER = "padding:1px 12px 1px 0;text-align:right;border:0"
_COLUMNS = (
    ("Dataset", _SHORT),
    ("Bars", _NUMBER),
    ("Last", _SHORT),
    ("Behind", _NUMBER),
    ("Next due", _SHORT),
    ("Reason", _WORDS),
)
_TABLE = "border-collapse:collapse;margin:2px 0 2px 16px;font-size:inherit;color:inherit"
_MUTED = f"color:{token('muted')}"


def _icon_of(state: str) -> Markup:
    """The sign of a state in its colour."""
    return icon(state, token("ok" if state == "healthy" else state))


def board_html(report: HealthReport, groups: Sequence[Cause]) -> Markup:
    """Totals, and a group for each cause that unfolds without a script."""
    counts = [
        (_icon_of(state), f" {report.count(state):,} {state} ")
        for state in WORST_FIRST
        if report.count(state)
    ]
    head = element(
        "div",
        element("b", many(len(report.datasets), "dataset")),
        element("span", f" {many(report.rows, 'bar')}, {as_of_words(report)}", style=_MUTED),
    )
    held = (_group(each, report.as_of) for each in groups)
    return element("div", head, element("div", counts), held)


def _group(cause: Cause, as_of: datetime) -> Markup:
    number = len(cause.datasets)
    summary = element(
        "summary",
        _icon_of(cause.state),
        element("b", f" {number:,} {cause.state} "),
        element("span", cause.words, style=_MUTED),
    )
    shown, rest = cause.datasets[:_ROWS], cause.datasets[_ROWS:]
    heads = (element("th", words, scope="col", style=style) for words, style in _COLUMNS)
    rows = (_row(each, as_of) for each in shown)
    body = element("thead", element("tr", heads)), element("tbody", rows)
    table = element("table", body, style=_TABLE)
    names = ", ".join(each.dataset.symbol for each in rest[:_NAMES])
    more = f", and {count(len(rest) - _NAMES)} more" if len(rest) > _NAMES else ""
    others = element("div", f"and {names}{more}", style="margin-left:16px") if rest else ""
    is_open = {"open": "open"} if cause.state != "healthy" and number <= _ROWS else {}
    return element("details", summary, table, others, style="margin:6px 0", **is_open)


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
    styles = (style for _, style in _COLUMNS)
    return element("tr", (element("td", c, style=s) for c, s in zip(cells, styles, strict=True)))
