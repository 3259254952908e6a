"""The health board as a saved notebook keeps it: its groups, folded, in plain HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml4t_nb.notebook.panels.board_groups import WORST_FIRST, Cause, due_words
from ml4t_nb.notebook.panels.board_rows import as_of_words
from ml4t_nb.records import Health
from ml4t_nb.render.format import count, labelled, many
from ml4t_nb.render.icons import icon
from ml4t_nb.render.markup import Content, element
from ml4t_nb.render.tokens import token
from ml4t_nb.reports import HealthReport

if TYPE_CHECKING:
    from datetime import datetime

    from markupsafe import Markup

__all__ = ["MUTED", "NUMBER", "ROWS", "SHORT", "WORDS", "board_html", "folded_rows"]

# Of each group as many rows as tell what it is like, then names, and then their number: a store
# of thousands stays a few pages.
ROWS = 10
_NAMES = 400
WORDS = "padding:1px 12px 1px 0;text-align:left;border:0"
SHORT = f"{WORDS};white-space:nowrap"
NUMBER = "padding:1px 12px 1px 0;text-align:right;border:0"
_COLUMNS = (
    ("Dataset", SHORT),
    ("Bars", NUMBER),
    ("Last", SHORT),
    ("Behind", NUMBER),
    ("Next due", SHORT),
    ("Reason", WORDS),
)
_TABLE = "border-collapse:collapse;margin:2px 0 2px 16px;font-size:inherit;color:inherit"
MUTED = f"color:{token('muted')}"


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
        element("span", f" {many(report.rows, 'bar')}, {as_of_words(report)}", style=MUTED),
    )
    held = (_group(each, report.as_of) for each in groups)
    return element("div", head, element("div", counts), held)


def _group(cause: Cause, as_of: datetime) -> Markup:
    number = len(cause.datasets)
    summary = (
        _icon_of(cause.state),
        element("b", f" {number:,} {cause.state} "),
        element("span", cause.words, style=MUTED),
    )
    return folded_rows(
        summary,
        _COLUMNS,
        [_row(each, as_of) for each in cause.datasets[:ROWS]],
        [each.dataset.symbol for each in cause.datasets[ROWS:]],
        is_open=cause.state != "healthy" and number <= ROWS,
    )


def folded_rows(
    summary: Sequence[Markup | str],
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Content]],
    rest: Sequence[str],
    *,
    is_open: bool,
) -> Markup:
    """A table that unfolds without a script, and the names of the ``rest`` of its rows.

    ``columns`` are headings, each with the style of its cells.
    """
    heads = (element("th", words, scope="col", style=style) for words, style in columns)
    cells = (
        element("tr", (element("td", c, style=s) for c, (_, s) in zip(row, columns, strict=True)))
        for row in rows
    )
    body = element("thead", element("tr", heads)), element("tbody", cells)
    table = element("table", body, style=_TABLE) if rows else ""
    names = ", ".join(rest[:_NAMES])
    more = f", and {count(len(rest) - _NAMES)} more" if len(rest) > _NAMES else ""
    others = element("div", f"and {names}{more}", style="margin-left:16px") if rest else ""
    opened = {"open": "open"} if is_open else {}
    return element(
        "details", element("summary", summary), table, others, style="margin:6px 0", **opened
    )


def _row(health: Health, as_of: datetime) -> tuple[str, ...]:
    last = "-" if health.last is None else f"{health.last:%Y-%m-%d}"
    return (
        labelled(health.dataset, health.provider),
        count(health.rows),
        last,
        count(health.sessions_behind),
        due_words(health, as_of),
        health.reason,
    )
