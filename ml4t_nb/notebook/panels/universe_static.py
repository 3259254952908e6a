"""Universes in plain HTML: as a saved notebook keeps them, their plan, and how to declare one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml4t_nb.notebook.panels.board_rows import as_of_words
from ml4t_nb.notebook.panels.board_static import MUTED, NUMBER, ROWS, SHORT, WORDS, folded_rows
from ml4t_nb.notebook.panels.universe_rows import STATE_ICONS, UniverseGroup, UniverseRow
from ml4t_nb.render.format import count, many
from ml4t_nb.render.html import report_html
from ml4t_nb.render.icons import icon
from ml4t_nb.render.markup import Content, element
from ml4t_nb.reports import PlanReport
from ml4t_nb.verbs.universe_states import UniverseStates

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["how_to_declare", "plan_html", "universes_html"]

_EXAMPLE = """[[universe]]
name = "core"
symbols = ["AAPL", "MSFT"]
start = 2010-01-04
"""
_COLUMNS = (
    ("Symbol", SHORT),
    ("State", SHORT),
    ("Bars", NUMBER),
    ("Last", SHORT),
    ("Next due", SHORT),
    ("Requests", NUMBER),
    ("Why", WORDS),
)


def how_to_declare(states: UniverseStates) -> Markup:
    """Where to write a universe, and one to copy."""
    first, *others = (element("code", str(path)) for path in states.places)
    where = (first, *((" or ", each) for each in others))
    copy = element("button", "Copy", class_="ml4t-copy", data_ml4t_copy=_EXAMPLE)
    example = element("pre", _EXAMPLE, style="margin:0")
    return element(
        "div",
        element("b", "No universe is declared."),
        element("div", "Write which symbols to store, such as these, into ", where, ":"),
        element("div", example, copy, class_="ml4t-universe-example"),
        element("div", "It appears here once the file is saved.", style=MUTED),
    )


def plan_html(plan: PlanReport, title: str, words: str, line: str) -> Markup:
    """What a sync would take, in one sentence, and unfolded all that is known of it."""
    copy = element("button", "Copy", class_="ml4t-copy", data_ml4t_copy=line)
    summary = element("summary", element("b", title), f": {words}")
    note = element("div", "nothing was requested, and nothing was written", style=MUTED)
    return element(
        "div",
        element("details", summary, report_html(plan)),
        note,
        element("div", element("code", line), " ", copy),
        class_="ml4t-universe-card",
        role="status",
    )


def universes_html(states: UniverseStates, groups: Sequence[UniverseGroup]) -> Markup:
    """Each universe, folded where it is long."""
    named = [each for each in groups if each.name]
    words = f" declared in {states.path}, {as_of_words(states.health)}"
    head = element(
        "div",
        element("b", many(len(named), "universe")),
        element("span", words, style=MUTED),
    )
    return element("div", head, map(_group, groups))


def _group(group: UniverseGroup) -> Markup:
    cost = f", plan: {group.cost}" if group.cost else ""
    summary = (
        element("b", f" {group.title} "),
        element("span", f"{group.facts}: {group.words}{cost}", style=MUTED),
    )
    rows = [_row(each) for each in group.rows[:ROWS]]
    rest = [each.symbol for each in group.rows[ROWS:]]
    return folded_rows(summary, _COLUMNS, rows, rest, is_open=len(group.rows) <= ROWS)


def _row(row: UniverseRow) -> tuple[Content, ...]:
    health = row.health
    last = "-" if health is None or health.last is None else f"{health.last:%Y-%m-%d}"
    return (
        row.symbol,
        (icon(STATE_ICONS[row.state]), f" {row.state}"),
        count(0 if health is None else health.rows),
        last,
        row.due,
        row.planned,
        row.reason,
    )
